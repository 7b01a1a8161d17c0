"""``charity move``: from the SQLite file to PostgreSQL, in one command.

Rule: schema, rows and guards come in one transaction of the owner, so a move that dies leaves
nothing there, or a database that is closed. Rows are copied as they are stored, table by table in
the order of their foreign keys, before the triggers stand: totals and numbers come as rows and are
not made anew. Then every row of every table is read back and compared, every check is asked as the
application's role, and every book and entry must be what it was. Only then the file is closed, for
ever, and the new database opens. A move that died is simply started again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from sqlalchemy import Connection, MetaData, String, Table, collate, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import sort_tables_and_constraints

from charity.cli import proof
from charity.cli.application import make_app
from charity.cli.application import settings as load_settings
from charity.cli.restore import empty, tables
from charity.config import Settings, bundle_dir
from charity.kernel import clock, closed, migrate, presence
from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, copy_rows
from charity.ledger import fingerprint, guards

_WHY = "a move into it is not finished; run `charity move` again"
_GONE = "its money was moved to {place}; to go back there, restore a backup"
_AT_ONCE = 5_000


@click.command()
@click.option("--to", "to", required=True, envvar="CHARITY_MOVE_TO",
              help="URL of the PostgreSQL database, as the application's role.")  # fmt: skip
@click.option("--owner", envvar="CHARITY_MOVE_OWNER",
              help="The same as the owner of its tables; else --to is the owner.")  # fmt: skip
def move(to: str, owner: str | None) -> None:
    """Move everything from the SQLite file into an empty PostgreSQL database."""
    found = load_settings()
    there = _there(found, to, owner or to)
    source = make_url(found.database)
    if source.get_backend_name() != "sqlite" or not Path(source.database or "").is_file():
        raise click.ClickException("the settings name no SQLite file to move from")
    make_app(found)  # the keys are there, every table is known
    try:
        with presence.alone(found.data_dir):
            rows = migrate.as_owner(found.database, lambda conn: _move(conn, there))
            migrate.as_owner(there.owner_database, closed.open_again)
    except presence.Occupied as error:
        raise click.ClickException(f"not moved: {error}") from error
    except (SQLAlchemyError, migrate.MigrationError) as error:
        said = str(getattr(error, "orig", error))
        raise click.ClickException(f"not moved, the file is as it was: {said}") from error
    click.echo(f"moved {rows:,} rows; every row, book and entry equal")
    click.echo("from now on: CHARITY_DATABASE_URL is the new address; the old file is closed")


def _there(found: Settings, to: str, owner: str) -> Settings:
    try:
        there = proof.on(found, to, owner)
    except ValidationError as error:
        raise click.ClickException(f"--to, --owner: {error.errors()[0]['msg']}") from error
    for url in (there.database, there.owner_database):
        if make_url(url).get_backend_name() != "postgresql":
            raise click.ClickException("--to, --owner: expected postgresql://…")
    return there


def _move(source: Connection, there: Settings) -> int:
    """Copy, prove, and close the source, whose write lock the caller's transaction holds."""
    again = _refuse_source(source)
    migrate.as_owner(there.owner_database, lambda target: _take(target, again))
    made = clock.now()
    figures = json.loads(fingerprint.take(source).as_json())
    rows = _fill(source, there)
    wrong = proof.found_against(make_app(there), figures, made)
    if wrong:
        raise click.ClickException("moved, and not opened: " + "; ".join(wrong[:5]))
    place = make_url(there.database)
    closed.close(source, _GONE.format(place=f"{place.host or ''}/{place.database}"))
    return rows


def _refuse_source(source: Connection) -> bool:
    """Only a file at this version's schema; whether a move of it was proved and then died."""
    shut = closed.reason(source)
    gone = shut is not None and shut.startswith(_GONE.partition("{")[0])
    if shut is not None and not gone:
        raise click.ClickException(f"this database is closed: {shut}")
    head = migrate.head(bundle_dir() / "migrations")
    version = guards.schema_version(source)
    if version != head:
        raise click.ClickException(f"the file stands at {version}, the code at {head}: upgrade it")
    missing = guards.missing(source)
    if missing:
        raise click.ClickException(f"guard missing in the file: {missing[0]}; not moved")
    return gone


def _fill(source: Connection, there: Settings) -> int:
    """Schema, rows and guards, in one transaction of the target's owner; how many rows."""
    counted = 0

    def finish(target: Connection) -> None:
        nonlocal counted
        sorted_ = sort_tables_and_constraints(_all())  # type: ignore[no-untyped-call] # not ours
        ordered = [table for table, _ in sorted_ if table is not None]
        # Migrations put a few rows in; those of the file are the true ones.
        for table in reversed(ordered):
            target.execute(table.delete())
        for table in ordered:
            counted += _copy_table(source, target, table)
        # Foreign keys that wait for the commit are asked now: a table with such questions open
        # takes no trigger.
        target.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        role = there.app_role if there.owner_database != there.database else None
        guards.install(target, app_role=role)
        target.exec_driver_sql("ANALYZE")  # or the planner knows nothing of what came

    engine = migrate.owner_engine(there.owner_database)
    try:
        migrate.run(engine, bundle_dir() / "migrations", after=finish)
    finally:
        engine.dispose()
    return counted


def _take(target: Connection, again: bool) -> None:
    """Refuse a target in use; clear what a move that died has left; close it."""
    presence.no_other_session(target)
    unfinished = closed.reason(target) == _WHY
    if again and not unfinished:
        raise click.ClickException("this file's money was moved already, and not to there")
    if not unfinished and tables(target):
        raise click.ClickException("the target is not empty; move into a new database")
    empty(target)
    closed.close(target, _WHY)


def _all() -> list[Table]:
    return list(Base.metadata.tables.values())


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    """Copy one table's rows and read them back. Raises ClickException when they differ."""
    plain = _as_stored(table)
    counted, digest = 0, hashlib.sha256()

    def passing() -> Iterator[tuple[Any, ...]]:
        nonlocal counted
        for row in _rows(source, plain):
            counted += 1
            digest.update(_line(row))
            yield row

    copy_rows(target, plain, passing())
    again = hashlib.sha256()
    for row in _rows(target, plain):
        again.update(_line(row))
    if digest.digest() != again.digest():
        raise click.ClickException(f"the rows of {table.name} are not what they were; not moved")
    return counted


def _line(row: tuple[Any, ...]) -> bytes:
    return repr(row).encode() + b"\n"


def _rows(conn: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Every row in the order of its key, by bytes: the same order on both databases."""
    keys = [
        collate(column, "C")
        if conn.dialect.name == "postgresql" and isinstance(column.type, String)
        else column
        for column in table.primary_key
    ]
    asked = conn.execute(select(table).order_by(*keys), execution_options={"yield_per": _AT_ONCE})
    for row in asked:
        yield tuple(row)


def _as_stored(table: Table) -> Table:
    """The table with sealed columns as the bytes they are: no key is needed to move a row."""
    copied = table.to_metadata(MetaData())
    for column in copied.columns:
        if isinstance(column.type, Sealed):
            column.type = column.type.impl_instance
    return copied
