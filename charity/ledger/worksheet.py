"""The sheet on which entries are drafted and from which they are posted.

A worksheet holds the locked rows of its books and their balances; what is added to it counts at
once, so the tenth gift of a batch sees the ninth. The database refuses what the sheet should have
refused, and more. ``ledger.services`` is where others get one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, bindparam, insert, select, text

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.kernel.ids import new_id
from charity.ledger.chart import ACCOUNTS, KINDS, kind_of
from charity.ledger.errors import (
    AlreadyPosted,
    AuthorityNeeded,
    BelowFloor,
    NoSuchBook,
    PeriodClosed,
    ShortfallStands,
)
from charity.ledger.kinds import AccountKind, EntryKind, Side
from charity.ledger.models import (
    Account,
    Authority,
    Book,
    BookHead,
    ClosedPeriod,
    Database,
    Entry,
    Posting,
)
from charity.ledger.recipes import Leg, Legs

# Only these may share one statement: on PostgreSQL floors are then met net, and in their own
# order a gift always comes before its fee, so no prefix is below a floor.
SETTLEMENT = frozenset({EntryKind.GIFT, EntryKind.FEE})

# While a book has a shortfall nothing is reserved or paid from it.
_WAITS = frozenset({EntryKind.RESERVE, EntryKind.PAY, EntryKind.COST_PAY})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an id and the name as it was then."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Two distinct people's approval of facts whose SHA-256 is ``approved_hash`` (hex)."""

    first_person_id: str
    second_person_id: str
    approved_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to post.

    ``cause_type``, ``cause_id`` say what caused it; with ``effect`` they are its idempotency key,
    unique for ever: one cause has each effect once.
    """

    book_id: int
    kind: EntryKind
    legs: Legs
    occurred_on: dt.date
    cause_type: str
    cause_id: str
    effect: str
    actor: Actor | None = None
    function: str | None = None
    corrects: int | None = None
    group_id: int | None = None
    signature: Signature | None = None

    @property
    def key(self) -> str:
        """The idempotency key."""
        return f"{self.cause_type}:{self.cause_id}:{self.effect}"


@dataclass(slots=True)
class _BookState:
    last_no: int
    kind: str
    accounts: dict[str, int]
    balances: dict[str, int]


@dataclass
class Worksheet:
    """Locked books, what is in them, and the entries to be posted to them."""

    books: dict[int, _BookState]
    mode: str
    closed: frozenset[str]
    entries: list[dict[str, object]] = field(default_factory=list)
    postings: list[dict[str, object]] = field(default_factory=list)
    authorities: list[dict[str, object]] = field(default_factory=list)
    settlement_only: bool = True

    def balance(self, book_id: int, code: str) -> int:
        """Natural balance in fen, what was added to this worksheet included."""
        return self.books[book_id].balances.get(code, 0)

    def add(self, new: NewEntry) -> int:
        """Draft one entry and return its id.

        Raises ``BelowFloor``, ``AuthorityNeeded``, ``ShortfallStands``, ``PeriodClosed``; the
        worksheet is then as before.
        """
        rule = KINDS[new.kind]
        if rule.authorized != (new.signature is not None):
            raise AuthorityNeeded
        if new.kind in _WAITS and self.balance(new.book_id, AccountKind.SHORTFALL) > 0:
            raise ShortfallStands
        book = self.books[new.book_id]
        after = _moved(book.balances, new.legs)
        period = self._open_period(new.occurred_on)
        counts_as, corrected_year = new.kind.value, None
        if new.corrects is not None:
            counts_as, corrected_year = _corrected(new.corrects)
        for leg in new.legs:
            for code in (leg.debit, leg.credit):
                if code not in book.accounts:
                    book.accounts[code] = _open_account(new.book_id, code)
        book.balances = after
        book.last_no += 1
        entry_id = new_id()
        amount = sum(leg.fen for leg in new.legs)
        self.settlement_only &= new.kind in SETTLEMENT
        authority_id = self._sign(new, entry_id, amount)
        self.entries.append(
            {
                "id": entry_id,
                "book_id": new.book_id,
                "book_no": book.last_no,
                "kind": new.kind.value,
                "counts_as": counts_as,
                "function": new.function,
                "occurred_on": new.occurred_on,
                "period": period,
                "recorded_at": clock.now(),
                "idempotency_key": new.key,
                "cause_type": new.cause_type,
                "cause_id": new.cause_id,
                "actor_id": new.actor.id if new.actor else None,
                "actor_name": new.actor.name if new.actor else None,
                "corrects": new.corrects,
                "prior_year": corrected_year is not None and corrected_year != period[:4],
                "group_id": new.group_id,
                "authorized": rule.authorized,
                "authority_id": authority_id,
                "amount_fen": amount,
                "posting_count": len(new.legs),
                "mode": self.mode,
            }
        )
        self.postings += [
            {
                "entry_id": entry_id,
                "line": line,
                "book_id": new.book_id,
                "debit_account_id": book.accounts[leg.debit],
                "credit_account_id": book.accounts[leg.credit],
                "amount_fen": leg.fen,
            }
            for line, leg in enumerate(new.legs, start=1)
        ]
        return entry_id

    def post(self) -> None:
        """Write everything that was added; the worksheet is empty then.

        Raises ``AlreadyPosted`` when an idempotency key is in the ledger, before anything is
        written.
        """
        _refuse_posted([str(row["idempotency_key"]) for row in self.entries])
        session = db.session()
        bulk_insert(session, Authority.__table__, self.authorities)  # type: ignore[arg-type] # a declarative class's table is a Table
        if self.settlement_only:
            bulk_insert(session, Entry.__table__, self.entries)  # type: ignore[arg-type] # see above
            bulk_insert(session, Posting.__table__, self.postings)  # type: ignore[arg-type] # see above
        else:
            for entry in self.entries:
                bulk_insert(session, Entry.__table__, [entry])  # type: ignore[arg-type] # see above
                own = [row for row in self.postings if row["entry_id"] == entry["id"]]
                bulk_insert(session, Posting.__table__, own)  # type: ignore[arg-type] # see above
        self.entries, self.postings, self.authorities = [], [], []
        self.settlement_only = True

    def _sign(self, new: NewEntry, entry_id: int, amount: int) -> int | None:
        if new.signature is None:
            return None
        authority_id = new_id()
        self.authorities.append(
            {
                "id": authority_id,
                "kind": new.kind.value,
                "book_id": new.book_id,
                "counter_book_id": None,
                "amount_fen": amount,
                "first_person_id": new.signature.first_person_id,
                "second_person_id": new.signature.second_person_id,
                "approved_hash": new.signature.approved_hash,
                "entry_id": entry_id,
                "counter_entry_id": None,
                "signed_at": clock.now(),
            }
        )
        return authority_id

    def _open_period(self, occurred_on: dt.date) -> str:
        """The month of ``occurred_on``, or the first open one after it."""
        year, month = occurred_on.year, occurred_on.month
        for _ in range(1200):
            period = f"{year:04d}-{month:02d}"
            if period not in self.closed:
                return period
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        raise PeriodClosed


def _moved(balances: dict[str, int], legs: Iterable[Leg]) -> dict[str, int]:
    """Balances after the legs, each met in order. Raises ``BelowFloor``."""
    after = dict(balances)
    for leg in legs:
        for code, side in ((leg.debit, Side.DEBIT), (leg.credit, Side.CREDIT)):
            rule = ACCOUNTS[kind_of(code)]
            after[code] = after.get(code, 0) + (leg.fen if rule.side == side else -leg.fen)
        for code in (leg.debit, leg.credit):
            if ACCOUNTS[kind_of(code)].floored and after[code] < 0:
                raise BelowFloor(account=code, missing_fen=-after[code])
    return after


def _corrected(entry_id: int) -> tuple[str, str]:
    """The figure kind and the accounting year of the entry a correction points at."""
    row = db.session().execute(select(Entry.counts_as, Entry.period).where(Entry.id == entry_id))
    counts_as, period = row.one()
    return counts_as, period[:4]


def _refuse_posted(keys: Sequence[str]) -> None:
    found = db.session().scalar(
        select(Entry.idempotency_key).where(among(Entry.idempotency_key, keys)).limit(1)
    )
    if found is not None:
        raise AlreadyPosted(key=found)


def _open_account(book_id: int, code: str) -> int:
    """Open the account when it is not there; two at once open one."""
    session = db.session()
    kind = kind_of(code)
    wanted = (Account.book_id == book_id, Account.code == code)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT ledger_open_account(:id, :book_id, :code)"),
            {"id": new_id(), "book_id": book_id, "code": code},
        )
    else:
        rule = ACCOUNTS[kind]
        session.execute(
            insert(Account).values(
                id=new_id(),
                book_id=book_id,
                book_kind=select(Book.kind).where(Book.id == book_id).scalar_subquery(),
                code=code,
                kind=kind.value,
                side=rule.side.value,
                floored=rule.floored,
            )
        )
    return session.scalars(select(Account.id).where(*wanted)).one()


def worksheet(book_ids: Iterable[int]) -> Worksheet:
    """Lock the books, in id order, and read what is in them. Raises ``NoSuchBook``."""
    require_atomic()
    session = db.session()
    ids = sorted(set(book_ids))
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT ledger_lock(:ids)"), {"ids": ids})
    in_ids: BindParameter[int] = bindparam("ids", expanding=True)
    books: dict[int, _BookState] = {}
    heads = (
        select(BookHead.book_id, BookHead.last_no, Book.kind)
        .join(Book, Book.id == BookHead.book_id)
        .where(BookHead.book_id.in_(in_ids))
    )
    for book_id, last_no, kind in session.execute(heads, {"ids": ids}):
        books[book_id] = _BookState(last_no, kind, {}, {})
    if len(books) != len(ids):
        raise NoSuchBook
    accounts = select(
        Account.book_id, Account.code, Account.id, Account.side, Account.debits, Account.credits
    ).where(Account.book_id.in_(in_ids))
    for book_id, code, account_id, side, debits, credit in session.execute(accounts, {"ids": ids}):
        books[book_id].accounts[code] = account_id
        books[book_id].balances[code] = debits - credit if side == Side.DEBIT else credit - debits
    closed = frozenset(session.scalars(select(ClosedPeriod.period)))
    mode = session.scalars(select(Database.mode)).one()
    return Worksheet(books=books, mode=mode, closed=closed)
