"""Our own mistakes about a gift, mended by two people: the wrong unit, the wrong name.

Rule: nothing that was written is changed. A gift in the wrong book is taken out of it by mirror
entries and entered in the right one, as one group (``moves``); a donor written wrongly gets a new
row beside the old one. The reason is public. Whoever applies a correction also issues the receipt
anew, in the same unit of work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.audit.services import record
from charity.donations import rules, services
from charity.donations.back import moves, refunds
from charity.donations.back.errors import (
    CorrectionUnderWay,
    CorrectionUnknown,
    OtherCurrency,
    SameName,
    SameUnit,
    WordsNeeded,
)
from charity.donations.back.kinds import CorrectionKind, CorrectionState
from charity.donations.back.models import Correction
from charity.donations.errors import TextUnfit, UnitUnknown
from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift, Tally
from charity.donations.requests import DonorDetails
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index, mask_name
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.kernel.money import yuan
from charity.ledger import queries as ledger_queries
from charity.ledger import services as ledger
from charity.ledger.services import NewEntry
from charity.people.queries import Signed

_IN_LEDGER = (
    GiftStatus.SETTLED.value,
    GiftStatus.PARTLY_REFUNDED.value,
    GiftStatus.REFUNDED.value,
    GiftStatus.DISPUTED.value,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction that was made: its gift, and the public reason."""

    id: str
    gift: str
    kind: CorrectionKind
    reason: str


def ask_unit(gift_id: str, *, by: Signed, campaign: str, unit: str, reason: str) -> str:
    """Ask that a gift goes to the unit it was meant for; return the correction's id.

    Raises GiftUnknown, NotInTheLedger, AlreadyRefunded, RefundUnderWay, CorrectionUnderWay,
    UnitUnknown, SameUnit, OtherCurrency, WordsNeeded, PersonalData, MayNotAsk.
    """
    require_atomic()
    gift, place = _placed(gift_id, campaign, unit)
    words = _reason(reason)
    row = {
        "kind": CorrectionKind.UNIT.value,
        "from_campaign_unit_id": gift.campaign_unit_id,
        "to_campaign_unit_id": place.campaign_unit_id,
    }
    return _ask(gift, row, words, by)


def ask_name(gift_id: str, *, by: Signed, name: str, reason: str) -> str:
    """Ask that a gift's donor is written right; return the correction's id. ``name`` is sealed.

    Raises GiftUnknown, NotInTheLedger, AlreadyRefunded, RefundUnderWay, CorrectionUnderWay,
    TextUnfit, SameName, WordsNeeded, PersonalData, MayNotAsk.
    """
    require_atomic()
    gift = refunds.lock_gift(gift_id)
    refunds.require_standing(gift)
    words = _reason(reason)
    donor = _donor(gift.donor_id)
    longest = rules.ORGANIZATION_LENGTH if donor.organization_name else rules.NAME_LENGTH
    clean = rules.fit_text(name, "name", longest)
    if clean is None:
        raise TextUnfit(field="name")
    if clean == (donor.organization_name or donor.name):
        raise SameName
    row = {"kind": CorrectionKind.NAME.value, "from_donor_id": gift.donor_id, "name": clean}
    return _ask(gift, row, words, by)


def preview_unit(gift_id: str, campaign: str, unit: str) -> list[moves.Change]:
    """What moving the gift would do to each book, as the books stand now. Writes nothing.

    Inside ``atomic()``. Raises what ``ask_unit`` raises of gift and unit.
    """
    require_atomic()
    gift, place = _placed(gift_id, campaign, unit)
    own = ledger.own_book(ledger_queries.currency(gift.book_id))
    steps = moves.plan(gift_id, gift.moved, old=gift.book_id, new=place.book_id, own=own)
    return moves.changes(steps)


