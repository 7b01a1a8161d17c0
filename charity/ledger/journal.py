"""The ledger in the words of an independent program: an hledger journal.

Every numbered entry is one transaction, in the order of numbers; a debit is positive, a credit
negative, and each transaction is zero. An account stands below its book, so that the program's own
balance of ``unit:<campaign>:<unit>`` is that book. No name, no message, no provider's id is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from charity.kernel.db import db
from charity.ledger import queries
from charity.ledger.kinds import BookKind
from charity.ledger.models import Account, Book, Entry, Number, Posting

_AT_ONCE = 5_000


def hledger() -> Iterator[str]:
    """The journal as lines, up to the last number of the caller's snapshot."""
    yield f"; as of entry {queries.head()}, {queries.mode()} money; a debit is positive\n"
    for currency in db.session().scalars(select(Book.currency).distinct().order_by(Book.currency)):
        yield f"commodity 1000.00 {currency}\n"
    for _, rows in groupby(_postings(), key=lambda row: row.n):
        lines = list(rows)
        first = lines[0]
        corrects = f", corrects: {first.corrected}" if first.corrected else ""
        yield (
            f"\n{first.occurred_on.isoformat()} * ({first.n}) {first.kind}"
            f"  ; period: {first.period}, cause: {first.cause_type}/{first.cause_id}{corrects}\n"
        )
        for row in lines:
            book = book_name(row)
            yield f"    {book}:{row.debit}  {_amount(row.amount_fen)} {row.currency}\n"
            yield f"    {book}:{row.credit}  {_amount(-row.amount_fen)} {row.currency}\n"


def book_name(row: Any) -> str:
    """The name of a book: ``unit:<campaign>:<unit>``, ``own:<currency>``, ``suspense:…``."""
    if row.book_kind == BookKind.UNIT.value:
        return f"unit:{row.campaign}:{row.unit}"
    return f"{row.book_kind}:{row.currency}"


def _amount(fen: int) -> str:
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def _postings() -> Iterator[Any]:
    debit, credit = aliased(Account), aliased(Account)
    corrected = aliased(Number)
    asked = (
        select(
            Number.n,
            Entry.occurred_on,
            Entry.kind,
            Entry.period,
            Entry.cause_type,
            Entry.cause_id,
            corrected.n.label("corrected"),
            Book.kind.label("book_kind"),
            Book.campaign,
            Book.unit,
            Book.currency,
            debit.code.label("debit"),
            credit.code.label("credit"),
            Posting.amount_fen,
        )
        .select_from(Number)
        .join(Entry, Entry.id == Number.entry_id)
        .join(Book, Book.id == Entry.book_id)
        .join(Posting, Posting.entry_id == Entry.id)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .outerjoin(corrected, corrected.entry_id == Entry.corrects)
        .order_by(Number.n, Posting.line)
        .execution_options(yield_per=_AT_ONCE)
    )
    yield from db.session().execute(asked)
