"""Messages to people, after commit.

``put`` writes a message in the caller's unit of work: it goes out if, and only if, what it tells
of was committed. Its key is unique for ever, so one thing is told once however often the caller
runs. Address, subject and text are sealed, and gone once the message has left the house.

Delivery is at least once, and honest about it: a message is handed on first and marked after, so
a crash between the two sends it again, under the same Message-ID, by which mail programs fold the
two into one. After a failure the pause doubles; after three days of failures it is given up and
``charity check`` says so. Keys and reasons hold no personal data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import structlog
from flask import current_app
from sqlalchemy import (
    CheckConstraint,
    Index,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from charity.config import RunMode
from charity.kernel import clock
from charity.kernel.atomic import atomic, require_atomic
from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Id, Moment, db
from charity.kernel.errors import NotFound
from charity.kernel.ids import new_id, public_id
from charity.kernel.mail import MAIL, Letter, NotDelivered, channel

# How long a message that was taken for delivery stays with the one who took it.
LEASE = dt.timedelta(minutes=5)
GIVE_UP = dt.timedelta(days=3)
_PATIENCE = dt.timedelta(minutes=2)
_FIRST_PAUSE_S = 30
_LONGEST_PAUSE_S = 6 * 3_600
_BATCH = 50
_log = structlog.get_logger(__name__)


class State(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up


class OutboxMessage(Base):
    """One message to one address."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
        Index(
            "ix_outbox_message_due",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(200), comment="unique for ever; no personal data")
    token: Mapped[str] = mapped_column(String(32), comment="the Message-ID's own part")
    channel: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str | None] = mapped_column(Sealed("outbox_message.recipient"))
    subject: Mapped[str | None] = mapped_column(Sealed("outbox_message.subject"))
    body: Mapped[str | None] = mapped_column(Sealed("outbox_message.body"))
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[Moment]
    created_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]
    error: Mapped[str | None] = mapped_column(String(80), comment="kind of failure, no data")


