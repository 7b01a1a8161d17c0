"""Every sentence of ``charity check`` is true on a busy day and is broken on purpose once.

Rule: breaking is done as the owner with all triggers and constraints removed, in a transaction
that is rolled back; so what is caught is caught by the sentence alone, not by a guard.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from charity.app import create_app
from charity.kernel.db import db
from charity.kernel.migrate import owner_engine
from charity.ledger import checks, guards
from tests.conftest import BOTH, TestDatabase, make_database, make_settings
from tests.factories.ledger import busy_day

FIRST_GIFT = "(SELECT min(id) FROM ledger_entry WHERE kind = 'gift')"
LAST = "(SELECT max(id) FROM ledger_entry)"
CREDIT = "(SELECT id FROM ledger_account WHERE kind = 'held')"

BREAKS: list[tuple[str, str]] = [
    ("every entry has its postings", f"DELETE FROM ledger_posting WHERE entry_id = {LAST}"),
    (
        "every entry has its postings",
        f"UPDATE ledger_entry SET amount_fen = amount_fen + 1 WHERE id = {LAST}",
    ),
    (
        "every posting is between two accounts",
        f"UPDATE ledger_posting SET credit_account_id = {CREDIT} WHERE entry_id = {LAST}",
    ),
    (
        "every posting is between two accounts",
        f"UPDATE ledger_posting SET amount_fen = 0 WHERE entry_id = {LAST}",
    ),
    ("the live totals", "UPDATE ledger_account SET debits = debits + 1 WHERE kind = 'reserved'"),
    (
        "no account with a floor was below zero",
        (
            "UPDATE ledger_posting SET debit_account_id = credit_account_id,"
            f" credit_account_id = debit_account_id WHERE entry_id = {FIRST_GIFT}"
        ),
    ),
    ("the entries of every book", f"UPDATE ledger_entry SET book_no = 999 WHERE id = {LAST}"),
    ("the entries of every book", "UPDATE ledger_book_head SET last_no = last_no + 1"),
    ("the numbers are 1, 2, 3", "UPDATE ledger_number SET n = n + 5 WHERE n > 10"),
    ("the numbers are 1, 2, 3", "UPDATE ledger_number SET entry_id = 7 WHERE n IN (3, 4)"),
    ("the numbers are 1, 2, 3", "UPDATE ledger_head SET n = n + 1"),
    ("the numbers keep the order of every book", "UPDATE ledger_number SET n = 1000 WHERE n = 1"),
    ("the numbers keep the order of every book", "UPDATE ledger_numbered_head SET last_no = 0"),
    ("the numbered totals", "UPDATE ledger_numbered_total SET credits = credits + 1"),
    ("the numbered totals", "UPDATE ledger_numbered_total SET entries = 0 WHERE kind = 'gift'"),
    ("the numbered totals", "DELETE FROM ledger_numbered_total WHERE kind = 'fee'"),
    (
        "a group has all its numbers side by side",
        f"UPDATE ledger_entry SET group_id = 5 WHERE id IN ({FIRST_GIFT}, {LAST})",
    ),
    (
        "every entry of more than a minute ago",
        "DELETE FROM ledger_number WHERE n = (SELECT max(n) FROM ledger_number)",
    ),
    ("A: ", f"UPDATE ledger_entry SET counts_as = 'payout' WHERE id = {FIRST_GIFT}"),
    ("B: ", "UPDATE ledger_account SET kind = 'goods' WHERE kind = 'clearing'"),
    ("C: ", "UPDATE ledger_account SET kind = 'goods' WHERE kind = 'clearing'"),
    (
        "what the own book has lent",
        (
            "UPDATE ledger_posting SET amount_fen = amount_fen + 1 WHERE debit_account_id ="
            " (SELECT id FROM ledger_account WHERE kind = 'advanced')"
        ),
    ),
    (
        "every entry that lowers a book",
        "UPDATE ledger_authority SET amount_fen = amount_fen + 1 WHERE kind = 'pay'",
    ),
    ("every entry that lowers a book", "UPDATE ledger_entry SET kind = 'void' WHERE kind = 'pay'"),
    ("every entry that lowers a book", "UPDATE ledger_authority SET book_id = 1"),
    ("every authority is signed", "UPDATE ledger_authority SET second_person_id = ' P1'"),
    ("every authority is signed", f"UPDATE ledger_authority SET entry_id = {FIRST_GIFT}"),
    (
        "a correction undoes once",
        f"UPDATE ledger_entry SET corrects = {FIRST_GIFT} WHERE kind = 'correction'",
    ),
    (
        "a correction undoes once",
        (
            "UPDATE ledger_entry SET kind = 'correction',"
            " corrects = (SELECT corrects FROM ledger_entry WHERE kind = 'correction')"
            f" WHERE id = {FIRST_GIFT}"
        ),
    ),
    (
        "no two entries share",
        f"UPDATE ledger_entry SET idempotency_key = 'k' WHERE id IN ({FIRST_GIFT}, {LAST})",
    ),
    ("every entry counts in a month", "UPDATE ledger_entry SET period = '2026-13'"),
    ("every entry counts in a month", "UPDATE ledger_entry SET period = '2026-10'"),
    (
        "every entry counts in a month",
        (
            "INSERT INTO ledger_closed_period (period, closed_at, actor_id)"
            " VALUES ('2026-11', '2026-01-01 00:00:00', 'x')"
        ),
    ),
    (
        "time does not run backwards",
        f"UPDATE ledger_entry SET recorded_at = '2020-01-01 00:00:00' WHERE id = {LAST}",
    ),
    ("every entry is real", f"UPDATE ledger_entry SET mode = 'real' WHERE id = {LAST}"),
    (
        "every kind of entry moves only",
        "UPDATE ledger_entry SET kind = 'slip', counts_as = 'slip' WHERE kind = 'bank_gift'",
    ),
    ("every account and every kind", "UPDATE ledger_account SET floored = NOT floored"),
    ("every account and every kind", "UPDATE ledger_kind SET authorized = NOT authorized"),
]


@pytest.fixture(scope="module", params=BOTH)
def busy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestDatabase]:
    """A database after a busy day, one for all tests of this file."""
    folder = tmp_path_factory.mktemp("busy")
    made = make_database(str(request.param), request, folder)
    database = next(made)
    app = create_app(make_settings(database, folder))
    with app.app_context():
        busy_day()
        db.session.remove()
        db.engine.dispose()
    yield database
    for _ in made:
        pass


@pytest.fixture
def conn(busy: TestDatabase) -> Iterator[Connection]:
    """The owner's connection; whatever is done is rolled back."""
    engine = owner_engine(busy.owner_url)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def unguard(conn: Connection) -> None:
    """Take away every trigger and every constraint of the ledger's tables."""
    if conn.dialect.name == "sqlite":
        rows = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for (name,) in rows.all():
            conn.exec_driver_sql(f"DROP TRIGGER {name}")
        rows = conn.execute(text("SELECT name FROM sqlite_master WHERE name LIKE 'ledger\\_%'"
                                 " ESCAPE '\\' AND type = 'table'"))  # fmt: skip
        for (name,) in rows.all():
            conn.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {name}")
            conn.exec_driver_sql(f"DROP TABLE {name}")
            conn.exec_driver_sql(f"ALTER TABLE bare RENAME TO {name}")
        return
    for kind in ("f", "c", "u", "p"):
        rows = conn.execute(
            text(
                "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = :kind"
                " AND conrelid::regclass::text LIKE 'ledger%'"
            ),
            {"kind": kind},
        )
        for table, name in rows.all():
            conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")
    conn.exec_driver_sql("DROP INDEX uq_ledger_entry_corrects")
    rows = conn.execute(
        text("SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal")
    )
    for table, name in rows.all():
        conn.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")


