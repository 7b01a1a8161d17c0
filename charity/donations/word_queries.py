"""Donors' messages that wait to be looked at, and those that may be shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift, WordDecision
from charity.donations.queries import shown
from charity.kernel.db import db

_STANDING = (GiftStatus.SETTLED.value, GiftStatus.PARTLY_REFUNDED.value)


@dataclass(frozen=True, slots=True)
class WordView:
    """A message as it is shown, or waits to be."""

    gift_id: str
    text: str
    donor_shown: str
    given_at: dt.datetime


def _view(row: Any) -> WordView:
    public_id, text, settled_at, display, name, organization = row
    return WordView(public_id, text, shown(display, name, organization), settled_at)


_COLUMNS = (
    Gift.public_id, Gift.message, Gift.settled_at, Gift.display, Donor.name,
    Donor.organization_name,
)  # fmt: skip


def waiting(limit: int = 50) -> list[WordView]:
    """Messages of settled gifts that nobody looked at yet, the oldest first."""
    decided = select(WordDecision.id).where(WordDecision.gift_id == Gift.id).exists()
    rows = db.session().execute(
        select(*_COLUMNS)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(Gift.message.is_not(None), Gift.status.in_(_STANDING), ~decided)
        .order_by(Gift.id)
        .limit(limit)
    )
    return [_view(row) for row in rows]


def in_public(book_id: int, limit: int = 5) -> list[WordView]:
    """The newest messages of a book that may be shown."""
    newest = (
        select(WordDecision.gift_id, func.max(WordDecision.id).label("last"))
        .group_by(WordDecision.gift_id)
        .subquery()
    )
    rows = db.session().execute(
        select(*_COLUMNS)
        .join(newest, newest.c.gift_id == Gift.id)
        .join(WordDecision, WordDecision.id == newest.c.last)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(Gift.book_id == book_id, Gift.status.in_(_STANDING), WordDecision.shown)
        .order_by(Gift.id.desc())
        .limit(limit)
    )
    return [_view(row) for row in rows]