def apply(request_id: str) -> Applied:
    """Make the approved correction, in the unit of work of the last decision.

    Raises CorrectionUnknown, what ``approvals.use`` raises, and why it can no longer be made.
    """
    require_atomic()
    session = db.session()
    row = session.scalars(
        select(Correction).where(Correction.request_id == request_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise CorrectionUnknown
    gift_id = session.scalars(select(Gift.public_id).where(Gift.id == row.gift_id)).one()
    gift = refunds.lock_gift(gift_id)
    if row.state != CorrectionState.ASKED.value:
        raise CorrectionUnderWay
    approvals.use(request_id, _facts(gift, _columns(row)))
    row.state, row.done_at = CorrectionState.DONE.value, clock.now()
    session.flush()
    refunds.require_standing(gift)
    if row.kind == CorrectionKind.UNIT.value:
        _move(row, gift)
    else:
        _rename(row, gift)
    session.flush()
    after = {"gift": gift_id, "kind": row.kind}
    record("correction.made", "correction", row.public_id, after=after)
    return Applied(row.public_id, gift_id, CorrectionKind(row.kind), row.reason)


@dataclass(frozen=True, slots=True)
class Names:
    """How a donor was written, and how they are to be written."""

    before: str
    after: str


def reveal(correction_id: str, *, by: Signed) -> Names:
    """The names of a correction in full, for whoever decides. It is kept that they were seen.

    Raises CorrectionUnknown.
    """
    require_atomic()
    row = db.session().scalars(
        select(Correction).where(Correction.public_id == correction_id)
    ).one_or_none()  # fmt: skip
    if row is None or row.name is None:
        raise CorrectionUnknown
    old = _donor(row.from_donor_id)
    record(
        "correction.names_seen", "correction", correction_id,
        actor_id=by.person_id, actor_name=by.name,
    )  # fmt: skip
    return Names(str(old.organization_name or old.name), row.name)


def _reason(words: str) -> str:
    clean = refunds.fit_note(words)
    if not clean:
        raise WordsNeeded(field="reason")
    return clean


def _placed(gift_id: str, campaign: str, unit: str) -> tuple[Any, funds.Place]:
    """The gift, held, and the book it should be in."""
    gift = refunds.lock_gift(gift_id)
    refunds.require_standing(gift)
    place = funds.place(campaign, unit)
    if place is None:
        raise UnitUnknown(field="unit")
    if place.book_id == gift.book_id:
        raise SameUnit
    if place.currency != ledger_queries.currency(gift.book_id):
        raise OtherCurrency
    return gift, place


def _ask(gift: Any, row: dict[str, Any], reason: str, by: Signed) -> str:
    name = public_id()
    whole = {"public_id": name, "gift_id": gift.id, "reason": reason, **row}
    request = approvals.request(
        Kind.CORRECTION,
        gift.public_id,
        _facts(gift, whole),
        by=by,
        title=_("更正一笔捐赠 %(amount)s", amount=yuan(gift.amount_fen)),
        note=reason,
    )
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = session.scalar(
        dialect.insert(Correction)
        .values(
            id=new_id(),
            **whole,
            state=CorrectionState.ASKED.value,
            request_id=request,
            asked_by_id=by.person_id,
            asked_by_name=by.name,
            asked_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Correction.id)
    )
    if made is None:
        raise CorrectionUnderWay
    after = {"gift": gift.public_id, "kind": row["kind"]}
    record(
        "correction.asked", "correction", name,
        actor_id=by.person_id, actor_name=by.name, after=after,
    )  # fmt: skip
    return name


def _facts(gift: Any, row: dict[str, Any]) -> dict[str, object]:
    """What the two people sign; a name by its keyed hash, and masked for the reader."""
    facts: dict[str, object] = {
        "correction": row["public_id"],
        "gift": gift.public_id,
        "amount_fen": gift.amount_fen,
        "kind": row["kind"],
        "reason": row["reason"],
    }
    if row.get("name") is not None:
        facts["name"] = mask_name(row["name"])
        facts["name_hash"] = blind_index(row["name"], "correction-name")
    else:
        facts["from_unit"] = _place_name(row["from_campaign_unit_id"])
        facts["to_unit"] = _place_name(row["to_campaign_unit_id"])
    return facts


def _place_name(campaign_unit_id: int) -> str:
    place = funds.unit_books().subquery("place")
    found = db.session().execute(
        select(place.c.slug, place.c.code).where(place.c.campaign_unit_id == campaign_unit_id)
    )
    slug, code = found.one()
    return f"{slug}/{code}"


def _columns(row: Correction) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in Correction.__table__.columns}


def _donor(donor_id: int | None) -> Donor:
    """The donor's row. A gift of nobody has no name to correct."""
    row = db.session().get(Donor, donor_id) if donor_id is not None else None
    if row is None or not (row.name or row.organization_name):
        raise SameName
    return row


def _move(row: Correction, gift: Any) -> None:
    """Post the plan under the books' locks, and let the gift stand in its right book."""
    session = db.session()
    place = funds.unit_books().subquery("place")
    new_book = session.scalars(
        select(place.c.book_id).where(place.c.campaign_unit_id == row.to_campaign_unit_id)
    ).one()
    own = ledger.own_book(ledger_queries.currency(gift.book_id))
    sheet = ledger.worksheet({gift.book_id, new_book, own})
    steps = moves.plan(gift.public_id, gift.moved, old=gift.book_id, new=new_book, own=own)
    group, today = new_id(), clock.today()
    for step in steps:
        sheet.add(
            NewEntry(
                book_id=step.book_id,
                kind=step.kind,
                legs=step.legs,
                occurred_on=today,
                cause_type="gift",
                cause_id=gift.public_id,
                effect=step.effect,
                corrects=step.corrects,
                group_id=group,
            )
        )
    sheet.post()
    row.group_id = group
    session.execute(
        update(Gift)
        .where(Gift.id == gift.id)
        .values(
            campaign_unit_id=row.to_campaign_unit_id,
            book_id=new_book,
            moved=gift.moved + 1,
            team=None,  # a team is its unit's own
        )
        .execution_options(synchronize_session=False)
    )


def _rename(row: Correction, gift: Any) -> None:
    """A new row of the donor; the old one stays as it was written."""
    old = _donor(gift.donor_id)
    told = DonorDetails(
        name=old.name,
        email=old.email,
        phone=old.phone,
        organization_name=old.organization_name,
        organization_uscc=old.organization_uscc,
    )
    if old.organization_name:
        told = replace(told, organization_name=row.name)
    else:
        told = replace(told, name=row.name)
    (donor_id,) = services.many_donors([told])
    assert donor_id is not None
    row.to_donor_id = donor_id
    session = db.session()
    session.execute(
        update(Gift)
        .where(Gift.id == gift.id)
        .values(donor_id=donor_id)
        .execution_options(synchronize_session=False)
    )
    _count(old.id, donor_id, gift)


def _count(old_id: int, new_id_: int, gift: Any) -> None:
    """Keep the number of donors: one may come, and one may have no gift left."""
    session = db.session()
    ids = sorted({old_id, new_id_})
    locked = select(Donor.id, Donor.settled_at).where(Donor.id.in_(ids)).order_by(Donor.id)
    settled = {row.id: row.settled_at for row in session.execute(locked.with_for_update())}
    left = session.scalar(
        select(func.count())
        .select_from(Gift)
        .where(Gift.donor_id == old_id, Gift.status.in_(_IN_LEDGER))
    )
    more = 0
    for donor_id, at in (
        (new_id_, gift.settled_at if settled[new_id_] is None else settled[new_id_]),
        (old_id, settled[old_id] if left else None),
    ):
        more += (at is not None) - (settled[donor_id] is not None)
        session.execute(
            update(Donor)
            .where(Donor.id == donor_id)
            .values(settled_at=at)
            .execution_options(synchronize_session=False)
        )
    if more:
        session.execute(update(Tally).values(donors=Tally.donors + more))
