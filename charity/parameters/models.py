"""The one table of parameters. Append-only: a figure is followed by another, never changed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Words


class Parameter(Base):
    """A figure from a day on, until the next of its key."""

    __tablename__ = "parameters_parameter"
    __table_args__ = (
        UniqueConstraint("key", "valid_from"),
        UniqueConstraint("approval_id"),
        CheckConstraint("length(source) >= 1", name="source"),
        # Those a database is born with come from the schema; every later one from two people.
        CheckConstraint(
            "(approval_id IS NULL) = (approved_hash IS NULL)"
            " AND (approval_id IS NULL) = (first_person_id IS NULL)"
            " AND (approval_id IS NULL) = (second_person_id IS NULL)",
            name="signed",
        ),
        CheckConstraint(
            "first_person_id IS NULL OR first_person_id <> second_person_id", name="two_people"
        ),
        CheckConstraint("approved_hash IS NULL OR length(approved_hash) = 64", name="hash"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(60))
    value: Mapped[int] = mapped_column(BigInteger, comment="in the unit of its catalogue")
    valid_from: Mapped[dt.date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(300), comment="law article or decision")
    note: Mapped[Words]
    doubtful: Mapped[bool] = mapped_column(Boolean, comment="存疑: the source says why")
    approval_id: Mapped[str | None] = mapped_column(String(16), comment="public id of the request")
    first_person_id: Mapped[str | None] = mapped_column(String(64))
    second_person_id: Mapped[str | None] = mapped_column(String(64))
    approved_hash: Mapped[str | None] = mapped_column(String(64), comment="SHA-256, hex")
    entered_at: Mapped[Moment]