_TABLE = cast("Table", OutboxMessage.__table__)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message for the outbox's page; what it says is ``None`` once it has left the house."""

    key: str
    channel: str
    to: str | None
    subject: str | None
    text: str | None
    state: State
    created_at: dt.datetime
    sent_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent; ``key`` is unique for ever and holds no personal data."""

    to: str
    subject: str
    text: str
    key: str


def put(*, channel: str = MAIL, to: str, subject: str, text: str, key: str) -> bool:
    """Have the message sent once this unit of work is committed; False when ``key`` was used.

    Inside ``atomic()``. Never refuses a message: what cannot be sent is found at delivery, and a
    gift is not undone over its letter of thanks.
    """
    return put_many([Message(to, subject, text, key)], channel) == 1


def put_many(messages: Sequence[Message], channel: str = MAIL) -> int:
    """``put`` for many, as one statement; how many had a key that was not used before."""
    require_atomic()
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "key": message.key,
            "token": public_id(26),
            "channel": channel,
            "recipient": message.to,
            "subject": _marked(message.subject),
            "body": message.text,
            "state": State.WAITING.value,
            "attempts": 0,
            "next_at": now,
            "created_at": now,
        }
        for message in messages
    ]
    if not rows:
        return 0
    session = db.session()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_TABLE).on_conflict_do_nothing(index_elements=["key"])
    return len(session.scalars(statement.returning(_TABLE.c.id), rows).all())


def _marked(subject: str) -> str:
    """On one line; and test money never meets real money, in letters neither."""
    line = " ".join(subject.split())
    production = current_app.extensions["charity.settings"].mode is RunMode.PRODUCTION
    return line if production else f"【测试 TEST】{line}"


def deliver_due() -> int:
    """Send what is due; how many were sent. Outside ``atomic()``; any number may run at once."""
    sent, kept = 0, []
    began = clock.now()
    for row in _claim():
        if clock.now() - began > _PATIENCE:
            break  # a slow server: what is left is taken again when its lease is over
        try:
            by = channel(row.channel)
            by.send(Letter(row.recipient or "", row.subject or "", row.body or "", row.token))
        except NotDelivered as failure:
            _failed(row, failure)
        except LookupError:
            _failed(row, NotDelivered("no such channel", forever=True))
        else:
            sent += 1
            if by.keeps:
                kept.append(row.id)
            else:
                _sent([row.id], keeps=False)
    if kept:
        # Nothing left the house: marked together, for demonstrations have many letters.
        _sent(kept, keeps=True)
    return sent


def _claim() -> list[Any]:
    """Due messages, leased to the caller: nobody else takes them before the lease is over."""
    now = clock.now()
    with atomic():
        session = db.session()
        rows = session.execute(
            select(
                OutboxMessage.id,
                OutboxMessage.channel,
                OutboxMessage.recipient,
                OutboxMessage.subject,
                OutboxMessage.body,
                OutboxMessage.token,
                OutboxMessage.attempts,
                OutboxMessage.created_at,
            )
            .where(OutboxMessage.state == State.WAITING.value, OutboxMessage.next_at <= now)
            .order_by(OutboxMessage.next_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        ids = [row.id for row in rows]
        if ids:
            session.execute(
                update(_TABLE)
                .where(_TABLE.c.id.in_(ids))
                .values(next_at=now + LEASE, attempts=_TABLE.c.attempts + 1)
            )
    return list(rows)


def _sent(message_ids: Sequence[int], *, keeps: bool) -> None:
    done: dict[str, object] = {"state": State.SENT.value, "sent_at": clock.now(), "error": None}
    if not keeps:
        done |= {"recipient": None, "subject": None, "body": None}
    with atomic():
        db.session().execute(update(_TABLE).where(_TABLE.c.id.in_(message_ids)).values(**done))


def _failed(row: Any, failure: NotDelivered) -> None:
    """Try again after twice as long, or give up."""
    now = clock.now()
    attempts = row.attempts + 1
    pause = dt.timedelta(seconds=min(_FIRST_PAUSE_S * 2 ** min(attempts, 20), _LONGEST_PAUSE_S))
    given_up = failure.forever or now - row.created_at >= GIVE_UP
    _log.warning("outbox.failed", message=row.token, reason=failure.reason, given_up=given_up)
    changed: dict[str, object] = {"error": failure.reason[:80], "next_at": now + pause}
    if given_up:
        changed["state"] = State.FAILED.value
    with atomic():
        db.session().execute(
            update(_TABLE)
            .where(_TABLE.c.id == row.id, _TABLE.c.state == State.WAITING.value)
            .values(**changed)
        )


def recent(limit: int = 50) -> list[MessageView]:
    """The newest messages with what they say, for the page of demonstrations and development."""
    rows = db.session().execute(
        select(
            OutboxMessage.key,
            OutboxMessage.channel,
            OutboxMessage.recipient,
            OutboxMessage.subject,
            OutboxMessage.body,
            OutboxMessage.state,
            OutboxMessage.created_at,
            OutboxMessage.sent_at,
        )
        .order_by(OutboxMessage.id.desc())
        .limit(limit)
    )
    return [MessageView(*row[:5], State(row[5]), *row[6:]) for row in rows]


def kept() -> list[MessageView]:
    """``recent``, where mail stays in the house. Else raises NotFound."""
    settings = current_app.extensions["charity.settings"]
    if settings.mode is RunMode.PRODUCTION or not channel(MAIL).keeps:
        raise NotFound
    return recent()


def counts() -> dict[str, int]:
    """How many messages wait and how many were given up; for checks and readiness."""
    rows = db.session().execute(
        select(OutboxMessage.state, func.count())
        .where(OutboxMessage.state.in_([State.WAITING.value, State.FAILED.value]))
        .group_by(OutboxMessage.state)
    )
    return {row[0]: row[1] for row in rows}


def oldest_waiting() -> dt.datetime | None:
    """When the oldest message that has not gone out yet was written."""
    return db.session().scalar(
        select(func.min(OutboxMessage.created_at)).where(OutboxMessage.state == State.WAITING.value)
    )
