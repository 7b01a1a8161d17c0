"""Tables beside a raising unit: its dated names, areas and parents, teams, stewards, admission.

Rule: what was so on a day is a row that is never changed; a mistake is mended by a later row. Of
two rows of one day the one entered later holds.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Words

_KEPT = {"info": {"append_only": True}}


class UnitName(Base):
    """How a unit is called from a day on."""

    __tablename__ = "funds_unit_name"
    __table_args__ = (
        Index("ix_funds_unit_name_unit_id_valid_from", "unit_id", "valid_from"),
        _KEPT,
    )
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    valid_from: Mapped[dt.date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[Moment]


class UnitArea(Base):
    """In which area a unit lies from a day on."""

    __tablename__ = "funds_unit_area"
    __table_args__ = (
        Index("ix_funds_unit_area_unit_id_valid_from", "unit_id", "valid_from"),
        _KEPT,
    )
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    valid_from: Mapped[dt.date] = mapped_column(Date)
    area_code: Mapped[str] = mapped_column(String(12))
    area_name: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[Moment]


class UnitParent(Base):
    """Below which unit a unit stands from a day on; null is the top."""

    __tablename__ = "funds_unit_parent"
    __table_args__ = (
        Index("ix_funds_unit_parent_unit_id_valid_from", "unit_id", "valid_from"),
        CheckConstraint("parent_id IS NULL OR parent_id <> unit_id", name="not_its_own"),
        _KEPT,
    )
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    valid_from: Mapped[dt.date] = mapped_column(Date)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("funds_unit.id"))
    recorded_at: Mapped[Moment]


class Team(Base):
    """A small group that raises for its unit. Its code is permanent; it never changes its unit."""

    __tablename__ = "funds_team"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("closed_on IS NULL OR closed_on >= opened_on", name="dates"),
        CheckConstraint("moved_to_id IS NULL OR closed_on IS NOT NULL", name="moved"),
        Index("ix_funds_team_unit_id_code", "unit_id", "code"),
    )
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    opened_on: Mapped[dt.date] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(
        Date, comment="the first day on which it takes no gifts"
    )
    moved_to_id: Mapped[int | None] = mapped_column(ForeignKey("funds_team.id"))
    created_at: Mapped[Moment]


class TeamName(Base):
    """How a team is called from a day on."""

    __tablename__ = "funds_team_name"
    __table_args__ = (
        Index("ix_funds_team_name_team_id_valid_from", "team_id", "valid_from"),
        _KEPT,
    )
    id: Mapped[Id]
    team_id: Mapped[int] = mapped_column(ForeignKey("funds_team.id"))
    valid_from: Mapped[dt.date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[Moment]


class Steward(Base):
    """Who may apply for a unit that left or merged, from a day on; null: the unit itself again."""

    __tablename__ = "funds_steward"
    __table_args__ = (
        Index("ix_funds_steward_unit_id_since", "unit_id", "since"),
        UniqueConstraint("request_id"),
        CheckConstraint("steward_id IS NULL OR steward_id <> unit_id", name="another"),
        CheckConstraint("first_person_id <> second_person_id", name="two_people"),
        _KEPT,
    )
    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("funds_unit.id"))
    since: Mapped[dt.date] = mapped_column(Date)
    reason: Mapped[Words]
    request_id: Mapped[str] = mapped_column(String(32), comment="approval's public id")
    first_person_id: Mapped[str] = mapped_column(String(64))
    second_person_id: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[Moment]


class Assessment(Base):
    """What was looked at before a unit may raise in a campaign, and what came of it."""

    __tablename__ = "funds_assessment"
    __table_args__ = (
        Index("ix_funds_assessment_campaign_id_unit_id", "campaign_id", "unit_id"),
        _KEPT,
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    assessed_on: Mapped[dt.date] = mapped_column(Date)
    looked_at: Mapped[Words]
    fit: Mapped[bool] = mapped_column(Boolean)
    by_id: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[Moment]


class Agreement(Base):
    """The signed agreement of a unit for a campaign: a kept file, by its hash."""

    __tablename__ = "funds_agreement"
    __table_args__ = (
        Index("ix_funds_agreement_campaign_id_unit_id", "campaign_id", "unit_id"),
        CheckConstraint("size > 0", name="size"),
        _KEPT,
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    signed_on: Mapped[dt.date] = mapped_column(Date)
    path: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger, comment="bytes")
    by_id: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[Moment]


class PlanNaming(Base):
    """Where in a campaign's filed plan a unit is named."""

    __tablename__ = "funds_plan_naming"
    __table_args__ = (
        Index("ix_funds_plan_naming_campaign_id_unit_id", "campaign_id", "unit_id"),
        _KEPT,
    )
    id: Mapped[Id]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("funds_campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("funds_unit.id"))
    clause: Mapped[str] = mapped_column(String(200))
    by_id: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(120))
    recorded_at: Mapped[Moment]
