"""Reads of gifts entered by hand and their sheets. A name shows only to the people of the unit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, select

from charity.donations.hand.errors import SheetUnknown
from charity.donations.hand.kinds import Method
from charity.donations.hand.models import HandGift, Sheet, Slip
from charity.donations.kinds import Display, GiftStatus
from charity.donations.models import Donor, Gift
from charity.donations.secrets import payment_secret
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus
from charity.kernel.db import db

LONGEST = 200


@dataclass(frozen=True, slots=True)
class HandGiftView:
    """One gift entered by hand, for the people of its unit. ``code`` as stored, eight signs."""

    id: str
    code: str
    line: int
    name: str | None
    display: Display
    amount_fen: int
    team: str | None
    status: GiftStatus
    receipt_wanted: bool
    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    sheet_id: str
    method: Method
    collected_on: dt.date
    entered_by_id: str
    entered_by_name: str
    slip_number: str | None
    withdrawn_reason: str | None

    @property
    def withdrawn(self) -> bool:
        """Whether it was taken back."""
        return self.status is GiftStatus.WITHDRAWN

    @property
    def uncounted(self) -> bool:
        """Whether it is cash that is in no slip yet."""
        waits = self.status is GiftStatus.CREATED and self.slip_number is None
        return waits and self.method is Method.CASH


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet with its gifts, as it is printed."""

    id: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    method: Method
    collected_on: dt.date
    entered_by_name: str
    entered_at: dt.datetime
    gifts: tuple[HandGiftView, ...]

    @property
    def total_fen(self) -> int:
        """The sum of what was not withdrawn, in fen."""
        return sum(gift.amount_fen for gift in self.gifts if not gift.withdrawn)


@dataclass(frozen=True, slots=True)
class OpenGifts:
    """How many gifts one person entered for a unit that are still on their way, and their sum."""

    unit_code: str
    unit_name: str
    unit_name_en: str
    gifts: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A gift entered by hand as the verbs need it; ``id`` and ``book_id`` are the database's."""

    id: int
    public_id: str
    book_id: int
    amount_fen: int
    campaign: str
    currency: str
    unit_id: int
    unit_name: str
    entered_by_id: str
    donor_id: int | None


def hand_gifts() -> Select[*tuple[Any, ...]]:
    """Gifts entered by hand with their sheets, slips, places and donors; for this domain only."""
    place = funds.unit_books().subquery("place")
    return (
        select(
            Gift.id.label("gift_id"),
            Gift.public_id,
            Gift.book_id,
            Gift.line,
            Gift.amount_fen,
            Gift.team,
            Gift.status,
            Gift.display,
            Gift.receipt_wanted,
            Gift.donor_id,
            HandGift.code,
            HandGift.withdrawn_reason,
            Donor.name.label("donor_name"),
            Sheet.id.label("sheet_row"),
            Sheet.public_id.label("sheet_id"),
            Sheet.method,
            Sheet.collected_on,
            Sheet.entered_by_id,
            Sheet.entered_by_name,
            Sheet.entered_at,
            Slip.number.label("slip_number"),
            place.c.unit_id,
            place.c.code.label("unit_code"),
            place.c.name.label("unit_name"),
            place.c.name_en.label("unit_name_en"),
            place.c.slug,
            place.c.campaign_name,
            place.c.campaign_name_en,
            place.c.currency,
        )
        .select_from(Gift)
        .join(HandGift, HandGift.gift_id == Gift.id)
        .join(Sheet, Sheet.id == Gift.sheet_id)
        .join(place, place.c.campaign_unit_id == Gift.campaign_unit_id)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .outerjoin(Slip, Slip.id == HandGift.slip_id)
    )


def gift_view(row: Any) -> HandGiftView:
    """A row of ``hand_gifts`` for the people of its unit."""
    return HandGiftView(
        id=row.public_id,
        code=row.code,
        line=row.line,
        name=row.donor_name,
        display=Display(row.display),
        amount_fen=row.amount_fen,
        team=row.team,
        status=GiftStatus(row.status),
        receipt_wanted=row.receipt_wanted,
        campaign_slug=row.slug,
        campaign_name=row.campaign_name,
        campaign_name_en=row.campaign_name_en,
        sheet_id=row.sheet_id,
        method=Method(row.method),
        collected_on=row.collected_on,
        entered_by_id=row.entered_by_id,
        entered_by_name=row.entered_by_name,
        slip_number=row.slip_number,
        withdrawn_reason=row.withdrawn_reason,
    )


def entered_view(row: Any) -> Entered:
    """A row of ``hand_gifts`` for the verbs."""
    return Entered(
        id=row.gift_id,
        public_id=row.public_id,
        book_id=row.book_id,
        amount_fen=row.amount_fen,
        campaign=row.slug,
        currency=row.currency,
        unit_id=row.unit_id,
        unit_name=row.unit_name,
        entered_by_id=row.entered_by_id,
        donor_id=row.donor_id,
    )


def _of_unit(asked: Select[Any], unit: str) -> Select[Any]:
    column = asked.selected_columns["unit_code"]
    return asked.where(column == unit)


def uncounted(unit: str) -> list[HandGiftView]:
    """The unit's cash that is in no slip yet, as entered."""
    return [gift_view(row) for row in db.session().execute(_uncounted(unit))]


