"""One event, many workers, real parallel connections: it settles once. On both databases.

The canary takes the guard away (the lock on events, the look at the intent's state, and every
unique key on the way) and must then see a gift settle twice.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from charity.donations import checks, jobs, services, settling
from charity.donations.kinds import PaymentStatus
from charity.kernel import clock, inbox, migrate
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import db
from charity.ledger import guards, worksheet
from charity.ledger.checks import run as ledger_checks
from tests.conftest import TestDatabase
from tests.gifts import (
    COUNTY,
    OFFICE,
    TOWN,
    body,
    create,
    give_many,
    make_place,
    number,
    request,
    tell,
)

pytestmark = pytest.mark.race
WORKERS = 4
ROUNDS = int(os.environ.get("ROUNDS", "2"))


def in_parallel(app: Flask, work: Callable[[], None], workers: int = WORKERS) -> list[Exception]:
    """Run ``work`` in threads with connections of their own, begun together; what they raised."""
    raised: list[Exception] = []
    gate = threading.Barrier(workers)

    def run() -> None:
        with app.app_context():
            gate.wait(30)
            try:
                work()
            except Exception as error:  # noqa: BLE001 - handed to the test
                raised.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return raised


def settle_all() -> None:
    """One worker: settle until nothing is due."""
    while atomically_settle():
        pass


def atomically_settle() -> int:
    """A small batch, tried again when the database asks for it, as the worker does."""
    for _ in range(20):
        try:
            return jobs.settle_inbox(7)
        except Exception as error:
            if not jobs._not_the_events_fault(error):
                raise
            clock.sleep(0.02)
    raise AssertionError("the database never gave way")


def posted() -> tuple[int, int]:
    """Entries of gifts, and fen available in all unit books."""
    session = db.session()
    entries = session.scalar(text("SELECT count(*) FROM ledger_entry WHERE kind = 'gift'"))
    fen = session.scalar(
        text("SELECT sum(credits - debits) FROM ledger_account WHERE kind = 'available'")
    )
    session.rollback()
    return int(entries or 0), int(fen or 0)


def test_workers_side_by_side_settle_each_gift_once(app: Flask) -> None:
    with app.app_context():
        make_place()
        for _ in range(ROUNDS):
            give_many(40, (OFFICE, COUNTY, TOWN))
        db.session.remove()
    assert in_parallel(app, settle_all) == []
    with app.app_context():
        number()
        assert posted() == (40 * ROUNDS, 40 * ROUNDS * 99)
        assert all(check.ok for check in checks.run())
        assert [check for check in ledger_checks(db.session()) if not check.ok] == []


def test_same_payment_told_by_two_events_at_once_settles_once(app: Flask) -> None:
    with app.app_context():
        make_place()
        gifts = [create((COUNTY, 1_000)) for _ in range(5 * ROUNDS)]
        for made in gifts:
            tell(*(body(made) for _ in range(WORKERS)))
        db.session.remove()

    def one_event_a_batch() -> None:
        while True:
            for _ in range(20):
                try:
                    if not jobs.settle_inbox(1):
                        return
                    break
                except Exception as error:
                    if not jobs._not_the_events_fault(error):
                        raise
                    clock.sleep(0.02)

    assert in_parallel(app, one_event_a_batch) == []
    with app.app_context():
        assert posted() == (5 * ROUNDS, 5 * ROUNDS * 994)
        parked = text("SELECT count(*) FROM inbox_event WHERE state <> 'done'")
        assert db.session().scalar(parked) == 0


def test_same_key_at_once_makes_one_intent(app: Flask) -> None:
    with app.app_context():
        make_place()
        db.session.remove()
    asked = request((COUNTY, 100), key="one key")
    seen: list[tuple[str, bool]] = []

    def ask() -> None:
        made = atomically(services.create_intent)(asked)
        seen.append((made.payment.id, made.repeated))

    assert in_parallel(app, ask, 6) == []
    assert len({payment for payment, _ in seen}) == 1
    assert sorted(repeated for _, repeated in seen) == [False] + [True] * 5
    with app.app_context():
        assert db.session().scalar(text("SELECT count(*) FROM donations_gift")) == 1


UNIQUE = {
    "donations_payment": [
        "uq_donations_payment_intent_id",
        "uq_donations_payment_provider_account_object_id",
    ],
    "donations_status_event": ["uq_donations_status_event_intent_id_status"],
    "ledger_entry": ["uq_ledger_entry_idempotency_key"],
}


def _without_unique_keys(database: TestDatabase) -> None:
    """As the owner: no unique payment, entry key or status any more; the triggers stay."""
    engine = migrate.owner_engine(database.owner_url)
    with engine.begin() as conn:
        for table, names in UNIQUE.items():
            if database.dialect == "postgres":
                for name in names:
                    conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
                continue
            # SQLite drops no constraint: the table is made again without it.
            conn.exec_driver_sql("PRAGMA legacy_alter_table=ON")
            find = text("SELECT sql FROM sqlite_master WHERE name = :t")
            made = str(conn.scalar(find, {"t": table}))
            for name in names:
                made = re.sub(rf",\s*CONSTRAINT {name} UNIQUE \([^)]*\)", "", made)
            conn.exec_driver_sql(f"ALTER TABLE {table} RENAME TO old_{table}")
            conn.exec_driver_sql(made)
            conn.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM old_{table}")
            conn.exec_driver_sql(f"DROP TABLE old_{table}")
        if database.dialect == "sqlite":
            guards.install(conn)
    engine.dispose()


def test_canary_without_the_guard_a_gift_settles_twice(
    app: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        make_place()
        made = create((COUNTY, 1_000))
        tell(body(made))
        db.session.remove()
    _without_unique_keys(database)
    monkeypatch.setattr(worksheet, "_refuse_posted", lambda _keys: None)
    whole = settling._intents

    def blind(events: object) -> object:
        found = whole(events)  # type: ignore[arg-type]
        for intent in found.values():
            intent.status, intent.paid_by = PaymentStatus.PENDING, None
        return found

    monkeypatch.setattr(settling, "_intents", blind)
    events: list[inbox.Stored] = []
    with app.app_context(), atomic():
        events = inbox.claim(1)

    def settle_unlocked() -> None:
        with atomic():
            settling.settle_batch(events)

    assert in_parallel(app, settle_unlocked, 2) == []
    with app.app_context():
        assert posted() == (2, 2 * 994)
        assert not all(check.ok for check in checks.run())
