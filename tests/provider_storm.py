"""Thousands of calls to a provider that fails: who is charged, who is paid back, what is left open.

Payments are asked for, paid by donors who got a page, and sent back, while calls time out, lose
their answers, or are answered with 500 and 429. Afterwards the provider's own records say whether
anything happened twice.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from flask import Flask
from sqlalchemy import insert, select

from charity.donations import inquiries, services, sweeping
from charity.donations.back import calls as refund_calls
from charity.donations.back.kinds import RefundState
from charity.donations.back.models import Refund
from charity.donations.errors import ProviderUnsure
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.models import Gift, Inquiry, Intent
from charity.donations.providers import stripe
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.stripe.server import FakeStripe
from tests.gifts import COUNTY, request, settle
from tests.stripe_rig import switch_on

FEN = 1_000
SOME_OF_EACH = {
    Fault.ERROR_BEFORE: 70,
    Fault.BUSY: 60,
    Fault.DROP_BEFORE: 50,
    Fault.ERROR_AFTER: 60,
    Fault.LOST_AFTER: 80,
    Fault.SLOW_AFTER: 10,
    Fault.BROKEN_AFTER: 40,
}


@dataclass(frozen=True)
class Report:
    """What a storm left behind."""

    calls: int
    faults: int
    unsure: int
    payments: int
    charged_twice: int
    refunded_twice: int
    unresolved: int


@contextmanager
def impatient() -> Iterator[None]:
    """Nobody waits long: the same behaviour in less time."""
    waits, pauses = (1.0, 0.5), (0.0, 0.0)
    with patch.object(stripe, "TIMEOUT_S", waits), patch.object(stripe, "PAUSES_S", pauses):
        yield


def storm(app: Flask, fake: FakeStripe, *, calls: int, seed: int = 1) -> Report:
    """At least so many calls; ``app`` is pushed, has a place to give to, and speaks to ``fake``."""
    fake.faults = Faults(per_mille=dict(SOME_OF_EACH), slow_s=0.8, seed=seed)
    app.extensions.pop("charity.stripe", None)
    switch_on()
    unsure, batch = 0, 40
    start, later = clock.now(), dt.timedelta()
    while fake.calls < calls:
        payments = []
        for _ in range(batch):
            with atomic():
                made = services.create_intent(request((COUNTY, FEN), provider="stripe"))
            payments.append(made.payment.id)
            try:
                services.start(made.payment.id)
            except ProviderUnsure:
                unsure += 1
        _pay(fake)
        later += dt.timedelta(minutes=15)
        unsure += _work(start + later)
        _pay(fake)
        _send_back(payments[::2])
        later += dt.timedelta(minutes=15)
        unsure += _work(start + later)
    fake.faults.per_mille.clear()
    for _ in range(12):
        later += dt.timedelta(minutes=90)
        _pay(fake)
        _work(start + later)
        report = _report(fake, unsure)
        db.session().rollback()
        if not report.unresolved:
            return report
    return _report(fake, unsure)


def _pay(fake: FakeStripe) -> None:
    """Donors pay on every page they got; the events of it never come."""
    rows = db.session().execute(
        select(Intent.reference).where(
            Intent.status == PaymentStatus.PENDING.value, Intent.provider == "stripe"
        )
    )
    references = [row[0] for row in rows]
    db.session().rollback()
    for reference in references:
        if fake.world.objects["checkout.session"][reference]["status"] == "open":
            fake.world.pay(reference)


def _work(now: dt.datetime) -> int:
    """The worker's jobs at a later hour; how many calls stayed without an answer."""
    unsure = 0
    with patch.object(clock, "now", lambda: now):
        try:
            while sweeping.look_quiet():
                pass
            sweeping.list_missed(sweeping.LATELY)
        except ProviderUnsure:
            unsure += 1
        settle()
        inquiries.ask_due(200)
        refund_calls.send_due(200)
        settle()
    return unsure


def _send_back(payments: list[str]) -> None:
    """Approved refunds of those that are paid."""
    rows = (
        db.session()
        .execute(
            select(Gift.id, Intent.public_id)
            .join(Intent, Intent.id == Gift.intent_id)
            .where(Intent.public_id.in_(payments), Gift.status == GiftStatus.SETTLED.value)
        )
        .all()
    )
    objects = dict(db.session().execute(_payment_objects([row.public_id for row in rows])).all())
    now = clock.now()
    made: list[dict[str, Any]] = [
        {
            "id": new_id(), "public_id": f"rf{payment}", "gift_id": gift, "amount_fen": FEN,
            "currency": "CNY", "route": "provider", "provider": "stripe",
            "object_id": objects[payment], "reason": "duplicate", "note": "",
            "state": RefundState.APPROVED.value, "state_at": now, "request_id": f"rq{payment}"[:32],
            "asked_by_id": "p1", "asked_by_name": "甲", "asked_at": now, "attempts": 0,
            "next_at": now,
        }
        for gift, payment in rows
    ]  # fmt: skip
    if made:
        with atomic():
            db.session().execute(insert(Refund), made)


def _payment_objects(payments: list[str]) -> Any:
    from charity.donations.models import Payment

    return (
        select(Intent.public_id, Payment.object_id)
        .join(Payment, Payment.intent_id == Intent.id)
        .where(Intent.public_id.in_(payments))
    )


def _report(fake: FakeStripe, unsure: int) -> Report:
    world = fake.world
    charged = Counter(
        charge["metadata"]["payment_id"] for charge in world.objects["charge"].values()
    )
    refunded = Counter(
        refund["metadata"]["refund_id"] for refund in world.objects["refund"].values()
    )
    session = db.session()
    open_intents = list(
        session.scalars(select(Intent.id).where(Intent.status != PaymentStatus.PAID.value))
    )
    open_refunds = list(
        session.scalars(select(Refund.id).where(Refund.state != RefundState.DONE.value))
    )
    unasked = list(session.scalars(select(Inquiry.id).where(Inquiry.done_at.is_(None))))
    return Report(
        calls=fake.calls,
        faults=sum(fake.faults.count.values()),
        unsure=unsure,
        payments=len(charged),
        charged_twice=sum(count > 1 for count in charged.values()),
        refunded_twice=sum(count > 1 for count in refunded.values()),
        unresolved=len(open_intents) + len(open_refunds) + len(unasked),
    )
