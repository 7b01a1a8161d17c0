"""Donors' messages: looked at by a person before anyone else reads them.

Rule: a message is shown after somebody let it be shown, beside the name the donor chose and never
beside an amount; taking it back is another decision, and both are kept.
"""

from __future__ import annotations

from sqlalchemy import insert, select

from charity.audit.services import record
from charity.donations.errors import NoWords
from charity.donations.models import Gift, WordDecision
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.queries import Signed


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
