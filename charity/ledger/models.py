"""Tables of the ledger. Rules are constraints; triggers and grants stand in ``guards.py``.

A posting carries its book three times, through composite foreign keys to its entry and to both
of its accounts: a posting across books cannot be stored. An entry says how many postings it has
and their sum (``posting_count``, ``amount_fen``), and a deferred foreign key to its last posting
holds it to that: an entry without its postings cannot be committed, and none can be added later.
Entry and authority point at each other by id, book, kind and amount: a signature serves one entry.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Code, Fen, Id, Moment, Ref

APPEND_ONLY = {"append_only": True}
LATER = {"deferrable": True, "initially": "DEFERRED"}
# What supervisors look for is rare, and so are the rows of the indexes that find it: an online
# gift, of which there are millions, is in none of them and settles as fast as without.
RARE = "kind NOT IN ('bank_gift', 'fee', 'gift', 'payout', 'payout_bank', 'slip', 'slip_bank')"
LARGE_FEN = 100_000
LARGE = f"amount_fen >= {LARGE_FEN}"
BY_HAND = "actor_id IS NOT NULL"


def in_index(words: str) -> ColumnElement[bool]:
    """The condition of a partial index, by which alone the databases know that it fits."""
    column, _, rest = words.partition(" ")
    return text(f"ledger_entry.{column} {rest}")  # type: ignore[return-value] # a text is a condition


class Database(Base):
    """One row: what this database was born as."""

    __tablename__ = "ledger_database"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("mode IN ('real', 'test')", name="mode"),
        UniqueConstraint("mode"),
        {"info": APPEND_ONLY},
    )
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    mode: Mapped[str] = mapped_column(String(4))
    origin: Mapped[str] = mapped_column(String(64))
    born_at: Mapped[Moment]


class ChartAccount(Base):
    """Reference: side and floor of each kind of account."""

    __tablename__ = "ledger_chart"
    __table_args__ = (UniqueConstraint("kind", "side", "floored"), {"info": APPEND_ONLY})
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    side: Mapped[str] = mapped_column(String(6))
    floored: Mapped[bool]


class ChartBook(Base):
    """Reference: which kinds of book may have which kinds of account."""

    __tablename__ = "ledger_chart_book"
    __table_args__ = ({"info": APPEND_ONLY},)
    account_kind: Mapped[str] = mapped_column(ForeignKey("ledger_chart.kind"), primary_key=True)
    book_kind: Mapped[str] = mapped_column(String(10), primary_key=True)


class Kind(Base):
    """Reference: the kinds of entry, and whether they need an authority."""

    __tablename__ = "ledger_kind"
    __table_args__ = ({"info": APPEND_ONLY},)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    authorized: Mapped[bool]


class KindPair(Base):
    """Reference: which account a kind of entry may debit and which credit, by kind of book."""

    __tablename__ = "ledger_kind_pair"
    __table_args__ = ({"info": APPEND_ONLY},)
    kind: Mapped[str] = mapped_column(ForeignKey("ledger_kind.code"), primary_key=True)
    correction: Mapped[bool] = mapped_column(primary_key=True)
    book_kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    debit: Mapped[str] = mapped_column(ForeignKey("ledger_chart.kind"), primary_key=True)
    credit: Mapped[str] = mapped_column(ForeignKey("ledger_chart.kind"), primary_key=True)


class Book(Base):
    """The smallest pot of money: one currency, one kind."""

    __tablename__ = "ledger_book"
    __table_args__ = (
        CheckConstraint("kind IN ('unit', 'own', 'suspense')", name="kind"),
        CheckConstraint(
            "(kind = 'unit') = (campaign IS NOT NULL) AND (campaign IS NULL) = (unit IS NULL)",
            name="unit_has_campaign_and_unit",
        ),
        CheckConstraint("kind = 'unit' OR NOT matching", name="only_units_match"),
        UniqueConstraint("id", "kind"),
        UniqueConstraint("campaign", "unit", "currency"),
        Index(
            "uq_ledger_book_one_per_currency",
            "kind",
            "currency",
            unique=True,
            sqlite_where=text("kind <> 'unit'"),
            postgresql_where=text("kind <> 'unit'"),
        ),
        {"info": APPEND_ONLY},
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3))
    campaign: Mapped[str | None] = mapped_column(String(64), comment="campaign's slug, permanent")
    unit: Mapped[str | None] = mapped_column(String(64), comment="unit's code, permanent")
    matching: Mapped[bool] = mapped_column(server_default=text("false"))
    opened_at: Mapped[Moment]


class BookHead(Base):
    """The last ``book_no`` of a book; its row is the book's lock. Kept by triggers only."""

    __tablename__ = "ledger_book_head"
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"), primary_key=True)
    last_no: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (CheckConstraint("last_no >= 0", name="last_no"),)


