"""Many small writes of one process in one transaction, so that they share its flush to disk.

Whoever comes while a transaction is under way waits; when it ends, the first of them writes for
all who wait by then. Nobody is answered before what they brought is committed. When a shared
transaction fails, each of it is tried alone, so what one brought cannot hurt another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from charity.kernel.atomic import AtOnce
from charity.kernel.db import db

MOST = 100
T = TypeVar("T")
R = TypeVar("R")


def _shut() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass(eq=False, slots=True)
class _Ticket(Generic[T, R]):
    brought: T
    # Opens once: when the ticket is done, or when it is its turn to write.
    gate: threading.Lock = field(default_factory=_shut)
    done: bool = False
    result: R | None = None
    error: BaseException | None = None


class _Queue(Generic[T, R]):
    """Those who wait to write to one database, the next to write first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.busy = False
        self.waiting: list[_Ticket[T, R]] = []
        # Handed on with the turn, closed when nobody waits.
        self.writer: AtOnce | None = None


class Gathering(Generic[T, R]):
    """``write`` takes what several brought, in one statement, and gives a result for each."""

    def __init__(self, write: Callable[[Connection, Sequence[T]], Sequence[R]]) -> None:
        self.write = write
        self._lock = threading.Lock()
        self._queues: WeakKeyDictionary[Engine, _Queue[T, R]] = WeakKeyDictionary()

    def add(self, brought: T) -> R:
        """Have it written, by this thread or another, and return its result once committed.

        Outside ``atomic()``. Raises what writing it raised.
        """
        ticket: _Ticket[T, R] = _Ticket(brought)
        engine = db.engine
        with self._lock:
            queue = self._queues.setdefault(engine, _Queue())
        if db.session.registry.has():
            db.session.rollback()  # what is read next is read after this write
        with queue.lock:
            queue.waiting.append(ticket)
            first, queue.busy = not queue.busy, True
        if not first:
            ticket.gate.acquire()
        if not ticket.done:
            self._lead(engine, queue, ticket)
        if ticket.error is not None:
            raise ticket.error
        return cast("R", ticket.result)

    def _lead(self, engine: Engine, queue: _Queue[T, R], own: _Ticket[T, R]) -> None:
        """Write for all who wait, tell them, and hand on the turn."""
        with queue.lock:
            batch, queue.waiting = queue.waiting[:MOST], queue.waiting[MOST:]
        try:
            self._write(engine, queue, batch)
        finally:
            for ticket in batch:
                if ticket is not own:
                    ticket.gate.release()
            with queue.lock:
                following = queue.waiting[0] if queue.waiting else None
                if following is None:
                    _close(queue)
                queue.busy = following is not None
            if following is not None:
                following.gate.release()

    def _write(self, engine: Engine, queue: _Queue[T, R], batch: Sequence[_Ticket[T, R]]) -> None:
        brought = [ticket.brought for ticket in batch]
        try:
            if queue.writer is None:
                queue.writer = AtOnce(engine)
            results = queue.writer.send(lambda conn: self.write(conn, brought))
        except BaseException as error:  # noqa: BLE001 - handed to whoever brought it
            _close(queue)
            if len(batch) > 1 and isinstance(error, Exception):
                for ticket in batch:
                    self._write(engine, queue, [ticket])
                return
            for ticket in batch:
                ticket.done, ticket.error = True, error
            return
        for ticket, result in zip(batch, results, strict=True):
            ticket.done, ticket.result = True, result


def _close(queue: _Queue[T, R]) -> None:
    writer, queue.writer = queue.writer, None
    if writer is not None:
        writer.close()
