"""Calls to a failing provider: nobody is charged or paid back twice, nothing stays unknown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from charity.donations import checks
from charity.donations.providers import stripe
from charity.kernel.db import db
from charity.kernel.ids import public_id
from charity.ledger import checks as ledger_checks
from tests.conftest import TestDatabase
from tests.factories.ledger import feed_own_book
from tests.fakes.stripe.server import FakeStripe, serving
from tests.gifts import make_place
from tests.provider_storm import impatient, storm
from tests.stripe_rig import KEY, stripe_app

#: 5,000 in the soak (bin/soak), as many as a suite has time for otherwise.
CALLS = int(os.environ.get("CALLS", "300"))


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A fake Stripe of its own."""
    with serving(FakeStripe(key=KEY)) as made:
        yield made


@pytest.fixture
def stormy(database: TestDatabase, tmp_path: Path, fake: FakeStripe) -> Iterator[Flask]:
    """An application that speaks to it, impatiently."""
    with impatient(), stripe_app(database, tmp_path, stripe_api_base=fake.url) as app:
        make_place()
        feed_own_book(10**9)
        yield app


@pytest.mark.slow
@pytest.mark.soak
def test_failing_calls_charge_and_refund_once(stormy: Flask, fake: FakeStripe) -> None:
    report = storm(stormy, fake, calls=CALLS)
    assert report.calls >= CALLS
    assert report.faults > CALLS // 6
    assert report.unsure > 0
    assert (report.charged_twice, report.refunded_twice, report.unresolved) == (0, 0, 0)
    assert all(check.ok for check in checks.run()), [c for c in checks.run() if not c.ok]
    assert all(check.ok for check in ledger_checks.run(db.session()))


@pytest.mark.slow
def test_a_new_key_for_each_try_would_pay_back_twice(
    stormy: Flask, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: without our own ids as keys, lost answers become second refunds."""
    asked = stripe._ask

    def anew(call: object) -> object:
        def with_new_key(client: object) -> object:
            real = client.v1.refunds.create  # type: ignore[attr-defined] # a client of the library

            def create(facts: dict[str, object], options: dict[str, str]) -> object:
                half = {**facts, "amount": int(str(facts["amount"])) // 2}
                return real(half, {"idempotency_key": public_id()})

            monkeypatch.setattr(client.v1.refunds, "create", create)  # type: ignore[attr-defined] # see above
            try:
                return call(client)  # type: ignore[operator] # a callable
            finally:
                monkeypatch.setattr(client.v1.refunds, "create", real)  # type: ignore[attr-defined] # see above

        return asked(with_new_key)  # type: ignore[arg-type] # as the original

    monkeypatch.setattr(stripe, "_ask", anew)
    # A seed of which a few answers to refunds are lost early: a hundred calls are enough to see it.
    assert storm(stormy, fake, calls=100, seed=2).refunded_twice > 0
