"""The only reader of time.

Times are UTC and aware; dates are those of Asia/Shanghai, where the charity keeps its books.
Everything else calls these through the module (``clock.now()``), so a test can stop the clock.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
ZONE = ZoneInfo("Asia/Shanghai")
_as_of: ContextVar[dt.datetime | None] = ContextVar("as_of", default=None)


def now() -> dt.datetime:
    """The present moment, aware, UTC."""
    return _as_of.get() or dt.datetime.now(dt.UTC)


@contextmanager
def as_of(moment: dt.datetime) -> Iterator[None]:
    """Let it be ``moment`` inside: a copy is asked what it said when it was made.

    What waits too long today did not wait too long then. For reading only.
    """
    token = _as_of.set(moment)
    try:
        yield
    finally:
        _as_of.reset(token)


def today() -> dt.date:
    """The present date in Asia/Shanghai."""
    return local_date(now())


def local_date(moment: dt.datetime) -> dt.date:
    """The Asia/Shanghai date of an aware moment."""
    return moment.astimezone(ZONE).date()


def start_of(day: dt.date) -> dt.datetime:
    """The aware moment at which ``day`` begins in Asia/Shanghai."""
    return dt.datetime.combine(day, dt.time(), ZONE)


def milliseconds() -> int:
    """Milliseconds since 1970-01-01 UTC, for ids."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds on a clock that never goes back, for waiting and measuring only."""
    return time.monotonic()


def wait_for(look: Callable[[], T | None], *, seconds: int) -> T | None:
    """What ``look`` finds within ``seconds``, asked ten times a second; else ``None``."""
    until = monotonic() + seconds
    found = look()
    while found is None and monotonic() < until:
        sleep(0.1)
        found = look()
    return found


def sleep(seconds: float) -> None:
    """Wait; here so that a test can make waiting instant."""
    time.sleep(seconds)
