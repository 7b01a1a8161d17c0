"""Gifts entered by hand: a clerk's sheets, and taking back a mistake.

Rule: what was entered is never changed. A mistake is withdrawn, with its reason, by who made it and
before it is in a slip; it stays to be read, struck through. A sheet of cash is counted and paid in
with others (``slips``); a sheet of method bank is one transfer, settled by its own bank line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.audit import services as audit
from charity.donations import rules
from charity.donations.errors import CampaignUnknown, KeyConflict, UnitUnknown
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import rules as hand_rules
from charity.donations.hand.errors import (
    AlreadyWithdrawn,
    InSlip,
    NoLines,
    NotCollecting,
    NotForYou,
    NotYours,
    SheetUnfit,
    SheetUnknown,
    TooManyLines,
)
from charity.donations.hand.kinds import Method
from charity.donations.hand.models import HandGift, Sheet
from charity.donations.kinds import BillWish, Display, GiftStatus
from charity.donations.limits import limits
from charity.donations.models import Gift
from charity.donations.requests import DonorDetails
from charity.donations.services import many_donors
from charity.funds import queries as funds
from charity.funds import unit_queries as units
from charity.funds.errors import UnknownCampaign
from charity.funds.kinds import CampaignStatus
from charity.funds.unit_errors import TeamNotTaking, UnitNotTaking
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import among, bulk_insert, canonical_json, db
from charity.kernel.errors import RuleBroken
from charity.kernel.ids import new_id, public_id
from charity.ledger import queries as ledger
from charity.people.kinds import Role
from charity.people.queries import Signed

# By hand the office knows the donor, so the limit of online gifts does not hold.
_MAX_FEN = 10**12
_COLLECTING = (CampaignStatus.OPEN, CampaignStatus.ENDED)


@dataclass(frozen=True, slots=True)
class LineAsked:
    """One gift of a sheet, in whole fen; name and phone may be left out."""

    amount_fen: int
    name: str | None = None
    phone: str | None = None
    team: str | None = None
    receipt: bool = True
    display: Display = Display.MASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetAsked:
    """A sheet as it was filled in. ``form_id`` is ours: the same form sent twice is one sheet."""

    form_id: str
    campaign: str
    unit: str
    method: Method
    collected_on: dt.date
    lines: tuple[LineAsked, ...]


def enter(asked: SheetAsked, *, by: Signed) -> str:
    """Write down a sheet of gifts; return its public id. The same form again gives the same one.

    Raises NotForYou, KeyConflict, NoLines, TooManyLines, CampaignUnknown, UnitUnknown,
    NotCollecting, FutureDay, MonthClosed, and SheetUnfit with what is wrong in each line.
    """
    require_atomic()
    if not by.holds(Role.UNIT_CLERK, funds.ancestors(asked.unit)):
        raise NotForYou
    return write_sheet(asked, by=by)


def write_sheet(asked: SheetAsked, *, by: Signed, late: bool = False) -> str:
    """``enter`` for those who may enter for any unit; the caller has asked for the role.

    ``late``: the money came in a month that may be closed by now.
    """
    require_atomic()
    key = f"sheet:{asked.unit}:{asked.form_id}"
    facts_hash = blind_index(canonical_json(_plain(asked)), "sheet-facts")
    earlier = _earlier(key, facts_hash)
    if earlier is not None:
        return earlier
    place = _place(asked, late=late)
    lines = _fit_lines(asked.lines, _teams_then(asked))
    now = clock.now()
    row = {
        "id": new_id(),
        "public_id": public_id(),
        "form_key": key,
        "facts_hash": facts_hash,
        "campaign_unit_id": place.campaign_unit_id,
        "method": asked.method.value,
        "collected_on": asked.collected_on,
        "entered_by_id": by.person_id,
        "entered_by_name": by.name,
        "entered_at": now,
    }
    if not _insert_once(row):
        # The same form came twice at one moment; the other is committed by now.
        earlier = _earlier(key, facts_hash)
        if earlier is None:
            raise KeyConflict
        return earlier
    _insert_gifts(lines, place, sheet_id=int(str(row["id"])), now=now)
    sheet_id = str(row["public_id"])
    total = sum(line.amount_fen for line in lines)
    trail("sheet.entered", "sheet", sheet_id, by, {"gifts": len(lines), "amount_fen": total})
    return sheet_id


def _plain(asked: SheetAsked) -> dict[str, object]:
    return {**asdict(asked), "collected_on": asked.collected_on.isoformat()}


def _earlier(key: str, facts_hash: str) -> str | None:
    found = db.session().execute(
        select(Sheet.public_id, Sheet.facts_hash).where(Sheet.form_key == key)
    )
    row = found.first()
    if row is not None and row.facts_hash != facts_hash:
        raise KeyConflict
    return None if row is None else row.public_id


def _insert_once(row: dict[str, object]) -> bool:
    on_postgres = db.session().get_bind().dialect.name == "postgresql"
    insert_ = postgresql.insert if on_postgres else sqlite.insert
    statement = insert_(Sheet).values(**row).on_conflict_do_nothing(index_elements=["form_key"])
    return db.session().scalar(statement.returning(Sheet.id)) is not None


def _place(asked: SheetAsked, *, late: bool) -> funds.Place:
    """The book the sheet is for, on a day on which it could be given to."""
    hand_rules.fit_day(
        asked.collected_on,
        today=clock.today(),
        closed=not late and ledger.month_closed(asked.collected_on),
        field="collected_on",
    )
    try:
        campaign = funds.campaign(asked.campaign)
    except UnknownCampaign:
        raise CampaignUnknown(field="campaign") from None
    place = funds.place(asked.campaign, asked.unit)
    if place is None:
        raise UnitUnknown(field="campaign")
    given_then = campaign.starts_on <= asked.collected_on <= campaign.ends_on
    if campaign.status not in _COLLECTING or not given_then:
        raise NotCollecting(field="collected_on")
    if place.closed_on is not None and place.closed_on <= asked.collected_on:
        raise UnitNotTaking(field="collected_on")
    return place


def _teams_then(asked: SheetAsked) -> frozenset[str]:
    """The unit's teams that took gifts on the day of the sheet."""
    day = asked.collected_on
    return frozenset(
        team.code
        for team in units.teams(asked.unit)
        if team.opened_on <= day and (team.closed_on is None or day < team.closed_on)
    )


