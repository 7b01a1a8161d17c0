"""Reads of books with what stands on each of their accounts, for those who supervise.

Rule: every account is told twice, as of entry n (what the public sees) and live, in one snapshot;
where the two differ, entries wait for their numbers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, select, tuple_

from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit
from charity.ledger.errors import NoSuchBook
from charity.ledger.kinds import AccountKind, BookKind, Side
from charity.ledger.models import Account, Book, BookHead, NumberedHead, NumberedTotal

PAGE = 50


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account, fen on its normal side: as of the last number, and live."""

    code: str
    kind: AccountKind
    side: Side
    numbered_fen: int
    live_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLine:
    """One book. ``name`` is its name in addresses: ``unit:<campaign>:<unit>:CNY``, ``own:CNY``."""

    name: str
    kind: BookKind
    campaign: str | None
    unit: str | None
    currency: str
    matching: bool
    opened_at: dt.datetime
    entries: int
    numbered: int
    accounts: tuple[AccountLine, ...]

    def numbered_fen(self, *kinds: AccountKind) -> int:
        """What stands on accounts of these kinds, as of the last number."""
        return sum(one.numbered_fen for one in self.accounts if one.kind in kinds)

    def live_fen(self, *kinds: AccountKind) -> int:
        """The same, live."""
        return sum(one.live_fen for one in self.accounts if one.kind in kinds)

    @property
    def holds_fen(self) -> int:
        """Where the money lies: clearing, transit, bank, as of the last number."""
        return self.numbered_fen(AccountKind.CLEARING, AccountKind.TRANSIT, AccountKind.BANK)

    @property
    def owes_fen(self) -> int:
        """Whose it is: available, reserved, pending, advance, less shortfall."""
        owed = (AccountKind.AVAILABLE, AccountKind.RESERVED, AccountKind.PENDING_IN,
                AccountKind.ADVANCE)  # fmt: skip
        return self.numbered_fen(*owed) - self.numbered_fen(AccountKind.SHORTFALL)

    @property
    def balanced(self) -> bool:
        """Identity B of a unit book."""
        return self.holds_fen == self.owes_fen


@dataclass(frozen=True, slots=True)
class BookPage:
    """Books, by campaign and unit; ``after`` begins the next page, ``None`` on the last."""

    items: tuple[BookLine, ...]
    after: str | None


def book_name(kind: str, campaign: str | None, unit: str | None, currency: str) -> str:
    """The name of a book in addresses."""
    if kind == BookKind.UNIT:
        return f"{kind}:{campaign}:{unit}:{currency}"
    return f"{kind}:{currency}"


def book_id(name: str) -> int:
    """The database's id of the book of this name. Raises NoSuchBook."""
    parts = name.split(":")
    wanted = select(Book.id).where(Book.kind == parts[0], Book.currency == parts[-1])
    if parts[0] == BookKind.UNIT and len(parts) == 4:
        wanted = wanted.where(Book.campaign == parts[1], Book.unit == parts[2])
    elif parts[0] == BookKind.UNIT or len(parts) != 2:
        raise NoSuchBook
    found = db.session().scalar(wanted)
    if found is None:
        raise NoSuchBook
    return found


def _books() -> Select[*tuple[Any, ...]]:
    return (
        select(Book, BookHead.last_no, NumberedHead.last_no.label("numbered"))
        .join(BookHead, BookHead.book_id == Book.id)
        .outerjoin(NumberedHead, NumberedHead.book_id == Book.id)
    )


def book(name: str) -> BookLine:
    """One book. Raises NoSuchBook."""
    return _views(_books().where(Book.id == book_id(name)))[0]


def common_books() -> tuple[BookLine, ...]:
    """The charity's own books and those of money nobody knows, one per currency."""
    wanted = _books().where(Book.kind != BookKind.UNIT.value)
    return tuple(_views(wanted.order_by(Book.kind, Book.currency)))


def unit_books(
    *,
    campaign: str | None = None,
    unit: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> BookPage:
    """Books of raising units behind the book named ``after``. Raises CursorUnfit."""
    wanted = _books().where(Book.kind == BookKind.UNIT.value)
    if campaign is not None:
        wanted = wanted.where(Book.campaign == campaign)
    if unit is not None:
        wanted = wanted.where(Book.unit == unit)
    if after is not None:
        parts = after.split(":")
        if len(parts) != 4:
            raise CursorUnfit
        wanted = wanted.where(tuple_(Book.campaign, Book.unit, Book.currency) > tuple(parts[1:]))
    order = (Book.campaign, Book.unit, Book.currency)
    found = _views(wanted.order_by(*order).limit(limit + 1))
    more = found[limit - 1].name if len(found) > limit else None
    return BookPage(tuple(found[:limit]), more)


def _views(wanted: Select[*tuple[Any, ...]]) -> list[BookLine]:
    rows = db.session().execute(wanted).all()
    accounts = _accounts([row.Book.id for row in rows])
    return [
        BookLine(
            name=book_name(one.kind, one.campaign, one.unit, one.currency),
            kind=BookKind(one.kind),
            campaign=one.campaign,
            unit=one.unit,
            currency=one.currency,
            matching=one.matching,
            opened_at=one.opened_at,
            entries=row.last_no,
            numbered=row.numbered or 0,
            accounts=tuple(accounts.get(one.id, ())),
        )
        for row in rows
        for one in (row.Book,)
    ]


def _accounts(books: Iterable[int]) -> dict[int, list[AccountLine]]:
    """The accounts of these books, in the order of the chart."""
    wanted = list(books)
    session = db.session()
    totals = session.execute(
        select(
            NumberedTotal.account_id,
            cast(func.sum(NumberedTotal.debits - NumberedTotal.credits), BigInteger),
        )
        .where(among(NumberedTotal.book_id, wanted))
        .group_by(NumberedTotal.account_id)
    )
    numbered: dict[int, int] = {account: int(fen) for account, fen in totals}
    order = {kind.value: place for place, kind in enumerate(AccountKind)}
    rows = session.execute(
        select(
            Account.id, Account.book_id, Account.code, Account.kind, Account.side,
            Account.debits, Account.credits,
        ).where(among(Account.book_id, wanted))
    ).all()  # fmt: skip
    found: dict[int, list[AccountLine]] = {}
    for row in sorted(rows, key=lambda one: (order[one.kind], one.code)):
        sign = 1 if row.side == Side.DEBIT else -1
        line = AccountLine(
            row.code, AccountKind(row.kind), Side(row.side),
            sign * numbered.get(row.id, 0), sign * (row.debits - row.credits),
        )  # fmt: skip
        found.setdefault(row.book_id, []).append(line)
    return found
