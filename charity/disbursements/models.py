"""Tables of the use of money: payees, applications and their lines, steps, payments, holds.

A payee, a step and a payment are never changed. The money itself is the ledger's: what a row says
about it is compared with the entries by ``checks``.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Fen, Id, Moment, Ref, Words

PERSON = String(64)
PERSON_NAME = String(120)
APPEND_ONLY = {"info": {"append_only": True}}


class UsePlan(Base):
    """The uses that a campaign's filed plan allows, as data; the newest version holds."""

    __tablename__ = "disbursements_use_plan"
    __table_args__ = (
        UniqueConstraint("campaign_id", "version"),
        CheckConstraint("version >= 1 AND clause <> ''", name="clause"),
        CheckConstraint("use_until >= use_from", name="dates"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    purposes: Mapped[Words] = mapped_column(comment="JSON list; empty: every one")
    categories: Mapped[Words] = mapped_column(comment="JSON list; empty: every one")
    use_from: Mapped[dt.date] = mapped_column(Date)
    use_until: Mapped[dt.date] = mapped_column(Date)
    clause: Mapped[Words] = mapped_column(comment="where the filed plan says so")
    by_id: Mapped[str] = mapped_column(PERSON)
    by_name: Mapped[str] = mapped_column(PERSON_NAME)
    recorded_at: Mapped[Moment]


class Payee(Base):
    """An account that a unit may have money paid to. Another account is another payee."""

    __tablename__ = "disbursements_payee"
    __table_args__ = (
        UniqueConstraint("public_id"),
        CheckConstraint("kind IN ('person', 'organization')", name="kind"),
        CheckConstraint("(kind = 'organization') = (uscc IS NOT NULL)", name="uscc"),
        CheckConstraint(
            "kind = 'organization' OR phone_index IS NOT NULL OR id_number_index IS NOT NULL",
            name="known_person",
        ),
        CheckConstraint("length(tail) = 4", name="tail"),
        CheckConstraint("(retired_at IS NULL) = (retired_by_id IS NULL)", name="retired"),
        Index(
            "uq_disbursements_payee_account",
            "unit_id",
            "account_index",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index("ix_disbursements_payee_same_index", "same_index"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(Sealed("disbursements_payee.name"))
    name_index: Mapped[str] = mapped_column(String(64), comment="blind index of the name")
    shown: Mapped[str] = mapped_column(String(120), comment="a person's is masked")
    uscc: Mapped[str | None] = mapped_column(String(18))
    bank_name: Mapped[str] = mapped_column(String(120))
    account: Mapped[str] = mapped_column(Sealed("disbursements_payee.account"))
    account_index: Mapped[str] = mapped_column(String(64), comment="blind index of the number")
    tail: Mapped[str] = mapped_column(String(4), comment="last four digits, all that is shown")
    phone_index: Mapped[str | None] = mapped_column(String(64), comment="as people's, of a person")
    id_number_index: Mapped[str | None] = mapped_column(String(64), comment="as people's")
    same_index: Mapped[str] = mapped_column(
        String(64), comment="the same for every account of one payee: split payments"
    )
    by_id: Mapped[str] = mapped_column(PERSON)
    by_name: Mapped[str] = mapped_column(PERSON_NAME)
    added_at: Mapped[Moment]
    retired_at: Mapped[Moment | None]
    retired_by_id: Mapped[str | None] = mapped_column(PERSON)


class Application(Base):
    """A unit asks to use its money. Its row is locked before anything is decided about it."""

    __tablename__ = "disbursements_application"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("number"),
        # The book is that of the campaign and unit, whatever the code above thinks.
        ForeignKeyConstraint(
            ["campaign_unit_id", "book_id"],
            ["funds_campaign_unit.id", "funds_campaign_unit.book_id"],
            name="fk_disbursements_application_campaign_unit_id",
        ),
        CheckConstraint(
            "status IN ('draft', 'waiting', 'returned', 'refused', 'approved', 'paid', 'proved',"
            " 'withdrawn', 'lapsed')",
            name="status",
        ),
        CheckConstraint("function IN ('programme', 'fundraising')", name="function"),
        CheckConstraint(
            "(function = 'fundraising') = (purpose = 'campaign_cost')", name="function_purpose"
        ),
        CheckConstraint(
            "amount_fen >= CASE WHEN status IN ('draft', 'withdrawn') THEN 0 ELSE 1 END",
            name="amount",
        ),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("people_count >= 0", name="people_count"),
        CheckConstraint("status <> 'waiting' OR request_id IS NOT NULL", name="asked"),
        CheckConstraint(
            "status IN ('draft', 'withdrawn')"
            " OR (payee_id IS NOT NULL AND asked_by_id IS NOT NULL)",
            name="payee_asked",
        ),
        # Two people signed what is promised or gone, and neither asked for it.
        CheckConstraint(
            "status NOT IN ('approved', 'paid', 'proved') OR (approved_hash IS NOT NULL"
            " AND first_person_id IS NOT NULL AND second_person_id IS NOT NULL"
            " AND first_person_id <> second_person_id AND first_person_id <> asked_by_id"
            " AND second_person_id <> asked_by_id AND expires_on IS NOT NULL)",
            name="signed",
        ),
        CheckConstraint(
            "(status IN ('paid', 'proved')) = (paid_fen > returned_fen)", name="paid_fen"
        ),
        CheckConstraint(
            "returned_fen >= 0 AND paid_fen >= returned_fen AND paid_fen <= amount_fen",
            name="returned_fen",
        ),
        CheckConstraint(
            "status NOT IN ('paid', 'proved') OR evidence_due_on IS NOT NULL", name="evidence_due"
        ),
        CheckConstraint("(status = 'proved') = (proved_at IS NOT NULL)", name="proved"),
        Index("ix_disbursements_application_campaign_unit_id_id", "campaign_unit_id", "id"),
        Index("ix_disbursements_application_status_id", "status", "id"),
        Index("ix_disbursements_application_book_id", "book_id"),
        Index("ix_disbursements_application_payee_id", "payee_id"),
        Index("ix_disbursements_application_request_id", "request_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    number: Mapped[str] = mapped_column(String(20))
    campaign_unit_id: Mapped[int] = mapped_column(BigInteger)
    book_id: Mapped[Ref]
    status: Mapped[str] = mapped_column(String(10))
    status_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(Integer, comment="counts changes of what is asked for")
    copied_from: Mapped[str | None] = mapped_column(String(32), comment="public id")
    # What is asked for.
    title: Mapped[str] = mapped_column(String(120), comment="public; no names of people helped")
    reason: Mapped[Words] = mapped_column(comment="public; no names of people helped")
    function: Mapped[str] = mapped_column(String(12))
    purpose: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    people_count: Mapped[int] = mapped_column(Integer)
    people_codes: Mapped[Words] = mapped_column(comment="JSON list of codes, never names")
    area_code: Mapped[str] = mapped_column(String(12))
    area_name: Mapped[str] = mapped_column(String(120))
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    evidence_kinds: Mapped[str] = mapped_column(String(200), comment="JSON list")
    evidence_plan: Mapped[Words]
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    payee_id: Mapped[int | None] = mapped_column(ForeignKey("disbursements_payee.id"))
    # Who has a part in it.
    written_by_id: Mapped[str] = mapped_column(PERSON)
    written_by_name: Mapped[str] = mapped_column(PERSON_NAME)
    created_at: Mapped[Moment]
    asked_by_id: Mapped[str | None] = mapped_column(PERSON, comment="who submitted it last")
    asked_by_name: Mapped[str | None] = mapped_column(PERSON_NAME)
    asked_at: Mapped[Moment | None]
    request_id: Mapped[str | None] = mapped_column(String(32), comment="of the last approval")
    words: Mapped[Words] = mapped_column(comment="questions, or why refused, voided or lapsed")
    # What was signed.
    approved_hash: Mapped[str | None] = mapped_column(String(64), comment="SHA-256, hex")
    first_person_id: Mapped[str | None] = mapped_column(PERSON)
    second_person_id: Mapped[str | None] = mapped_column(PERSON)
    approved_at: Mapped[Moment | None]
    expires_on: Mapped[dt.date | None] = mapped_column(Date, comment="the last day to pay")
    reserved_times: Mapped[int] = mapped_column(SmallInteger, comment="counts reservations")
    # What came of it.
    paid_times: Mapped[int] = mapped_column(SmallInteger, comment="counts payments")
    paid_on: Mapped[dt.date | None] = mapped_column(Date)
    paid_fen: Mapped[Fen] = mapped_column(comment="0 again when the bank sent it back")
    returned_fen: Mapped[Fen] = mapped_column(comment="of it, handed back")
    evidence_due_on: Mapped[dt.date | None] = mapped_column(Date)
    proved_at: Mapped[Moment | None]
    proved_by_id: Mapped[str | None] = mapped_column(PERSON)
    proved_by_name: Mapped[str | None] = mapped_column(PERSON_NAME)


class BudgetLine(Base):
    """One line of an application's budget. The lines sum to its amount."""

    __tablename__ = "disbursements_budget_line"
    __table_args__ = (
        CheckConstraint("line >= 1", name="line"),
        CheckConstraint("quantity >= 1 AND price_fen >= 1", name="price"),
        CheckConstraint("amount_fen = quantity * price_fen", name="amount"),
    )
    application_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("disbursements_application.id"),
        primary_key=True,
        autoincrement=False,
    )
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    what: Mapped[str] = mapped_column(String(120))
    quantity: Mapped[int] = mapped_column(Integer)
    measure: Mapped[str] = mapped_column(String(20), comment="袋, 人, 月")
    price_fen: Mapped[Fen]
    amount_fen: Mapped[Fen]


class Attachment(Base):
    """A file that belongs to the asking; its content lies in the file store."""

    __tablename__ = "disbursements_attachment"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("application_id", "sha256"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("size > 0", name="size"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    application_id: Mapped[int] = mapped_column(ForeignKey("disbursements_application.id"))
    title: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(40))
    path: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, comment="bytes")
    by_id: Mapped[str] = mapped_column(PERSON)
    added_at: Mapped[Moment]


class ApplicationStep(Base):
    """What happened to an application, in order."""

    __tablename__ = "disbursements_step"
    __table_args__ = (
        Index("ix_disbursements_step_application_id_id", "application_id", "id"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey("disbursements_application.id"))
    step: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(10), comment="after it")
    words: Mapped[Words]
    fen: Mapped[int | None] = mapped_column(BigInteger)
    by_id: Mapped[str | None] = mapped_column(PERSON, comment="null: the system")
    by_name: Mapped[str | None] = mapped_column(PERSON_NAME)
    at: Mapped[Moment]


class Payment(Base):
    """A movement on a bank line for an application: one line, one movement."""

    __tablename__ = "disbursements_payment"
    __table_args__ = (
        UniqueConstraint("line_id"),
        UniqueConstraint("entry_id"),
        CheckConstraint("kind IN ('pay', 'bank_return', 'money_back')", name="kind"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("(kind = 'pay') = (facts_sha256 IS NOT NULL)", name="facts"),
        Index("ix_disbursements_payment_application_id_id", "application_id", "id"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    application_id: Mapped[int] = mapped_column(ForeignKey("disbursements_application.id"))
    kind: Mapped[str] = mapped_column(String(12))
    line_id: Mapped[str] = mapped_column(String(32), comment="public id of the bank line")
    account: Mapped[str] = mapped_column(String(20), comment="code of the charity's account")
    amount_fen: Mapped[Fen]
    booked_on: Mapped[dt.date] = mapped_column(Date)
    facts_sha256: Mapped[str | None] = mapped_column(String(64), comment="of what was paid")
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_entry.id"))
    by_id: Mapped[str] = mapped_column(PERSON)
    by_name: Mapped[str] = mapped_column(PERSON_NAME)
    at: Mapped[Moment]


class Hold(Base):
    """Why an application may not be paid now. Nothing is paid while one stands."""

    __tablename__ = "disbursements_hold"
    __table_args__ = (
        UniqueConstraint("public_id"),
        CheckConstraint(
            "reason IN ('question', 'concern', 'payee', 'pairing', 'disclosure', 'audit')",
            name="reason",
        ),
        CheckConstraint("(released_at IS NULL) = (released_words IS NULL)", name="released"),
        Index(
            "uq_disbursements_hold_standing",
            "application_id",
            "reason",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    application_id: Mapped[int] = mapped_column(ForeignKey("disbursements_application.id"))
    reason: Mapped[str] = mapped_column(String(12))
    note: Mapped[Words]
    by_id: Mapped[str | None] = mapped_column(PERSON, comment="null: the system")
    by_name: Mapped[str | None] = mapped_column(PERSON_NAME)
    set_at: Mapped[Moment]
    released_at: Mapped[Moment | None]
    released_words: Mapped[str | None] = mapped_column(String(500))
    released_by_id: Mapped[str | None] = mapped_column(PERSON)
    released_by_name: Mapped[str | None] = mapped_column(PERSON_NAME)
