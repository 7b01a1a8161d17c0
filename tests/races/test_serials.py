"""Numbers without gaps under real parallel connections and random rollbacks, on both databases.

The canary takes numbers the naive way, max + 1, and shows that the race is real.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from charity.kernel import clock, serials
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.receipts import checks, jobs
from charity.receipts.models import Receipt
from tests.factories import gifts, site

pytestmark = pytest.mark.race
THREADS = 6
ROUNDS = int(os.environ.get("ROUNDS", "2"))


class Undone(Exception):
    """Rolls a unit of work back on purpose."""


def in_parallel(app: Flask, work: Callable[[int], None]) -> list[BaseException]:
    """Run ``work`` in threads, each with a connection of its own, begun together."""
    errors: list[BaseException] = []
    gate = threading.Barrier(THREADS)

    def run(number: int) -> None:
        with app.app_context():
            try:
                gate.wait(30)
                work(number)
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return errors


def take_some(taken: list[int], chance: random.Random, take: Callable[[], range]) -> None:
    def unit() -> list[int]:
        numbers = list(take())
        clock.sleep(chance.random() * 0.004)
        if chance.random() < 0.4:
            raise Undone
        return numbers

    for _ in range(8 * ROUNDS):
        try:
            numbers = atomically(unit)()
        except Undone:
            continue
        taken.extend(numbers)


def test_no_gap_and_no_double(app: Flask) -> None:
    taken: list[int] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        take_some(taken, chance, lambda: serials.take("test", chance.randint(1, 3)))

    assert in_parallel(app, work) == []
    assert taken
    assert sorted(taken) == list(range(1, len(taken) + 1))


@pytest.mark.parametrize("dialect", [pytest.param("postgres", marks=pytest.mark.postgres)])
def test_canary_reading_the_last_number_gives_doubles(app: Flask) -> None:
    """Without the row's lock two take the same number. (SQLite has one writer at a time.)"""
    taken: list[int] = []

    def naive() -> range:
        session = db.session()
        last = session.scalar(text("SELECT last FROM serial WHERE scope = 'naive'"))
        clock.sleep(0.002)
        session.execute(text("UPDATE serial SET last = :n WHERE scope = 'naive'"), {"n": last + 1})
        return range(last + 1, last + 2)

    with app.app_context():
        atomically(lambda: serials.take("naive"))()
        db.session.remove()
    in_parallel(app, lambda number: take_some(taken, random.Random(number), naive))
    assert len(set(taken)) < len(taken)


def test_workers_together_issue_each_receipt_once(app: Flask) -> None:
    with app.app_context():
        site.build()
        made = gifts.settled(*[gifts.person(f"捐赠人{n}") for n in range(30 * ROUNDS)])
        db.session.remove()
    assert in_parallel(app, lambda _: jobs.issue_receipts() and None) == []
    with app.app_context():
        rows = db.session().execute(select(Receipt.gift_id, Receipt.seq)).all()
        assert sorted(row.gift_id for row in rows) == sorted(gift.id for gift in made)
        assert sorted(row.seq for row in rows) == list(range(1, len(made) + 1))
        assert [check for check in checks.run(db.session()) if not check.ok] == []
        db.session.remove()
