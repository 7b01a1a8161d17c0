"""Tables of approvals. What was asked and what was decided is append-only; the state moves.

The database itself refuses a decision by the requester, a second word of one person, a decision on
other facts than were asked for, and two live requests about one thing.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    CheckConstraint,
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

from charity.kernel.db import Base, Id, Moment, Ref, Words

APPEND_ONLY = {"info": {"append_only": True}}


class Request(Base):
    """What was asked for, by whom, and the facts as they were hashed."""

    __tablename__ = "approvals_request"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("id", "kind", "subject_id"),
        UniqueConstraint("id", "asked_by_id", "facts_sha256"),
        Index("ix_approvals_request_kind_subject_id", "kind", "subject_id"),
        Index("ix_approvals_request_kind_id", "kind", "id"),
        Index("ix_approvals_request_facts_sha256", "facts_sha256"),
        Index("ix_approvals_request_asked_by_id", "asked_by_id"),
        CheckConstraint("length(facts_sha256) = 64", name="facts_sha256"),
        CheckConstraint("needed >= 1", name="needed"),
        CheckConstraint("expires_at > asked_at", name="expires_at"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    note: Mapped[Words]
    facts: Mapped[Words] = mapped_column(comment="canonical JSON")
    facts_sha256: Mapped[str] = mapped_column(String(64), comment="hex")
    needed: Mapped[int] = mapped_column(SmallInteger, comment="persons besides the requester")
    concerned: Mapped[Words] = mapped_column(comment="JSON list: persons who may not decide")
    asked_by_id: Mapped[str] = mapped_column(String(64))
    asked_by_name: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[Moment]
    expires_at: Mapped[Moment]


class RequestScope(Base):
    """A unit whose people may decide the request: the unit itself and those above it."""

    __tablename__ = "approvals_request_scope"
    __table_args__ = (
        Index("ix_approvals_request_scope_code", "code"),
        APPEND_ONLY,
    )
    request_id: Mapped[Ref] = mapped_column(ForeignKey("approvals_request.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)


class State(Base):
    """Where a request is; its row is locked before anything is decided about it."""

    __tablename__ = "approvals_state"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "kind", "subject_id"],
            ["approvals_request.id", "approvals_request.kind", "approvals_request.subject_id"],
            name="fk_approvals_state_request_id",
        ),
        CheckConstraint(
            "status IN ('waiting', 'approved', 'refused', 'withdrawn', 'expired', 'used')",
            name="status",
        ),
        Index(
            "uq_approvals_state_live",
            "kind",
            "subject_id",
            unique=True,
            sqlite_where=text("status IN ('waiting', 'approved')"),
            postgresql_where=text("status IN ('waiting', 'approved')"),
        ),
        Index("ix_approvals_state_status", "status", "request_id"),
    )
    request_id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10))
    changed_at: Mapped[Moment]
    changed_by_id: Mapped[str | None] = mapped_column(String(64), comment="null: the system")
    changed_by_name: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[Words] = mapped_column(comment="why it was withdrawn; else empty")


class Decision(Base):
    """One person's word on a request, their own or in another's place."""

    __tablename__ = "approvals_decision"
    __table_args__ = (
        UniqueConstraint("request_id", "person_id"),
        UniqueConstraint("request_id", "for_id"),
        ForeignKeyConstraint(
            ["request_id", "asked_by_id", "facts_sha256"],
            [
                "approvals_request.id",
                "approvals_request.asked_by_id",
                "approvals_request.facts_sha256",
            ],
            name="fk_approvals_decision_request_id",
        ),
        CheckConstraint("person_id <> asked_by_id", name="not_the_requester"),
        CheckConstraint(
            "for_id IS NULL OR (for_id <> asked_by_id AND for_id <> person_id)", name="for_another"
        ),
        CheckConstraint("(for_id IS NULL) = (for_name IS NULL)", name="for_name"),
        CheckConstraint("approve OR length(reason) >= 1", name="reason"),
        Index("ix_approvals_decision_person_id", "person_id"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    request_id: Mapped[Ref]
    asked_by_id: Mapped[str] = mapped_column(String(64))
    facts_sha256: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(64))
    person_name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(30))
    for_id: Mapped[str | None] = mapped_column(String(64))
    for_name: Mapped[str | None] = mapped_column(String(120))
    approve: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[Words]
    at: Mapped[Moment]


class Delegation(Base):
    """One role's deciding handed to another person from a day to a day, both included."""

    __tablename__ = "approvals_delegation"
    __table_args__ = (
        UniqueConstraint("public_id"),
        CheckConstraint("from_id <> to_id", name="another_person"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        Index("ix_approvals_delegation_to_id", "to_id"),
        Index("ix_approvals_delegation_from_id", "from_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(30))
    scope: Mapped[str | None] = mapped_column(String(64), comment="null: the fund; else a unit")
    from_id: Mapped[str] = mapped_column(String(64))
    from_name: Mapped[str] = mapped_column(String(120))
    to_id: Mapped[str] = mapped_column(String(64))
    to_name: Mapped[str] = mapped_column(String(120))
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    made_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
