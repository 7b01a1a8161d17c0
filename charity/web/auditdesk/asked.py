"""What the address narrows a list to, read once for the page and for the file of the same list.

Rule: what cannot be read narrows nothing and is not kept; a name that nobody has finds nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from flask import request

from charity.approvals import audit_queries as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.audit import queries as audit
from charity.kernel import clock
from charity.kernel.ids import first_at
from charity.kernel.money import MoneyError, parse_yuan
from charity.ledger import audit_queries as ledger
from charity.ledger.kinds import EntryKind
from charity.people import queries as people

E = TypeVar("E", bound=StrEnum)
_LONGEST = 120
_MOST = 2**62
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_VERB = re.compile(r"[a-z_]{1,30}(?:\.[a-z_]{1,30})?", re.ASCII)

ENTRY_FILTERS = ("kind", "book", "campaign", "unit", "period", "from", "to", "cause", "actor")
AUTHORITY_FILTERS = ("kind", "book", "person", "since", "until")
BOOK_FILTERS = ("campaign", "unit")
APPROVAL_FILTERS = ("kind", "status", "subject", "person", "since", "until")
TRAIL_FILTERS = ("verb", "type", "subject", "person", "since", "until")
REVEAL_FILTERS = ("person", "subject", "since", "until")


def text(name: str) -> str | None:
    """A word of the address, without blanks around it; None when there is none."""
    given = request.args.get(name, "").strip()
    return given if 0 < len(given) <= _LONGEST and given.isprintable() else None


def choice(known: type[E], name: str) -> E | None:
    """One of a list."""
    given = request.args.get(name, "")
    return known(given) if given in [each.value for each in known] else None


def day(name: str) -> dt.date | None:
    """A day."""
    try:
        found = dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return found if 2024 <= found.year <= 2100 else None


def number(name: str) -> int | None:
    """A whole number from 1 on, such as a number of an entry."""
    given = request.args.get(name, "")
    fits = given.isascii() and given.isdecimal() and len(given) <= 19 and 0 < int(given) <= _MOST
    return int(given) if fits else None


def fen(name: str) -> int | None:
    """An amount typed in yuan, as fen."""
    try:
        return parse_yuan(request.args.get(name, ""))
    except MoneyError:
        return None


def kept(names: tuple[str, ...]) -> dict[str, str]:
    """The filters as they stand in the address, for the next page and for the file."""
    found: Mapping[str, str | None] = {name: text(name) for name in names}
    return {name: value for name, value in found.items() if value}


def persons(name: str) -> tuple[str, ...] | None:
    """Public ids of whom a name or an id means; None when nobody was asked for."""
    given = text(name)
    return None if given is None else people.named(given) or (given,)


def span() -> tuple[int | None, int | None]:
    """The days from ``since`` to ``until``, both included, as ids."""
    since, until = day("since"), day("until")
    past = None if until is None else first_at(clock.start_of(until + dt.timedelta(days=1)))
    return None if since is None else first_at(clock.start_of(since)), past


def month() -> str | None:
    """A month of the accounts."""
    given = request.args.get("period", "")
    return given if _MONTH.fullmatch(given) else None


def entries() -> ledger.Asked:
    """Entries as asked for. A cause is typed as ``gift/abc`` or as its number alone."""
    kind, _, name = (text("cause") or "").rpartition("/")
    return ledger.Asked(
        kind=choice(EntryKind, "kind"),
        book=text("book"),
        campaign=text("campaign"),
        unit=text("unit"),
        period=month(),
        from_fen=fen("from"),
        to_fen=fen("to"),
        cause_type=kind or None,
        cause_id=name or None,
        actors=persons("actor"),
    )


def requests() -> approvals.Asked:
    """Requests for approval as asked for."""
    first, past = span()
    return approvals.Asked(
        kind=choice(Kind, "kind"),
        status=choice(RequestStatus, "status"),
        subject_id=text("subject"),
        people=persons("person"),
        first_id=first,
        past_id=past,
    )


def records() -> audit.Asked:
    """Rows of the trail as asked for; ``refund`` as an action means all that begin with it."""
    first, past = span()
    return audit.Asked(
        verbs=_verbs(),
        object_type=text("type"),
        object_id=text("subject"),
        actors=persons("person"),
        first_id=first,
        past_id=past,
    )


def reveals() -> audit.Asked:
    """Looks at data as asked for."""
    first, past = span()
    return audit.Asked(
        verbs=audit.access_verbs(),
        object_id=text("subject"),
        actors=persons("person"),
        first_id=first,
        past_id=past,
    )


def _verbs() -> tuple[str, ...] | None:
    given = request.args.get("verb", "")
    if not _VERB.fullmatch(given):
        return None
    if "." in given:
        return (given,)
    return tuple(verb for verb in audit.verbs() if verb.startswith(f"{given}."))
