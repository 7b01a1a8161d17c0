"""Outside events, stored once as they came, before anything is done about them.

Rule: (provider, account, event id) is unique for ever, so a repeated event is answered and has no
second effect. An event is ``new`` until it had its effect (``done``), needed none (``ignored``),
or waits for a person (``parked``). Nothing is ever deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import Base, Id, Moment, Words, among, bulk_insert, db, on_postgres
from charity.kernel.gather import Gathering
from charity.kernel.ids import new_id


class State(StrEnum):
    """Where an event is."""

    NEW = "new"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


class InboxEvent(Base):
    """One event as it came."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("provider", "account", "event_id"),
        CheckConstraint("state IN ('new', 'done', 'ignored', 'parked')", name="state"),
        Index(
            "ix_inbox_event_new",
            "id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
    )
    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[str] = mapped_column(String(120))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    retry_at: Mapped[Moment | None]
    error: Mapped[Words | None]
    done_at: Mapped[Moment | None]


# The table, not the class: for a class the session would look for each row among its objects.
_TABLE = cast("Table", InboxEvent.__table__)
# Made once: the door answers providers that send many events at a time.
_STORE_ROWS = (
    sqlite.insert(_TABLE)
    .on_conflict_do_nothing(index_elements=["provider", "account", "event_id"])
    .returning(_TABLE.c.id)
)
_ARRAYS = ("id", "provider", "account", "event_id", "raw", "received_at")
_STORE_ARRAYS = (
    "INSERT INTO inbox_event"
    " (id, provider, account, event_id, raw, received_at, state, attempts)"
    " SELECT *, 'new', 0 FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[],"
    " %s::bytea[], %s::timestamptz[])"
    " ON CONFLICT (provider, account, event_id) DO NOTHING RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A claimed event: the row is locked until the end of the transaction."""

    id: int
    provider: str
    account: str
    event_id: str
    raw: bytes
    received_at: dt.datetime
    attempts: int


def _row(provider: str, account: str, event_id: str, raw: bytes) -> dict[str, object]:
    return {
        "id": new_id(),
        "provider": provider,
        "account": account,
        "event_id": event_id,
        "raw": raw,
        "received_at": clock.now(),
        "state": State.NEW.value,
        "attempts": 0,
    }


def store(provider: str, account: str, event_id: str, raw: bytes) -> bool:
    """Store one event; False when it is here already. Inside ``atomic()``."""
    require_atomic()
    conn = db.session().connection()
    return _store(conn, [_row(provider, account, event_id, raw)])[0]


def store_together(provider: str, account: str, event_id: str, raw: bytes) -> bool:
    """``store``, outside ``atomic()``: committed with the events that came at the same moment."""
    return _door.add(_row(provider, account, event_id, raw))


def _store(conn: Connection, rows: Sequence[dict[str, object]]) -> list[bool]:
    """Whether each row was new. One that comes twice among them is new once."""
    if conn.dialect.name == "postgresql":
        columns = [[row[name] for row in rows] for name in _ARRAYS]
        stored = {found[0] for found in on_postgres(conn, _STORE_ARRAYS, columns)}
    else:
        stored = set(conn.scalars(_STORE_ROWS, list(rows)))
    return [row["id"] in stored for row in rows]


_door = Gathering(_store)


def store_many(provider: str, account: str, events: Sequence[tuple[str, bytes]]) -> None:
    """Store (event id, raw) pairs none of which is here yet, as one statement."""
    require_atomic()
    rows = [_row(provider, account, event_id, raw) for event_id, raw in events]
    bulk_insert(db.session(), _TABLE, rows)


def waiting() -> bool:
    """Whether an event is due. Cheap; for a worker that looks often."""
    due = or_(InboxEvent.retry_at.is_(None), InboxEvent.retry_at <= clock.now())
    found = select(InboxEvent.id).where(InboxEvent.state == State.NEW.value, due).limit(1)
    return db.session().scalar(found) is not None


def claim(limit: int, ids: Sequence[int] | None = None) -> list[Stored]:
    """Lock up to ``limit`` new events that are due, in the order received, and give them.

    ``ids`` narrows it to those events. Events another worker holds are passed over.
    """
    require_atomic()
    due = or_(InboxEvent.retry_at.is_(None), InboxEvent.retry_at <= clock.now())
    columns = (
        InboxEvent.id,
        InboxEvent.provider,
        InboxEvent.account,
        InboxEvent.event_id,
        InboxEvent.raw,
        InboxEvent.received_at,
        InboxEvent.attempts,
    )
    wanted = select(*columns).where(InboxEvent.state == State.NEW.value, due)
    if ids is not None:
        wanted = wanted.where(among(InboxEvent.id, ids))
    wanted = wanted.order_by(InboxEvent.id).limit(limit).with_for_update(skip_locked=True)
    return [Stored(*row) for row in db.session().execute(wanted)]


def finish(ids: Sequence[int], state: State) -> None:
    """These claimed events had their effect (``DONE``) or need none (``IGNORED``)."""
    if ids:
        db.session().execute(
            update(_TABLE)
            .where(among(InboxEvent.id, ids))
            .values(state=state.value, done_at=clock.now(), retry_at=None, error=None)
        )


def park(event_id: int, reason: str) -> None:
    """This event waits for a person; ``reason`` says why, without personal data."""
    db.session().execute(
        update(_TABLE)
        .where(InboxEvent.id == event_id)
        .values(state=State.PARKED.value, retry_at=None, error=reason, done_at=clock.now())
    )


def wait(event: Stored, until: dt.datetime, reason: str) -> None:
    """This event is tried again at ``until``."""
    db.session().execute(
        update(_TABLE)
        .where(InboxEvent.id == event.id)
        .values(retry_at=until, attempts=event.attempts + 1, error=reason)
    )


def counts() -> dict[str, int]:
    """How many events stand in each state that is not done; for checks and readiness."""
    rows = db.session().execute(
        select(InboxEvent.state, func.count())
        .where(InboxEvent.state.in_([State.NEW.value, State.PARKED.value]))
        .group_by(InboxEvent.state)
    )
    return {row[0]: row[1] for row in rows}


def oldest_due() -> dt.datetime | None:
    """When the oldest event that nobody asked to wait was received."""
    return db.session().scalar(
        select(func.min(InboxEvent.received_at)).where(
            InboxEvent.state == State.NEW.value, InboxEvent.retry_at.is_(None)
        )
    )
