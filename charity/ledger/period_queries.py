"""Reads of a stretch of days: what stood before it and at its end, all as of entry n.

An entry counts on the day it occurred; when that month was closed already, on the first day of the
month it was entered in. So a reported month does not change once it is closed, and the opening of
one report is the closing of the one before. Only numbered entries are read, by the caller's
snapshot; figures are what ``chart.KINDS`` says of each kind, as in ``queries``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import SQLColumnExpression

from charity.kernel.db import db
from charity.ledger.chart import KINDS
from charity.ledger.kinds import AccountKind, EntryKind, Figure
from charity.ledger.models import (
    RARE,
    Account,
    Book,
    Entry,
    NumberedHead,
    NumberedTotal,
    Posting,
    in_index,
)
from charity.ledger.queries import FIGURE_COLUMNS, head

_BEFORE, _WITHIN, _AFTER = 0, 1, 2
_SLOTS = (_BEFORE, _WITHIN, _AFTER)
_OWNED = (AccountKind.AVAILABLE, AccountKind.RESERVED, AccountKind.SHORTFALL)
_DEBIT_SIDE = frozenset(
    {AccountKind.SHORTFALL, AccountKind.CLEARING, AccountKind.TRANSIT, AccountKind.BANK}
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the money of a book lies, and what it stands for beside ``left``; whole fen."""

    clearing_fen: int = 0
    transit_fen: int = 0
    bank_fen: int = 0
    pending_in_fen: int = 0
    advance_fen: int = 0


PLACE_COLUMNS = tuple(field.name for field in fields(Places))
COLUMNS = (*FIGURE_COLUMNS, *PLACE_COLUMNS)
Row = tuple[int, ...]
"""Figures and places of a book or a sum of books, in the order of ``COLUMNS``."""


@dataclass(frozen=True, slots=True)
class BookStretch:
    """One unit's book: its figures before the first day, and at the end of the last."""

    unit: str
    opening: Row
    closing: Row


@dataclass(frozen=True, slots=True)
class CauseMoved:
    """What one cause (an application) did to *used*: before the first day, and in the stretch."""

    book_id: int
    cause_id: str
    before_fen: int
    within_fen: int
    first_on: dt.date  # the first day within on which something of it occurred; else before


@dataclass(frozen=True, slots=True)
class Stretch:
    """A campaign's books over some days, as of entry ``n``. ``books`` by id."""

    n: int
    books: Mapping[int, BookStretch]
    used: tuple[CauseMoved, ...]


Sums = dict[tuple[int, str, str], list[int]]  # (book, kind, account's kind) → credit surplus


def stretch(campaign: str, first_on: dt.date, last_on: dt.date) -> Stretch:
    """Every unit book of ``campaign``: as it stood before ``first_on``, and after ``last_on``.

    Entries are counted by slot; the one with the most is not summed but is what the numbered totals
    leave, so of a million gifts in one quarter no posting is read.
    """
    slot = _slot(first_on, last_on)
    accounts = _accounts(campaign)
    sums = _slots(campaign, slot, accounts)
    by_book: dict[int, Sums] = {}
    for key, values in sums.items():
        by_book.setdefault(key[0], {})[key] = values
    books = {
        book_id: BookStretch(
            unit,
            _row(by_book.get(book_id, {}), (_BEFORE,)),
            _row(by_book.get(book_id, {}), (_BEFORE, _WITHIN)),
        )
        for book_id, unit in _books(campaign)
    }
    return Stretch(head(), books, tuple(_used(campaign, slot, accounts)))


def _counted_before(day: dt.date) -> ColumnElement[bool]:
    """Entries that count before ``day``."""
    month = f"{day:%Y-%m}"
    earlier = Entry.period < month
    if day.day == 1:
        return earlier
    # One whose own month was closed counts on the first of this one, which is before ``day``.
    return or_(earlier, and_(Entry.period == month, Entry.occurred_on < day))


def _slot(first_on: dt.date, last_on: dt.date) -> ColumnElement[int]:
    return case(
        (_counted_before(first_on), _BEFORE),
        (_counted_before(last_on + dt.timedelta(days=1)), _WITHIN),
        else_=_AFTER,
    )


def _books(campaign: str) -> list[tuple[int, str]]:
    rows = db.session().execute(
        select(Book.id, Book.unit).where(Book.campaign == campaign).order_by(Book.unit)
    )
    return [(row.id, row.unit or "") for row in rows]


def _accounts(campaign: str) -> dict[int, str]:
    """The kind of every account of the campaign's books."""
    rows = db.session().execute(
        select(Account.id, Account.kind)
        .join(Book, Book.id == Account.book_id)
        .where(Book.campaign == campaign)
    )
    return {row.id: row.kind for row in rows}


def _numbered(
    *columns: Any, campaign: str, held: SQLColumnExpression[int] = Entry.book_id
) -> Select[*tuple[Any, ...]]:
    """Numbered entries of the campaign's books: each book's are numbered in its own order.

    ``held`` is the book of an entry, said otherwise where books must not be what finds entries.
    """
    return (
        select(*columns)
        .select_from(Entry)
        .join(Book, and_(Book.id == held, Book.campaign == campaign))
        .join(
            NumberedHead,
            and_(NumberedHead.book_id == held, NumberedHead.last_no >= Entry.book_no),
        )
    )


