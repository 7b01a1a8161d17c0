"""Two who ask, two who agree, two workers, two events at one instant: the money goes back once.

The canary takes the guards away (the lock on the gift, the look at what stands, and the unique key
on open refunds) and must then see one gift asked back twice.
"""

from __future__ import annotations

import os

import pytest
from flask import Flask
from sqlalchemy import text

from charity.donations import jobs
from charity.donations.back import calls as refund_calls
from charity.donations.back import queries as back_queries
from charity.donations.back import refunds
from charity.donations.back.kinds import RefundReason
from charity.kernel import migrate
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import guards
from tests.back import (
    agree,
    agreed,
    balance,
    due_now,
    event,
    gift_of,
    give,
    give_own,
    store,
    two_people,
)
from tests.conftest import TestDatabase
from tests.gifts import COUNTY, make_place
from tests.races.test_double_settle import atomically_settle, in_parallel

pytestmark = pytest.mark.race
ROUNDS = int(os.environ.get("ROUNDS", "2"))
WORKERS = 4


def counted(statement: str) -> int:
    """One number from the database."""
    found = int(db.session().scalar(text(statement)) or 0)
    db.session().rollback()
    return found


def test_many_ask_at_once_and_one_is_heard(app: Flask) -> None:
    with app.app_context():
        make_place()
        two = two_people()
        gifts = [gift_of(give((COUNTY, 1_000))) for _ in range(ROUNDS)]
        db.session.remove()
    for gift in gifts:

        def ask(gift: str = gift) -> None:
            atomically(refunds.ask)(gift, by=two.asks, reason=RefundReason.DUPLICATE)

        refused = in_parallel(app, ask, WORKERS)
        assert len(refused) == WORKERS - 1
        assert all(isinstance(error, RuleBroken) for error in refused)
    with app.app_context():
        assert counted("SELECT count(*) FROM donations_refund") == ROUNDS
        waiting = "SELECT count(*) FROM approvals_state WHERE status = 'waiting'"
        assert counted(waiting) == ROUNDS


def test_workers_and_events_at_once_send_it_back_once(app: Flask) -> None:
    with app.app_context():
        place = make_place()
        give_own(30_000)
        two = two_people()
        refunds_ = [agreed(gift_of(give((COUNTY, 1_000))), two) for _ in range(3 * ROUNDS)]
        for refund in refunds_:
            store(event(refund), event(refund))
        due_now()
        db.session.remove()

    def work() -> None:
        while refund_calls.send_due(2):
            pass
        while atomically_settle():
            pass

    assert in_parallel(app, work, WORKERS) == []
    with app.app_context():
        while jobs.settle_inbox():
            pass
        entries = "SELECT count(*) FROM ledger_entry WHERE kind = 'refund'"
        assert counted(entries) == 3 * ROUNDS
        assert counted("SELECT count(*) FROM sandbox_refund") == 3 * ROUNDS
        assert balance(place.books[COUNTY], "available") == 0
        assert balance(place.own, "available") == 30_000 - 6 * 3 * ROUNDS
        letters = "SELECT count(*) FROM outbox_message WHERE key LIKE 'refund:%'"
        assert counted(letters) == 3 * ROUNDS


def test_two_agree_at_once_and_it_is_used_once(app: Flask) -> None:
    with app.app_context():
        make_place()
        two, other = two_people(), two_people()
        gift = gift_of(give((COUNTY, 1_000)))
        with atomic():
            refund = refunds.ask(gift, by=two.asks, reason=RefundReason.DUPLICATE)
        request = back_queries.refund(refund).request_id
        db.session.remove()
    deciders = [two, other]

    def decide() -> None:
        agree(request, deciders.pop(), refunds.approve)

    refused = in_parallel(app, decide, 2)
    assert len(refused) == 1
    assert isinstance(refused[0], RuleBroken)


def _without_unique_key(database: TestDatabase) -> None:
    engine = migrate.owner_engine(database.owner_url)
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP INDEX uq_donations_refund_open")
        conn.exec_driver_sql("DROP INDEX uq_approvals_state_live")
        if database.dialect == "sqlite":
            guards.install(conn)
    engine.dispose()


def test_canary_without_the_guards_a_gift_is_asked_back_twice(
    app: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        make_place()
        two = two_people()
        gift = gift_of(give((COUNTY, 1_000)))
        db.session.remove()
    _without_unique_key(database)
    monkeypatch.setattr(refunds, "require_standing", lambda *_, **__: None)
    monkeypatch.setattr("charity.approvals.services._make_room", lambda *_: None)

    def ask() -> None:
        atomically(refunds.ask)(gift, by=two.asks, reason=RefundReason.DUPLICATE)

    assert in_parallel(app, ask, 2) == []
    with app.app_context():
        assert counted("SELECT count(*) FROM donations_refund") == 2
