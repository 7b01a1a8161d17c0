"""Reads of entries for those who supervise: everything, by number, filtered.

Rule: a page costs the same however long the ledger is. What is rare (a kind that is not a gift's,
a large amount, a person, a cause) has an index. One book has its own order. Everything else is
looked for from the newest number down, ``WINDOW`` numbers a page, and the page says how far it
looked. Only numbered entries are here: one without its number waits for it a second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.ids import first_at
from charity.ledger.authority_queries import AuthorityLine, authority
from charity.ledger.book_queries import book_id, book_name
from charity.ledger.errors import EntryUnknown, NoSuchBook
from charity.ledger.kinds import EntryKind
from charity.ledger.models import (
    BY_HAND,
    LARGE,
    LARGE_FEN,
    RARE,
    Account,
    Book,
    ClosedPeriod,
    Database,
    Entry,
    Number,
    Posting,
    in_index,
)
from charity.ledger.queries import head

PAGE = 50
WINDOW = 50_000
#: An entry gets its number within seconds: so far numbers and ids may differ in their order.
_SLACK = 10_000
#: What causes entries; a cause is found by the keys of its entries, which begin with it.
CAUSES = ("gift", "refund", "application", "bank_line", "payout", "provider_line", "payment")
_HOT = frozenset(
    {
        EntryKind.BANK_GIFT, EntryKind.FEE, EntryKind.GIFT, EntryKind.PAYOUT,
        EntryKind.PAYOUT_BANK, EntryKind.SLIP, EntryKind.SLIP_BANK,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the list is narrowed to; ``None`` narrows nothing. ``actors`` are public ids."""

    kind: EntryKind | None = None
    book: str | None = None
    campaign: str | None = None
    unit: str | None = None
    period: str | None = None
    from_fen: int | None = None
    to_fen: int | None = None
    cause_type: str | None = None
    cause_id: str | None = None
    actors: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry in a list. ``book`` is the book's name in addresses."""

    n: int
    book: str
    campaign: str | None
    unit: str | None
    book_no: int
    kind: EntryKind
    counts_as: EntryKind
    amount_fen: int
    currency: str
    occurred_on: dt.date
    period: str
    recorded_at: dt.datetime
    cause_type: str
    cause_id: str
    actor_id: str | None
    actor_name: str | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries, the newest first. ``before`` begins the next page, ``None`` on the last.

    ``searched_to``: the page ends there because it looked far enough, not because it is full.
    """

    items: tuple[EntryLine, ...]
    before: int | None
    searched_to: int | None = None


@dataclass(frozen=True, slots=True)
class LegLine:
    """One posting: debit, credit, whole fen."""

    debit: str
    credit: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFull:
    """One entry with everything that belongs to it. Other entries are named by number."""

    line: EntryLine
    key: str
    function: str | None
    prior_year: bool
    mode: str
    legs: tuple[LegLine, ...]
    corrects: int | None
    corrected_by: int | None
    group: tuple[EntryLine, ...]
    authority: AuthorityLine | None


def origin() -> str:
    """The name this ledger was born with; it never changes."""
    return db.session().scalars(select(Database.origin)).one()


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Number.n, Entry.book_no, Entry.kind, Entry.counts_as, Entry.amount_fen,
            Entry.occurred_on, Entry.period, Entry.recorded_at, Entry.cause_type, Entry.cause_id,
            Entry.actor_id, Entry.actor_name, Entry.id.label("entry_id"),
            Book.kind.label("book_kind"), Book.campaign, Book.unit, Book.currency,
        )
        .select_from(Number)
        .join(Entry, Entry.id == Number.entry_id)
        .join(Book, Book.id == Entry.book_id)
    )  # fmt: skip


def _line(row: Any) -> EntryLine:
    return EntryLine(
        n=row.n,
        book=book_name(row.book_kind, row.campaign, row.unit, row.currency),
        campaign=row.campaign,
        unit=row.unit,
        book_no=row.book_no,
        kind=EntryKind(row.kind),
        counts_as=EntryKind(row.counts_as),
        amount_fen=row.amount_fen,
        currency=row.currency,
        occurred_on=row.occurred_on,
        period=row.period,
        recorded_at=row.recorded_at,
        cause_type=row.cause_type,
        cause_id=row.cause_id,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
    )


def entries(asked: Asked, before: int | None = None, limit: int = PAGE) -> EntryPage:
    """Entries whose number is below ``before``, the highest first; a book unknown has none."""
    top = head() + 1 if before is None else before
    if asked == Asked(book=asked.book) and asked.book is not None:
        page = _of_book(asked.book, before, limit)
        if page is not None:
            return page
    try:
        conditions, found_by_index = _conditions(asked)
    except NoSuchBook:
        return EntryPage((), None)
    wanted = _lines().where(*conditions).limit(limit + 1)
    if found_by_index:
        # Not by the numbers' own order, in which the few would be looked for among all.
        n = Number.n + 0
        return _page(wanted.where(n < top).order_by(n.desc()), limit)
    least, top = _span(asked.period, top)
    floor = max(top - 1 - WINDOW, least)
    page = _page(wanted.where(Number.n > floor, Number.n < top).order_by(Number.n.desc()), limit)
    if page.before is not None or floor <= least:
        return page
    return EntryPage(page.items, floor + 1, floor + 1)


def _of_book(name: str, before: int | None, limit: int) -> EntryPage | None:
    """One book's entries, in the order of the book, which is that of their numbers.

    ``None`` when there is no such book, or ``before`` is the number of another book's entry.
    """
    try:
        of_book = Entry.book_id == book_id(name)
    except NoSuchBook:
        return None
    wanted = _lines().where(of_book).order_by(Entry.book_no.desc()).limit(limit + 1)
    if before is not None:
        here = select(Entry.book_no).join(Number, Number.entry_id == Entry.id)
        place = db.session().scalar(here.where(Number.n == before, of_book))
        if place is None:
            return None
        wanted = wanted.where(Entry.book_no < place)
    return _page(wanted, limit)


def all_entries(asked: Asked, limit: int) -> tuple[EntryLine, ...]:
    """At most ``limit`` entries for a file, the highest number first; the whole ledger is read."""
    try:
        conditions, _ = _conditions(asked)
    except NoSuchBook:
        return ()
    wanted = _lines().where(*conditions).order_by(Number.n.desc()).limit(limit)
    return tuple(_line(row) for row in db.session().execute(wanted))


def _page(wanted: Select[*tuple[Any, ...]], limit: int) -> EntryPage:
    found = [_line(row) for row in db.session().execute(wanted)]
    more = found[limit - 1].n if len(found) > limit else None
    return EntryPage(tuple(found[:limit]), more)


def _conditions(asked: Asked) -> tuple[list[ColumnElement[bool]], bool]:
    """What rows must be, and whether one index finds the few that may be. Raises NoSuchBook."""
    rare = _rare(asked)
    found = list(rare)
    # A book, or those of a campaign, may have millions of entries: they are never where a search
    # begins, only what is asked of each entry found.
    held = Entry.book_id + 0
    places = [
        column == value
        for column, value in ((Book.campaign, asked.campaign), (Book.unit, asked.unit))
        if value is not None
    ]
    if places:
        found.append(held.in_(select(Book.id).where(*places)))
    wanted = (
        (Entry.kind, asked.kind.value if asked.kind else None),
        (held, None if asked.book is None else book_id(asked.book)),
        (Entry.period, asked.period),
        (Entry.cause_type, asked.cause_type),
    )
    found += [column == value for column, value in wanted if value is not None]
    if asked.from_fen is not None:
        found.append(Entry.amount_fen >= asked.from_fen)
    if asked.to_fen is not None:
        found.append(Entry.amount_fen <= asked.to_fen)
    return found, bool(rare)


def _rare(asked: Asked) -> list[ColumnElement[bool]]:
    """Conditions that an index answers with few rows.

    What an index leaves out is said in its own words, or neither database would take it.
    """
    found: list[ColumnElement[bool]] = []
    if asked.kind is not None and asked.kind not in _HOT:
        found.append(in_index(RARE))
    if asked.actors is not None:
        found += [among(Entry.actor_id, asked.actors), in_index(BY_HAND)]
    if asked.cause_id is not None:
        found.append(_caused(asked.cause_type, asked.cause_id))
    if asked.from_fen is not None and asked.from_fen >= LARGE_FEN:
        found.append(in_index(LARGE))
    return found


def _caused(kind: str | None, name: str) -> ColumnElement[bool]:
    """Entries of one cause: their keys lie side by side, in whatever order texts are sorted."""
    ranges = []
    for each in (kind,) if kind else CAUSES:
        start = f"{each}:{name}:"
        ranges.append(
            and_(Entry.idempotency_key >= start, Entry.idempotency_key <= f"{start}zzzzzzzz")
        )
    return and_(or_(*ranges), Entry.cause_id == name)


def _span(period: str | None, top: int) -> tuple[int, int]:
    """The numbers between which entries of a month lie: (one below the first, one past the last).

    None is older than its month, and none came after the month was closed.
    """
    if period is None:
        return 0, top
    session = db.session()
    first = _first_made(clock.start_of(dt.date.fromisoformat(f"{period}-01")))
    least = max(0, first - _SLACK) if first is not None else max(0, top - 1 - _SLACK)
    closed = session.scalar(select(ClosedPeriod.closed_at).where(ClosedPeriod.period == period))
    past = _first_made(closed) if closed is not None else None
    return least, top if past is None else min(top, past + _SLACK)


def _first_made(moment: dt.datetime) -> int | None:
    """The number of the first entry made at this moment or later."""
    return db.session().scalar(
        select(Number.n)
        .join(Entry, Entry.id == Number.entry_id)
        .where(Entry.id >= first_at(moment))
        .order_by(Entry.id)
        .limit(1)
    )


def numbers_between(since: dt.datetime, until: dt.datetime) -> tuple[int, int] | None:
    """The numbers of a span of time, both ends included; ``None`` when it has none.

    From the number of the first entry made in it to the one before the first made after it: so
    two spans that meet share no number and leave none out.
    """
    first, past = _first_made(since), _first_made(until)
    if first is None:
        return None
    last = head() if past is None else past - 1
    return (first, last) if first <= last else None


def entries_numbered(numbers: Collection[int]) -> tuple[EntryLine, ...]:
    """The entries with these numbers, by number."""
    rows = db.session().execute(_lines().where(among(Number.n, numbers)).order_by(Number.n))
    return tuple(_line(row) for row in rows)


def entry(n: int) -> EntryFull:
    """One entry by its number. Raises EntryUnknown."""
    session = db.session()
    more = (
        Entry.idempotency_key, Entry.function, Entry.prior_year, Entry.mode, Entry.corrects,
        Entry.group_id, Entry.authority_id,
    )  # fmt: skip
    row = session.execute(_lines().add_columns(*more).where(Number.n == n)).one_or_none()
    if row is None:
        raise EntryUnknown
    debit, credit = aliased(Account), aliased(Account)
    legs = session.execute(
        select(debit.code, credit.code, Posting.amount_fen)
        .select_from(Posting)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .where(Posting.entry_id == row.entry_id)
        .order_by(Posting.line)
    )
    other = aliased(Entry)
    corrected = session.scalar(select(Number.n).where(Number.entry_id == row.corrects))
    correction = session.scalar(
        select(Number.n).join(other, other.id == Number.entry_id).where(
            other.corrects == row.entry_id, other.corrects.is_not(None)
        )
    )  # fmt: skip
    return EntryFull(
        line=_line(row),
        key=row.idempotency_key,
        function=row.function,
        prior_year=row.prior_year,
        mode=row.mode,
        legs=tuple(LegLine(*leg) for leg in legs),
        corrects=corrected,
        corrected_by=correction,
        group=_group(row.group_id) if row.group_id is not None else (),
        authority=authority(row.authority_id) if row.authority_id is not None else None,
    )


def _group(group_id: int) -> tuple[EntryLine, ...]:
    rows = db.session().execute(
        _lines()
        .where(Entry.group_id == group_id, Entry.group_id.is_not(None))
        .order_by(Number.n)
        .limit(500)
    )
    return tuple(_line(row) for row in rows)
