"""What numbered entries did to what books have left, one by one: for lines, lists and traces.

``fen`` of a change is what the entry did to ``left`` (available + reserved − shortfall); entries
that moved no figure are not here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import BigInteger, Select, case, cast, func, select
from sqlalchemy.orm import aliased

from charity.kernel.db import among, db
from charity.ledger.chart import KINDS
from charity.ledger.kinds import AccountKind, BookKind, EntryKind, Figure
from charity.ledger.models import Account, Book, Entry, Number, Posting

_OWNED = [AccountKind.AVAILABLE.value, AccountKind.RESERVED.value, AccountKind.SHORTFALL.value]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a unit book. ``corrects``: it takes back or gives back another's change."""

    n: int
    book_id: int
    campaign: str
    unit: str
    figure: Figure | None
    corrects: bool
    cause_type: str
    cause_id: str
    on: dt.date
    fen: int


@dataclass(frozen=True, slots=True)
class BookName:
    """Which campaign and unit a unit book is of, by their permanent names."""

    book_id: int
    campaign: str
    unit: str


def changes(after: int, upto: int) -> list[Change]:
    """Changes of unit books by the entries numbered from ``after`` (without it) to ``upto``."""
    debit, credit = aliased(Account), aliased(Account)
    gave = case((credit.kind.in_(_OWNED), Posting.amount_fen), else_=0)
    took = case((debit.kind.in_(_OWNED), Posting.amount_fen), else_=0)
    fen = cast(func.sum(gave - took), BigInteger)
    rows = db.session().execute(
        select(
            Number.n,
            Entry.book_id,
            Book.campaign,
            Book.unit,
            Entry.counts_as,
            Entry.kind,
            Entry.cause_type,
            Entry.cause_id,
            Entry.occurred_on,
            fen.label("fen"),
        )
        .select_from(Number)
        .join(Entry, Entry.id == Number.entry_id)
        .join(Book, Book.id == Entry.book_id)
        .join(Posting, Posting.entry_id == Entry.id)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .where(Number.n > after, Number.n <= upto, Book.kind == BookKind.UNIT.value)
        .group_by(
            Number.n, Entry.book_id, Book.campaign, Book.unit, Entry.counts_as, Entry.kind,
            Entry.cause_type, Entry.cause_id, Entry.occurred_on,
        )
        .having(fen != 0)
        .order_by(Number.n)
    )  # fmt: skip
    return [
        Change(
            n=row.n,
            book_id=row.book_id,
            campaign=row.campaign,
            unit=row.unit,
            figure=KINDS[EntryKind(row.counts_as)].figure,
            corrects=row.kind == EntryKind.CORRECTION.value,
            cause_type=row.cause_type,
            cause_id=row.cause_id,
            on=row.occurred_on,
            fen=int(row.fen),
        )
        for row in rows
    ]


def book_names(books: Iterable[int]) -> dict[int, BookName]:
    """Campaign and unit of these unit books."""
    rows = db.session().execute(
        select(Book.id, Book.campaign, Book.unit).where(
            among(Book.id, books), Book.kind == BookKind.UNIT.value
        )
    )
    return {row[0]: BookName(row[0], str(row[1]), str(row[2])) for row in rows}


def books_of(campaign: str | None, unit: str | None) -> Select[int]:
    """Ids of the unit books of a campaign (slug), of a unit (code), or of one in the other.

    A select, so that upper domains ask for what belongs to them in the same question.
    """
    wanted = select(Book.id).where(Book.kind == BookKind.UNIT.value)
    if campaign is not None:
        wanted = wanted.where(Book.campaign == campaign)
    if unit is not None:
        wanted = wanted.where(Book.unit == unit)
    return wanted
