"""Ways around the ledger, tried on a scratch copy with the rights this application has.

Used by ``charity doctor``. SQLite keeps its rules by triggers and by an authorizer on our own
connections, so what the running library really refuses is tried, not believed: a scratch file with
this schema and these guards, one book with money in it, and every way we know. PostgreSQL keeps
them by rights; ``guards.missing`` compares those.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from charity.kernel.db import WRITE_ROOM, configure_engine
from charity.ledger import guards, guards_sqlite
from charity.ledger.checks import Check


def _again(kind: str, *, fen: str = "1", authorized: str = "false") -> str:
    """One more entry like the first, of another kind and amount."""
    return (
        f"INSERT INTO ledger_entry SELECT 2, book_id, 2, {kind}, {kind}, function, occurred_on,"  # noqa: S608 - our own words
        " period, recorded_at, 'k2', cause_type, cause_id, actor_id, actor_name, corrects,"
        f" prior_year, group_id, {authorized}, NULL, {fen}, 1, mode FROM ledger_entry WHERE id = 1"
    )


# The name of each way around, and its statements; the last one must be refused (or the commit).
WAYS: dict[str, tuple[str, ...]] = {
    "edit an entry": ("UPDATE ledger_entry SET amount_fen = 1",),
    "delete a posting": ("DELETE FROM ledger_posting",),
    "replace an entry": ("REPLACE INTO ledger_entry SELECT * FROM ledger_entry",),
    "replace a posting": ("REPLACE INTO ledger_posting SELECT * FROM ledger_posting",),
    "replace an account": ("REPLACE INTO ledger_account SELECT * FROM ledger_account",),
    "update by upsert": (
        (
            "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE true"
            " ON CONFLICT (id) DO UPDATE SET amount_fen = 1"
        ),
    ),
    "change a balance": ("UPDATE ledger_account SET debits = 9, credits = 9",),
    "drop a trigger": ("DROP TRIGGER ledger_posting_whole",),
    "silence inserts by a temporary trigger": (
        "CREATE TEMP TRIGGER t BEFORE INSERT ON ledger_posting BEGIN SELECT RAISE(IGNORE); END",
    ),
    "hide a table by a temporary one": ("CREATE TEMP TABLE ledger_head (id, n)",),
    "switch writable_schema on": ("PRAGMA writable_schema=ON",),
    "switch recursive_triggers off": ("PRAGMA recursive_triggers=OFF",),
    "switch foreign keys off": ("PRAGMA foreign_keys=OFF",),
    "switch CHECKs off": ("PRAGMA ignore_check_constraints=ON",),
    "alter a table": ("ALTER TABLE ledger_entry ADD COLUMN spare",),
    "reach another file": ("ATTACH DATABASE ':memory:' AS other",),
    "open an account with money in it": (
        (
            "INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored, debits,"
            " credits) VALUES (9, 1, 'unit', 'bank:b', 'bank', 'debit', true, 5, 0)"
        ),
    ),
    "open an account with its floor off": (
        (
            "INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored)"
            " VALUES (9, 1, 'unit', 'bank:b', 'bank', 'debit', false)"
        ),
    ),
    "add a kind of entry": ("INSERT INTO ledger_kind (code, authorized) VALUES ('x', false)",),
    "pay without authority": (_again("'pay'", authorized="true"),),
    "go below zero, the refusal ignored": (
        _again("'fee'", fen="101"),
        "INSERT OR IGNORE INTO ledger_posting VALUES (2, 1, 1, 4, 3, 101)",
    ),
    "post half a fen": (
        _again("'gift'", fen="1.5"),
        "INSERT INTO ledger_posting VALUES (2, 1, 1, 3, 4, 1.5)",
    ),
    "an entry without postings": (_again("'gift'"),),
    "number out of order": ("INSERT INTO ledger_number (n, entry_id) VALUES (2, 1)",),
    "make it real money": ("UPDATE ledger_database SET mode = 'real'",),
}

# One unit book with a gift of 100 fen, as this application would write it.
_SCENE = (
    (
        "INSERT INTO ledger_book (id, kind, currency, campaign, unit, matching, opened_at)"
        " VALUES (1, 'unit', 'CNY', 'c', 'u', false, '2026-01-01 00:00:00')"
    ),
    (
        "INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored)"
        " VALUES (3, 1, 'unit', 'clearing:p', 'clearing', 'debit', false)"
    ),
    (
        "INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored)"
        " VALUES (4, 1, 'unit', 'available', 'available', 'credit', true)"
    ),
    (
        "INSERT INTO ledger_entry (id, book_id, book_no, kind, counts_as, occurred_on, period,"
        " recorded_at, idempotency_key, cause_type, cause_id, prior_year, authorized, amount_fen,"
        " posting_count, mode) VALUES (1, 1, 1, 'gift', 'gift', '2026-01-01', '2026-01',"
        " '2026-01-01 00:00:00', 'k', 't', 'c', false, false, 100, 1, 'test')"
    ),
    "INSERT INTO ledger_posting VALUES (1, 1, 1, 3, 4, 100)",
)


_REFERENCE = ("ledger_chart", "ledger_chart_book", "ledger_kind", "ledger_kind_pair")


@dataclass(frozen=True, slots=True)
class _Scratch:
    path: Path
    authorizer: bool = True

    def connect(self) -> Connection:
        engine = create_engine(f"sqlite:///{self.path}")
        tables = guards.append_only_tables()
        configure_engine(engine, guards_sqlite.authorizer(tables) if self.authorizer else None)
        return engine.connect().execution_options(**{WRITE_ROOM: True})


def run(database_url: str, *, authorizer: bool = True) -> list[Check]:
    """Try every way on a scratch copy of this SQLite database's schema; ``ok``: it was refused.

    The copy has the tables, triggers and reference rows as they stand, and none of the money.
    ``authorizer=False`` shows what triggers alone refuse.
    """
    source = make_url(database_url).database
    if source is None:
        raise ValueError("a database in memory has no schema to copy")
    with tempfile.TemporaryDirectory(prefix="charity-doctor-") as folder:
        scratch = _Scratch(Path(folder) / "scratch.db", authorizer)
        _copy_schema(Path(source), scratch.path)
        with scratch.connect() as conn:
            for statement in _SCENE:
                conn.execute(text(statement))
            conn.commit()
            conn.engine.dispose()
        return [_try(scratch, name, statements) for name, statements in WAYS.items()]


def _copy_schema(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        made = old.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite^_%'"
            " ESCAPE '^' ORDER BY type = 'trigger', type = 'index'"
        ).fetchall()
        tables = [statement for (statement,) in made if not _is_trigger(statement)]
        for statement in tables:
            new.execute(statement)
        for table in _REFERENCE:
            rows = old.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours
            marks = ", ".join("?" * len(rows[0])) if rows else ""
            new.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - see above
        new.execute("INSERT INTO ledger_head VALUES (1, 0)")
        new.execute("INSERT INTO ledger_database VALUES (1, 'test', 'x', '2026-01-01 00:00:00')")
        for (statement,) in made:
            if _is_trigger(statement):
                new.execute(statement)
        new.commit()


def _is_trigger(statement: str) -> bool:
    return statement.startswith("CREATE TRIGGER")


def _try(scratch: _Scratch, name: str, statements: tuple[str, ...]) -> Check:
    conn = scratch.connect()
    try:
        for statement in statements[:-1]:
            conn.exec_driver_sql(statement)
        conn.exec_driver_sql(statements[-1])
        _immediate_commit(conn)
    except (DBAPIError, sqlite3.Error):
        return Check(name, ok=True, found="")
    else:
        return Check(name, ok=False, found="it went through")
    finally:
        conn.invalidate()
        conn.close()
        conn.engine.dispose()


def _immediate_commit(conn: Connection) -> None:
    """Ask what a commit would ask, and leave the scratch as it was."""
    broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
    conn.rollback()
    if broken:
        raise sqlite3.IntegrityError("FOREIGN KEY constraint failed")
