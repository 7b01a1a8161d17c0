"""Tables of the charity itself, its fund, campaigns, raising units, and their books."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.funds import unit_models as unit_models  # noqa: PLC0414 - their tables, too
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
    """A raising unit. Its code is permanent, never reused, and not the area's code.

    Name, area and parent are those of today; ``unit_models`` keeps them by date.
    """

    __tablename__ = "funds_unit"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("id", "depth"),
        # Each step up is one less deep, so no unit stands below itself however rows are moved.
        # Checked at commit: a unit moves together with all below it.
        ForeignKeyConstraint(
            ["parent_id", "parent_depth"],
            ["funds_unit.id", "funds_unit.depth"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(
            "depth = CASE WHEN parent_id IS NULL THEN 0 ELSE parent_depth + 1 END", name="depth"
        ),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("(parent_id IS NULL) = (parent_depth IS NULL)", name="parent_depth"),
        CheckConstraint(
            "(closed_on IS NULL) = (closed_why IS NULL)"
            " AND (successor_id IS NULL OR closed_why = 'merged')",
            name="closed",
        ),
        CheckConstraint("closed_why IN ('merged', 'left')", name="closed_why"),
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
    parent_id: Mapped[int | None] = mapped_column(BigInteger)
    parent_depth: Mapped[int | None] = mapped_column(SmallInteger)
    depth: Mapped[int] = mapped_column(SmallInteger)
    closed_on: Mapped[dt.date | None] = mapped_column(
        Date, comment="the first day on which it takes no gifts"
    )
    closed_why: Mapped[str | None] = mapped_column(String(10))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("funds_unit.id"))
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
        CheckConstraint("fundraising_basis IN ('public', 'directed', 'none')", name="basis"),
        # Rule 11: no online gift without the filing number and the platform's listing.
        CheckConstraint(
            "status = 'draft' OR fundraising_basis <> 'public' OR filing_number <> ''",
            name="filed",
        ),
        CheckConstraint(
            "status IN ('draft', 'filed') OR fundraising_basis <> 'public' OR platform_url <> ''",
            name="listed",
        ),
        CheckConstraint("expected_fen >= 0", name="expected_fen"),
        CheckConstraint(
            "(taken_down_at IS NULL) = (taken_down_words = '')", name="taken_down_with_words"
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
    area_code: Mapped[str] = mapped_column(String(12))
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
    fallback_use: Mapped[Words]
    fallback_use_en: Mapped[Words]
    methods: Mapped[Words] = mapped_column(comment="ways of accepting gifts")
    methods_en: Mapped[Words]
    bank_account: Mapped[str] = mapped_column(String(300))
    expected_fen: Mapped[int] = mapped_column(BigInteger, comment="expected amount of the plan")
    expected_basis: Mapped[Words]
    expected_basis_en: Mapped[Words]
    person_in_charge: Mapped[str] = mapped_column(String(60))
    contact_phone: Mapped[str] = mapped_column(String(60))
    contact_address: Mapped[str] = mapped_column(String(200), comment="office")
    description: Mapped[Words] = mapped_column(comment="as typed, in the conventions of richtext")
    description_en: Mapped[Words]
    plan_version: Mapped[int] = mapped_column(SmallInteger, comment="0 until it is filed")
    taken_down_at: Mapped[Moment | None]
    taken_down_words: Mapped[Words]
    taken_down_words_en: Mapped[Words]
    created_at: Mapped[Moment]


class PlanVersion(Base):
    """The plan as it was filed, and as each change left it."""

    __tablename__ = "funds_plan_version"
    __table_args__ = (
        UniqueConstraint("campaign_id", "version"),
        CheckConstraint("version >= 1 AND (version = 1 OR reason <> '')", name="reason"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    plan: Mapped[Words] = mapped_column(comment="canonical JSON")
    sha256: Mapped[str] = mapped_column(String(64))
    reason: Mapped[Words]
    made_at: Mapped[Moment]
    by_name: Mapped[str] = mapped_column(String(120))


class CampaignStep(Base):
    """When a campaign came to each state of its life."""

    __tablename__ = "funds_campaign_step"
    __table_args__ = (
        UniqueConstraint("campaign_id", "status"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    status: Mapped[str] = mapped_column(String(10))
    at: Mapped[Moment]
    note: Mapped[Words]


class CampaignFile(Base):
    """A picture or document of a campaign; its content lies in the file store."""

    __tablename__ = "funds_campaign_file"
    __table_args__ = (
        UniqueConstraint("public_id"),
        CheckConstraint("kind IN ('picture', 'document', 'report')", name="kind"),
        CheckConstraint("kind <> 'picture' OR title <> ''", name="alt"),
        Index("ix_funds_campaign_file_campaign_id", "campaign_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(120), comment="of a picture: what it shows")
    title_en: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(40))
    path: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, comment="bytes")
    width: Mapped[int | None]
    height: Mapped[int | None]
    added_at: Mapped[Moment]
    removed_at: Mapped[Moment | None]


class FundStatement(Base):
    """What a special fund says about itself, each text in dated versions."""

    __tablename__ = "funds_fund_statement"
    __table_args__ = (
        UniqueConstraint("fund_id", "kind", "version"),
        CheckConstraint("kind IN ('rules', 'committee', 'contact')", name="kind"),
        CheckConstraint("version >= 1 AND body <> ''", name="body"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    fund_id: Mapped[int] = mapped_column(ForeignKey("funds_fund.id"))
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[Words] = mapped_column(comment="as typed, in the conventions of richtext")
    body_en: Mapped[Words]
    in_force_from: Mapped[dt.date] = mapped_column(Date)
    published_at: Mapped[Moment]
    by_name: Mapped[str] = mapped_column(String(120))


class CampaignProvider(Base):
    """From when on a campaign takes gifts through a payment provider, or takes them no longer."""

    __tablename__ = "funds_campaign_provider"
    __table_args__ = (
        Index("ix_funds_campaign_provider_campaign_id", "campaign_id"),
        UniqueConstraint("request_id"),
        CheckConstraint("first_person_id <> second_person_id", name="two_people"),
        {"info": {"append_only": True}},
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    provider: Mapped[str] = mapped_column(String(20))
    taken: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[Words]
    request_id: Mapped[str] = mapped_column(String(32), comment="approval's public id")
    first_person_id: Mapped[str] = mapped_column(String(64))
    second_person_id: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[Moment]


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
    request_id: Mapped[str | None] = mapped_column(
        String(32), comment="the approval that opened the book; null when opened with the campaign"
    )
