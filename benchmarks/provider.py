"""Calls to a provider that fails: nobody charged or paid back twice, nothing left unknown."""

from __future__ import annotations

import time
from dataclasses import replace

from benchmarks.report import Line, Mark
from benchmarks.rig import DIALECTS, SHOWN, Rig, application
from tests.factories.ledger import feed_own_book
from tests.fakes.stripe.server import FakeStripe, serving
from tests.gifts import make_place
from tests.provider_storm import impatient, storm
from tests.stripe_rig import KEY, SECRET

CALLS = 5_000


def run(rig: Rig) -> None:
    """Both databases, each with a fake Stripe of its own."""
    for dialect in DIALECTS:
        with serving(FakeStripe(key=KEY)) as fake:
            installation = rig.install(dialect)
            settings = installation.settings.model_copy(
                update={
                    "payment_providers": ("sandbox", "stripe"),
                    "stripe_secret_key": KEY,
                    "stripe_webhook_secrets": (SECRET,),
                    "stripe_api_base": fake.url,
                }
            )
            with impatient(), application(replace(installation, settings=settings)) as app:
                make_place()
                feed_own_book(10**9)
                begin = time.perf_counter()
                report = storm(app, fake, calls=CALLS // 5 if rig.quick else CALLS)
                seconds = time.perf_counter() - begin
        wrong = report.charged_twice + report.refunded_twice + report.unresolved
        rig.add(
            Line(
                name=f"doubled or unresolved of {report.calls:,} faulty provider calls,"
                f" {SHOWN[dialect]}",
                unit="calls",
                ours=wrong,
                mark=Mark(0, of="ours", at_least=False),
                note=f"{report.faults:,} faults, {report.unsure:,} answers unknown at first,"
                f" {report.payments:,} payments, {seconds:.0f} s",
            )
        )
