"""The trail, what supervisors looked at of a week's sample, and what each check found.

Facts are canonical JSON without personal data: ids, codes, amounts, states.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Words


class AuditRecord(Base):
    """One change: the verb, the object, the facts before and after."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_object_type_object_id", "object_type", "object_id"),
        Index("ix_audit_record_verb_id", "verb", "id"),
        Index("ix_audit_record_actor_id_id", "actor_id", "id"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    at: Mapped[Moment]
    actor_id: Mapped[str | None] = mapped_column(String(64))
    actor_name: Mapped[str | None] = mapped_column(String(120))
    verb: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[Words | None]
    after: Mapped[Words | None]


class SampleMark(Base):
    """One supervisor's remark on one thing of a week's sample: they have looked at it."""

    __tablename__ = "audit_sample_mark"
    __table_args__ = (
        # The same remark sent twice is one; a second thought is another row.
        UniqueConstraint(
            "week", "kind", "subject_id", "person_id", "remark", name="uq_audit_sample_mark_once"
        ),
        CheckConstraint("week LIKE '____-W__'", name="week"),
        CheckConstraint("kind IN ('entry', 'refund', 'application', 'access')", name="kind"),
        CheckConstraint("length(remark) >= 1", name="remark"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    at: Mapped[Moment]
    week: Mapped[str] = mapped_column(String(8), comment="ISO week: 2026-W47")
    kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(64))
    person_name: Mapped[str] = mapped_column(String(120))
    remark: Mapped[str] = mapped_column(String(500))


class CheckRun(Base):
    """One run of all checks by the worker, and what it found."""

    __tablename__ = "audit_check_run"
    __table_args__ = ({"info": {"append_only": True}},)
    id: Mapped[Id]
    at: Mapped[Moment]
    entries: Mapped[int] = mapped_column(BigInteger, comment="the last number it covers")
    checks: Mapped[int] = mapped_column(Integer)
    ok: Mapped[bool] = mapped_column(Boolean)
    wrong: Mapped[Words] = mapped_column(comment="what did not hold, as JSON")
