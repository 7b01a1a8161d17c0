"""Reads of bank accounts, lines, and what a line may be for. For the office only.

What a memo names is proposed, never done: a person looks and decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, exists, func, or_, select, tuple_

from charity.approvals import queries as approvals
from charity.donations.hand import rules as hand_rules
from charity.donations.hand.errors import LineUnknown
from charity.donations.hand.kinds import Direction, LineUse, Method, SlipStatus, SuspenseStatus
from charity.donations.hand.models import (
    BankAccount,
    BankLine,
    HandGift,
    LineEffect,
    Sheet,
    Slip,
    Suspense,
)
from charity.donations.kinds import GiftStatus
from charity.donations.models import Gift, Payout
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit

PAGE = 50
LONGEST_EXPORT = 50_000
_MOST_CANDIDATES = 50


class LineState(StrEnum):
    """How far a line is, for the list's filter."""

    OPEN = "open"  # nobody said what it was for
    DONE = "done"


@dataclass(frozen=True, slots=True)
class AccountView:
    """A bank account; of its number only the last four signs are ever shown."""

    code: str
    bank_name: str
    holder: str
    tail: str
    currency: str
    opened_on: dt.date


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with what it was for; ``use`` is None while nobody said."""

    id: str
    account: str
    bank_name: str
    tail: str
    currency: str
    serial: str
    booked_on: dt.date
    direction: Direction
    amount_fen: int
    memo: str | None
    counterparty: str | None
    entered_by_name: str
    entered_at: dt.datetime
    use: str | None
    target: str | None
    used_by_name: str | None
    used_at: dt.datetime | None
    suspense: SuspenseStatus | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of lines, the newest first; ``next_cursor`` is None on the last."""

    items: list[LineView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a line may be for. ``named``: its memo says so; ``fits``: the sums are equal."""

    use: LineUse
    target: str
    label: str
    unit_name: str
    unit_name_en: str
    day: dt.date
    amount_fen: int
    named: bool
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the list is narrowed to."""

    account: str | None = None
    state: LineState | None = None
    direction: Direction | None = None
    since: dt.date | None = None
    until: dt.date | None = None


def accounts() -> list[AccountView]:
    """The charity's bank accounts."""
    rows = db.session().execute(
        select(
            BankAccount.code,
            BankAccount.bank_name,
            BankAccount.holder,
            BankAccount.tail,
            BankAccount.currency,
            BankAccount.opened_on,
        ).order_by(BankAccount.code)
    )
    return [AccountView(*row) for row in rows]


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            BankLine.id.label("row_id"),
            BankLine.public_id,
            BankAccount.code.label("account"),
            BankAccount.bank_name,
            BankAccount.tail,
            BankAccount.currency,
            BankLine.serial,
            BankLine.booked_on,
            BankLine.direction,
            BankLine.amount_fen,
            BankLine.memo,
            BankLine.counterparty,
            BankLine.entered_by_name,
            BankLine.entered_at,
            LineEffect.use,
            LineEffect.target,
            LineEffect.by_name,
            LineEffect.at,
            Suspense.status.label("suspense"),
            Suspense.request_id,
        )
        .join(BankAccount, BankAccount.id == BankLine.account_id)
        .outerjoin(LineEffect, LineEffect.line_id == BankLine.id)
        .outerjoin(Suspense, Suspense.line_id == BankLine.id)
    )


def _view(row: Any) -> LineView:
    return LineView(
        id=row.public_id,
        account=row.account,
        bank_name=row.bank_name,
        tail=row.tail,
        currency=row.currency,
        serial=row.serial,
        booked_on=row.booked_on,
        direction=Direction(row.direction),
        amount_fen=row.amount_fen,
        memo=row.memo,
        counterparty=row.counterparty,
        entered_by_name=row.entered_by_name,
        entered_at=row.entered_at,
        use=row.use,
        target=row.target,
        used_by_name=row.by_name,
        used_at=row.at,
        suspense=SuspenseStatus(row.suspense) if row.suspense else None,
        request_id=row.request_id,
    )


