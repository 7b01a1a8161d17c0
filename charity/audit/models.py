"""The trail. Facts are canonical JSON without personal data: ids, codes, amounts, states."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Words


class AuditRecord(Base):
    """One change: the verb, the object, the facts before and after."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_object_type_object_id", "object_type", "object_id"),
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
