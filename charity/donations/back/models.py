"""Tables of refunds and corrections: what was asked, where it stands, what came of it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Fen, Id, Moment

_OPEN = "state IN ('asked', 'approved', 'sent', 'unknown', 'done')"
_MOVING = "state IN ('approved', 'sent', 'unknown') AND route = 'provider'"


class Refund(Base):
    """One gift's way back. The provider knows it by ``public_id``, its key for ever."""

    __tablename__ = "donations_refund"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("request_id"),
        CheckConstraint("amount_fen >= 1", name="amount"),
        CheckConstraint("route IN ('provider', 'bank')", name="route"),
        CheckConstraint(
            "(route = 'provider') = (object_id IS NOT NULL)"
            " AND (route = 'provider') = (provider IS NOT NULL)",
            name="way",
        ),
        CheckConstraint(
            "reason IN ('duplicate', 'wrong_amount', 'donor_asked', 'not_authorized',"
            " 'campaign_failed', 'other')",
            name="reason",
        ),
        CheckConstraint(
            "state IN ('asked', 'dropped', 'approved', 'sent', 'unknown', 'done', 'failed')",
            name="state",
        ),
        # Two people who ask at one instant ask once: the database has the last word.
        Index(
            "uq_donations_refund_open",
            "gift_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index(
            "ix_donations_refund_moving",
            "next_at",
            sqlite_where=text(_MOVING),
            postgresql_where=text(_MOVING),
        ),
        Index("ix_donations_refund_gift_id", "gift_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    gift_id: Mapped[int] = mapped_column(ForeignKey("donations_gift.id"))
    amount_fen: Mapped[Fen]
    currency: Mapped[str] = mapped_column(String(3))
    route: Mapped[str] = mapped_column(String(10))
    provider: Mapped[str | None] = mapped_column(String(20))
    object_id: Mapped[str | None] = mapped_column(String(120), comment="the provider's payment")
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300), comment="no personal data")
    state: Mapped[str] = mapped_column(String(10))
    state_at: Mapped[Moment]
    request_id: Mapped[str] = mapped_column(String(32), comment="of the approval")
    asked_by_id: Mapped[str] = mapped_column(String(64))
    asked_by_name: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[Moment | None] = mapped_column(comment="when it is sent or looked for again")
    reference: Mapped[str | None] = mapped_column(String(120), comment="the provider's name for it")
    error: Mapped[str | None] = mapped_column(String(80), comment="kind of failure, no data")
    done_on: Mapped[dt.date | None] = mapped_column(Date)


class Correction(Base):
    """One mistake of ours about a gift, and how it was mended. The old entries stay."""

    __tablename__ = "donations_correction"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("request_id"),
        CheckConstraint("kind IN ('unit', 'name')", name="kind"),
        CheckConstraint("state IN ('asked', 'dropped', 'done')", name="state"),
        CheckConstraint("length(reason) >= 1", name="reason"),
        CheckConstraint(
            "(kind = 'unit') = (to_campaign_unit_id IS NOT NULL)"
            " AND (kind = 'name') = (name IS NOT NULL)",
            name="what",
        ),
        Index(
            "uq_donations_correction_asked",
            "gift_id",
            unique=True,
            sqlite_where=text("state = 'asked'"),
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_donations_correction_gift_id", "gift_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    gift_id: Mapped[int] = mapped_column(ForeignKey("donations_gift.id"))
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(300), comment="public; no personal data")
    from_campaign_unit_id: Mapped[int | None] = mapped_column(ForeignKey("funds_campaign_unit.id"))
    to_campaign_unit_id: Mapped[int | None] = mapped_column(ForeignKey("funds_campaign_unit.id"))
    from_donor_id: Mapped[int | None] = mapped_column(ForeignKey("donations_donor.id"))
    to_donor_id: Mapped[int | None] = mapped_column(ForeignKey("donations_donor.id"))
    name: Mapped[str | None] = mapped_column(Sealed("donations_correction.name"))
    state: Mapped[str] = mapped_column(String(10))
    request_id: Mapped[str] = mapped_column(String(32), comment="of the approval")
    asked_by_id: Mapped[str] = mapped_column(String(64))
    asked_by_name: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[Moment]
    done_at: Mapped[Moment | None]
    group_id: Mapped[int | None] = mapped_column(BigInteger, comment="of the entries")