class Account(Base):
    """An account of a book with its live totals, for floors and locks. Totals by trigger only."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("book_id", "code"),
        UniqueConstraint("id", "book_id"),
        ForeignKeyConstraint(["book_id", "book_kind"], ["ledger_book.id", "ledger_book.kind"]),
        ForeignKeyConstraint(
            ["kind", "side", "floored"],
            ["ledger_chart.kind", "ledger_chart.side", "ledger_chart.floored"],
        ),
        ForeignKeyConstraint(
            ["kind", "book_kind"],
            ["ledger_chart_book.account_kind", "ledger_chart_book.book_kind"],
        ),
        CheckConstraint("code = kind OR code LIKE kind || ':%'", name="code_of_kind"),
        CheckConstraint("debits >= 0 AND credits >= 0", name="totals"),
        CheckConstraint(
            "NOT floored OR CASE side WHEN 'debit' THEN debits >= credits"
            " ELSE credits >= debits END",
            name="floor",
        ),
    )
    id: Mapped[Id]
    book_id: Mapped[Ref]
    book_kind: Mapped[str] = mapped_column(String(10))
    code: Mapped[Code]
    kind: Mapped[str] = mapped_column(String(20))
    side: Mapped[str] = mapped_column(String(6))
    floored: Mapped[bool]
    debits: Mapped[Fen] = mapped_column(server_default=text("0"))
    credits: Mapped[Fen] = mapped_column(server_default=text("0"))


class ClosedPeriod(Base):
    """A month that takes no more entries."""

    __tablename__ = "ledger_closed_period"
    __table_args__ = ({"info": APPEND_ONLY},)
    period: Mapped[str] = mapped_column(String(7), primary_key=True, comment="YYYY-MM")
    closed_at: Mapped[Moment]
    actor_id: Mapped[str] = mapped_column(String(64))


class Entry(Base):
    """One thing that happened in one book.

    Kind, book and mode are held by ``guards``, once for a statement, and not by foreign keys,
    which would ask for the same few rows again at each entry.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("book_id", "book_no"),
        UniqueConstraint("idempotency_key"),
        UniqueConstraint("id", "book_id"),
        ForeignKeyConstraint(
            ["authority_id", "id", "book_id", "kind", "amount_fen"],
            [
                "ledger_authority.id",
                "ledger_authority.entry_id",
                "ledger_authority.book_id",
                "ledger_authority.kind",
                "ledger_authority.amount_fen",
            ],
            name="fk_ledger_entry_authority",
            use_alter=True,
            **LATER,  # type: ignore[arg-type] # the two keywords are str and bool
        ),
        ForeignKeyConstraint(
            ["id", "posting_count"],
            ["ledger_posting.entry_id", "ledger_posting.line"],
            name="fk_ledger_entry_last_posting",
            use_alter=True,
            **LATER,  # type: ignore[arg-type] # the two keywords are str and bool
        ),
        CheckConstraint("authorized = (authority_id IS NOT NULL)", name="authority_where_needed"),
        CheckConstraint("NOT authorized OR posting_count = 1", name="authorized_one_posting"),
        CheckConstraint("corrects IS NOT NULL OR counts_as = kind", name="counts_as"),
        CheckConstraint("(kind = 'correction') = (corrects IS NOT NULL)", name="corrects"),
        CheckConstraint("book_no >= 1", name="book_no"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("posting_count BETWEEN 1 AND 99", name="posting_count"),
        CheckConstraint("period LIKE '____-__'", name="period"),
        Index(
            "ix_ledger_entry_group_id",
            "group_id",
            sqlite_where=text("group_id IS NOT NULL"),
            postgresql_where=text("group_id IS NOT NULL"),
        ),
        Index(
            "ix_ledger_entry_rare_kind",
            "kind",
            sqlite_where=text(RARE),
            postgresql_where=text(RARE),
        ),
        Index(
            "ix_ledger_entry_large",
            "amount_fen",
            sqlite_where=text(LARGE),
            postgresql_where=text(LARGE),
        ),
        Index(
            "ix_ledger_entry_actor_id",
            "actor_id",
            sqlite_where=text(BY_HAND),
            postgresql_where=text(BY_HAND),
        ),
        # An entry is corrected once; what was wrong with the correction, its own correction mends.
        Index(
            "uq_ledger_entry_corrects",
            "corrects",
            unique=True,
            sqlite_where=text("corrects IS NOT NULL"),
            postgresql_where=text("corrects IS NOT NULL"),
        ),
        {"info": APPEND_ONLY},
    )
    id: Mapped[Id]
    book_id: Mapped[Ref]
    book_no: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    counts_as: Mapped[str] = mapped_column(String(20))
    function: Mapped[str | None] = mapped_column(String(20))
    occurred_on: Mapped[dt.date] = mapped_column(Date)
    period: Mapped[str] = mapped_column(String(7))
    recorded_at: Mapped[Moment]
    idempotency_key: Mapped[str] = mapped_column(String(120))
    cause_type: Mapped[str] = mapped_column(String(30))
    cause_id: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[str | None] = mapped_column(String(64))
    actor_name: Mapped[str | None] = mapped_column(String(120))
    corrects: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_entry.id"))
    prior_year: Mapped[bool]
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    authorized: Mapped[bool]
    authority_id: Mapped[int | None] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]
    posting_count: Mapped[int] = mapped_column(SmallInteger)
    mode: Mapped[str] = mapped_column(String(4))


