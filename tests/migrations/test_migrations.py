"""Migrations go up, equal the models, go down, and go up again, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, inspect

from charity.app import import_models
from charity.config import bundle_dir
from charity.kernel import migrate
from charity.kernel.db import Base
from charity.ledger import guards
from charity.ledger import services as ledger
from charity.ledger.kinds import Mode
from tests.conftest import TestDatabase
from tests.factories.ledger import World
from tests.servers import postgres_url

SCRIPTS = bundle_dir() / "migrations"


@pytest.fixture
def empty(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The owner's URL of a database with nothing in it."""
    import_models()
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    home, name = request.getfixturevalue("postgres_server"), f"empty_{id(tmp_path)}"
    with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} OWNER charity_owner")
    yield postgres_url(home, name, "charity_owner")
    with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def prepare(url: str) -> None:
    role = None if url.startswith("sqlite") else "charity_app"
    ledger.prepare(url, SCRIPTS, app_role=role, birth=Mode.TEST)


def differences(conn: Connection) -> list[object]:
    context = MigrationContext.configure(
        conn, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, Base.metadata))


def checks_of(conn: Connection) -> dict[str, set[str]]:
    """The named CHECK constraints of every table, which the comparison above does not see."""
    inspector = inspect(conn)
    return {
        table: {str(check["name"]) for check in inspector.get_check_constraints(table)}
        for table in Base.metadata.tables
    }


def down(url: str) -> None:
    engine = migrate.owner_engine(url)
    try:
        # The owner takes the guards of reference rows away with the tables.
        migrate.run(engine, SCRIPTS, to="-" + str(len(revisions())))
    finally:
        engine.dispose()


def revisions() -> list[str]:
    scripts = ScriptDirectory.from_config(migrate.config(SCRIPTS))
    return [script.revision for script in scripts.walk_revisions()]


def test_up_equals_the_models_down_and_up_again(empty: str) -> None:
    engine = migrate.owner_engine(empty)
    prepare(empty)
    with engine.connect() as conn:
        assert differences(conn) == []
        assert guards.missing(conn) == []
        wanted = {
            table.name: {
                str(conn.dialect.identifier_preparer.format_constraint(one))
                for one in table.constraints
                if type(one).__name__ == "CheckConstraint"
            }
            for table in Base.metadata.tables.values()
        }
        assert checks_of(conn) == wanted
        assert guards.schema_version(conn) == migrate.head(SCRIPTS)
        conn.rollback()
    down(empty)
    with engine.connect() as conn:
        left = set(inspect(conn).get_table_names()) - {"alembic_version"}
        assert left == set()
        conn.rollback()
    prepare(empty)
    with engine.connect() as conn:
        assert differences(conn) == []
        assert guards.missing(conn) == []
        conn.rollback()
    engine.dispose()


def test_an_upgrade_twice_changes_nothing(empty: str) -> None:
    prepare(empty)
    prepare(empty)
    engine = migrate.owner_engine(empty)
    with engine.connect() as conn:
        assert guards.missing(conn) == []
        conn.rollback()
    engine.dispose()


def test_revisions_are_one_line() -> None:
    names = revisions()
    assert names[::-1] == [f"{n:04d}" for n in range(1, len(names) + 1)]


def test_a_used_ledger_is_never_taken_down(ctx: Flask, database: TestDatabase) -> None:
    world = World.open(1)
    world.gift(world.units[0], 100)
    ctx.extensions["sqlalchemy"].session.remove()
    with pytest.raises(RuntimeError, match="never taken down"):
        down(database.owner_url)
    engine = migrate.owner_engine(database.owner_url)
    with engine.connect() as conn:
        assert guards.missing(conn) == []
        assert guards.schema_version(conn) == migrate.head(SCRIPTS)
        conn.rollback()
    engine.dispose()


BROKEN = {
    "ledger_posting_whole": {
        "sqlite": ["DROP TRIGGER ledger_posting_whole"],
        "postgres": ["DROP TRIGGER ledger_posting_whole ON ledger_posting"],
    },
    "ledger_number_append_only|ledger_number_no_delete": {
        "sqlite": ["DROP TRIGGER ledger_number_no_delete"],
        "postgres": ["ALTER TABLE ledger_number DISABLE TRIGGER ledger_number_append_only"],
    },
    "ledger_account_born_empty": {
        "sqlite": [
            "DROP TRIGGER ledger_account_born_empty",
            (
                "CREATE TRIGGER ledger_account_born_empty BEFORE INSERT ON ledger_account"
                " WHEN false BEGIN SELECT 1; END"
            ),
        ],
        "postgres": [
            "DROP TRIGGER ledger_account_born_empty ON ledger_account",
            (
                "CREATE TRIGGER ledger_account_born_empty BEFORE INSERT ON ledger_account"
                " FOR EACH ROW WHEN (false) EXECUTE FUNCTION guard_account_born_empty()"
            ),
            "ALTER TABLE ledger_account ENABLE ALWAYS TRIGGER ledger_account_born_empty",
        ],
    },
    "a_stranger": {
        "sqlite": ["CREATE TRIGGER a_stranger AFTER INSERT ON ledger_posting BEGIN SELECT 1; END"],
        "postgres": [
            (
                "CREATE TRIGGER a_stranger BEFORE UPDATE ON ledger_posting FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            )
        ],
    },
    "guard_postings_whole": {
        "postgres": [
            (
                "CREATE OR REPLACE FUNCTION guard_postings_whole() RETURNS trigger LANGUAGE plpgsql"
                " AS 'BEGIN RETURN NULL; END'"
            )
        ]
    },
    "ck_ledger_account_floor": {
        "postgres": ["ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_floor"]
    },
    "uq_ledger_entry_corrects": {
        "sqlite": ["DROP INDEX uq_ledger_entry_corrects"],
        "postgres": ["DROP INDEX uq_ledger_entry_corrects"],
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_guard_taken_away_is_named(database: TestDatabase, name: str) -> None:
    statements = BROKEN[name].get(database.dialect)
    if statements is None:
        return  # this database keeps that rule elsewhere
    engine = migrate.owner_engine(database.owner_url)
    with engine.connect() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)
        found = guards.missing(conn)
        assert len(found) == 1
        assert found[0] in name.split("|")
        conn.rollback()
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgres"])
def test_a_right_too_many_is_named(ctx: Flask, database: TestDatabase, dialect: str) -> None:
    engine = migrate.owner_engine(database.owner_url)
    with engine.begin() as conn:
        conn.exec_driver_sql("GRANT UPDATE (debits) ON ledger_account TO charity_app")
        conn.exec_driver_sql("GRANT DELETE ON ledger_entry TO charity_app")
    engine.dispose()
    with ctx.extensions["sqlalchemy"].engine.connect() as conn:
        assert guards.missing(conn) == ["DELETE on ledger_entry", "UPDATE on ledger_account"]
