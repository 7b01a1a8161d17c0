"""Which records tell of access, and how a week's sample is drawn.

A draw is repeatable by anyone: place number i of a population is the first 16 hex signs of
SHA-256("<origin>/<week>/<kind>/<i>") as a number, modulo the size of the population, plus one; a
place that was drawn before is passed over. Origin is the ledger's, weeks are ISO weeks (2026-W47).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping

from charity.audit.kinds import SampleKind

#: How many are drawn of each population; of a smaller one, all.
SIZES: Mapping[SampleKind, int] = {
    SampleKind.ENTRY: 20,
    SampleKind.REFUND: 5,
    SampleKind.APPLICATION: 5,
    SampleKind.ACCESS: 5,
}

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)
_ACCESS = re.compile(r"(?:^|[._])(?:seen|revealed|downloaded)$|^export\.")


def is_access(verb: str) -> bool:
    """Whether a record of this verb tells that somebody looked at data, or took it out."""
    return _ACCESS.search(verb) is not None


def week_of(day: dt.date) -> str:
    """The ISO week of a day: ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def days_of(week: str) -> tuple[dt.date, dt.date] | None:
    """Monday of a week and Monday after it; ``None`` when there is no such week."""
    found = _WEEK.fullmatch(week)
    if found is None:
        return None
    try:
        monday = dt.date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + dt.timedelta(days=7)
    except (ValueError, OverflowError):
        return None


def places(origin: str, week: str, kind: SampleKind, size: int, wanted: int) -> tuple[int, ...]:
    """The places drawn of a population of ``size``, in the order of drawing; 1 is the first."""
    drawn: dict[int, None] = {}
    turn = 0
    while len(drawn) < min(size, wanted):
        text = f"{origin}/{week}/{kind.value}/{turn}"
        digest = hashlib.sha256(text.encode("ascii")).hexdigest()
        drawn.setdefault(int(digest[:16], 16) % size + 1)
        turn += 1
    return tuple(drawn)
