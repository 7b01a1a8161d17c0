"""``charity doctor``: is this installation ready, line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import click
from flask import Flask

from charity.cli.application import make_app
from charity.cli.startup import not_ready, owns_ledger
from charity.config import STRIPE_API_VERSION, RunMode, Settings

Line = tuple[str, bool, str]


@click.command()
def doctor() -> None:
    """Is this installation ready? Line by line; exit 0 or 1."""
    well = True
    for name, ok, note in examine(make_app()):
        well &= ok
        print(f"{'ok ' if ok else 'NOT'} {name}{': ' if note else ''}{note}")
    if not well:
        sys.exit(1)


def examine(app: Flask) -> Iterator[Line]:
    """Each question with its answer and a note."""
    from charity.kernel import pdf
    from charity.kernel.db import db

    settings: Settings = app.extensions["charity.settings"]
    reasons = not_ready(app)
    yield (
        "migrations at head, guards standing, money of the right kind",
        not reasons,
        "; ".join(reasons),
    )
    with app.app_context(), db.engine.connect() as conn:
        owner = owns_ledger(conn)
        conn.rollback()
        yield "the application's role cannot undo the guards", not owner, ""
        if conn.dialect.name == "sqlite" and find_spec("charity.ledger.doctor"):
            yield from _attempts(app)
        db.session.remove()
    subset = pdf.harfbuzz_subset_present()
    yield "fonts are cut quickly (libharfbuzz-subset)", subset, "" if subset else "PDFs take long"
    if "stripe" in settings.payment_providers:
        secrets = len(settings.stripe_webhook_secrets)
        note = f"API version {STRIPE_API_VERSION}, webhook secrets: {secrets}"
        yield "Stripe is set up", True, note
    https = settings.base_url.startswith("https://")
    production = settings.mode is RunMode.PRODUCTION
    yield "production with its own address over https", https or not production, settings.base_url


def _attempts(app: Flask) -> Iterator[Line]:
    """The ways around the guards, tried on a scratch copy."""
    ledger_doctor = import_module("charity.ledger.doctor")
    for attempt in ledger_doctor.run(app.extensions["charity.settings"].database):
        yield f"refused: {attempt.name}", attempt.ok, attempt.found
