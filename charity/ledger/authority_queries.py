"""Reads of authorities for those who supervise: who signed what, and the entry it served."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased

from charity.kernel.db import among, db
from charity.ledger.book_queries import book_id, book_name
from charity.ledger.errors import NoSuchBook
from charity.ledger.kinds import EntryKind
from charity.ledger.models import Authority, Book, Entry, Number

PAGE = 50
_Counter = aliased(Book, name="counter")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityLine:
    """Two people's signature and the entry it served. Persons by public id."""

    id: int
    kind: EntryKind
    book: str
    counter_book: str | None
    amount_fen: int
    currency: str
    first_person_id: str
    second_person_id: str
    approved_hash: str
    signed_at: dt.datetime
    n: int | None
    cause_type: str
    cause_id: str


def _authorities() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Authority, Number.n, Entry.cause_type, Entry.cause_id,
            Book.kind.label("book_kind"), Book.campaign, Book.unit, Book.currency,
            _Counter.kind.label("counter_kind"), _Counter.campaign.label("counter_campaign"),
            _Counter.unit.label("counter_unit"), _Counter.currency.label("counter_currency"),
        )
        .join(Entry, Entry.id == Authority.entry_id)
        .join(Book, Book.id == Authority.book_id)
        .outerjoin(_Counter, _Counter.id == Authority.counter_book_id)
        .outerjoin(Number, Number.entry_id == Authority.entry_id)
    )  # fmt: skip


def _signed(row: Any) -> AuthorityLine:
    one: Authority = row.Authority
    counter = None
    if row.counter_kind is not None:
        counter = book_name(
            row.counter_kind, row.counter_campaign, row.counter_unit, row.counter_currency
        )
    return AuthorityLine(
        id=one.id,
        kind=EntryKind(one.kind),
        book=book_name(row.book_kind, row.campaign, row.unit, row.currency),
        counter_book=counter,
        amount_fen=one.amount_fen,
        currency=row.currency,
        first_person_id=one.first_person_id,
        second_person_id=one.second_person_id,
        approved_hash=one.approved_hash,
        signed_at=one.signed_at,
        n=row.n,
        cause_type=row.cause_type,
        cause_id=row.cause_id,
    )


def authority(authority_id: int) -> AuthorityLine | None:
    """One authority by the database's id; ``None`` when there is none."""
    row = db.session().execute(_authorities().where(Authority.id == authority_id)).one_or_none()
    return None if row is None else _signed(row)


def authorities(
    *,
    kind: EntryKind | None = None,
    book: str | None = None,
    people: tuple[str, ...] | None = None,
    first_id: int | None = None,
    past_id: int | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> tuple[AuthorityLine, ...]:
    """Authorities, the newest first, below the id ``before``; a book unknown has none."""
    wanted = _authorities().order_by(Authority.id.desc()).limit(limit)
    if kind is not None:
        wanted = wanted.where(Authority.kind == kind.value)
    if book is not None:
        try:
            wanted = wanted.where(Authority.book_id == book_id(book))
        except NoSuchBook:
            return ()
    if people is not None:
        first, second = Authority.first_person_id, Authority.second_person_id
        wanted = wanted.where(or_(among(first, people), among(second, people)))
    if first_id is not None:
        wanted = wanted.where(Authority.id >= first_id)
    if past_id is not None:
        wanted = wanted.where(Authority.id < past_id)
    if before is not None:
        wanted = wanted.where(Authority.id < before)
    return tuple(_signed(row) for row in db.session().execute(wanted))