def broken(conn: Connection) -> dict[str, str]:
    with Session(conn) as session:
        return {check.name: check.found for check in checks.run(session) if not check.ok}


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes later: what waits for its number is late by then."""
    from charity.kernel import clock

    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(minutes=2))


def test_all_true_after_a_busy_day(conn: Connection) -> None:
    assert broken(conn) == {}


def test_unguarded_only_the_guards_are_missed(conn: Connection) -> None:
    unguard(conn)
    assert set(broken(conn)) == {"every guard stands"}


@pytest.mark.parametrize(("start", "statement"), BREAKS, ids=range(len(BREAKS)))
def test_broken_on_purpose(conn: Connection, start: str, statement: str) -> None:
    unguard(conn)
    assert conn.exec_driver_sql(statement).rowcount > 0
    found = broken(conn)
    named = [name for name in found if name.startswith(start)]
    assert len(named) == 1, found
    assert found[named[0]]


def test_every_sentence_is_broken_somewhere(conn: Connection) -> None:
    with Session(conn) as session:
        names = [check.name for check in checks.run(session)]
    starts = {start for start, _ in BREAKS} | {"every guard stands"}
    assert [name for name in names if not any(name.startswith(start) for start in starts)] == []


def test_one_sentence_alone(conn: Connection) -> None:
    name = next(iter(checks.SENTENCES))
    with Session(conn) as session:
        assert checks.sentence(session, name) == checks.Check(name, ok=True, found="")


def test_a_dropped_trigger_is_named(conn: Connection) -> None:
    where = "" if conn.dialect.name == "sqlite" else " ON ledger_posting"
    conn.exec_driver_sql(f"DROP TRIGGER ledger_posting_whole{where}")
    assert broken(conn) == {"every guard stands": "ledger_posting_whole"}
    assert guards.missing(conn) == ["ledger_posting_whole"]