def _uncounted(unit: str) -> Select[Any]:
    return (
        _of_unit(hand_gifts(), unit)
        .where(
            HandGift.slip_id.is_(None),
            Gift.status == GiftStatus.CREATED.value,
            Sheet.method == Method.CASH.value,
        )
        .order_by(Gift.id)
    )


def lock_uncounted(unit: str) -> list[Entered]:
    """``uncounted``, held until the unit of work ends: no other slip takes them."""
    return [
        entered_view(row)
        for row in db.session().execute(_uncounted(unit).with_for_update(of=HandGift))
    ]


def entered_on(unit: str, day: dt.date) -> list[HandGiftView]:
    """The unit's gifts collected on a day, withdrawn ones among them, the newest first."""
    rows = db.session().execute(
        _of_unit(hand_gifts(), unit)
        .where(Sheet.collected_on == day)
        .order_by(Gift.id.desc())
        .limit(LONGEST)
    )
    return [gift_view(row) for row in rows]


def open_of(person_id: str) -> list[OpenGifts]:
    """What this person entered that is in no slip yet, or whose bank line has not come; by unit."""
    rows = db.session().execute(
        hand_gifts()
        .where(
            Sheet.entered_by_id == person_id,
            HandGift.slip_id.is_(None),
            Gift.status == GiftStatus.CREATED.value,
        )
        .order_by(Gift.id)
        .limit(LONGEST)
    )
    found: dict[str, OpenGifts] = {}
    for row in rows:
        fresh = OpenGifts(row.unit_code, row.unit_name, row.unit_name_en, 0, 0)
        before = found.get(row.unit_code, fresh)
        found[row.unit_code] = replace(
            before, gifts=before.gifts + 1, amount_fen=before.amount_fen + row.amount_fen
        )
    return list(found.values())


def transfers_waiting(unit: str) -> list[HandGiftView]:
    """The unit's entered transfers whose bank line has not come."""
    rows = db.session().execute(
        _of_unit(hand_gifts(), unit)
        .where(Gift.status == GiftStatus.CREATED.value, Sheet.method == Method.BANK.value)
        .order_by(Gift.id)
        .limit(LONGEST)
    )
    return [gift_view(row) for row in rows]


def gifts_of_unit(unit: str) -> list[HandGiftView]:
    """Every gift of the unit entered by hand, in order: for its own export."""
    return [
        gift_view(row)
        for row in db.session().execute(_of_unit(hand_gifts(), unit).order_by(Gift.id))
    ]


def gift(gift_id: str, unit: str) -> HandGiftView:
    """One gift of the unit. Raises SheetUnknown."""
    found = db.session().execute(_of_unit(hand_gifts(), unit).where(Gift.public_id == gift_id))
    row = found.first()
    if row is None:
        raise SheetUnknown
    return gift_view(row)


def collecting(unit: str) -> list[funds.CampaignView]:
    """Campaigns for whose book of this unit gifts may still be entered, the newest first."""
    taking = (CampaignStatus.OPEN, CampaignStatus.ENDED)
    return [
        one
        for one in funds.campaigns()
        if one.status in taking and funds.place(one.slug, unit) is not None
    ]


def entered_gift(gift_id: str, unit: str) -> Entered | None:
    """One gift entered by hand for this unit."""
    found = db.session().execute(_of_unit(hand_gifts(), unit).where(Gift.public_id == gift_id))
    row = found.first()
    return None if row is None else entered_view(row)


def sheet(sheet_id: str, unit: str) -> SheetView:
    """One sheet of the unit with its gifts. Raises SheetUnknown."""
    rows = (
        db.session()
        .execute(
            _of_unit(hand_gifts(), unit).where(Sheet.public_id == sheet_id).order_by(Gift.line)
        )
        .all()
    )
    if not rows:
        raise SheetUnknown
    first = rows[0]
    return SheetView(
        id=first.sheet_id,
        unit_code=first.unit_code,
        unit_name=first.unit_name,
        unit_name_en=first.unit_name_en,
        campaign_slug=first.slug,
        campaign_name=first.campaign_name,
        campaign_name_en=first.campaign_name_en,
        method=Method(first.method),
        collected_on=first.collected_on,
        entered_by_name=first.entered_by_name,
        entered_at=first.entered_at,
        gifts=tuple(gift_view(row) for row in rows),
    )


def gift_keys(view: SheetView) -> dict[str, str]:
    """The keys of all gifts of a sheet, by gift."""
    return {gift.id: payment_secret(gift.id) for gift in view.gifts}


def open_transfer(sheet_row: int) -> list[Entered]:
    """The gifts of a sheet (database id) of method bank whose line has not come."""
    rows = db.session().execute(
        hand_gifts()
        .where(Sheet.id == sheet_row, Gift.status == GiftStatus.CREATED.value)
        .order_by(Gift.line)
    )
    return [entered_view(row) for row in rows]


def place_of_sheet(sheet_id: str) -> tuple[str, str]:
    """The campaign's slug and the unit's code of a sheet. Raises SheetUnknown."""
    place = funds.unit_books().subquery("place")
    row = db.session().execute(
        select(place.c.slug, place.c.code)
        .join(Sheet, Sheet.campaign_unit_id == place.c.campaign_unit_id)
        .where(Sheet.public_id == sheet_id)
    )
    found = row.first()
    if found is None:
        raise SheetUnknown
    return str(found[0]), str(found[1])
