"""Gifts on the small site of ``tests.factories.site``, through intents, events and settling."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sqlalchemy import select, update

from charity.donations import jobs, services
from charity.donations.kinds import BillWish, Display, EventType, GiftStatus
from charity.donations.models import Gift, Intent
from charity.donations.providers import sandbox
from charity.donations.services import DonorDetails, GiftItem, GiftRequest
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger.sequencer import sequence
from tests.factories import site

_counter = itertools.count(1)


@dataclass(frozen=True)
class Made:
    """A settled gift: its database id and its public one."""

    id: int
    public_id: str


def settled(
    *donors: DonorDetails,
    amount_fen: int = 1_000,
    receipt: bool = True,
    bill_wish: BillWish = BillWish.WAIVED,
    numbered: bool = True,
) -> list[Made]:
    """One settled gift for each donor, in their order."""
    with atomic():
        payments = services.create_many(
            [
                GiftRequest(
                    key=f"test-{next(_counter)}",
                    items=(GiftItem(site.OPEN, site.COUNTY, amount_fen),),
                    donor=donor,
                    provider="sandbox",
                    receipt=receipt,
                    bill_wish=bill_wish,
                    channel="test",
                )
                for donor in donors
            ]
        )
        services.record_started([(p, f"sbx_{p}", "https://pay.example") for p in payments])
    for payment in payments:
        event = f"evt_{payment}"
        body = sandbox.body_of(
            EventType.PAID,
            event_id=event,
            reference=f"sbx_{payment}",
            amount_fen=amount_fen,
            at=clock.now(),
        )
        with atomic():
            inbox.store("sandbox", sandbox.ACCOUNT, event, body)
    while jobs.settle_inbox():
        pass
    if numbered:
        number()
    db.session().rollback()
    rows = db.session().execute(
        select(Gift.id, Gift.public_id, Intent.public_id.label("payment"), Gift.status)
        .join(Intent, Intent.id == Gift.intent_id)
        .where(Intent.public_id.in_(payments))
    )
    found = {row.payment: row for row in rows}
    assert all(row.status == GiftStatus.SETTLED for row in found.values())
    db.session().rollback()
    return [Made(found[p].id, found[p].public_id) for p in payments]


def number() -> None:
    """Let the sequencer number what waits."""
    with atomic():
        sequence()


def put(gift: Made, status: GiftStatus) -> None:
    """Put the gift's row into a state, as a refund or dispute would."""
    with atomic():
        db.session().execute(update(Gift).where(Gift.id == gift.id).values(status=status.value))


def person(name: str = "张小明", display: Display = Display.MASKED) -> DonorDetails:
    """A donor by name."""
    return DonorDetails(name=name, display=display)