class Posting(Base):
    """One debit, one credit, a positive number of fen, all of one book."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        ForeignKeyConstraint(["entry_id", "book_id"], ["ledger_entry.id", "ledger_entry.book_id"]),
        ForeignKeyConstraint(
            ["debit_account_id", "book_id"], ["ledger_account.id", "ledger_account.book_id"]
        ),
        ForeignKeyConstraint(
            ["credit_account_id", "book_id"], ["ledger_account.id", "ledger_account.book_id"]
        ),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint("line >= 1", name="line"),
        {"info": APPEND_ONLY},
    )
    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    book_id: Mapped[Ref]
    debit_account_id: Mapped[Ref]
    credit_account_id: Mapped[Ref]
    amount_fen: Mapped[Fen]


class Authority(Base):
    """Two people's signature without which a book is not lowered. Used once.

    A forged authority row is not prevented here; check, log and audit find it.
    """

    __tablename__ = "ledger_authority"
    __table_args__ = (
        UniqueConstraint("id", "entry_id", "book_id", "kind", "amount_fen"),
        UniqueConstraint("entry_id"),
        UniqueConstraint("counter_entry_id"),
        ForeignKeyConstraint(
            ["entry_id", "book_id"],
            ["ledger_entry.id", "ledger_entry.book_id"],
            name="fk_ledger_authority_entry",
            **LATER,  # type: ignore[arg-type] # the two keywords are str and bool
        ),
        ForeignKeyConstraint(
            ["counter_entry_id", "counter_book_id"],
            ["ledger_entry.id", "ledger_entry.book_id"],
            name="fk_ledger_authority_counter_entry",
            **LATER,  # type: ignore[arg-type] # the two keywords are str and bool
        ),
        CheckConstraint("first_person_id <> second_person_id", name="two_people"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("length(approved_hash) = 64", name="approved_hash"),
        CheckConstraint(
            "(counter_book_id IS NULL) = (counter_entry_id IS NULL)", name="counter_both_or_none"
        ),
        {"info": APPEND_ONLY},
    )
    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(ForeignKey("ledger_kind.code"))
    book_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_book.id"))
    counter_book_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_book.id"))
    amount_fen: Mapped[Fen]
    first_person_id: Mapped[str] = mapped_column(String(64))
    second_person_id: Mapped[str] = mapped_column(String(64))
    approved_hash: Mapped[str] = mapped_column(String(64), comment="SHA-256, hex, of the facts")
    entry_id: Mapped[Ref]
    counter_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    signed_at: Mapped[Moment]


class Number(Base):
    """The sequencer's gap-free number of an entry."""

    __tablename__ = "ledger_number"
    __table_args__ = (
        UniqueConstraint("entry_id"),
        CheckConstraint("n >= 1", name="n"),
        {"info": APPEND_ONLY},
    )
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_entry.id"))


class Head(Base):
    """One row: the last number given. Kept by trigger only."""

    __tablename__ = "ledger_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(BigInteger)


class NumberedHead(Base):
    """The last ``book_no`` of a book that has a number. Kept by trigger only."""

    __tablename__ = "ledger_numbered_head"
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"), primary_key=True)
    last_no: Mapped[int] = mapped_column(BigInteger)


class NumberedTotal(Base):
    """What every page reads: sums of numbered entries by book, kind and account."""

    __tablename__ = "ledger_numbered_total"
    book_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_book.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(ForeignKey("ledger_kind.code"), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ledger_account.id"), primary_key=True
    )
    debits: Mapped[Fen]
    credits: Mapped[Fen]
    entries: Mapped[int] = mapped_column(
        BigInteger, comment="entries that debit the account, less those that credit it"
    )
