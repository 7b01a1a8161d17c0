"""Fifty clients, each trying to use the whole balance of fifty books at once.

In each round all clients take the last decision on an application for all that one book has: one
is promised it, the others are told that there is not enough. ``ROUNDS`` books in ``make test``;
10,000 tries, two hundred by each client, in ``make soak``, with nothing else running. Never below
zero; never three seconds in which nobody gets on, which is what a deadlock would be; no more than
one in a thousand fails for another reason.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Connection

from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.disbursements import promises, services, use_queries
from charity.disbursements.errors import MoreThanAvailable
from charity.funds import services as funds
from charity.funds.kinds import UnitLevel
from charity.kernel import clock
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import db
from charity.ledger import checks as ledger_checks
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Worksheet
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import hand, uses
from tests.conftest import TestDatabase
from tests.gifts import COUNTY, SLUG, make_place
from tests.people import make_person
from tests.races.test_ledger_races import unlocked_and_unguarded
from tests.uses import Team

pytestmark = pytest.mark.race
ROUNDS = int(os.environ.get("ROUNDS", "2"))
CLIENTS = 50
BOOKS = 50
TRIES = 10_000
WHOLE = 10_000
STILL = 3.0
#: Beside other tests the machine is shared, and a thread may not get its turn for a while.
STILL_BESIDE_OTHERS = 20.0


@dataclass
class Storm:
    """Books with their applications, one for each client, all but the last word spoken."""

    app: Flask
    team: Team
    leader: Signed
    clients: int
    books: list[tuple[str, int, str]] = field(default_factory=list)  # unit, book, payee
    waiting: dict[str, list[str]] = field(default_factory=dict)  # unit to applications

    def open(self, number: int) -> None:
        """One more book with ``WHOLE`` in the bank, and an application of each client."""
        unit = f"GS-S{number:03d}"
        with atomic():
            funds.create_unit(
                unit, f"测试村{number}", "", level=UnitLevel.VILLAGE, area_code="620000",
                area_name="甘肃省", parent=COUNTY,
            )  # fmt: skip
            book = funds.admit_unit(SLUG, unit)
            legs = recipes.bank_gift(account=hand.ACCOUNT, fen=WHOLE, shortfall=0)
            ledger.post(
                [
                    NewEntry(
                        book_id=book, kind=EntryKind.BANK_GIFT, legs=legs,
                        occurred_on=clock.today(), cause_type="test", cause_id=unit,
                        effect="given",
                    )
                ]
            )  # fmt: skip
        payee = uses.add_payee(self.team, by=self.leader, unit=unit)
        self.books.append((unit, book, payee))
        self.waiting[unit] = [self.ask(unit, payee) for _ in range(self.clients)]

    def ask(self, unit: str, payee: str) -> str:
        """An application for all there is, to which one approver agreed."""
        made = uses.asked(self.team, WHOLE, by=self.leader, unit=unit, payee=payee)
        uses.decide(made, self.team.approver)
        return made

    def round(self, pool: ThreadPoolExecutor, number: int) -> Round:
        """All clients at once; the winner's promise is given back and asked for anew."""
        if number < BOOKS:
            self.open(number)
        unit, book, payee = self.books[number % BOOKS]
        started: list[float] = []
        gate = threading.Barrier(self.clients, lambda: started.append(clock.monotonic()))
        said = list(pool.map(lambda name: self.try_(gate, name), self.waiting[unit]))
        (began,) = started
        done = Round(
            won=sum(error is None for error, _ in said),
            refused=sum(isinstance(error, MoreThanAvailable) for error, _ in said),
            failed=[
                error for error, _ in said if error and not isinstance(error, MoreThanAvailable)
            ],
            still=longest_still(began, [at for _, at in said]),
            left=uses.standing(book).available_fen,
        )
        for at, (error, _) in enumerate(said):
            if error is None:
                with atomic():
                    services.void(self.waiting[unit][at], by=self.team.manager, reason="下一轮")
                self.waiting[unit][at] = self.ask(unit, payee)
        return done

    def try_(self, gate: threading.Barrier, name: str) -> tuple[Exception | None, float]:
        """One client's last word on its application: what refused it, and when it was done."""
        with self.app.app_context():
            request = str(uses.view(name).request_id)
            gate.wait(60)
            try:
                atomically(agree)(request, self.team.approver2)
            except Exception as error:  # noqa: BLE001 - the storm counts them
                return error, clock.monotonic()
            finally:
                db.session.remove()
            return None, clock.monotonic()


