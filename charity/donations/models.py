"""Tables of donors, intents, gifts, payments, and of the built-in sandbox provider."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Fen, Id, Moment, Words


class Donor(Base):
    """A donor as named on gifts. Nobody anonymous has a row here."""

    __tablename__ = "donations_donor"
    __table_args__ = (UniqueConstraint("identity"),)
    id: Mapped[Id]
    identity: Mapped[str | None] = mapped_column(
        String(64), comment="blind index of name and contacts; null when there is no contact"
    )
    name: Mapped[str | None] = mapped_column(Sealed("donations_donor.name"))
    email: Mapped[str | None] = mapped_column(Sealed("donations_donor.email"))
    phone: Mapped[str | None] = mapped_column(Sealed("donations_donor.phone"))
    organization_name: Mapped[str | None] = mapped_column(String(200))
    organization_uscc: Mapped[str | None] = mapped_column(String(18))
    created_at: Mapped[Moment]
    settled_at: Mapped[Moment | None] = mapped_column(comment="the first gift that settled")


class Tally(Base):
    """One row: donors with a settled gift. Moved once a batch, so no page counts donors."""

    __tablename__ = "donations_tally"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    donors: Mapped[int] = mapped_column(BigInteger)


class Intent(Base):
    """What we asked: one payment of one or more gifts, under our own id and the caller's key."""

    __tablename__ = "donations_intent"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("key"),
        UniqueConstraint("reference", "provider"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("mode IN ('real', 'test')", name="mode"),
        CheckConstraint(
            "status IN ('created', 'pending', 'expired', 'failed', 'paid')", name="status"
        ),
        Index(
            "ix_donations_intent_quiet",
            "expires_at",
            sqlite_where=text("status IN ('created', 'pending')"),
            postgresql_where=text("status IN ('created', 'pending')"),
        ),
        Index(
            "ix_donations_intent_look",
            "look_at",
            sqlite_where=text("status <> 'paid' AND look_at IS NOT NULL"),
            postgresql_where=text("status <> 'paid' AND look_at IS NOT NULL"),
        ),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(220), comment="idempotency key, unique for ever")
    facts_hash: Mapped[str] = mapped_column(String(64), comment="keyed hash of the request")
    channel: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    mode: Mapped[str] = mapped_column(String(4))
    reference: Mapped[str | None] = mapped_column(String(120))
    pay_url: Mapped[str | None] = mapped_column(String(500))
    scan: Mapped[str | None] = mapped_column(String(500), comment="a code to scan, not a page")
    look_at: Mapped[Moment | None] = mapped_column(comment="when the provider is asked next")
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(10))
    status_at: Mapped[Moment]
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]


class Gift(Base):
    """One donor, one book, one amount. A payment may carry many."""

    __tablename__ = "donations_gift"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("intent_id", "line"),
        UniqueConstraint("sheet_id", "line"),
        # Given online or entered by hand, never both: nothing is invented for the other.
        CheckConstraint("(intent_id IS NULL) <> (sheet_id IS NULL)", name="origin"),
        # The book is the campaign unit's own book and no other.
        ForeignKeyConstraint(
            ["campaign_unit_id", "book_id"],
            ["funds_campaign_unit.id", "funds_campaign_unit.book_id"],
        ),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint(
            "status IN ('created', 'pending', 'settled', 'failed', 'expired',"
            " 'withdrawn', 'partly_refunded', 'refunded', 'disputed')",
            name="status",
        ),
        CheckConstraint("display IN ('masked', 'name', 'anonymous')", name="display"),
        CheckConstraint("bill_wish IN ('wanted', 'waived', 'anonymous')", name="bill_wish"),
        Index(
            "ix_donations_gift_book_settled",
            "book_id",
            "settled_at",
            sqlite_where=text("settled_at IS NOT NULL"),
            postgresql_where=text("settled_at IS NOT NULL"),
        ),
        Index(
            "ix_donations_gift_message",
            "id",
            sqlite_where=text("message IS NOT NULL"),
            postgresql_where=text("message IS NOT NULL"),
        ),
        Index(
            "ix_donations_gift_receipt_due",
            "id",
            sqlite_where=text("receipt_due"),
            postgresql_where=text("receipt_due"),
        ),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    intent_id: Mapped[int | None] = mapped_column(ForeignKey("donations_intent.id"))
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("donations_sheet.id"))
    line: Mapped[int] = mapped_column(SmallInteger)
    campaign_unit_id: Mapped[int] = mapped_column(BigInteger)
    book_id: Mapped[int] = mapped_column(BigInteger)
    team: Mapped[str | None] = mapped_column(String(64))
    amount_fen: Mapped[Fen]
    status: Mapped[str] = mapped_column(String(20))
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donations_donor.id"))
    display: Mapped[str] = mapped_column(String(10))
    message: Mapped[Words | None]
    receipt_wanted: Mapped[bool]
    receipt_due: Mapped[bool] = mapped_column(comment="settled, wanted, and not issued yet")
    bill_wish: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(
        String(2), server_default=text("'zh'"), comment="in which the donor is written to"
    )
    moved: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="how often its unit was corrected"
    )
    created_at: Mapped[Moment]
    settled_at: Mapped[Moment | None]