def lines(asked: Asked, cursor: str | None = None, limit: int = PAGE) -> Lines:
    """Lines from ``cursor`` on, the newest first. Raises CursorUnfit."""
    wanted = _narrowed(asked)
    if cursor:
        wanted = wanted.where(tuple_(BankLine.booked_on, BankLine.id) < tuple_(*_after(cursor)))
    rows = (
        db.session()
        .execute(wanted.order_by(BankLine.booked_on.desc(), BankLine.id.desc()).limit(limit + 1))
        .all()
    )
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]
        more = f"{last.booked_on.isoformat()}.{last.row_id}"
    return Lines([_view(row) for row in rows[:limit]], more)


def _narrowed(asked: Asked) -> Select[*tuple[Any, ...]]:
    wanted = _lines()
    if asked.account is not None:
        wanted = wanted.where(BankAccount.code == asked.account)
    if asked.direction is not None:
        wanted = wanted.where(BankLine.direction == asked.direction.value)
    if asked.since is not None:
        wanted = wanted.where(BankLine.booked_on >= asked.since)
    if asked.until is not None:
        wanted = wanted.where(BankLine.booked_on <= asked.until)
    if asked.state is LineState.OPEN:
        wanted = wanted.where(LineEffect.line_id.is_(None))
    elif asked.state is LineState.DONE:
        wanted = wanted.where(LineEffect.line_id.is_not(None))
    return wanted


def _after(cursor: str) -> tuple[dt.date, int]:
    """Where the cursor stands. Raises CursorUnfit."""
    day, _, row_id = cursor.partition(".")
    try:
        if not (row_id.isascii() and row_id.isdecimal() and len(row_id) <= 19):
            raise CursorUnfit
        return dt.date.fromisoformat(day), int(row_id)
    except ValueError:
        raise CursorUnfit from None


def line(line_id: str) -> LineView:
    """One line. Raises LineUnknown."""
    row = db.session().execute(_lines().where(BankLine.public_id == line_id)).first()
    if row is None:
        raise LineUnknown
    return _view(row)


@dataclass(frozen=True, slots=True)
class OpenLines:
    """How many lines nobody said anything about, and since when."""

    count: int
    oldest: dt.datetime | None


def open_lines() -> OpenLines:
    """Lines without a use."""
    used = exists().where(LineEffect.line_id == BankLine.id)
    row = db.session().execute(
        select(func.count(), func.min(BankLine.entered_at)).select_from(BankLine).where(~used)
    )
    count, oldest = row.one()
    return OpenLines(count, oldest)


def held(limit: int = 200) -> list[LineView]:
    """Money in suspense, the oldest first: held, asked about, or to be sent back."""
    waiting = (SuspenseStatus.HELD, SuspenseStatus.ASKED, SuspenseStatus.RETURNING)
    rows = db.session().execute(
        _lines()
        .where(Suspense.status.in_([each.value for each in waiting]))
        .order_by(BankLine.booked_on, BankLine.id)
        .limit(limit)
    )
    return [_view(row) for row in rows]


def askable(view: LineView) -> bool:
    """Whether it can be said now where this held money goes."""
    if view.suspense is SuspenseStatus.ASKED and view.request_id:
        return not approvals.request(view.request_id).live
    return view.suspense is SuspenseStatus.HELD


def candidates(view: LineView) -> list[Candidate]:
    """What an open line may be for: what its memo names, then what is as much as it."""
    if view.use is not None:
        return []
    found = (
        [*_slips(view), *_sheets(view), *_payouts(view)]
        if view.direction is Direction.IN
        else [*_payouts(view), *_returns(view)]
    )
    return sorted(found, key=lambda each: (not (each.named and each.fits), not each.fits, each.day))