@dataclass(frozen=True)
class Round:
    """What came of it; ``left`` is what the book had available then, ``still`` in seconds."""

    won: int
    refused: int
    failed: list[Exception]
    still: float
    left: int


def longest_still(began: float, ends: list[float]) -> float:
    """The longest time in which no client was done, in seconds."""
    moments = [began, *sorted(ends)]
    return max(after - before for before, after in itertools.pairwise(moments))


def agree(request: str, by: Signed) -> None:
    """One person's word with what it sets off, as the page does it."""
    after = approvals.decide(request, by=by, approve=True)
    if after.status is RequestStatus.APPROVED:
        services.approved(after, by)


@pytest.fixture
def storm(ctx: Flask) -> Storm:
    return brew(ctx, CLIENTS)


def brew(app: Flask, clients: int) -> Storm:
    make_place()
    team = uses.make_team()
    with atomic():
        leader = make_person("测试县负责人", Grant(Role.UNIT_LEADER, COUNTY))
    return Storm(app, team, leader, clients)


def weather(storm: Storm, rounds: int, longest: float) -> None:
    """So many rounds, and what must be true of each and of all."""
    failed: list[Exception] = []
    still = 0.0
    with ThreadPoolExecutor(storm.clients) as pool:
        for number in range(rounds):
            done = storm.round(pool, number)
            assert done.left >= 0, f"round {number}: {done}"
            assert (done.won, done.left) == (1, 0), f"round {number}: {done}"
            failed += done.failed
            still = max(still, done.still)
    tries = rounds * storm.clients
    print(f"{rounds} rounds, {tries} tries, {len(failed)} failed, still for {still:.2f} s")
    assert len(failed) * 1000 <= tries, failed[:5]
    assert still < longest
    uses.number()
    assert [check for check in ledger_checks.run(db.session()) if not check.ok] == []
    db.session().rollback()


def test_all_clients_try_to_use_all_of_a_book(storm: Storm) -> None:
    weather(storm, ROUNDS, STILL_BESIDE_OTHERS)


@pytest.mark.soak
def test_all_clients_try_to_use_all_of_fifty_books(storm: Storm) -> None:
    weather(storm, TRIES // CLIENTS, STILL)


@contextmanager
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a book had before the round is what everybody decides on, and no floor stops them."""
    read: dict[int, dict[str, int]] = {}
    lock, look = ledger.worksheet, use_queries.standing
    seen: dict[int, use_queries.Standing] = {}

    def stale(book_ids: list[int]) -> Worksheet:
        sheet = lock(book_ids)
        for book_id in book_ids:
            sheet.books[book_id].balances = dict(
                read.setdefault(book_id, dict(sheet.books[book_id].balances))
            )
        return sheet

    def looked(book_id: int) -> use_queries.Standing:
        return seen.setdefault(book_id, look(book_id))

    monkeypatch.setattr(promises.ledger, "worksheet", stale)
    monkeypatch.setattr(use_queries, "standing", looked)
    yield


def test_canary_without_the_lock_a_book_is_overdrawn(
    ctx: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    storm = brew(ctx, 4)
    storm.open(0)
    unit, book, _ = storm.books[0]
    with unlocked_and_unguarded(ctx, database), without_lock(monkeypatch):
        if database.dialect == "sqlite":

            @event.listens_for(db.engine, "begin")
            def _no_floor(conn: Connection) -> None:
                raw = conn.connection.dbapi_connection
                raw.set_authorizer(None)  # type: ignore[union-attr]
                raw.execute("PRAGMA ignore_check_constraints=ON")  # type: ignore[union-attr]

        with ThreadPoolExecutor(storm.clients) as pool:
            gate = threading.Barrier(storm.clients)
            said = list(pool.map(lambda name: storm.try_(gate, name), storm.waiting[unit]))
    assert sum(error is None for error, _ in said) > 1, said
    balance = hand.balances(book)
    assert balance.get("available", 0) < 0 or balance.get("reserved", 0) > WHOLE, balance
