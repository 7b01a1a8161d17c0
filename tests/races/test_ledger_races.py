"""The ledger under real parallel connections, on both databases.

Rule: every race has a canary, the same race with its guard taken away, which must then be lost.
Threads start together, each with its own connection; ``ROUNDS`` repeats them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from charity.kernel import db as kernel_db
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import WRITE_ROOM, db
from charity.kernel.ids import new_id
from charity.ledger import checks, recipes, sequencer
from charity.ledger import services as ledger
from charity.ledger import worksheet as sheets
from charity.ledger.errors import AlreadyPosted, BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.models import Entry, Number
from tests.conftest import TestDatabase
from tests.factories.ledger import BANK, SIGNED, World, balances, entry, owner

pytestmark = pytest.mark.race
ROUNDS = int(os.environ.get("ROUNDS", "2"))
THREADS = 8


def together(app: Flask, jobs: list[Callable[[], object]]) -> list[object]:
    """Run all jobs at once, each in a context of its own; results or exceptions, in order."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        with app.app_context():
            gate.wait(30)
            try:
                return job()
            except Exception as error:  # noqa: BLE001 - the race's result is looked at
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def reserve(book: int, fen: int, cause: str) -> object:
    sheet = ledger.worksheet([book])
    legs = recipes.reserve(fen=fen)
    made = sheet.add(entry(book, EntryKind.RESERVE, legs, cause, signature=SIGNED))
    sheet.post()
    return made


def clean() -> None:
    assert [check for check in checks.run(db.session()) if not check.ok] == []
    db.session.rollback()


@contextmanager
def unlocked_and_unguarded(app: Flask, database: TestDatabase) -> Iterator[None]:
    """What a plain application would have: no lock on reading, a deferred write transaction, no
    floor and no order in the database."""
    with owner(database.owner_url) as conn:
        if database.dialect == "sqlite":
            for trigger in ("ledger_posting_whole", "ledger_entry_in_order"):
                conn.exec_driver_sql(f"DROP TRIGGER {trigger}")
        else:
            for table, name in (
                ("ledger_account", "ck_ledger_account_floor"),
                ("ledger_entry", "uq_ledger_entry_book_id_book_no"),
            ):
                conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            conn.exec_driver_sql("DROP TRIGGER ledger_entry_in_order ON ledger_entry")
            conn.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION ledger_lock(ids bigint[]) RETURNS void"
                " LANGUAGE sql AS 'SELECT'"
            )
    yield


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_double_spend(ctx: Flask, round_: int) -> None:
    world = World.open(1)
    book = world.units[0]
    world.bank_gift(book, 1_000)
    work = atomically(reserve)
    said = together(ctx, [lambda n=n: work(book, 1_000, str(n)) for n in range(THREADS)])
    assert sum(isinstance(one, int) for one in said) == 1, said
    assert sum(isinstance(one, BelowFloor) for one in said) == THREADS - 1, said
    assert balances()[book] == {"bank:main": 1_000, "available": 0, "reserved": 1_000}
    world.number()
    clean()


