"""Tables of the charity itself, its fund, campaigns, raising units, and their books."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Ref, Words


class Charity(Base):
    """One row: the charity whose site this is, as pages and receipts name it."""

    __tablename__ = "funds_charity"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    uscc: Mapped[str] = mapped_column(String(18), comment="unified social credit code")
    certificate: Mapped[str] = mapped_column(String(200), comment="fundraising certificate")
    address: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str] = mapped_column(String(60))
    email: Mapped[str] = mapped_column(String(200))
    icp: Mapped[str] = mapped_column(String(100), comment="ICP filing of the site")
    handler: Mapped[str] = mapped_column(String(40), comment="who handles receipts")


class Fund(Base):
    """A special fund; holds campaigns."""

    __tablename__ = "funds_fund"
    __table_args__ = (UniqueConstraint("code"),)
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment]


class Unit(Base):
    """A raising unit. Its code is permanent, never reused, and not the area's code."""

    __tablename__ = "funds_unit"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("depth >= 0 AND (depth = 0) = (parent_id IS NULL)", name="depth"),
        Index("ix_funds_unit_area_code_code", "area_code", "code"),
        Index("ix_funds_unit_parent_id", "parent_id"),
    )
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(20))
    area_code: Mapped[str] = mapped_column(String(12))
    area_name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("funds_unit.id"))
    depth: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[Moment]


class Campaign(Base):
    """A campaign with its filed plan."""

    __tablename__ = "funds_campaign"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint(
            "status IN ('draft', 'filed', 'open', 'ended', 'reported', 'closed')", name="status"
        ),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        # Rule 11: no online gift without the filing number and the platform's listing.
        CheckConstraint(
            "status = 'draft' OR (filing_number <> '' AND platform_url <> '')", name="filed"
        ),
    )
    id: Mapped[Id]
    fund_id: Mapped[int] = mapped_column(ForeignKey("funds_fund.id"))
    office_unit_id: Mapped[int] = mapped_column(
        ForeignKey("funds_unit.id"), comment="fund office: gifts without a unit go to its book"
    )
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3))
    fundraising_basis: Mapped[str] = mapped_column(String(10))
    filing_number: Mapped[str] = mapped_column(String(60))
    platform_name: Mapped[str] = mapped_column(String(120))
    platform_url: Mapped[str] = mapped_column(String(300))
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    purpose: Mapped[Words]
    purpose_en: Mapped[Words]
    area: Mapped[Words]
    area_en: Mapped[Words]
    beneficiaries: Mapped[Words]
    beneficiaries_en: Mapped[Words]
    use_plan: Mapped[Words]
    use_plan_en: Mapped[Words]
    cost_plan: Mapped[Words]
    cost_plan_en: Mapped[Words]
    leftover: Mapped[Words]
    leftover_en: Mapped[Words]
    person_in_charge: Mapped[str] = mapped_column(String(60))
    contact_phone: Mapped[str] = mapped_column(String(60))
    contact_address: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment]


class CampaignUnit(Base):
    """A unit admitted to a campaign, with the book it raises into."""

    __tablename__ = "funds_campaign_unit"
    __table_args__ = (
        UniqueConstraint("campaign_id", "unit_id"),
        UniqueConstraint("book_id"),
        UniqueConstraint("id", "book_id"),
        Index("ix_funds_campaign_unit_unit_id", "unit_id"),
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    book_id: Mapped[Ref] = mapped_column(ForeignKey("ledger_book.id"))
    admitted_at: Mapped[Moment]
