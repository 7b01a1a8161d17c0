"""Reads of refunds and corrections for desks and pages. No person is named but who worked on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind
from charity.donations.back.errors import CorrectionUnknown, RefundUnknown
from charity.donations.back.kinds import (
    CorrectionKind,
    CorrectionState,
    RefundReason,
    RefundState,
    Route,
)
from charity.donations.back.models import Correction, Refund
from charity.donations.errors import GiftUnknown
from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift, Intent, Payment
from charity.funds import queries as funds
from charity.kernel.crypto import mask_name
from charity.kernel.db import among, db

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundView:
    """One refund as it stands now."""

    id: str
    gift: str
    amount_fen: int
    currency: str
    route: Route
    provider: str | None
    reason: RefundReason
    note: str
    state: RefundState
    state_at: dt.datetime
    request_id: str
    asked_by: str
    asked_at: dt.datetime
    error: str | None
    done_on: dt.date | None

    @property
    def being_checked(self) -> bool:
        """Whether the provider was told and its answer is not known."""
        return self.state is RefundState.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView:
    """One correction as it stands now; a corrected name is masked."""

    id: str
    gift: str
    kind: CorrectionKind
    reason: str
    state: CorrectionState
    request_id: str
    asked_by: str
    asked_at: dt.datetime
    done_at: dt.datetime | None
    from_unit: str | None
    to_unit: str | None
    from_name: str | None
    to_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskGift:
    """A gift as the office needs it to give it back or correct it. The donor is masked."""

    id: str
    payment_id: str | None
    provider: str | None
    object_id: str | None
    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    amount_fen: int
    currency: str
    status: GiftStatus
    settled_at: dt.datetime | None
    donor_masked: str | None
    organization: bool


def _refunds() -> Select[*tuple[Any, ...]]:
    return select(Refund, Gift.public_id.label("gift")).join(Gift, Gift.id == Refund.gift_id)


def _refund(row: Any) -> RefundView:
    one: Refund = row.Refund
    state = RefundState(one.state)
    if state is RefundState.ASKED and not approvals.request(one.request_id).live:
        # Refused, withdrawn or too old; it is written down when somebody asks again.
        state = RefundState.DROPPED
    return RefundView(
        id=one.public_id,
        gift=row.gift,
        amount_fen=one.amount_fen,
        currency=one.currency,
        route=Route(one.route),
        provider=one.provider,
        reason=RefundReason(one.reason),
        note=one.note,
        state=state,
        state_at=one.state_at,
        request_id=one.request_id,
        asked_by=one.asked_by_name,
        asked_at=one.asked_at,
        error=one.error,
        done_on=one.done_on,
    )


def refund(refund_id: str) -> RefundView:
    """One refund. Raises RefundUnknown."""
    row = db.session().execute(_refunds().where(Refund.public_id == refund_id)).one_or_none()
    if row is None:
        raise RefundUnknown
    return _refund(row)


def refunds_of(gift_id: str) -> list[RefundView]:
    """Every refund of a gift, the newest first."""
    rows = db.session().execute(
        _refunds().where(Gift.public_id == gift_id).order_by(Refund.id.desc())
    )
    return [_refund(row) for row in rows]


def refund_state(gift_id: str) -> RefundState | None:
    """Where the way back of a gift stands, for its donor; ``None`` when there is none to tell."""
    told = (RefundState.APPROVED, RefundState.SENT, RefundState.UNKNOWN, RefundState.DONE)
    found = db.session().scalar(
        select(Refund.state)
        .join(Gift, Gift.id == Refund.gift_id)
        .where(Gift.public_id == gift_id, Refund.state.in_([state.value for state in told]))
        .limit(1)
    )
    return None if found is None else RefundState(found)


def recent_refunds(states: Iterable[RefundState] = (), limit: int = PAGE) -> list[RefundView]:
    """Refunds, the newest first; only of ``states`` when some are given."""
    wanted = _refunds().order_by(Refund.id.desc()).limit(limit)
    chosen = [state.value for state in states]
    if chosen:
        wanted = wanted.where(Refund.state.in_(chosen))
    return [_refund(row) for row in db.session().execute(wanted)]


def waiting_for_bank() -> list[RefundView]:
    """Agreed refunds that wait for their outgoing bank line, the oldest first."""
    rows = db.session().execute(
        _refunds()
        .where(Refund.state == RefundState.APPROVED.value, Refund.route == Route.BANK.value)
        .order_by(Refund.id)
    )
    return [_refund(row) for row in rows]


def refund_of_request(request_id: str) -> RefundView:
    """The refund an approval is about. Raises RefundUnknown."""
    row = db.session().execute(_refunds().where(Refund.request_id == request_id)).one_or_none()
    if row is None:
        raise RefundUnknown
    return _refund(row)


def corrections_of(gift_id: str) -> list[CorrectionView]:
    """Every correction of a gift, the newest first."""
    rows = db.session().scalars(_corrections().where(Gift.public_id == gift_id))
    return [_correction(one, gift_id) for one in rows]


def made_corrections(gift_id: str) -> list[CorrectionView]:
    """The corrections of a gift that were made, the oldest first: their reasons are public."""
    done = [one for one in corrections_of(gift_id) if one.state is CorrectionState.DONE]
    return done[::-1]


def correction(correction_id: str) -> CorrectionView:
    """One correction. Raises CorrectionUnknown."""
    row = db.session().execute(
        select(Correction, Gift.public_id)
        .join(Gift, Gift.id == Correction.gift_id)
        .where(Correction.public_id == correction_id)
    )
    found = row.one_or_none()
    if found is None:
        raise CorrectionUnknown
    return _correction(found[0], found[1])


def _corrections() -> Select[*tuple[Any, ...]]:
    return (
        select(Correction).join(Gift, Gift.id == Correction.gift_id).order_by(Correction.id.desc())
    )


def _correction(one: Correction, gift_id: str) -> CorrectionView:
    state = CorrectionState(one.state)
    if state is CorrectionState.ASKED and not approvals.request(one.request_id).live:
        state = CorrectionState.DROPPED
    places = [each for each in (one.from_campaign_unit_id, one.to_campaign_unit_id) if each]
    units = _unit_names(places)
    return CorrectionView(
        id=one.public_id,
        gift=gift_id,
        kind=CorrectionKind(one.kind),
        reason=one.reason,
        state=state,
        request_id=one.request_id,
        asked_by=one.asked_by_name,
        asked_at=one.asked_at,
        done_at=one.done_at,
        from_unit=units.get(one.from_campaign_unit_id or 0),
        to_unit=units.get(one.to_campaign_unit_id or 0),
        from_name=_masked(one.from_donor_id) if one.name is not None else None,
        to_name=mask_name(one.name) if one.name is not None else None,
    )


def _unit_names(places: list[int]) -> dict[int, str]:
    place = funds.unit_books().subquery("place")
    rows = db.session().execute(
        select(place.c.campaign_unit_id, place.c.name).where(
            among(place.c.campaign_unit_id, places)
        )
    )
    return {row[0]: row[1] for row in rows}


def _masked(donor_id: int | None) -> str | None:
    found = db.session().execute(
        select(Donor.name, Donor.organization_name).where(Donor.id == donor_id)
    )
    row = found.one_or_none()
    full = (row.organization_name or row.name) if row else None
    return mask_name(full) if full else None


def desk_gift(gift_id: str) -> DeskGift:
    """A gift for the office. Raises GiftUnknown."""
    found = _desk(Gift.public_id == gift_id)
    if not found:
        raise GiftUnknown
    return found[0]


def find(term: str) -> list[DeskGift]:
    """Gifts by a gift's or payment's id, or the provider's name of either; at most a basket.

    Nothing of the donor is searched: who looks for a gift has its number in hand.
    """
    place = {"payment": Intent.public_id, "reference": Intent.reference,
             "object": Payment.object_id, "gift": Gift.public_id}  # fmt: skip
    for column in place.values():
        found = _desk(column == term)
        if found:
            return found
    return []


def gift_ids(database_ids: Iterable[int]) -> list[str]:
    """Public ids of gifts by their database ids."""
    rows = db.session().scalars(select(Gift.public_id).where(among(Gift.id, database_ids)))
    return list(rows)


def _desk(condition: Any) -> list[DeskGift]:
    place = funds.unit_books().subquery("place")
    rows = db.session().execute(
        select(
            Gift.public_id,
            Gift.amount_fen,
            Gift.status,
            Gift.settled_at,
            Intent.public_id.label("payment_id"),
            Payment.provider,
            Payment.object_id,
            Donor.name.label("donor_name"),
            Donor.organization_name,
            place.c.slug,
            place.c.campaign_name,
            place.c.campaign_name_en,
            place.c.currency,
            place.c.code,
            place.c.name,
            place.c.name_en,
        )
        .join(place, place.c.campaign_unit_id == Gift.campaign_unit_id)
        .outerjoin(Intent, Intent.id == Gift.intent_id)
        .outerjoin(Payment, Payment.intent_id == Gift.intent_id)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(condition)
        .order_by(Gift.id)
        .limit(PAGE)
    )
    return [
        DeskGift(
            id=row.public_id,
            payment_id=row.payment_id,
            provider=row.provider,
            object_id=row.object_id,
            campaign_slug=row.slug,
            campaign_name=row.campaign_name,
            campaign_name_en=row.campaign_name_en,
            unit_code=row.code,
            unit_name=row.name,
            unit_name_en=row.name_en,
            amount_fen=row.amount_fen,
            currency=row.currency,
            status=GiftStatus(row.status),
            settled_at=row.settled_at,
            donor_masked=_shown(row.donor_name, row.organization_name),
            organization=row.organization_name is not None,
        )
        for row in rows
    ]


def _shown(name: str | None, organization: str | None) -> str | None:
    full = organization or name
    return mask_name(full) if full else None


def latest_request(gift_id: str, kind: Kind) -> approvals.RequestView | None:
    """The newest request for approval of this kind about a gift."""
    return approvals.latest(kind, gift_id)
