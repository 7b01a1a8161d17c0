"""Reads of the ledger. Every public figure comes from the numbered totals, as of entry n.

``left`` of a book is available + reserved − shortfall; each kind of entry moves one figure by
what it does to ``left`` (``chart.KINDS``), so identity A holds by what is stored, not by how it
is summed. A correction counts as the kind it corrects.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    Label,
    ScalarSelect,
    Select,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.orm import aliased

from charity.kernel.db import among, db
from charity.ledger.chart import KINDS
from charity.ledger.kinds import AccountKind, BookKind, EntryKind, Figure, Side
from charity.ledger.models import (
    Account,
    Book,
    BookHead,
    ClosedPeriod,
    Database,
    Entry,
    Head,
    Number,
    NumberedHead,
    NumberedTotal,
    Posting,
)
from charity.ledger.recipes import Leg, promised


@dataclass(frozen=True, slots=True)
class Figures:
    """The money figures of one book or of a sum of books, whole fen. Defined in ``ledger.md``.

    ``proved`` is used money whose evidence was accepted; the ledger posts nothing for it, so it is
    filled by who knows the evidence.
    """

    raised_fen: int = 0
    refunded_fen: int = 0
    disputed_fen: int = 0
    matched_in_fen: int = 0
    matched_out_fen: int = 0
    moved_in_fen: int = 0
    moved_out_fen: int = 0
    borne_fen: int = 0
    fees_fen: int = 0
    costs_fen: int = 0
    reserved_fen: int = 0
    used_fen: int = 0
    proved_fen: int = 0
    available_fen: int = 0
    shortfall_fen: int = 0
    left_fen: int = 0


FIGURE_COLUMNS = tuple(field.name for field in fields(Figures))
_modes: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()
_GIFTS = (EntryKind.GIFT, EntryKind.BANK_GIFT, EntryKind.SLIP_BANK)


def _net() -> ColumnElement[int]:
    """An account's credit surplus in the numbered totals."""
    return NumberedTotal.credits - NumberedTotal.debits


def _sum(condition: ColumnElement[bool], value: ColumnElement[int], name: str) -> Label[Any]:
    # PostgreSQL sums bigint to numeric; a figure is whole fen.
    total = func.coalesce(func.sum(case((condition, value), else_=0)), 0)
    return cast(total, BigInteger).label(name)


def _column(figure: Figure) -> Label[Any]:
    name = f"{figure.value}_fen"
    account = Account.kind
    owned = account.in_([AccountKind.AVAILABLE, AccountKind.RESERVED, AccountKind.SHORTFALL])
    match figure:
        case Figure.AVAILABLE | Figure.RESERVED:
            return _sum(account == figure.value, _net(), name)
        case Figure.SHORTFALL:
            return _sum(account == figure.value, -_net(), name)
        case Figure.LEFT:
            return _sum(owned, _net(), name)
    kinds = [rule for rule in KINDS.values() if rule.figure is figure]
    if not kinds:
        return literal(0).label(name)
    signs = {rule.sign for rule in kinds}
    if len(signs) != 1:
        raise AssertionError(f"kinds of {figure} disagree on their sign")
    moved = NumberedTotal.kind.in_([rule.kind.value for rule in kinds]) & owned
    return _sum(moved, _net() * signs.pop(), name)


def book_figures(books: Iterable[int] | None = None) -> Select[Any]:
    """One row for each unit book (of ``books``) with entries: ``book_id``, figures, ``gifts``.

    A select, so that a page can join its own tables and sum in one query.
    """
    columns: list[Label[Any]] = [_column(figure) for figure in Figure]
    settled = NumberedTotal.kind.in_([kind.value for kind in _GIFTS]) & Account.kind.in_(
        [AccountKind.CLEARING, AccountKind.BANK]
    )
    columns.append(_sum(settled, NumberedTotal.entries.expression, "gifts"))
    rows = (
        select(NumberedTotal.book_id.label("book_id"), *columns)
        .join(Account, Account.id == NumberedTotal.account_id)
        .join(Book, Book.id == NumberedTotal.book_id)
        .where(Book.kind == BookKind.UNIT.value)
        .group_by(NumberedTotal.book_id)
    )
    return rows if books is None else rows.where(among(NumberedTotal.book_id, books))


