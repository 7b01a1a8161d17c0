"""Attempts in hand-written SQL, and the installation on which they are tried.

Rule: each attempt is refused by the guard named, to the commit, and each has a canary: the same
statements go through for the owner once exactly that guard is taken away. So a refusal is the
guard's, not a slip of the pen.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from charity.app import create_app
from charity.config import bundle_dir
from charity.kernel.atomic import atomic
from charity.kernel.db import WRITE_ROOM, db
from charity.ledger import services as ledger
from charity.ledger.services import Actor
from charity.ledger.worksheet import _open_account
from tests.conftest import TestDatabase, make_database, make_settings
from tests.factories.ledger import World, busy_day
from tests.integration.ledger.direct import Direct

CLEARING, BANK = "clearing:sandbox", "bank:main"
FK = "FOREIGN KEY constraint failed"
NOT_AUTHORIZED = "not authorized|prohibited|may not be modified"
DENIED = "permission denied|must be owner"
FK_OFF, CHECKS_OFF, BARE, SCRATCH = "fk off", "checks off", "bare ", "scratch"


@dataclass(frozen=True)
class Case:
    """An attempt, what refuses it on each database, and how the owner takes that guard away.

    A dialect that is not named in ``refused`` has no such way. ``remove`` gives statements, or
    ``FK_OFF``, ``CHECKS_OFF``, ``BARE table`` (rebuilt without constraints) on SQLite; ``SCRATCH``
    tries an empty database without the authorizer.
    """

    attempt: Callable[[Direct], object]
    refused: dict[str, str]
    remove: dict[str, list[str]] = field(default_factory=dict)


def drop(trigger: str, table: str) -> dict[str, list[str]]:
    return {
        "sqlite": [f"DROP TRIGGER {trigger}"],
        "postgres": [f"DROP TRIGGER {trigger} ON {table}"],
    }


def dropped_index(name: str) -> dict[str, list[str]]:
    return {"sqlite": [f"DROP INDEX {name}"], "postgres": [f"DROP INDEX {name}"]}


def constraint(table: str, name: str) -> list[str]:
    return [f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"]


def both(pattern: str) -> dict[str, str]:
    return {"sqlite": pattern, "postgres": pattern}


def key(table: str, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Refused by a foreign key; SQLite does not say which."""
    return (
        {"sqlite": FK, "postgres": name},
        {"sqlite": [FK_OFF], "postgres": constraint(table, name)},
    )


