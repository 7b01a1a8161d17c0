"""Tables of evidence: pictures of slips, invoices and work done, what was decided, what is public.

Rule: only pictures drawn anew are kept (no place, no camera); a row says which content was judged,
by its hash. The database itself refuses that whoever gave a piece judges it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
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

from charity.kernel.db import Base, Id, Moment, Ref, Words

Person = String(64)
PersonName = String(120)


class Evidence(Base):
    """One picture given for an application that was paid."""

    __tablename__ = "disbursements_evidence"
    __table_args__ = (
        UniqueConstraint("public_id"),
        Index(
            "uq_disbursements_evidence_once",
            "application_id",
            "sha256",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_disbursements_evidence_sha256", "sha256"),
        CheckConstraint("kind IN ('slip', 'invoice', 'photo', 'list', 'other')", name="kind"),
        CheckConstraint("status IN ('given', 'accepted', 'refused')", name="status"),
        CheckConstraint("media_type IN ('image/jpeg', 'image/png')", name="media_type"),
        CheckConstraint("length(sha256) = 64 AND size >= 1", name="content"),
        CheckConstraint("(status = 'given') = (judged_by_id IS NULL)", name="judged"),
        CheckConstraint("judged_by_id IS NULL OR judged_by_id <> given_by_id", name="two_people"),
        CheckConstraint("removed_at IS NULL OR status = 'given'", name="removed"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(16))
    application_id: Mapped[Ref] = mapped_column(ForeignKey("disbursements_application.id"))
    kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    caption: Mapped[str] = mapped_column(String(120), comment="for the office, not for the public")
    media_type: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(String(120), comment="relative to the store of files")
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer, comment="bytes")
    width: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)
    given_by_id: Mapped[str] = mapped_column(Person)
    given_by_name: Mapped[str] = mapped_column(PersonName)
    given_at: Mapped[Moment]
    judged_by_id: Mapped[str | None] = mapped_column(Person)
    judged_by_name: Mapped[str | None] = mapped_column(PersonName)
    judged_at: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]


class EvidenceDecision(Base):
    """One word on the evidence of an application: enough, or what is asked for again."""

    __tablename__ = "disbursements_evidence_decision"
    __table_args__ = (
        CheckConstraint("by_id <> asked_by_id", name="not_the_requester"),
        CheckConstraint("accepted OR length(reason) >= 1", name="reason"),
        CheckConstraint("accepted = (due_on IS NULL)", name="due_on"),
        Index("ix_disbursements_evidence_decision_application_id", "application_id", "id"),
        Index(
            "uq_disbursements_evidence_decision_accepted",
            "application_id",
            unique=True,
            sqlite_where=text("accepted"),
            postgresql_where=text("accepted"),
        ),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    application_id: Mapped[Ref] = mapped_column(ForeignKey("disbursements_application.id"))
    accepted: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[Words]
    due_on: Mapped[dt.date | None] = mapped_column(Date, comment="what is asked again is due")
    files: Mapped[Words] = mapped_column(comment="JSON: SHA-256 of what was judged, sorted")
    asked_by_id: Mapped[str] = mapped_column(Person, comment="who asked for the money")
    by_id: Mapped[str] = mapped_column(Person)
    by_name: Mapped[str] = mapped_column(PersonName)
    at: Mapped[Moment]


class EvidencePublication(Base):
    """A piece of evidence as the public sees it: the picture, or a copy with things covered."""

    __tablename__ = "disbursements_evidence_publication"
    __table_args__ = (
        UniqueConstraint("public_id"),
        Index(
            "uq_disbursements_evidence_publication_one",
            "evidence_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        CheckConstraint("media_type IN ('image/jpeg', 'image/png')", name="media_type"),
        CheckConstraint("length(sha256) = 64 AND size >= 1", name="content"),
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)"
            " AND (withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name="withdrawn",
        ),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(16), comment="its public address")
    evidence_id: Mapped[Ref] = mapped_column(ForeignKey("disbursements_evidence.id"))
    title: Mapped[str] = mapped_column(String(120), comment="what is to be seen, for the public")
    media_type: Mapped[str] = mapped_column(String(20))
    path: Mapped[str] = mapped_column(String(120), comment="relative to the store of files")
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer, comment="bytes")
    width: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)
    by_id: Mapped[str] = mapped_column(Person)
    by_name: Mapped[str] = mapped_column(PersonName)
    at: Mapped[Moment]
    withdrawn_at: Mapped[Moment | None]
    withdrawn_by_id: Mapped[str | None] = mapped_column(Person)
    withdrawn_by_name: Mapped[str | None] = mapped_column(PersonName)
    withdrawn_reason: Mapped[str | None] = mapped_column(String(300))
