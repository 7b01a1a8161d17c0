"""Tables of receipts. All are append-only: a receipt is voided and replaced by new rows.

A gift has at most one valid receipt: versions of one gift are 1, 2, 3 …, and version n + 1 can be
stored only when version n has its row in ``receipts_void``.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Fen, Id, Moment

APPEND_ONLY = {"info": {"append_only": True}}


class Receipt(Base):
    """Everything printed on one receipt, as it was when it was issued."""

    __tablename__ = "receipts_receipt"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("series", "year", "seq"),
        UniqueConstraint("gift_id", "version"),
        UniqueConstraint("replaces_id"),
        UniqueConstraint("id", "gift_id"),
        ForeignKeyConstraint(
            ["replaces_id", "gift_id"],
            ["receipts_receipt.id", "receipts_receipt.gift_id"],
            name="fk_receipts_receipt_replaces_same_gift",
        ),
        # What is replaced is void: two valid receipts of one gift cannot be stored.
        ForeignKeyConstraint(
            ["replaces_id"],
            ["receipts_void.receipt_id"],
            name="fk_receipts_receipt_replaces_void",
            use_alter=True,
        ),
        CheckConstraint("(version = 1) = (replaces_id IS NULL)", name="replaces"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        # Numbers of test money say so, whatever the code above believes.
        CheckConstraint(
            "(mode = 'real' AND series = 'R') OR (mode = 'test' AND series = 'T')", name="series"
        ),
        CheckConstraint("length(facts_sha256) = 64", name="facts_sha256"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    series: Mapped[str] = mapped_column(String(1))
    year: Mapped[int] = mapped_column(SmallInteger)
    seq: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(20), comment="verification code, random, 80 bits")
    mode: Mapped[str] = mapped_column(String(4), ForeignKey("ledger_database.mode"))
    gift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("donations_gift.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    donor: Mapped[str] = mapped_column(Sealed("receipts_receipt.donor"))
    donor_public: Mapped[str | None] = mapped_column(String(200))
    donor_uscc: Mapped[str | None] = mapped_column(String(18))
    donor_masked: Mapped[str] = mapped_column(String(200), comment="what /verify shows")
    campaign_name: Mapped[str] = mapped_column(String(120))
    filing_number: Mapped[str] = mapped_column(String(60))
    unit_name: Mapped[str] = mapped_column(String(120))
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    amount_capital: Mapped[str] = mapped_column(String(60))
    given_on: Mapped[dt.date] = mapped_column(Date)
    issued_on: Mapped[dt.date] = mapped_column(Date)
    issued_at: Mapped[Moment]
    handler: Mapped[str] = mapped_column(String(40))
    charity_name: Mapped[str] = mapped_column(String(120))
    charity_uscc: Mapped[str] = mapped_column(String(18))
    bill_wish: Mapped[str] = mapped_column(String(10))
    base_url: Mapped[str] = mapped_column(String(200), comment="the site's address in the QR code")
    template: Mapped[int] = mapped_column(SmallInteger)
    facts_sha256: Mapped[str] = mapped_column(String(64))


class ReceiptVoid(Base):
    """A receipt that no longer counts."""

    __tablename__ = "receipts_void"
    __table_args__ = (
        CheckConstraint("length(reason) >= 1", name="reason"),
        APPEND_ONLY,
    )
    receipt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("receipts_receipt.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(String(300))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[Moment]


class PdfRequest(Base):
    """Somebody waits for this receipt's PDF; the worker draws it once."""

    __tablename__ = "receipts_pdf_request"
    __table_args__ = (APPEND_ONLY,)
    receipt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("receipts_receipt.id"), primary_key=True, autoincrement=False
    )
    asked_at: Mapped[Moment]


class ReceiptFile(Base):
    """The PDF as first drawn: from then on always the same bytes."""

    __tablename__ = "receipts_file"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("size >= 1", name="size"),
        APPEND_ONLY,
    )
    receipt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("receipts_receipt.id"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    path: Mapped[str] = mapped_column(String(120), comment="relative to the store of files")
    made_at: Mapped[Moment]
