"""``charity doctor``: is this installation ready for production, line by line.

Rule: a line that only production asks for is marked ``--`` elsewhere and does not count.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from charity.cli import pgtools
from charity.cli.application import make_app
from charity.cli.startup import not_ready, owns_ledger
from charity.config import STRIPE_API_VERSION, RunMode, Settings
from charity.kernel import clock, crypto

_FREE_PERCENT = 10
_SKEW_S = 2
_OLDEST_SERVER = 150_000


@dataclass(frozen=True, slots=True)
class Line:
    """One question, its answer and a note; ``production``: only production asks it."""

    name: str
    ok: bool
    note: str = ""
    production: bool = False


@click.command()
def doctor() -> None:
    """Is this installation ready for production? Line by line; exit 0 or 1."""
    well = True
    for mark, line in marked():
        well &= mark != "NOT"
        print(f"{mark:<3} {line.name}{': ' if line.note else ''}{line.note}")
    if not well:
        sys.exit(1)


def marked() -> Iterator[tuple[str, Line]]:
    """Each line with its mark: ok, NOT, or -- for what only production asks."""
    try:
        app = make_app()
    except crypto.KeysMissing as error:
        yield "NOT", Line("the keys are there, and nobody else reads them", False, str(error))
        return
    production = app.extensions["charity.settings"].mode is RunMode.PRODUCTION
    for line in examine(app):
        counts = production or not line.production
        yield ("ok" if line.ok else "NOT" if counts else "--"), line


def examine(app: Flask) -> Iterator[Line]:
    """Every question, from the database outwards."""
    from charity.kernel.db import db

    settings: Settings = app.extensions["charity.settings"]
    try:
        reasons = not_ready(app)
    except SQLAlchemyError as error:
        yield Line("the database answers", False, type(error).__name__)
        return
    name = "open, migrations at head, guards standing, money of the right kind"
    yield Line(name, not reasons, "; ".join(reasons))
    with app.app_context():
        with db.engine.connect() as conn:
            yield Line("the application's role cannot undo the guards", not owns_ledger(conn),
                       production=True)  # fmt: skip
            if conn.dialect.name == "postgresql":
                yield from _server(conn, settings)
            conn.rollback()
        if db.engine.dialect.name == "sqlite" and not reasons:
            yield from _attempts(settings)
        if not reasons:
            yield from _people()
            yield from _running(settings)
        db.session.remove()
    yield from _place(settings)
    yield from _outside(app, settings)


def _server(conn: Connection, settings: Settings) -> Iterator[Line]:
    """The PostgreSQL server, and the programs a backup needs."""
    version = int(conn.execute(text("SHOW server_version_num")).scalar_one())
    yield Line("PostgreSQL is 15 or newer", version >= _OLDEST_SERVER, str(version // 10_000))
    durable = all(
        conn.execute(text(f"SHOW {name}")).scalar_one() not in ("off", "local")
        for name in ("fsync", "full_page_writes", "synchronous_commit")
    )
    yield Line("what is committed survives a power cut", durable, production=True)
    there = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    apart = abs((clock.now() - there).total_seconds())
    yield Line("the clocks of site and database agree", apart < _SKEW_S, f"{apart:.1f} s apart")
    for program in ("pg_dump", "pg_restore"):
        found = pgtools.find(program)
        yield Line(f"{program} is installed", found is not None, found or "postgresql-client")
    apart_roles = settings.database_owner_url != settings.database_url
    yield Line("owner and application are two roles", apart_roles, production=True)


def _attempts(settings: Settings) -> Iterator[Line]:
    """The ways around the guards, tried on a scratch copy."""
    from charity.ledger import doctor as ledger_doctor

    for attempt in ledger_doctor.run(settings.database):
        yield Line(f"refused: {attempt.name}", attempt.ok, attempt.found)


def _people() -> Iterator[Line]:
    from charity.people import queries
    from charity.people.kinds import Role

    deciders = {one.person_id for one in queries.holders([Role.FUND_MANAGER, Role.APPROVER])}
    yield Line("two people can decide together", len(deciders) >= 2, f"{len(deciders)} now",
               production=True)  # fmt: skip


def _running(settings: Settings) -> Iterator[Line]:
    """What runs beside the site, by what each last said."""
    from charity.jobs import alerts
    from charity.jobs.schedule import JOBS
    from charity.kernel import heartbeat
    from charity.kernel.db import db

    with force_locale("en"):
        troubles = {
            each.name: str(each.sentence)
            for each in alerts.found({job.name: job.every for job in JOBS})
        }
        never = heartbeat.last(alerts.WATCH) is None
        troubles |= {each.name: str(each.sentence) for each in alerts.watch_is_silent()}
    if never:
        troubles[alerts.WATCH] = "it never ran: `charity watch`"
    for name, what in (
        (alerts.WORKER, "the worker runs"),
        (alerts.CHECK, "the last check found nothing"),
        ("events", "no event waits long"),
        ("letters", "no letter waits long"),
        (alerts.BACKUP, "there is a fresh backup"),
        (alerts.WATCH, "the watch runs"),
    ):
        yield Line(what, name not in troubles, troubles.pop(name, ""), production=True)
    for name, sentence in sorted(troubles.items()):
        yield Line(name, False, sentence, production=True)
    db.session.rollback()
    yield Line("somebody is told when something stops", bool(settings.alert_to),
               ", ".join(settings.alert_to) or "CHARITY_ALERT_TO", production=True)  # fmt: skip


def _place(settings: Settings) -> Iterator[Line]:
    """The folder of files and keys, and this machine."""
    from charity.kernel import pdf

    folder = settings.data_dir
    yield Line("the data folder can be written", os.access(folder, os.W_OK | os.X_OK), str(folder))
    ids = crypto.key_ids(folder / "keys")
    yield Line("the keys are there, and nobody else reads them", True, ", ".join(ids))
    usage = shutil.disk_usage(folder)
    free = usage.free * 100 // usage.total
    yield Line(f"{_FREE_PERCENT} % of the disk are free", free >= _FREE_PERCENT, f"{free} %",
               production=True)  # fmt: skip
    subset = pdf.harfbuzz_subset_present()
    note = "" if subset else "PDFs take long"
    yield Line("fonts are cut quickly (libharfbuzz-subset)", subset, note)


def _outside(app: Flask, settings: Settings) -> Iterator[Line]:
    """The address, the proxy, the mail, the providers."""
    https = settings.base_url.startswith("https://")
    yield Line("its own address over https", https, settings.base_url, production=True)
    proxied = settings.proxies > 0 or not https
    yield Line("visitors' addresses come through the proxy", proxied,
               f"CHARITY_PROXIES={settings.proxies}", production=True)  # fmt: skip
    leaves = settings.mail_url != "log:"
    yield Line("mail leaves the house", leaves, "" if leaves else "CHARITY_MAIL_URL=log:",
               production=True)  # fmt: skip
    yield Line("no debugger", not app.debug)
    real = "sandbox" not in settings.payment_providers
    providers = ", ".join(settings.payment_providers)
    yield Line("no test money is taken", real, providers, production=True)
    if "stripe" in settings.payment_providers:
        secrets = len(settings.stripe_webhook_secrets)
        note = f"API version {STRIPE_API_VERSION}, webhook secrets: {secrets}"
        yield Line("Stripe is set up", True, note)
