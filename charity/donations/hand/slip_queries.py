"""Reads of slips, and of the units one works for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from charity.donations.errors import UnitUnknown
from charity.donations.hand import rules as hand_rules
from charity.donations.hand.errors import SlipUnknown
from charity.donations.hand.kinds import Method, SlipStatus
from charity.donations.hand.models import HandGift, Sheet, Slip
from charity.donations.hand.queries import (
    LONGEST,
    Entered,
    HandGiftView,
    entered_view,
    gift_view,
    hand_gifts,
)
from charity.donations.kinds import GiftStatus
from charity.donations.models import Gift
from charity.funds import queries as funds
from charity.kernel.db import among, db
from charity.people.kinds import Role
from charity.people.queries import Signed


@dataclass(frozen=True, slots=True)
class SlipView:
    """A slip, as its unit and who confirms it see it."""

    id: int
    number: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    status: SlipStatus
    amount_fen: int
    gift_count: int
    paid_in_on: dt.date
    photo_path: str
    photo_sha256: str
    request_id: str
    closed_by_id: str
    closed_by_name: str
    closed_at: dt.datetime
    confirmed_by_name: str | None
    confirmed_at: dt.datetime | None
    settled_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SlipFacts:
    """What a slip says and another person agrees to."""

    number: str
    unit: str
    amount_fen: int
    paid_in_on: dt.date
    photo_sha256: str
    gifts: tuple[Entered, ...]

    def facts(self) -> dict[str, object]:
        """The same as what is hashed."""
        return {
            "number": self.number,
            "unit": self.unit,
            "amount_fen": self.amount_fen,
            "paid_in_on": self.paid_in_on.isoformat(),
            "photo_sha256": self.photo_sha256,
            "gifts": [[one.public_id, one.campaign, one.amount_fen] for one in self.gifts],
        }


_SLIP = (
    "id", "number", "status", "amount_fen", "gifts", "paid_in_on", "photo_path", "photo_sha256",
    "request_id", "closed_by_id", "closed_by_name", "closed_at", "confirmed_by_name",
    "confirmed_at", "settled_at",
)  # fmt: skip


def _slips() -> Select[*tuple[Any, ...]]:
    unit = funds.units().subquery("unit")
    return select(
        *(getattr(Slip, name) for name in _SLIP),
        unit.c.code.label("unit_code"),
        unit.c.name.label("unit_name"),
        unit.c.name_en.label("unit_name_en"),
    ).join(unit, unit.c.id == Slip.unit_id)


def _slip_view(row: Any) -> SlipView:
    values = {name: getattr(row, name) for name in (*_SLIP, "unit_code", "unit_name")}
    values["gift_count"] = values.pop("gifts")
    values["status"] = SlipStatus(values["status"])
    return SlipView(**values, unit_name_en=row.unit_name_en)


def slip(number: str, unit: str | None = None) -> SlipView:
    """One slip, of this unit if one is named. Raises SlipUnknown."""
    asked = _slips().where(Slip.number == number)
    if unit is not None:
        asked = asked.where(asked.selected_columns["unit_code"] == unit)
    row = db.session().execute(asked).first()
    if row is None:
        raise SlipUnknown
    return _slip_view(row)


def slips(unit: str, limit: int = 20) -> list[SlipView]:
    """The unit's newest slips."""
    asked = _slips()
    asked = asked.where(asked.selected_columns["unit_code"] == unit)
    rows = db.session().execute(asked.order_by(Slip.id.desc()).limit(limit))
    return [_slip_view(row) for row in rows]


def slips_in(status: SlipStatus, limit: int = LONGEST) -> list[SlipView]:
    """Slips of all units in a state, the oldest first."""
    rows = db.session().execute(
        _slips().where(Slip.status == status.value).order_by(Slip.id).limit(limit)
    )
    return [_slip_view(row) for row in rows]


def unit_of_slip(slip_id: int) -> str:
    """The code of the unit whose slip (database id) it is. Raises SlipUnknown."""
    asked = _slips().where(Slip.id == slip_id)
    row = db.session().execute(asked).first()
    if row is None:
        raise SlipUnknown
    return str(row.unit_code)


def slip_gifts(number: str) -> list[HandGiftView]:
    """The gifts of a slip, in the order entered."""
    rows = db.session().execute(hand_gifts().where(Slip.number == number).order_by(Gift.id))
    return [gift_view(row) for row in rows]


