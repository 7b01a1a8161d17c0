"""The table of areas."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base


class Area(Base):
    """What a code meant from a day on, until (not on) another; ``None`` means still."""

    __tablename__ = "areas_area"
    __table_args__ = (
        CheckConstraint("level IN ('province', 'prefecture', 'county')", name="level"),
        CheckConstraint("(level = 'province') = (parent_code IS NULL)", name="parent"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates"),
        CheckConstraint("valid_to IS NOT NULL OR successor_code IS NULL", name="successor"),
        Index("ix_areas_area_parent_code", "parent_code"),
    )
    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(String(6))
    successor_code: Mapped[str | None] = mapped_column(String(6))
