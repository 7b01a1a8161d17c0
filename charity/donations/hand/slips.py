"""The end of a clerk's day: count the cash, pay it in, and have another person confirm.

Rule: counted is entered is paid in, to the fen. Until a slip is confirmed nothing is in the ledger;
confirmed it is pending in, and only its bank line makes a gift raised, usable and receipted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import rules as hand_rules
from charity.donations.hand import slip_queries
from charity.donations.hand.errors import (
    NotForYou,
    NothingToCount,
    NotYours,
    OwnSlip,
    SlipMoved,
    SlipUnknown,
    TooMuchForOneSlip,
)
from charity.donations.hand.kinds import SlipStatus
from charity.donations.hand.models import HandGift, Slip
from charity.donations.hand.sheets import trail
from charity.donations.kinds import GiftStatus
from charity.donations.models import Gift
from charity.funds import queries as funds
from charity.kernel import clock, serials
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id
from charity.kernel.money import yuan
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry
from charity.people.kinds import Role
from charity.people.queries import Signed

# Who may confirm, besides not having had a hand in it; the approvals' rule for SLIP says the same.
CONFIRMING = (Role.UNIT_LEADER, Role.CASHIER, Role.ACCOUNTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAsked:
    """What the clerk counted and paid in. The photo is kept already, cleaned."""

    form_id: str
    unit: str
    counted_fen: int
    paid_in_on: dt.date
    photo: Stored


def close_day(asked: DayAsked, *, by: Signed) -> str:
    """Close the unit's counted cash into a slip and ask another person; return its number.

    The same form again gives the same slip. Raises NotForYou, NothingToCount, CountedLess,
    CountedMore, TooMuchForOneSlip, FutureDay, MonthClosed.
    """
    require_atomic()
    scopes = funds.ancestors(asked.unit)
    if not by.holds(Role.UNIT_CLERK, scopes):
        raise NotForYou
    session = db.session()
    key = f"slip:{asked.unit}:{asked.form_id}"
    earlier = session.scalar(select(Slip.number).where(Slip.form_key == key))
    if earlier is not None:
        return earlier
    closed = ledger_queries.month_closed(asked.paid_in_on)
    hand_rules.fit_day(asked.paid_in_on, today=clock.today(), closed=closed, field="paid_in_on")
    gifts = hand_queries.lock_uncounted(asked.unit)
    if not gifts:
        raise NothingToCount
    if len(gifts) > hand_rules.GIFTS:
        raise TooMuchForOneSlip(most=hand_rules.GIFTS)
    total = sum(gift.amount_fen for gift in gifts)
    hand_rules.require_counted(asked.counted_fen, total)
    now = clock.now()
    year = clock.local_date(now).year
    number = hand_rules.slip_number(year, serials.take(f"slip:{year}")[0])
    view = slip_queries.SlipFacts(
        number, asked.unit, total, asked.paid_in_on, asked.photo.sha256, tuple(gifts)
    )
    request_id = approvals.request(
        Kind.SLIP,
        number,
        view.facts(),
        by=by,
        title=f"{number} · {gifts[0].unit_name} · {yuan(total)}",
        scopes=scopes,
        concerned={gift.entered_by_id for gift in gifts} - {by.person_id},
    )
    slip_id = new_id()
    session.execute(
        insert(Slip).values(
            id=slip_id,
            number=number,
            form_key=key,
            unit_id=gifts[0].unit_id,
            status=SlipStatus.WAITING.value,
            amount_fen=total,
            gifts=len(gifts),
            paid_in_on=asked.paid_in_on,
            photo_path=asked.photo.path,
            photo_sha256=asked.photo.sha256,
            photo_size=asked.photo.size,
            request_id=request_id,
            closed_by_id=by.person_id,
            closed_by_name=by.name,
            closed_at=now,
        )
    )
    ids = [gift.id for gift in gifts]
    session.execute(update(HandGift).where(among(HandGift.gift_id, ids)).values(slip_id=slip_id))
    trail("slip.closed", "slip", number, by, {"gifts": len(gifts), "amount_fen": total})
    return number


def withdraw_slip(number: str, *, unit: str, by: Signed, reason: str = "") -> None:
    """Take back one's own slip before it is confirmed: its gifts wait to be counted again.

    Raises SlipUnknown, NotYours, SlipMoved.
    """
    require_atomic()
    slip = _locked(number, SlipStatus.WAITING)
    if slip_queries.unit_of_slip(slip.id) != unit:
        raise SlipUnknown
    if slip.closed_by_id != by.person_id:
        raise NotYours
    approvals.withdraw_about(Kind.SLIP, number, reason=reason or "slip withdrawn")
    session = db.session()
    session.execute(update(HandGift).where(HandGift.slip_id == slip.id).values(slip_id=None))
    session.execute(
        update(Slip).where(Slip.id == slip.id).values(status=SlipStatus.WITHDRAWN.value)
    )
    trail("slip.withdrawn", "slip", number, by, {"amount_fen": slip.amount_fen})


def _locked(number: str, status: SlipStatus) -> Slip:
    slip = db.session().scalars(select(Slip).where(Slip.number == number).with_for_update()).first()
    if slip is None:
        raise SlipUnknown
    if slip.status != status.value:
        raise SlipMoved
    return slip


def confirmed(view: RequestView, by: Signed) -> None:
    """What an approved slip does, in the unit of work of its last decision: it is pending in.

    Raises SlipUnknown, SlipMoved, OwnSlip, NotForYou, and what ``approvals.use`` raises.
    """
    require_atomic()
    slip = _locked(view.subject_id, SlipStatus.WAITING)
    facts = slip_queries.slip_facts(slip.id)
    if by.person_id in {slip.closed_by_id, *(gift.entered_by_id for gift in facts.gifts)}:
        raise OwnSlip
    approvals.use(view.id, facts.facts())
    sheet = ledger.worksheet(gift.book_id for gift in facts.gifts)
    for gift in facts.gifts:
        sheet.add(
            NewEntry(
                book_id=gift.book_id,
                kind=EntryKind.SLIP,
                legs=recipes.slip(fen=gift.amount_fen),
                occurred_on=slip.paid_in_on,
                cause_type="gift",
                cause_id=gift.public_id,
                effect="slip",
                actor=by.actor,
            )
        )
    sheet.post()
    session = db.session()
    session.execute(
        update(Gift)
        .where(among(Gift.id, [gift.id for gift in facts.gifts]))
        .values(status=GiftStatus.PENDING.value)
    )
    session.execute(
        update(Slip)
        .where(Slip.id == slip.id)
        .values(
            status=SlipStatus.CONFIRMED.value,
            confirmed_by_id=by.person_id,
            confirmed_by_name=by.name,
            confirmed_at=clock.now(),
        )
    )
    trail("slip.confirmed", "slip", facts.number, by, {"amount_fen": facts.amount_fen})
