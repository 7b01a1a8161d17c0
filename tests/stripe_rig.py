"""Applications with Stripe switched on, and bodies of Stripe's events about one payment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select

from charity.donations import services
from charity.donations.providers import stripe_wire
from charity.donations.providers.base import Told
from charity.donations.services import Created, DonorDetails
from charity.funds.models import Campaign, CampaignProvider
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from tests.apps import application
from tests.conftest import TestDatabase, make_settings
from tests.fakes.stripe.world import EXAMPLES
from tests.gifts import request

KEY = "sk_test_fake"
SECRET, OLD_SECRET = "whsec_of_the_tests_now", "whsec_of_the_tests_before"
NOW = 1_790_000_000


@contextmanager
def stripe_app(database: TestDatabase, folder: Path, **changes: object) -> Iterator[Flask]:
    """An application that takes sandbox money and Stripe's, inside its context."""
    settings = {
        "payment_providers": ("sandbox", "stripe"),
        "stripe_secret_key": KEY,
        "stripe_webhook_secrets": (SECRET, OLD_SECRET),
        **changes,
    }
    with application(make_settings(database, folder, **settings)) as app, app.app_context():
        yield app
        db.session.remove()


def switch_on(provider: str = "stripe") -> None:
    """Every campaign there is takes gifts by this provider, as if two people had said so.

    Safe to repeat. Opens its own unit of work.
    """
    with atomic():
        session = db.session()
        done = select(CampaignProvider.campaign_id).where(CampaignProvider.provider == provider)
        for campaign_id in list(
            session.scalars(select(Campaign.id).where(Campaign.id.not_in(done)))
        ):
            session.execute(
                insert(CampaignProvider).values(
                    id=new_id(), campaign_id=campaign_id, provider=provider, taken=True,
                    reason="for the tests", request_id=public_id(), recorded_at=clock.now(),
                    first_person_id="one", second_person_id="another",
                )
            )  # fmt: skip


def asked(unit: str, fen: int, count: int = 1) -> list[str]:
    """So many payments by Stripe, started without calling it; session ``cs_<id>``."""
    switch_on()
    requests = [request((unit, fen), provider="stripe", donor=DonorDetails()) for _ in range(count)]
    with atomic():
        ids = services.create_many(requests)
        services.record_started(
            [(one, f"cs_{one}", f"https://checkout.stripe.com/c/pay/cs_{one}") for one in ids]
        )
    return ids


def created(*items: tuple[str | None, int]) -> Created:
    """One payment by Stripe, asked for and not started."""
    switch_on()
    with atomic():
        return services.create_intent(request(*items, provider="stripe"))


def event(kind: str, data: dict[str, object], event_id: str, **changes: object) -> bytes:
    """An event of Stripe with this object in it."""
    made = {
        **EXAMPLES["event"],
        "id": event_id,
        "type": kind,
        "created": NOW,
        "livemode": False,
        "data": {"object": data},
        **changes,
    }
    return json.dumps(made).encode()


def session(payment: str, fen: int, *, paid: bool = True) -> dict[str, object]:
    """The checkout session of a payment."""
    return {
        **EXAMPLES["checkout.session"],
        "id": f"cs_{payment}",
        "amount_total": fen,
        "currency": "cny",
        "metadata": {"payment_id": payment},
        "payment_intent": f"pi_{payment}",
        "payment_status": "paid" if paid else "unpaid",
        "status": "complete",
    }


def fee_statement(payment: str, fen: int, fee: int, currency: str = "cny") -> Told:
    """What Stripe answers about the fee of a payment."""
    facts = {
        "id": f"ch_{payment}",
        "metadata": {"payment_id": payment},
        "payment_intent": f"pi_{payment}",
        "balance_transaction": {
            "id": f"txn_{payment}", "amount": fen, "fee": fee, "net": fen - fee,
            "currency": currency, "type": "charge",
        },
    }  # fmt: skip
    return stripe_wire.statement("fee", f"txn_{payment}", facts, livemode=False, created=NOW)


def refund(payment: str, refund_id: str, fen: int, status: str = "succeeded") -> dict[str, object]:
    """A refund of a payment."""
    return {
        **EXAMPLES["refund"],
        "id": f"re_{refund_id}",
        "amount": fen,
        "currency": "cny",
        "metadata": {"refund_id": refund_id},
        "payment_intent": f"pi_{payment}",
        "status": status,
    }


def tell(*raws: bytes) -> None:
    """Put events into the inbox, as the webhook does."""
    with atomic():
        for raw in raws:
            inbox.store("stripe", "stripe", json.loads(raw)["id"], raw)