def books_moved(after: int, upto: int) -> list[int]:
    """The books of the entries numbered from ``after`` (without it) to ``upto``."""
    rows = (
        select(Entry.book_id)
        .join(Number, Number.entry_id == Entry.id)
        .where(Number.n > after, Number.n <= upto)
        .distinct()
    )
    return list(db.session().scalars(rows))


def head_asked() -> ScalarSelect[int]:
    """``head`` as a part of a larger question."""
    return select(Head.n).scalar_subquery()


def head() -> int:
    """The last number given: the n of "as of entry n" for every figure of this snapshot."""
    return db.session().scalars(select(Head.n)).one()


def unnumbered() -> bool:
    """Whether an entry waits for its number. Looks at books, not at entries."""
    behind = (
        select(BookHead.book_id)
        .join(NumberedHead, NumberedHead.book_id == BookHead.book_id)
        .where(BookHead.last_no > NumberedHead.last_no)
        .limit(1)
    )
    return db.session().scalar(behind) is not None


def suspense_fen() -> int:
    """Money in suspense, numbered: a debt, never raised."""
    held = (
        select(func.coalesce(func.sum(_net()), 0))
        .join(Account, Account.id == NumberedTotal.account_id)
        .where(Account.kind == AccountKind.HELD.value)
    )
    return int(db.session().scalars(held).one())


def mode() -> str:
    """``real`` or ``test``: what this database was born as. Read once: it is so for ever."""
    engine = db.engine
    if engine not in _modes:
        _modes[engine] = db.session().scalars(select(Database.mode)).one()
    return _modes[engine]


def month_closed(day: dt.date) -> bool:
    """Whether the month of ``day`` takes no more entries."""
    found = select(ClosedPeriod.period).where(ClosedPeriod.period == f"{day:%Y-%m}")
    return db.session().scalar(found) is not None


def entry_numbers(keys: list[str]) -> dict[str, int]:
    """The numbers of entries by idempotency key; those without one are not in the answer."""
    rows = db.session().execute(
        select(Entry.idempotency_key, Number.n)
        .join(Number, Number.entry_id == Entry.id)
        .where(Entry.idempotency_key.in_(keys))
    )
    return {row.idempotency_key: row.n for row in rows}


def on_the_way(campaign: str) -> dict[str, int]:
    """What a campaign's books hold that is not at rest, live, by account kind; zeros are left out.

    Each account counts by its amount, so that two books never cancel each other out.
    """
    resting = [AccountKind.AVAILABLE.value, AccountKind.BANK.value]
    rows = db.session().execute(
        select(Account.kind, func.sum(func.abs(Account.debits - Account.credits)))
        .join(Book, Book.id == Account.book_id)
        .where(Book.campaign == campaign, Account.kind.not_in(resting))
        .group_by(Account.kind)
    )
    return {kind: int(fen) for kind, fen in rows if fen}


def currency(book_id: int) -> str:
    """The one currency of a book."""
    return db.session().scalars(select(Book.currency).where(Book.id == book_id)).one()