def _fit_lines(lines: Sequence[LineAsked], teams: frozenset[str]) -> list[LineAsked]:
    """The lines with clean texts. Raises SheetUnfit with everything that is wrong in them."""
    if not lines:
        raise NoLines
    if len(lines) > hand_rules.LINES:
        raise TooManyLines(most=hand_rules.LINES)
    limit = replace(limits(clock.today()), max_fen=_MAX_FEN)
    clean, wrong = [], []
    for index, line in enumerate(lines):
        at = f"lines.{index}."
        try:
            team = rules.fit_text(line.team, f"{at}team", rules.TEAM_LENGTH)
            if team is not None and team not in teams:
                raise TeamNotTaking(field=f"{at}team")
            clean.append(
                replace(
                    line,
                    amount_fen=rules.fit_amount(line.amount_fen, f"{at}amount_fen", limit),
                    name=rules.fit_text(line.name, f"{at}name", rules.NAME_LENGTH),
                    team=team,
                    phone=rules.fit_phone(line.phone),
                )
            )
        except RuleBroken as error:
            if error.field == "donor.phone":
                error.field = f"{at}phone"
            wrong.append(error)
    if wrong:
        raise SheetUnfit(wrong)
    return clean


def _insert_gifts(
    lines: Sequence[LineAsked], place: funds.Place, *, sheet_id: int, now: dt.datetime
) -> None:
    donors = many_donors(
        [DonorDetails(name=each.name, phone=each.phone, display=each.display) for each in lines]
    )
    gifts = [
        {
            "id": new_id(),
            "public_id": public_id(),
            "sheet_id": sheet_id,
            "line": number,
            "campaign_unit_id": place.campaign_unit_id,
            "book_id": place.book_id,
            "team": line.team,
            "amount_fen": line.amount_fen,
            "status": GiftStatus.CREATED.value,
            "donor_id": donor_id,
            "display": line.display.value,
            "receipt_wanted": line.receipt,
            "receipt_due": False,
            "bill_wish": (
                BillWish.ANONYMOUS if line.display is Display.ANONYMOUS else BillWish.WAIVED
            ).value,
            "created_at": now,
        }
        for number, (line, donor_id) in enumerate(zip(lines, donors, strict=True), start=1)
    ]
    session = db.session()
    bulk_insert(session, cast("Table", Gift.__table__), gifts)
    codes = [
        {"gift_id": gift["id"], "code": public_id(hand_rules.CODE_LENGTH).upper()} for gift in gifts
    ]
    bulk_insert(session, cast("Table", HandGift.__table__), codes)


def withdraw_gift(gift_id: str, *, unit: str, reason: str, by: Signed) -> None:
    """Take back one's own mistake before it is in a slip; it stays to be read, struck through.

    Raises SheetUnknown, NotYours, AlreadyWithdrawn, InSlip, ReasonNeeded.
    """
    require_atomic()
    reason = hand_rules.fit_reason(reason)
    entered = hand_queries.entered_gift(gift_id, unit)
    if entered is None:
        raise SheetUnknown
    if entered.entered_by_id != by.person_id:
        raise NotYours
    _withdraw([entered.id], reason)
    trail("gift.withdrawn", "gift", gift_id, by, {"amount_fen": entered.amount_fen})


def withdraw_sheet(sheet_id: int, reason: str) -> None:
    """Take back all gifts of a sheet (database id) that came to nothing; the system's own verb."""
    require_atomic()
    _withdraw(list(db.session().scalars(select(Gift.id).where(Gift.sheet_id == sheet_id))), reason)


def _withdraw(gift_ids: Sequence[int], reason: str) -> None:
    session = db.session()
    rows = session.execute(
        select(HandGift.slip_id, HandGift.withdrawn_at, Gift.status)
        .join(Gift, Gift.id == HandGift.gift_id)
        .where(among(HandGift.gift_id, gift_ids))
        .order_by(HandGift.gift_id)
        .with_for_update(of=HandGift)
    ).all()
    if any(row.withdrawn_at is not None for row in rows):
        raise AlreadyWithdrawn
    if any(row.slip_id is not None or row.status != GiftStatus.CREATED.value for row in rows):
        raise InSlip
    session.execute(
        update(HandGift)
        .where(among(HandGift.gift_id, gift_ids))
        .values(withdrawn_at=clock.now(), withdrawn_reason=reason)
    )
    session.execute(
        update(Gift).where(among(Gift.id, gift_ids)).values(status=GiftStatus.WITHDRAWN.value)
    )


def trail(
    verb: str, object_type: str, object_id: str, by: Signed, after: dict[str, object]
) -> None:
    """Add to the trail what this person did."""
    audit.record(
        verb, object_type, object_id, actor_id=by.person_id, actor_name=by.name, after=after
    )