def test_double_spend_canary(
    ctx: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without lock and floor, balances read beforehand overdraw."""
    world = World.open(1)
    book = world.units[0]
    world.bank_gift(book, 1_000)
    world.reserve(book, 1)  # opens the account
    world.one(book, EntryKind.VOID, recipes.void(fen=1))
    read = threading.Barrier(THREADS)
    draft = sheets.worksheet

    def unlocked(books: list[int]) -> sheets.Worksheet:
        # Decided on what was read before the write transaction began.
        db.session().info[WRITE_ROOM] = True
        sheet = draft(books)
        db.session().info.pop(WRITE_ROOM)
        db.session.rollback()
        read.wait(30)
        return sheet

    def spend(n: int) -> object:
        sheet = unlocked([book])
        new = entry(book, EntryKind.RESERVE, recipes.reserve(fen=1_000), str(n), signature=SIGNED)
        with atomic():
            sheet.add(new)
            sheet.entries[0]["book_no"] = 10 + n
            sheet.post()
        return 1

    with unlocked_and_unguarded(ctx, database):
        if database.dialect == "sqlite":
            monkeypatch.setattr(kernel_db, "BUSY_TIMEOUT_MS", 10_000)

            @event.listens_for(db.engine, "begin")
            def _no_floor(conn: Connection) -> None:
                raw = conn.connection.dbapi_connection
                raw.set_authorizer(None)  # type: ignore[union-attr]
                raw.execute("PRAGMA ignore_check_constraints=ON")  # type: ignore[union-attr]

        said = together(ctx, [lambda n=n: spend(n) for n in range(THREADS)])
    assert sum(one == 1 for one in said) > 1, said
    assert balances()[book]["available"] < 0


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_double_post_of_a_key(ctx: Flask, round_: int) -> None:
    world = World.open(1)
    book = world.units[0]

    def gift() -> object:
        sheet = ledger.worksheet([book])
        legs = recipes.bank_gift(account=BANK, fen=100, shortfall=0)
        sheet.add(entry(book, EntryKind.BANK_GIFT, legs, "same"))
        sheet.post()
        return 1

    said = together(ctx, [atomically(gift)] * THREADS)
    assert sum(one == 1 for one in said) == 1, said
    assert sum(isinstance(one, AlreadyPosted) for one in said) == THREADS - 1, said
    assert balances()[book]["available"] == 100


def test_double_post_in_two_books(ctx: Flask) -> None:
    """Two books have two locks: there only the unique key stands between."""
    world = World.open(THREADS)

    def gift(book: int) -> object:
        sheet = ledger.worksheet([book])
        legs = recipes.bank_gift(account=BANK, fen=100, shortfall=0)
        sheet.add(entry(book, EntryKind.BANK_GIFT, legs, "same"))
        sheet.post()
        return 1

    said = together(ctx, [lambda b=b: atomically(gift)(b) for b in world.units])
    assert sum(one == 1 for one in said) == 1, said
    assert all(one == 1 or isinstance(one, AlreadyPosted | DBAPIError) for one in said)


def test_double_post_canary(
    ctx: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the question and without the unique key, every one is posted."""
    world = World.open(1)
    book = world.units[0]
    with owner(database.owner_url) as conn:
        if database.dialect == "sqlite":
            sql = conn.exec_driver_sql(
                "SELECT sql FROM sqlite_master WHERE name = 'ledger_entry'"
            ).scalar_one()
            conn.exec_driver_sql("PRAGMA writable_schema=ON")
            conn.exec_driver_sql(
                "DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'ledger_entry'"
                " AND sql IS NULL"
            )
            kept = [
                line.strip().rstrip(",")
                for line in sql.splitlines()[1:-1]
                if "UNIQUE" not in line and "PRIMARY" not in line
            ]
            bare = f"CREATE TABLE ledger_entry ({', '.join(kept)})"
            conn.exec_driver_sql(
                "UPDATE sqlite_master SET sql = ? WHERE name = 'ledger_entry'", (bare,)
            )
            conn.exec_driver_sql("PRAGMA writable_schema=RESET")
        else:
            conn.exec_driver_sql(
                "ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_idempotency_key"
            )
    monkeypatch.setattr(sheets, "_refuse_posted", lambda _: None)

    def gift() -> object:
        sheet = ledger.worksheet([book])
        legs = recipes.bank_gift(account=BANK, fen=100, shortfall=0)
        sheet.add(entry(book, EntryKind.BANK_GIFT, legs, "same"))
        sheet.post()
        return 1

    if database.dialect == "sqlite":
        db.session.remove()
        db.engine.dispose()

        @event.listens_for(db.engine, "connect")
        def _no_keys(raw: object, _record: object) -> None:
            raw.set_authorizer(None)  # type: ignore[attr-defined]
            raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]

    said = together(ctx, [atomically(gift)] * THREADS)
    assert sum(one == 1 for one in said) == THREADS, said
    assert balances()[book]["available"] == 100 * THREADS


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_double_number(ctx: Flask, round_: int) -> None:
    """Many sequencers at once: every entry has one number, and there is no gap."""
    world = World.open(3)
    for n in range(60):
        world.bank_gift(world.units[n % 3], 10)
    work = atomically(ledger.sequence)

    def number() -> int:
        return sum(work(limit=7) for _ in range(12))

    said = together(ctx, [number] * 4)
    assert all(isinstance(one, int) for one in said), said
    world.number()
    assert sorted(db.session().scalars(select(Number.n))) == list(range(1, 61))
    clean()


