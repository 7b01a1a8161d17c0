"""Who works on an installation: those who serve, or one who needs it for himself alone.

Rule: site, worker and every command that may write hold a shared lock on a file of the data folder
until their process ends, however it ends; a restore and a move hold it alone. On PostgreSQL there
may be other machines, so there the sessions of the database are counted as well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from charity.kernel import clock

_NAME = "serving.lock"
_PATIENCE_S = 5
_held: dict[Path, int] = {}


class Occupied(RuntimeError):
    """Somebody else is at work here; the text says who."""


def serve(data_dir: Path) -> None:
    """Be one of those who serve, until this process ends. Raises Occupied."""
    path = (data_dir / _NAME).resolve()
    if path not in _held:
        _held[path] = _take(path, fcntl.LOCK_SH, "a restore or a move is at work")


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Be the only one. Raises Occupied while a site, a worker or a command runs."""
    path = (data_dir / _NAME).resolve()
    held = _take(path, fcntl.LOCK_EX, "site, worker or another command is running: stop it first")
    try:
        yield
    finally:
        os.close(held)


def _take(path: Path, kind: int, why_not: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Occupied(f"{path.parent}: {why_not}") from None
    return descriptor


def no_other_session(conn: Connection) -> None:
    """Raise Occupied while anybody else is connected to this PostgreSQL database."""
    if conn.dialect.name != "postgresql":
        return
    # A server's own workers have no user; other people's sessions can be counted, not read.
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
    )

    def none_left() -> bool | None:
        # What was seen once is seen for the whole transaction, unless it is forgotten.
        conn.execute(text("SELECT pg_stat_clear_snapshot()"))
        return True if conn.scalar(others) == 0 else None

    if clock.wait_for(none_left, seconds=_PATIENCE_S) is None:
        raise Occupied(f"{conn.scalar(others)} other sessions use the database: end them first")