def slip_facts(slip_id: int) -> SlipFacts:
    """What the slip (database id) says now, put together anew from its rows."""
    row = db.session().execute(
        select(Slip.number, Slip.amount_fen, Slip.paid_in_on, Slip.photo_sha256).where(
            Slip.id == slip_id
        )
    )
    number, amount_fen, paid_in_on, photo = row.one()
    gifts = db.session().execute(hand_gifts().where(HandGift.slip_id == slip_id).order_by(Gift.id))
    entered = tuple(entered_view(each) for each in gifts)
    return SlipFacts(number, unit_of_slip(slip_id), amount_fen, paid_in_on, photo, entered)


@dataclass(frozen=True, slots=True)
class DeskUnit:
    """A unit one works for, with what waits there."""

    code: str
    name: str
    name_en: str
    uncounted: int
    uncounted_fen: int
    slips_waiting: int


def require_counted(unit: str, form_id: str, counted_fen: int) -> None:
    """Refuse at once what ``slips.close_day`` would refuse of the sum; nothing is held.

    A form that made a slip before is let through. Raises CountedLess, CountedMore.
    """
    before = select(Slip.id).where(Slip.form_key == f"slip:{unit}:{form_id}")
    if db.session().scalar(before) is None:
        total = _cash_by_unit([unit]).get(unit, (0, 0))[1]
        if total:
            hand_rules.require_counted(counted_fen, total)


def may_enter(signed: Signed, unit: str) -> bool:
    """Whether this person is clerk of the unit or of one above it."""
    return signed.holds(Role.UNIT_CLERK, funds.ancestors(unit))


def desk_unit(code: str) -> DeskUnit:
    """One unit with what waits there. Raises UnitUnknown."""
    found = _desk_units([code])
    if not found:
        raise UnitUnknown
    return found[0]


def desk_units(signed: Signed) -> list[DeskUnit]:
    """The units one is clerk or leader of, by area; those below are reached from there."""
    codes = signed.scopes_of(Role.UNIT_CLERK, Role.UNIT_LEADER)
    return _desk_units(codes)


def below(unit: str) -> list[DeskUnit]:
    """The units directly below one, for whoever works for it."""
    tree = funds.units().subquery("tree")
    parent = funds.units().subquery("parent")
    rows = db.session().scalars(
        select(tree.c.code)
        .join(parent, parent.c.id == tree.c.parent_id)
        .where(parent.c.code == unit)
        .order_by(tree.c.code)
        .limit(LONGEST)
    )
    return _desk_units(list(rows))


def _desk_units(codes: Collection[str]) -> list[DeskUnit]:
    session = db.session()
    unit = funds.units().subquery("unit")
    rows: Sequence[Any] = session.execute(
        select(unit.c.id, unit.c.code, unit.c.name, unit.c.name_en)
        .where(among(unit.c.code, sorted(codes)))
        .order_by(unit.c.area_code, unit.c.code)
    ).all()
    cash = _cash_by_unit(row.code for row in rows)
    waiting = dict(
        session.execute(
            select(Slip.unit_id, func.count())
            .where(Slip.status == SlipStatus.WAITING.value)
            .where(among(Slip.unit_id, [row.id for row in rows]))
            .group_by(Slip.unit_id)
        ).all()
    )
    return [
        DeskUnit(
            row.code, row.name, row.name_en, *cash.get(row.code, (0, 0)), waiting.get(row.id, 0)
        )
        for row in rows
    ]


def _cash_by_unit(codes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Gifts and fen of uncounted cash by unit."""
    place = funds.unit_books().subquery("place")
    rows = db.session().execute(
        select(place.c.code, func.count(), func.sum(Gift.amount_fen))
        .select_from(Gift)
        .join(HandGift, HandGift.gift_id == Gift.id)
        .join(Sheet, Sheet.id == Gift.sheet_id)
        .join(place, place.c.campaign_unit_id == Gift.campaign_unit_id)
        .where(
            HandGift.slip_id.is_(None),
            Gift.status == GiftStatus.CREATED.value,
            Sheet.method == Method.CASH.value,
            among(place.c.code, list(codes)),
        )
        .group_by(place.c.code)
    )
    return {code: (int(count), int(fen)) for code, count, fen in rows}
