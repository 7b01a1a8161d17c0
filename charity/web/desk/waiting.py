"""What waits for a person, over all desks: each part says what it has, this puts it in order.

Rule: a source tells only what ``who`` may decide or do now, and asks its domain's queries for it.
What is at risk stands first, then what has waited longest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from charity.people.queries import Signed


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to do. ``kind`` is the word for what it is, in the reader's language.

    ``due`` is when it expires or is late; ``at_risk``: money or a donor suffers by waiting.
    """

    title: str
    url: str
    since: dt.datetime
    kind: str
    due: dt.datetime | None = None
    at_risk: bool = False


#: Each part adds its own.
SOURCES: list[Callable[[Signed], list[Waiting]]] = []


def waiting_for(who: Signed) -> list[Waiting]:
    """Everything that waits for ``who``: at risk first, then the oldest."""
    found = [one for source in SOURCES for one in source(who)]
    return sorted(found, key=lambda one: (not one.at_risk, one.since, one.url))