def _slots(campaign: str, slot: ColumnElement[int], accounts: Mapping[int, str]) -> Sums:
    """The credit surplus of every kind and account, before, within and after."""
    session = db.session()
    counted = _numbered(slot.label("slot"), func.count().label("entries"), campaign=campaign)
    entries = {row.slot: row.entries for row in session.execute(counted.group_by("slot"))}
    most = max(_SLOTS, key=lambda each: entries.get(each, 0))
    sums: Sums = {}
    total = (
        select(NumberedTotal.book_id, NumberedTotal.kind, Account.kind.label("account"),
               NumberedTotal.credits, NumberedTotal.debits)
        .join(Account, Account.id == NumberedTotal.account_id)
        .join(Book, Book.id == NumberedTotal.book_id)
        .where(Book.campaign == campaign)
    )  # fmt: skip
    for row in session.execute(total):
        found = sums.setdefault((row.book_id, row.kind, row.account), [0, 0, 0])
        found[most] += row.credits - row.debits
    if not any(number for each, number in entries.items() if each != most):
        return sums
    fen = cast(func.sum(Posting.amount_fen), BigInteger)
    keys = (Entry.book_id, Entry.counts_as, Posting.debit_account_id, Posting.credit_account_id)
    asked = (
        _numbered(*keys, slot.label("slot"), fen.label("fen"), campaign=campaign)
        .join(Posting, Posting.entry_id == Entry.id)
        .where(slot != most)
        .group_by(*keys, "slot")
    )
    for row in session.execute(asked):
        for account_id, sign in ((row.debit_account_id, -1), (row.credit_account_id, 1)):
            key = (row.book_id, row.counts_as, accounts[account_id])
            found = sums.setdefault(key, [0, 0, 0])
            found[row.slot] += sign * row.fen
            found[most] -= sign * row.fen
    return sums


def _row(sums: Sums, slots: Iterable[int]) -> Row:
    """One book's figures and places from its sums in these slots."""
    taken = tuple(slots)
    by_account: dict[str, int] = {}
    left_by_kind: dict[str, int] = {}
    for (_, kind, account), values in sums.items():
        net = sum(values[slot] for slot in taken)
        by_account[account] = by_account.get(account, 0) + net
        if account in _OWNED:
            left_by_kind[kind] = left_by_kind.get(kind, 0) + net

    def standing(kind: AccountKind) -> int:
        net = by_account.get(kind.value, 0)
        return -net if kind in _DEBIT_SIDE else net

    found = dict.fromkeys(COLUMNS, 0)
    for kind, rule in KINDS.items():
        if rule.figure is not None:
            found[f"{rule.figure.value}_fen"] += rule.sign * left_by_kind.get(kind.value, 0)
    for figure in (Figure.AVAILABLE, Figure.RESERVED, Figure.SHORTFALL):
        found[f"{figure.value}_fen"] = standing(AccountKind(figure.value))
    found["left_fen"] = sum(by_account.get(kind.value, 0) for kind in _OWNED)
    for name in PLACE_COLUMNS:
        found[name] = standing(AccountKind(name.removesuffix("_fen")))
    return tuple(found[name] for name in COLUMNS)


def _used(
    campaign: str, slot: ColumnElement[int], accounts: Mapping[int, str]
) -> Iterable[CauseMoved]:
    """What each cause did to *used*; a correction counts for the cause it corrects."""
    kinds = [rule.kind.value for rule in KINDS.values() if rule.figure is Figure.USED]
    corrected = aliased(Entry)
    cause = func.coalesce(corrected.cause_id, Entry.cause_id)
    keys = (Entry.book_id, cause, Posting.debit_account_id, Posting.credit_account_id)
    asked = (
        _numbered(
            Entry.book_id, cause.label("cause_id"), Posting.debit_account_id,
            Posting.credit_account_id, slot.label("slot"),
            cast(func.sum(Posting.amount_fen), BigInteger).label("fen"),
            func.min(Entry.occurred_on).label("first_on"), campaign=campaign,
            held=Entry.book_id + 0,
        )
        .join(Posting, Posting.entry_id == Entry.id)
        .outerjoin(corrected, corrected.id == Entry.corrects)
        # No gift is among these kinds: their own small index finds them. SQLite would rather go
        # through every entry of the books, but for the ``+ 0``.
        .where(in_index(RARE), Entry.kind.in_([*kinds, EntryKind.CORRECTION.value]))
        .where(Entry.counts_as.in_(kinds), slot != _AFTER)
        .group_by(*keys, "slot")
    )  # fmt: skip
    sums: dict[tuple[int, str], list[int]] = {}
    days: dict[tuple[int, str], dict[int, dt.date]] = {}
    for row in db.session().execute(asked):
        moved = 0
        if accounts[row.debit_account_id] in _OWNED:
            moved += row.fen
        if accounts[row.credit_account_id] in _OWNED:
            moved -= row.fen
        key = (row.book_id, row.cause_id)
        sums.setdefault(key, [0, 0])[row.slot] += moved
        days.setdefault(key, {}).setdefault(row.slot, row.first_on)
        days[key][row.slot] = min(days[key][row.slot], row.first_on)
    for (book_id, cause_id), (before, within) in sorted(sums.items()):
        of_slot = days[(book_id, cause_id)]
        yield CauseMoved(
            book_id, cause_id, before, within, of_slot.get(_WITHIN) or of_slot[_BEFORE]
        )
