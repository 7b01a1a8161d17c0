"""The two rooms of the database: reading is read-only and one snapshot, writing is one unit."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from charity.kernel import atomic as room
from charity.kernel.atomic import AtomicError, after_commit, atomic, atomically
from charity.kernel.db import db
from charity.ledger import services as ledger
from charity.ledger.kinds import BookKind

INSERT = text(
    "INSERT INTO ledger_closed_period (period, closed_at, actor_id)"
    " VALUES ('2026-01', CURRENT_TIMESTAMP, 'x')"
)


def _books() -> int:
    return int(db.session.scalar(text("SELECT count(*) FROM ledger_book")) or 0)


def _open(unit: str) -> int:
    return ledger.open_book(kind=BookKind.UNIT, campaign="c", unit=unit)


@pytest.mark.usefixtures("ctx")
def test_a_stray_write_in_the_reading_room_fails() -> None:
    assert _books() == 0
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        db.session.execute(INSERT)
    db.session.rollback()


@pytest.mark.usefixtures("ctx")
def test_a_write_is_possible_after_a_read_in_the_same_session() -> None:
    # The trap: a session that has read stays in its deferred, read-only transaction.
    assert _books() == 0
    with atomic():
        _open("a")
    assert _books() == 1


@pytest.mark.usefixtures("ctx")
def test_all_or_nothing() -> None:
    def fail_half_way() -> None:
        with atomic():
            _open("a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert _books() == 0


@pytest.mark.usefixtures("ctx")
def test_nesting_is_an_error_and_undoes_everything() -> None:
    def nest() -> None:
        with atomic():
            _open("a")
            with atomic():
                pass

    with pytest.raises(AtomicError):
        nest()
    assert _books() == 0


@pytest.mark.usefixtures("ctx")
def test_verbs_refuse_to_run_outside() -> None:
    with pytest.raises(AtomicError):
        _open("a")


@pytest.mark.usefixtures("ctx")
def test_hooks_run_once_after_the_commit_and_never_with_rows() -> None:
    seen: list[tuple[int, int]] = []
    with atomic():
        after_commit(lambda book: seen.append((book, _books())), _open("a"))
        assert seen == []
    assert [count for _, count in seen] == [1]
    with pytest.raises(AtomicError), atomic():
        after_commit(print, object())  # type: ignore[arg-type] # what it refuses

    def fail() -> None:
        with atomic():
            after_commit(lambda: seen.append((0, 0)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(seen) == 1


@pytest.mark.usefixtures("ctx")
def test_one_snapshot_for_all_reads_of_a_page(app: Flask) -> None:
    assert _books() == 0

    def elsewhere() -> None:
        with app.app_context(), atomic():
            _open("a")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert _books() == 0, "a figure of the same page came from a later moment"
    db.session.rollback()
    assert _books() == 1


@pytest.mark.usefixtures("ctx")
def test_what_the_database_asks_to_be_run_again_is_run_again_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room.clock, "sleep", lambda _seconds: None)
    tries: list[int] = []

    class Deadlock(Exception):
        sqlstate = "40P01"

    @atomically
    def work() -> int:
        tries.append(1)
        book = _open(f"u{len(tries)}")
        if len(tries) < 3:
            raise DBAPIError("statement", {}, Deadlock("deadlock detected"))
        return book

    assert work() > 0
    assert len(tries) == 3
    assert _books() == 1, "an abandoned try left something behind"


@pytest.mark.usefixtures("ctx")
def test_what_stays_violated_is_our_own_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another made meanwhile is found when looked for again; this was not made by another."""
    monkeypatch.setattr(room.clock, "sleep", lambda _seconds: None)
    tries: list[int] = []

    class Taken(Exception):
        sqlstate = "23505"

    @atomically
    def work() -> None:
        tries.append(1)
        raise DBAPIError("statement", {}, Taken("duplicate key"))

    with pytest.raises(DBAPIError):
        work()
    assert len(tries) == 3


@pytest.mark.usefixtures("ctx")
def test_other_errors_are_not_run_again() -> None:
    tries: list[int] = []

    @atomically
    def work() -> None:
        tries.append(1)
        raise DBAPIError("statement", {}, ValueError("unique"))

    with pytest.raises(DBAPIError):
        work()
    assert len(tries) == 1


@pytest.mark.usefixtures("ctx")
def test_sqlite_pragmas_stand_on_every_connection(dialect: str) -> None:
    if dialect != "sqlite":
        level = db.session.scalar(text("SHOW transaction_isolation"))
        assert level == "repeatable read"
        return
    expected = {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2, "trusted_schema": 0}
    raw = db.session.connection().connection.dbapi_connection
    assert raw is not None
    raw.set_authorizer(None)  # the authorizer refuses to talk about some of these pragmas
    for name, value in expected.items():
        assert raw.execute(f"PRAGMA {name}").fetchone()[0] == value, name


def _prepared_after_reading() -> int:
    """How many statements the server keeps ready after the same page was read ten times."""
    for _ in range(10):
        _books()
        db.session.remove()
    return int(db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) or 0)


@pytest.mark.usefixtures("ctx")
@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_what_is_read_often_is_planned_once() -> None:
    assert _prepared_after_reading() > 0


@pytest.mark.usefixtures("ctx")
@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_the_drivers_rollback_forgets_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: reading ended as SQLAlchemy would end it."""
    monkeypatch.setattr(db.engine.dialect, "do_rollback", lambda conn: conn.rollback())
    assert _prepared_after_reading() == 0