class Payment(Base):
    """What happened: the provider's payment of an intent, stored once."""

    __tablename__ = "donations_payment"
    __table_args__ = (
        UniqueConstraint("intent_id"),
        UniqueConstraint("provider", "account", "object_id"),
        CheckConstraint("amount_fen >= 1 AND fee_fen >= 0", name="amounts"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    intent_id: Mapped[int] = mapped_column(ForeignKey("donations_intent.id"))
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(120))
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    fee_fen: Mapped[Fen | None] = mapped_column(comment="null: stated later, see ``Fee``")
    paid_at: Mapped[Moment]
    recorded_at: Mapped[Moment]


class Fee(Base):
    """What a provider took for one payment, when it said so after the payment."""

    __tablename__ = "donations_fee"
    __table_args__ = (
        UniqueConstraint("payment_id"),
        UniqueConstraint("provider", "account", "object_id"),
        CheckConstraint("amount_fen >= 0", name="amount"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("donations_payment.id"))
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(120))
    amount_fen: Mapped[Fen]
    stated_at: Mapped[Moment]
    recorded_at: Mapped[Moment]


class Payout(Base):
    """Money a provider sent on: one group of entries, ``transit`` until its bank line comes."""

    __tablename__ = "donations_payout"
    __table_args__ = (
        UniqueConstraint("provider", "account", "object_id"),
        UniqueConstraint("group_id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(120))
    amount_fen: Mapped[Fen] = mapped_column(comment="negative: the provider took it back")
    currency: Mapped[str] = mapped_column(String(3))
    group_id: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[Moment]
    recorded_at: Mapped[Moment]


class PayoutBook(Base):
    """A book's net in a payout: what its bank line will move from ``transit``."""

    __tablename__ = "donations_payout_book"
    __table_args__ = (
        UniqueConstraint("payout_id", "book_id"),
        CheckConstraint("net_fen <> 0", name="net"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    payout_id: Mapped[int] = mapped_column(ForeignKey("donations_payout.id"))
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"))
    net_fen: Mapped[Fen]


class PayoutLine(Base):
    """One of the provider's lines in a payout; each is in one payout for ever."""

    __tablename__ = "donations_payout_line"
    __table_args__ = (
        UniqueConstraint("provider", "account", "object_id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    payout_id: Mapped[int] = mapped_column(ForeignKey("donations_payout.id"))
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    net_fen: Mapped[Fen]


class Inquiry(Base):
    """Something a provider only pointed at: it is asked about, and its answer stored as told."""

    __tablename__ = "donations_inquiry"
    __table_args__ = (
        UniqueConstraint("provider", "account", "inquiry", "object_id"),
        Index(
            "ix_donations_inquiry_due",
            "next_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(64))
    inquiry: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[Moment]
    done_at: Mapped[Moment | None]


class StatusEvent(Base):
    """The trail of an intent: each state it came to, once."""

    __tablename__ = "donations_status_event"
    __table_args__ = (
        UniqueConstraint("intent_id", "status"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    intent_id: Mapped[int] = mapped_column(ForeignKey("donations_intent.id"))
    status: Mapped[str] = mapped_column(String(10))
    at: Mapped[Moment]


class WordDecision(Base):
    """Somebody looked at a donor's message and let it be shown, or not. The last row counts."""

    __tablename__ = "donations_word_decision"
    __table_args__ = (
        Index("ix_donations_word_decision_gift_id", "gift_id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    gift_id: Mapped[int] = mapped_column(ForeignKey("donations_gift.id"))
    shown: Mapped[bool]
    at: Mapped[Moment]
    person_id: Mapped[str] = mapped_column(String(64))
    person_name: Mapped[str] = mapped_column(String(120))


class Try(Base):
    """A try to pay, kept for a day: where it came from as keyed hashes, and what became of it."""

    __tablename__ = "donations_try"
    __table_args__ = (
        UniqueConstraint("challenge"),
        Index("ix_donations_try_at", "at"),
        Index("ix_donations_try_address_at", "address", "at"),
        Index("ix_donations_try_device_at", "device", "at"),
        Index("ix_donations_try_donor_at", "donor", "at"),
    )
    id: Mapped[Id]
    at: Mapped[Moment]
    address: Mapped[str] = mapped_column(String(64))
    device: Mapped[str | None] = mapped_column(String(64))
    donor: Mapped[str | None] = mapped_column(String(64))
    intent_id: Mapped[int | None] = mapped_column(ForeignKey("donations_intent.id"))
    challenge: Mapped[str | None] = mapped_column(String(128), comment="solved, and so used up")


class SandboxSession(Base):
    """The sandbox provider's own record of a payment it was asked for."""

    __tablename__ = "sandbox_session"
    __table_args__ = (
        UniqueConstraint("payment_id"),
        CheckConstraint("status IN ('open', 'declined', 'paid', 'expired')", name="status"),
    )
    reference: Mapped[str] = mapped_column(String(40), primary_key=True)
    payment_id: Mapped[str] = mapped_column(String(32))
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[Moment]


class SandboxEvent(Base):
    """What the sandbox has to tell us: committed first, then delivered until answered."""

    __tablename__ = "sandbox_event"
    __table_args__ = (
        UniqueConstraint("object_id", "type"),
        Index(
            "ix_sandbox_event_undelivered",
            "next_at",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("sandbox_session.reference"))
    object_id: Mapped[str] = mapped_column(String(40), comment="the session or the refund")
    type: Mapped[str] = mapped_column(String(40))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[Moment]
    delivered_at: Mapped[Moment | None]


class SandboxRefund(Base):
    """The sandbox provider's own record of money it sent back."""

    __tablename__ = "sandbox_refund"
    __table_args__ = (
        UniqueConstraint("refund_id"),
        Index("ix_sandbox_refund_session_reference", "session_reference"),
        CheckConstraint("amount_fen >= 1", name="amount"),
    )
    reference: Mapped[str] = mapped_column(String(40), primary_key=True)
    refund_id: Mapped[str] = mapped_column(String(120))
    session_reference: Mapped[str] = mapped_column(ForeignKey("sandbox_session.reference"))
    amount_fen: Mapped[Fen]
    created_at: Mapped[Moment]