def balances(book_id: int) -> dict[str, int]:
    """What stands on each account of a book now, in fen, natural: positive on its normal side."""
    rows = db.session().execute(
        select(Account.code, Account.side, Account.debits, Account.credits).where(
            Account.book_id == book_id
        )
    )
    return {
        code: debits - credit if side == Side.DEBIT else credit - debits
        for code, side, debits, credit in rows
    }


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry with its legs."""

    id: int
    book_id: int
    kind: EntryKind
    legs: tuple[Leg, ...]

    @property
    def fen(self) -> int:
        """What it moves, in fen."""
        return sum(leg.fen for leg in self.legs)


def entry(key: str) -> EntryView | None:
    """The entry of this idempotency key; ``None`` when there is none."""
    row = db.session().execute(
        select(Entry.id, Entry.book_id, Entry.kind).where(Entry.idempotency_key == key)
    )
    found = row.one_or_none()
    if found is None:
        return None
    debit, credit = aliased(Account), aliased(Account)
    legs = db.session().execute(
        select(debit.code, credit.code, Posting.amount_fen)
        .select_from(Posting)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .where(Posting.entry_id == found.id)
        .order_by(Posting.line)
    )
    made = tuple(Leg(debited, credited, fen) for debited, credited, fen in legs)
    return EntryView(found.id, found.book_id, EntryKind(found.kind), made)


def reservations(book_id: int) -> list[tuple[str, int]]:
    """What is promised and unpaid in a book: (application, fen), the newest promise first.

    Every entry that moved ``reserved`` is gone through in order: what is no promise of an
    application, such as a refund, took from the newest promises of its moment. Read under the
    book's lock.
    """
    account = aliased(Account)
    moved = case((Posting.credit_account_id == account.id, Posting.amount_fen),
                 else_=-Posting.amount_fen)  # fmt: skip
    here = db.session().execute(
        select(account.id, account.credits - account.debits).where(
            account.book_id == book_id, account.kind == AccountKind.RESERVED.value
        )
    )
    found = here.first()
    if found is None or not found[1]:
        return []
    entries = db.session().execute(
        select(Entry.kind, Entry.cause_id, cast(func.sum(moved), BigInteger))
        .join(Posting, Posting.entry_id == Entry.id)
        .join(
            account,
            (account.id == Posting.credit_account_id) | (account.id == Posting.debit_account_id),
        )
        .where(Entry.book_id == book_id, account.id == found[0])
        .group_by(Entry.id, Entry.kind, Entry.cause_id, Entry.book_no)
        .order_by(Entry.book_no)
    )
    return promised((EntryKind(kind), cause, int(fen)) for kind, cause, fen in entries)


def reserved(books: Iterable[int]) -> dict[int, int]:
    """What is promised in each of these books now, in fen; a book without any is left out."""
    rows = db.session().execute(
        select(Account.book_id, Account.credits - Account.debits).where(
            among(Account.book_id, books), Account.kind == AccountKind.RESERVED.value
        )
    )
    return {book_id: int(fen) for book_id, fen in rows if fen}


def numbered() -> Select[*tuple[Any, ...]]:
    """``entry_id`` and ``n`` of every numbered entry; a select, so that others can join it."""
    return select(Number.entry_id, Number.n)


def moved(code: str, keys: Sequence[str]) -> list[tuple[str, int, int]]:
    """What entries did to the account ``code``: (idempotency key, book, fen on the debit side).

    What corrects an entry counts under that entry's key, in its own book.
    """
    session = db.session()
    found = session.execute(
        select(Entry.id, Entry.idempotency_key).where(among(Entry.idempotency_key, keys))
    )
    key_of: dict[int, str] = {row[0]: row[1] for row in found}
    corrections = session.execute(
        select(Entry.id, Entry.corrects).where(among(Entry.corrects, list(key_of)))
    )
    key_of |= {entry_id: key_of[corrected] for entry_id, corrected in corrections if corrected}
    side = case((Posting.debit_account_id == Account.id, Posting.amount_fen),
                else_=-Posting.amount_fen)  # fmt: skip
    rows = session.execute(
        select(Posting.entry_id, Posting.book_id, cast(func.sum(side), BigInteger))
        .join(
            Account,
            (Account.book_id == Posting.book_id)
            & (Account.code == code)
            & Account.id.in_([Posting.debit_account_id, Posting.credit_account_id]),
        )
        .where(among(Posting.entry_id, list(key_of)))
        .group_by(Posting.entry_id, Posting.book_id)
    )
    return [(key_of[entry_id], book_id, int(fen)) for entry_id, book_id, fen in rows]