def _slips(view: LineView) -> list[Candidate]:
    named = hand_rules.named_in(view.memo)
    unit = funds.units().subquery("unit")
    by_code = select(HandGift.slip_id).where(
        HandGift.slip_id.is_not(None), among(HandGift.code, sorted(named.codes))
    )
    rows = db.session().execute(
        select(Slip.number, Slip.amount_fen, Slip.paid_in_on, Slip.id.in_(by_code),
               unit.c.name, unit.c.name_en)
        .join(unit, unit.c.id == Slip.unit_id)
        .where(
            Slip.status == SlipStatus.CONFIRMED.value,
            or_(
                Slip.amount_fen == view.amount_fen,
                among(Slip.number, sorted(named.slips)),
                Slip.id.in_(by_code),
            ),
        )
        .order_by(Slip.id)
        .limit(_MOST_CANDIDATES)
    )  # fmt: skip
    return [
        Candidate(
            LineUse.SLIP, number, number, name, name_en, day, fen,
            named=number in named.slips or bool(coded), fits=fen == view.amount_fen,
        )
        for number, fen, day, coded, name, name_en in rows
    ]  # fmt: skip


def _sheets(view: LineView) -> list[Candidate]:
    codes = sorted(hand_rules.named_in(view.memo).codes)
    place = funds.unit_books().subquery("place")
    asked_about = exists().where(
        Suspense.sheet_id == Sheet.id, Suspense.status == SuspenseStatus.ASKED.value
    )
    total = func.sum(Gift.amount_fen)
    named = func.sum(case((among(HandGift.code, codes), 1), else_=0))
    rows = db.session().execute(
        select(Sheet.public_id, Sheet.collected_on, place.c.name, place.c.name_en,
               func.min(HandGift.code), total, named)
        .join(Gift, Gift.sheet_id == Sheet.id)
        .join(HandGift, HandGift.gift_id == Gift.id)
        .join(place, place.c.campaign_unit_id == Sheet.campaign_unit_id)
        .where(
            Sheet.method == Method.BANK.value,
            Gift.status == GiftStatus.CREATED.value,
            place.c.currency == view.currency,
            ~asked_about,
        )
        .group_by(Sheet.id, Sheet.public_id, Sheet.collected_on, place.c.name, place.c.name_en)
        .having(or_(total == view.amount_fen, named > 0))
        .order_by(Sheet.id)
        .limit(_MOST_CANDIDATES)
    )  # fmt: skip
    return [
        Candidate(
            LineUse.SHEET, sheet_id, hand_rules.printed_code(code), name, name_en, day, int(fen),
            named=bool(hits), fits=int(fen) == view.amount_fen,
        )
        for sheet_id, day, name, name_en, code, fen, hits in rows
    ]  # fmt: skip


def _payouts(view: LineView) -> list[Candidate]:
    wanted = view.amount_fen if view.direction is Direction.IN else -view.amount_fen
    used = exists().where(
        and_(LineEffect.use == LineUse.PAYOUT.value, LineEffect.target == cast(Payout.id, String))
    )
    rows = db.session().execute(
        select(Payout.id, Payout.provider, Payout.object_id, Payout.sent_at)
        .where(Payout.amount_fen == wanted, Payout.currency == view.currency, ~used)
        .order_by(Payout.id)
        .limit(_MOST_CANDIDATES)
    )
    return [
        Candidate(
            LineUse.PAYOUT, str(row_id), f"{provider} {object_id}", "", "",
            clock.local_date(sent_at), view.amount_fen,
            named=object_id in (view.memo or ""), fits=True,
        )
        for row_id, provider, object_id, sent_at in rows
    ]  # fmt: skip


def _returns(view: LineView) -> list[Candidate]:
    rows = db.session().execute(
        _lines().where(
            Suspense.status == SuspenseStatus.RETURNING.value,
            BankAccount.code == view.account,
            BankLine.amount_fen == view.amount_fen,
        )
    )
    return [
        Candidate(
            LineUse.RETURN, row.public_id, row.serial, "", "", row.booked_on, row.amount_fen,
            named=False, fits=True,
        )
        for row in rows
    ]  # fmt: skip
