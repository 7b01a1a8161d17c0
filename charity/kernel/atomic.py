"""The only commit.

``with atomic():`` ends the reading transaction, begins a writing one on a clean session, commits,
and then runs the after-commit hooks. Nesting is an error. Inside: no network, no mail, no PDF, no
password hashing. Hooks get ids, never rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from charity.kernel import clock
from charity.kernel.db import BUSY_TIMEOUT_MS, WRITE_ROOM, db

P = ParamSpec("P")
T = TypeVar("T")

_ATTEMPTS = 8
# serialization failure, deadlock, lock not available
_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
# unique violation: what we looked for and did not find, another made meanwhile. Looking again finds
# it, and the verb answers in its own words; what is still violated then is a defect of ours.
_MADE_MEANWHILE = "23505"
_LOOKS = 3
# SQLite has one writer and makes the others sleep and look again, ever longer. Threads of one
# process wait here instead and go on at once; processes still meet at SQLite's own lock.
_turn = threading.Lock()
_WRITING: dict[str, Any] = {WRITE_ROOM: True}
_log = structlog.get_logger(__name__)


class AtomicError(RuntimeError):
    """The transaction rules of this module were broken by our own code."""


@contextmanager
def atomic() -> Iterator[None]:
    """One unit of work: all of it is committed, or none.

    Rows loaded before are gone from the session: load again, by id, what is to be changed.
    """
    session = db.session()
    if session.info.get(WRITE_ROOM):
        raise AtomicError("atomic() inside atomic()")
    if session.new or session.dirty or session.deleted:
        raise AtomicError("changes were made outside atomic()")
    session.rollback()
    session.expunge_all()
    session.info[WRITE_ROOM] = True
    hooks: list[Callable[[], None]] = []
    session.info["hooks"] = hooks
    turn = _turn if db.engine.dialect.name == "sqlite" else None
    held = turn is not None and turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        session.connection(execution_options=_WRITING)
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        if turn is not None and held:
            turn.release()
        session.info.pop(WRITE_ROOM, None)
        session.info.pop("hooks", None)
        session.expunge_all()
    for hook in hooks:
        hook()


class AtOnce:
    """A connection of its own for writes of one statement each, which need no session.

    PostgreSQL commits one statement by itself: no journey for BEGIN and COMMIT.
    """

    def __init__(self, engine: Engine) -> None:
        self._sqlite = engine.dialect.name == "sqlite"
        alone = {} if self._sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._conn = engine.connect().execution_options(**_WRITING, **alone)

    def send(self, statement: Callable[[Connection], T]) -> T:
        """Have ``statement`` send one statement, no more; its result, once it is committed."""
        if not self._sqlite:
            return statement(self._conn)
        with _turn, self._conn.begin():
            return statement(self._conn)

    def close(self) -> None:
        """Give the connection back."""
        self._conn.close()


def atomically(work: Callable[P, T]) -> Callable[P, T]:
    """``work`` as one unit of work, run again whole when the database asks for it.

    Serialization failures, deadlocks and lock time-outs are run again, up to eight times with a
    growing pause, and what another made at the same instant is looked for again; so ``work`` must
    have no effect outside the database.
    """

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with atomic():
                    return work(*args, **kwargs)
            except DBAPIError as error:
                if attempt >= _attempts(error):
                    raise
                _log.info("atomic.retry", attempt=attempt)
                clock.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    return run


def _attempts(error: DBAPIError) -> int:
    """How often what failed with ``error`` is worth running."""
    if is_retryable(error):
        return _ATTEMPTS
    return _LOOKS if getattr(error.orig, "sqlstate", None) == _MADE_MEANWHILE else 1


def is_retryable(error: DBAPIError) -> bool:
    """Whether the same unit of work may succeed when it is run again."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _RETRYABLE_SQLSTATES
    return "database is locked" in str(error.orig)


def in_atomic() -> bool:
    """Whether the caller is inside a unit of work."""
    return db.session.registry.has() and bool(db.session().info.get(WRITE_ROOM))


def require_atomic() -> None:
    """Refuse to go on outside a unit of work: every verb that decides under a lock asks this."""
    if not in_atomic():
        raise AtomicError("this verb runs inside atomic()")


def after_commit(hook: Callable[..., None], *ids: int | str) -> None:
    """Run ``hook(*ids)`` once this unit of work is committed; never with rows."""
    if any(not isinstance(value, int | str) for value in ids):
        raise AtomicError("after-commit hooks get ids, never rows")
    require_atomic()
    db.session().info["hooks"].append(lambda: hook(*ids))