def check(table: str, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    return both(name), {"sqlite": [CHECKS_OFF], "postgres": constraint(table, name)}


WHOLE = drop("ledger_posting_whole", "ledger_posting")
IN_ORDER = drop("ledger_entry_in_order", "ledger_entry")
NUMBERS = drop("ledger_number_in_order", "ledger_number")
AUTHORITY_KEY = key("ledger_entry", "fk_ledger_entry_authority")

PG = {"postgres": DENIED}
LITE = {"sqlite": NOT_AUTHORIZED}


def raw(sql: str) -> Callable[[Direct], None]:
    return lambda x: x.raw(sql)


def plain(sql: str, *, sqlite: bool = True, postgres: bool = True) -> Case:
    """One statement that only the authorizer or the missing grant refuses."""
    refused = {**(LITE if sqlite else {}), **(PG if postgres else {})}
    return Case(raw(sql), refused)


def params(cases: Mapping[str, Case], dialect: str) -> list[object]:
    """The cases of a dialect, each under its name."""
    return [
        pytest.param(case, id=name.replace(" ", "-"))
        for name, case in cases.items()
        if dialect in case.refused
    ]


def tried(rig: Rig, case: Case, dialect: str) -> None:
    """Refused by the guard, and gone through without it."""
    said = rig.refuse(case.attempt)
    assert re.search(case.refused[dialect], said), said
    rig.canary(case.attempt, case.remove.get(dialect, []))


@dataclass
class Rig:
    """An installation on which nothing that is tried may stay."""

    app: Flask
    database: TestDatabase

    def refuse(self, attempt: Callable[[Direct], object]) -> str:
        """What the database says to the attempt with the application's rights; nothing stays."""
        with self.app.app_context():
            conn = db.engine.connect().execution_options(**{WRITE_ROOM: True})
            try:
                with conn.begin():
                    attempt(Direct(conn))
            except DBAPIError as error:
                return str(error.orig)
            finally:
                conn.close()
        pytest.fail("it went through")

    def canary(self, attempt: Callable[[Direct], object], remove: list[str]) -> None:
        """The attempt goes through for the owner with those guards removed; nothing stays."""
        if SCRATCH in remove:
            with owner("sqlite://").connect() as conn:
                scratch = object.__new__(Direct)
                scratch.conn = conn
                attempt(scratch)
            return
        engine = owner(self.database.owner_url)
        with engine.connect() as conn:
            if conn.dialect.name == "sqlite":
                self._sqlite_owner(conn, remove)
            else:
                for statement in remove:
                    conn.exec_driver_sql(statement)
            before = 0 if any(part.startswith(BARE) for part in remove) else _violations(conn)
            attempt(Direct(conn))
            if conn.dialect.name == "postgresql":
                conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            elif not any(part.startswith((FK_OFF, BARE)) for part in remove):
                assert _violations(conn) == before
            conn.exec_driver_sql("ROLLBACK")
        engine.dispose()

    @staticmethod
    def _sqlite_owner(conn: Connection, remove: list[str]) -> None:
        raw = conn.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA recursive_triggers=ON")
        raw.execute(f"PRAGMA foreign_keys={'OFF' if FK_OFF in remove else 'ON'}")
        if any(part.startswith(BARE) for part in remove):
            raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(f"PRAGMA ignore_check_constraints={'ON' if CHECKS_OFF in remove else 'OFF'}")
        raw.execute("PRAGMA defer_foreign_keys=OFF")
        raw.execute("BEGIN IMMEDIATE")
        for part in remove:
            if part.startswith(BARE):
                _rebuild_bare(conn, part.removeprefix(BARE))
            elif part not in {FK_OFF, CHECKS_OFF}:
                raw.execute(part)


def owner(url: str) -> Engine:
    """The owner's engine; on SQLite without a transaction of its own, for pragmas go before."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: sqlite3.Connection, _record: object) -> None:
            raw.isolation_level = None

    return engine


def _rebuild_bare(conn: Connection, table: str) -> None:
    """The table without its constraints; the triggers on it made again."""
    rows = conn.execute(
        text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": table}
    ).all()
    others = conn.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> :t"),
        {"t": table},
    ).all()
    for name, _ in others:
        conn.exec_driver_sql(f"DROP TRIGGER {name}")
    conn.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {table}")
    conn.exec_driver_sql(f"DROP TABLE {table}")
    conn.exec_driver_sql(f"ALTER TABLE bare RENAME TO {table}")
    for (sql,) in [*rows, *[(sql,) for _, sql in others]]:
        conn.exec_driver_sql(sql)


def _violations(conn: Connection) -> int:
    if conn.dialect.name != "sqlite":
        return 0
    return len(conn.exec_driver_sql("PRAGMA foreign_key_check").all())


@pytest.fixture(scope="module")
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One database for all attempts: none of them may leave anything behind."""
    folder = tmp_path_factory.mktemp("direct")
    made = make_database(str(request.param), request, folder)
    database = next(made)
    # As an upgrade does: rights on the database itself are not copied with a template.
    role = "charity_app" if database.dialect == "postgres" else None
    scripts = bundle_dir() / "migrations"
    ledger.prepare(database.owner_url, scripts, app_role=role, birth=None)
    app = create_app(make_settings(database, folder))
    with app.app_context():
        world: World = busy_day()
        world.bank_gift(world.units[0], 20_000)
        world.reserve(world.units[0], 500)
        world.number()
        world.gift(world.units[0], 500, 5)  # these two have no number yet
        with atomic():
            ledger.close_period("2027-01", actor=Actor("a", "A"))
            _open_account(world.units[0], "clearing:spare")
        db.session.remove()
    yield Rig(app, database)
    with app.app_context():
        db.engine.dispose()
    for _ in made:
        pass
