"""Dated figures that approvals go by, such as how long a request waits.

They are parameters, which are themselves changed by approval and so lie one storey above:
``app.py`` hands their reader down when the application is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Reader = Callable[[str, dt.date], int]

_reader: list[Reader] = []


def read_with(reader: Reader) -> None:
    """Ask ``reader(key, day)`` from now on."""
    _reader[:] = [reader]


def value(key: str, day: dt.date) -> int:
    """The figure of ``key`` on ``day``, in the unit of its catalogue."""
    (reader,) = _reader
    return reader(key, day)
