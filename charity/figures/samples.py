"""The week's sample for supervisors: what was drawn of each population, so that anyone can redo it.

Rule: a week is drawn from when it is over, and then for ever the same: populations are of rows that
never change, in the order in which they came; the places are ``audit.rules.places``. What is drawn
of a week that still runs is a preview and nobody's word is taken for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from charity.approvals import audit_queries as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.audit import queries as audit
from charity.audit.errors import NoSuchWeek
from charity.audit.kinds import SampleKind
from charity.audit.queries import TrailRow
from charity.audit.rules import SIZES, days_of, places, week_of
from charity.kernel import clock
from charity.kernel.ids import first_at
from charity.ledger import audit_queries as ledger
from charity.ledger.audit_queries import EntryLine

_REQUESTS = {SampleKind.REFUND: Kind.REFUND, SampleKind.APPLICATION: Kind.APPLICATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing drawn; exactly one of the last three is there. ``subject`` names it in marks."""

    kind: SampleKind
    subject: str
    entry: EntryLine | None = None
    request: RequestView | None = None
    record: TrailRow | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """What was drawn from: how many there are, the places drawn in their order, and the things.

    Of entries, place p is the entry numbered ``first + p - 1``; of the rest, the p-th that came.
    """

    kind: SampleKind
    size: int
    first: int | None
    places: tuple[int, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A week's sample. ``until`` is the Monday after it; ``over``: it will not change."""

    week: str
    since: dt.date
    until: dt.date
    origin: str
    over: bool
    populations: tuple[Population, ...]

    @property
    def items(self) -> Iterator[Item]:
        """Everything drawn."""
        return (item for population in self.populations for item in population.items)


def last_weeks(count: int) -> tuple[str, ...]:
    """The running week and those before it, the newest first."""
    today = clock.today()
    return tuple(week_of(today - dt.timedelta(weeks=back)) for back in range(count))


def sample(week: str) -> Sample:
    """The sample of an ISO week (``2026-W47``). Raises NoSuchWeek, for weeks to come too."""
    since, until = days(week)
    origin = ledger.origin()
    span = first_at(clock.start_of(since)), first_at(clock.start_of(until))
    found = (
        _entries(origin, week, since, until),
        *(_requests(origin, week, kind, span) for kind in _REQUESTS),
        _access(origin, week, span),
    )
    return Sample(week, since, until, origin, until <= clock.today(), found)


def total(week: str) -> int:
    """How many things are drawn of a week, without drawing them. Raises NoSuchWeek."""
    since, until = days(week)
    span = first_at(clock.start_of(since)), first_at(clock.start_of(until))
    numbers = ledger.numbers_between(clock.start_of(since), clock.start_of(until))
    sizes = {SampleKind.ENTRY: numbers[1] - numbers[0] + 1 if numbers else 0}
    sizes |= {kind: approvals.asked_between(_REQUESTS[kind], *span, ())[0] for kind in _REQUESTS}
    sizes[SampleKind.ACCESS] = audit.access_between(*span, ())[0]
    return sum(min(size, SIZES[kind]) for kind, size in sizes.items())


def days(week: str) -> tuple[dt.date, dt.date]:
    """Monday of a week that has begun, and the Monday after it. Raises NoSuchWeek."""
    found = days_of(week)
    if found is None or found[0] > clock.today():
        raise NoSuchWeek
    return found


def _entries(origin: str, week: str, since: dt.date, until: dt.date) -> Population:
    kind = SampleKind.ENTRY
    span = ledger.numbers_between(clock.start_of(since), clock.start_of(until))
    if span is None:
        return Population(kind, 0, None, (), ())
    first, last = span
    size = last - first + 1
    drawn = places(origin, week, kind, size, SIZES[kind])
    lines = ledger.entries_numbered([first + place - 1 for place in drawn])
    items = tuple(Item(kind=kind, subject=str(line.n), entry=line) for line in lines)
    return Population(kind, size, first, drawn, items)


def _requests(origin: str, week: str, kind: SampleKind, span: tuple[int, int]) -> Population:
    asked = _REQUESTS[kind]
    size, _ = approvals.asked_between(asked, *span, ())
    drawn = places(origin, week, kind, size, SIZES[kind])
    _, views = approvals.asked_between(asked, *span, drawn) if drawn else (size, ())
    items = tuple(Item(kind=kind, subject=view.id, request=view) for view in views)
    return Population(kind, size, None, drawn, items)


def _access(origin: str, week: str, span: tuple[int, int]) -> Population:
    kind = SampleKind.ACCESS
    size, _ = audit.access_between(*span, ())
    drawn = places(origin, week, kind, size, SIZES[kind])
    _, rows = audit.access_between(*span, drawn) if drawn else (size, ())
    items = tuple(Item(kind=kind, subject=str(row.id), record=row) for row in rows)
    return Population(kind, size, None, drawn, items)
