"""Gifts as public lists and letters about their use need them. Upper domains ask by public ids.

Rule: a name is as its donor chose to be shown; an address leaves here only for a letter to itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from charity.donations.back.models import Refund
from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift
from charity.donations.queries import shown
from charity.kernel.db import among, db

_STANDING = (
    GiftStatus.SETTLED.value,
    GiftStatus.PARTLY_REFUNDED.value,
    GiftStatus.DISPUTED.value,
)


@dataclass(frozen=True, slots=True)
class Reachable:
    """A donor (database id) who left an address, with the language of their last gift here."""

    donor_id: int
    email: str
    language: str


def gifts_of_refunds(refunds: Iterable[str]) -> dict[str, str]:
    """The gift of each of these refunds, both by public id."""
    rows = db.session().execute(
        select(Refund.public_id, Gift.public_id)
        .join(Gift, Gift.id == Refund.gift_id)
        .where(among(Refund.public_id, refunds))
    )
    return {row[0]: row[1] for row in rows}


def names_shown(gifts: Iterable[str]) -> dict[str, str]:
    """How the donors of these gifts appear in public, as they chose; gifts that stand only."""
    rows = db.session().execute(
        select(Gift.public_id, Gift.display, Donor.name, Donor.organization_name)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(among(Gift.public_id, gifts), Gift.status.in_(_STANDING))
    )
    return {row[0]: shown(row[1], row[2], row[3]) for row in rows}


def donors_with_address(gifts: Iterable[str]) -> list[tuple[int, str]]:
    """(donor's database id, gift): those of these gifts that stand, of donors we can write to."""
    rows = db.session().execute(
        select(Gift.donor_id, Gift.public_id)
        .join(Donor, Donor.id == Gift.donor_id)
        .where(among(Gift.public_id, gifts), Gift.status.in_(_STANDING), Donor.email.is_not(None))
    )
    return [(row[0], row[1]) for row in rows if row[0] is not None]


def to_tell(gifts: Iterable[str]) -> dict[int, Reachable]:
    """The donors of these gifts with their addresses, by database id."""
    rows = db.session().execute(
        select(Donor.id, Donor.email, Gift.language)
        .join(Gift, Gift.donor_id == Donor.id)
        .where(among(Gift.public_id, gifts), Donor.email.is_not(None))
        .order_by(Gift.id)
    )
    return {row[0]: Reachable(row[0], row[1] or "", row[2]) for row in rows}
