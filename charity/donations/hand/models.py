"""Tables of gifts by hand: sheets, slips, the charity's bank accounts and their lines, suspense.

A line is what the bank says and is never changed; what it was for is a row of its own, one for each
line, so one line has one effect whoever asks and how often.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Fen, Id, Moment

Person = String(64)
PersonName = String(120)


class Sheet(Base):
    """One list of gifts as a clerk entered it, in one form: of one unit, in one campaign."""

    __tablename__ = "donations_sheet"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("form_key"),
        CheckConstraint("method IN ('cash', 'bank')", name="method"),
        Index("ix_donations_sheet_campaign_unit_id_id", "campaign_unit_id", "id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    form_key: Mapped[str] = mapped_column(String(120), comment="one form is one sheet")
    facts_hash: Mapped[str] = mapped_column(String(64), comment="keyed hash of the form")
    campaign_unit_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign_unit.id"))
    method: Mapped[str] = mapped_column(String(4))
    collected_on: Mapped[dt.date] = mapped_column(Date)
    entered_by_id: Mapped[str] = mapped_column(Person)
    entered_by_name: Mapped[str] = mapped_column(PersonName)
    entered_at: Mapped[Moment]


class Slip(Base):
    """A deposit slip: cash counted, paid in at the bank, to be confirmed by another person."""

    __tablename__ = "donations_slip"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("form_key"),
        CheckConstraint(
            "status IN ('waiting', 'confirmed', 'settled', 'withdrawn')", name="status"
        ),
        CheckConstraint("amount_fen >= 1 AND gifts >= 1", name="amount"),
        CheckConstraint("length(photo_sha256) = 64", name="photo_sha256"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> closed_by_id", name="two_people"
        ),
        CheckConstraint(
            "(confirmed_by_id IS NOT NULL) = (status IN ('confirmed', 'settled'))",
            name="confirmed",
        ),
        Index("ix_donations_slip_unit_id_id", "unit_id", "id"),
        Index(
            "ix_donations_slip_open",
            "status",
            "id",
            sqlite_where=text("status IN ('waiting', 'confirmed')"),
            postgresql_where=text("status IN ('waiting', 'confirmed')"),
        ),
    )
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20))
    form_key: Mapped[str] = mapped_column(String(120), comment="one form is one slip")
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    status: Mapped[str] = mapped_column(String(10))
    amount_fen: Mapped[Fen]
    gifts: Mapped[int] = mapped_column(SmallInteger)
    paid_in_on: Mapped[dt.date] = mapped_column(Date, comment="as the bank's slip says")
    photo_path: Mapped[str] = mapped_column(String(120), comment="relative to the store of files")
    photo_sha256: Mapped[str] = mapped_column(String(64))
    photo_size: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(String(32), comment="approvals' public id")
    closed_by_id: Mapped[str] = mapped_column(Person)
    closed_by_name: Mapped[str] = mapped_column(PersonName)
    closed_at: Mapped[Moment]
    confirmed_by_id: Mapped[str | None] = mapped_column(Person)
    confirmed_by_name: Mapped[str | None] = mapped_column(PersonName)
    confirmed_at: Mapped[Moment | None]
    settled_at: Mapped[Moment | None]


class HandGift(Base):
    """What a gift entered by hand has besides: its printed code, its slip, its withdrawal."""

    __tablename__ = "donations_hand_gift"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn"),
        CheckConstraint("withdrawn_at IS NULL OR slip_id IS NULL", name="withdrawn_no_slip"),
        Index("ix_donations_hand_gift_slip_id", "slip_id"),
    )
    gift_id: Mapped[int] = mapped_column(
        ForeignKey("donations_gift.id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(8), comment="printed; found in a transfer's memo")
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("donations_slip.id"))
    withdrawn_at: Mapped[Moment | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(String(200))


class BankAccount(Base):
    """A bank account in the charity's own name. ``code`` names it in the ledger, for ever."""

    __tablename__ = "donations_bank_account"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("number_index"),
        CheckConstraint("length(tail) = 4", name="tail"),
    )
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20))
    bank_name: Mapped[str] = mapped_column(String(120))
    holder: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(Sealed("donations_bank_account.number"))
    number_index: Mapped[str] = mapped_column(String(64), comment="blind index of the number")
    tail: Mapped[str] = mapped_column(String(4), comment="last four signs, all that is shown")
    currency: Mapped[str] = mapped_column(String(3))
    opened_on: Mapped[dt.date] = mapped_column(Date)
    created_at: Mapped[Moment]


class BankLine(Base):
    """One line of a bank statement, as the cashier entered it."""

    __tablename__ = "donations_bank_line"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("account_id", "serial"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        Index("ix_donations_bank_line_booked_on_id", "booked_on", "id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[int] = mapped_column(ForeignKey("donations_bank_account.id"))
    serial: Mapped[str] = mapped_column(String(60), comment="the bank's own number of the line")
    booked_on: Mapped[dt.date] = mapped_column(Date)
    direction: Mapped[str] = mapped_column(String(3))
    amount_fen: Mapped[Fen]
    memo: Mapped[str | None] = mapped_column(Sealed("donations_bank_line.memo"))
    counterparty: Mapped[str | None] = mapped_column(Sealed("donations_bank_line.counterparty"))
    entered_by_id: Mapped[str] = mapped_column(Person)
    entered_by_name: Mapped[str] = mapped_column(PersonName)
    entered_at: Mapped[Moment]


class LineEffect(Base):
    """What a line was for: one for each line, and one line for each thing."""

    __tablename__ = "donations_line_effect"
    __table_args__ = (
        UniqueConstraint("use", "target"),
        {"info": {"append_only": True}},
    )
    line_id: Mapped[int] = mapped_column(
        ForeignKey("donations_bank_line.id"), primary_key=True, autoincrement=False
    )
    use: Mapped[str] = mapped_column(String(12))
    target: Mapped[str] = mapped_column(String(64), comment="public name of what it was for")
    by_id: Mapped[str] = mapped_column(Person)
    by_name: Mapped[str] = mapped_column(PersonName)
    at: Mapped[Moment]


class Suspense(Base):
    """Money of a line that nobody knew: held until it is somebody's, or goes back."""

    __tablename__ = "donations_suspense"
    __table_args__ = (
        UniqueConstraint("sheet_id"),
        CheckConstraint(
            "status IN ('held', 'asked', 'given', 'returning', 'returned')", name="status"
        ),
        CheckConstraint("status <> 'given' OR sheet_id IS NOT NULL", name="given"),
        Index("ix_donations_suspense_status", "status", "line_id"),
    )
    line_id: Mapped[int] = mapped_column(
        ForeignKey("donations_bank_line.id"), primary_key=True, autoincrement=False
    )
    status: Mapped[str] = mapped_column(String(10))
    sheet_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("donations_sheet.id"), comment="as whose gift"
    )
    request_id: Mapped[str | None] = mapped_column(String(32), comment="approvals' public id")
    changed_at: Mapped[Moment]
