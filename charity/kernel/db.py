"""The database: base class, column types, and the two rooms every connection works in.

Reading room (the default): one read-only snapshot, so a stray write fails loudly and every figure
on a page belongs to the same moment. Writing room: only through ``kernel.atomic``.

SQLite: WAL, ``synchronous=FULL``, ``BEGIN`` or ``BEGIN IMMEDIATE`` emitted by us (the driver's own
transactions begin too late and overdraw). PostgreSQL: REPEATABLE READ READ ONLY for reading,
READ COMMITTED for writing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, cast

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    event,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from charity.kernel import clock, reading

WRITE_ROOM = "charity_write"
BUSY_TIMEOUT_MS = 10_000
TRUSTED_S = 1.0

# The authorizer's signature in the standard library's sqlite3.
Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC moment; SQLite, which has no zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        moment = value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


Fen = Annotated[int, mapped_column(BigInteger)]
"""Whole fen, one currency a book; 100 fen are one yuan."""
Id = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
Ref = Annotated[int, mapped_column(BigInteger)]
Moment = Annotated[dt.datetime, mapped_column(UTCDateTime)]
Code = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """Every table. Append-only tables say ``info={"append_only": True}``; guards follow."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)


def configure_engine(engine: Engine, authorizer: Authorizer | None = None) -> None:
    """Give every connection of ``engine`` its room, its pragmas and its authorizer."""
    if engine.dialect.name == "sqlite":
        _configure_sqlite(engine, authorizer)
    else:
        _configure_postgres(engine)


def _configure_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        # Said with the driver's own BEGIN: a SET of ours would be one more round trip a request.
        raw = _raw(conn)
        only_reads = not conn.get_execution_options().get(WRITE_ROOM)
        if raw.read_only is not only_reads:
            raw.read_only = only_reads
            level = psycopg.IsolationLevel
            raw.isolation_level = level.REPEATABLE_READ if only_reads else level.READ_COMMITTED

    engine.dialect.do_rollback = reading.end  # type: ignore[method-assign] # there is no event for it

    @event.listens_for(engine, "checkin")
    def _checkin(_raw: object, record: Any) -> None:
        record.info["idle_since"] = clock.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(raw: Any, record: Any, _proxy: object) -> None:
        # One in use a moment ago is trusted: asking each time would be a third of a short request.
        if clock.monotonic() - record.info.get("idle_since", 0.0) < TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(raw)
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool opens another


def _configure_sqlite(engine: Engine, authorizer: Authorizer | None) -> None:
    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "trusted_schema=OFF",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        # Its table is declared once for each connection, which the authorizer would refuse.
        cursor.execute("SELECT 1 FROM json_each('[]')").fetchall()
        cursor.close()
        if authorizer is not None:
            raw.set_authorizer(authorizer)

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        if conn.get_execution_options().get(WRITE_ROOM):
            conn.exec_driver_sql("PRAGMA query_only=OFF")
            conn.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            conn.exec_driver_sql("PRAGMA query_only=ON")
            conn.exec_driver_sql("BEGIN")


def bulk_insert(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert ``rows`` (all with the same keys) as one statement where the database gains by it.

    PostgreSQL takes one ``COPY``, so a statement trigger runs once for the whole batch; SQLite,
    whose triggers run by row anyway, takes the driver's ``executemany``. What the database refuses
    is raised as SQLAlchemy's errors.
    """
    if not rows:
        return
    conn = session.connection()
    names = list(rows[0])
    types = [table.c[name].type.dialect_impl(conn.dialect) for name in names]
    processors = [each.bind_processor(conn.dialect) for each in types]
    values: list[list[Any]] = []
    for name, process in zip(names, processors, strict=True):
        given = [row[name] for row in rows]
        values.append([process(value) for value in given] if process else given)
    quoted = ", ".join(f'"{name}"' for name in names)
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        conn.exec_driver_sql(
            f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})",  # noqa: S608 - names come from our own table objects
            list(zip(*values, strict=True)),
        )
        return
    _copy(conn, f"COPY {table.name} ({quoted}) FROM STDIN", zip(*values, strict=True))


def copy_rows(conn: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Put whole rows, in the order of the table's columns, into PostgreSQL by one ``COPY``."""
    processors = [
        column.type.dialect_impl(conn.dialect).bind_processor(conn.dialect)
        for column in table.columns
    ]
    quoted = ", ".join(f'"{column.name}"' for column in table.columns)
    bound = (
        tuple(
            process(value) if process else value
            for process, value in zip(processors, row, strict=True)
        )
        for row in rows
    )
    _copy(conn, f"COPY {table.name} ({quoted}) FROM STDIN", bound)


def _copy(conn: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """``COPY … FROM STDIN``, which SQLAlchemy does not know."""
    with _driver(conn, statement) as raw, raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def on_postgres(conn: Connection, statement: str, parameters: Sequence[Any]) -> list[Any]:
    """Rows of one statement in PostgreSQL's own words (``%s``), for what is asked very often."""
    with _driver(conn, statement) as raw:
        return raw.execute(statement, parameters).fetchall()


def _raw(conn: Connection) -> psycopg.Connection[Any]:
    raw = conn.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


@contextmanager
def _driver(conn: Connection, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """The driver's connection below ``conn``; errors are wrapped as SQLAlchemy's own are."""
    raw = _raw(conn)
    try:
        yield raw
    except psycopg.Error as error:
        wrapped = DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=conn.dialect,
            connection_invalidated=raw.broken,
        )  # fmt: skip
        assert wrapped is not None
        raise wrapped from error


def among(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN values`` as one parameter, however many values there are.

    PostgreSQL takes an array; SQLite, which has none and limits parameters, takes JSON.
    """
    given = list(values)
    if db.session().get_bind().dialect.name == "postgresql":
        array = bindparam(None, given, type_=ARRAY(column.type), unique=True)
        return cast("ColumnElement[bool]", column == any_(array))
    each = func.json_each(json.dumps(given)).table_valued("value")
    return cast("ColumnElement[bool]", column.in_(select(each.c.value)))


def canonical_json(value: object) -> str:
    """Compact JSON with sorted keys, for stored facts that are compared or hashed."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