def test_double_number_canary(
    ctx: Flask, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sequencers that read before either writes give the same number twice; with the lock
    and the order patched out only the primary key and the trigger are left to refuse it."""
    world = World.open(2)
    for n in range(20):
        world.bank_gift(world.units[n % 2], 10)
    db.session.rollback()
    read = threading.Barrier(2)

    def unlocked() -> object:
        session = db.session()
        order = sequencer.in_order(*sequencer._waiting(10))
        session.rollback()
        read.wait(30)
        with atomic():
            rows = [{"n": 1 + at, "entry_id": one} for at, one in enumerate(order)]
            kernel_db.bulk_insert(db.session(), Number.__table__, rows)
        return len(order)

    said = together(ctx, [unlocked, unlocked])
    assert sum(isinstance(one, DBAPIError) for one in said) == 1, said
    assert "guard: number out of order" in str(said) or "unique" in str(said).lower()


def _late(world: World, second: threading.Event, first: threading.Event) -> None:
    """Posts with a small id, and commits after another's greater id was numbered."""
    with atomic():
        sheet = ledger.worksheet([world.units[0]])
        legs = recipes.bank_gift(account=BANK, fen=5, shortfall=0)
        sheet.add(entry(world.units[0], EntryKind.BANK_GIFT, legs, "late"))
        sheet.post()
        first.set()
        assert second.wait(30)


def _greater_than_the_last(limit: int) -> int:
    """The tempting sequencer: whatever has a greater id than the last numbered."""
    session = db.session()
    last = session.scalar(text("SELECT coalesce(max(entry_id), 0) FROM ledger_number"))
    ids = session.scalars(select(Entry.id).where(Entry.id > last).order_by(Entry.id).limit(limit))
    rows = list(ids)
    start = session.scalar(text("SELECT n FROM ledger_head"))
    new = [{"n": start + 1 + at, "entry_id": one} for at, one in enumerate(rows)]
    kernel_db.bulk_insert(session, Number.__table__, new)
    return len(rows)


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"])
@pytest.mark.parametrize("canary", [False, True])
def test_late_commit_with_a_smaller_id(ctx: Flask, dialect: str, canary: bool) -> None:
    """On SQLite one writer at a time makes this impossible; see the next test for ids there."""
    world = World.open(2)
    first, second = threading.Event(), threading.Event()
    number = _greater_than_the_last if canary else ledger.sequence

    def other() -> object:
        assert first.wait(30)
        world.bank_gift(world.units[1], 7)
        with atomic():
            assert number(100) == 1
        second.set()
        return 1

    said = together(ctx, [lambda: _late(world, second, first), other])
    assert said == [None, 1], said
    with atomic():
        assert number(100) == (0 if canary else 1)


@pytest.mark.parametrize("canary", [False, True])
def test_a_smaller_id_from_a_slow_clock(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch, canary: bool
) -> None:
    """Another machine's clock is behind: its ids are smaller than those already numbered."""
    world = World.open(1)
    number = _greater_than_the_last if canary else ledger.sequence
    world.bank_gift(world.units[0], 7)
    with atomic():
        assert number(100) == 1
    behind = iter(range(1_000, 2_000))
    monkeypatch.setattr(sheets, "new_id", lambda: next(behind))
    for fen in (5, 6, 7):
        world.bank_gift(world.units[0], fen)
    numbered = 0
    for _ in range(3):
        with atomic():
            numbered += number(1)
    assert numbered == (0 if canary else 3)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_opposite_order_of_locks(ctx: Flask, round_: int) -> None:
    """Units of work over the same books, named in any order, take turns."""
    world = World.open(3)

    def work(books: list[int], n: int) -> object:
        for turn in range(5):
            group = new_id()
            with atomic():
                sheet = ledger.worksheet(books)
                for book in books:
                    legs = recipes.payout(provider="sandbox", net=5)
                    sheet.add(
                        entry(book, EntryKind.PAYOUT, legs, f"{n}-{turn}", effect=str(book),
                              group_id=group)
                    )  # fmt: skip
                sheet.post()
        return 1

    orders = [world.units, world.units[::-1], world.units[1:] + world.units[:1]]
    said = together(ctx, [lambda n=n: work(orders[n % 3], n) for n in range(6)])
    assert said == [1] * 6, said
    world.number()
    clean()


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"])
def test_opposite_order_canary(ctx: Flask, dialect: str) -> None:
    """Locks taken as they come, one by one in opposite order, are a deadlock."""
    world = World.open(2)
    both = threading.Barrier(2)

    def work(books: list[int]) -> object:
        with atomic():
            ledger.worksheet(books[:1])
            both.wait(30)
            ledger.worksheet(books[1:])
        return 1

    said = together(ctx, [lambda: work(world.units), lambda: work(world.units[::-1])])
    assert sum(one == 1 for one in said) == 1, said
    assert "deadlock" in str(said)
