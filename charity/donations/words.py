"""Donors' messages: looked at by a person before anyone else reads them.

Rule: a message is shown after somebody let it be shown, beside the name the donor chose and never
beside an amount; taking it back is another decision, and both are kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from charity.audit.services import record
from charity.donations.errors import NoWords
from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift, WordDecision
from charity.donations.queries import shown
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.queries import Signed

_STANDING = (GiftStatus.SETTLED.value, GiftStatus.PARTLY_REFUNDED.value)


@dataclass(frozen=True, slots=True)
class WordView:
    """A message as it is shown, or waits to be."""

    gift_id: str
    text: str
    donor_shown: str
    given_at: dt.datetime


def decide(gift_id: str, *, show: bool, by: Signed) -> None:
    """Let a gift's message be shown, or not. Inside ``atomic()``. Raises NoWords."""
    require_atomic()
    row = db.session().scalar(
        select(Gift.id).where(Gift.public_id == gift_id, Gift.message.is_not(None))
    )
    if row is None:
        raise NoWords
    db.session().execute(
        insert(WordDecision).values(
            id=new_id(), gift_id=row, shown=show, at=clock.now(), person_id=by.person_id,
            person_name=by.name,
        )
    )  # fmt: skip
    record(
        "words.show" if show else "words.hide", "gift", gift_id,
        actor_id=by.person_id, actor_name=by.name,
    )  # fmt: skip


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
