"""Reads of campaigns for their desk and their pages: what is missing, versions, steps, files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from charity.funds import rules
from charity.funds.errors import FileUnknown, UnknownCampaign, UnknownFund
from charity.funds.kinds import PUBLIC, CampaignStatus, FileKind, FundText, Need
from charity.funds.models import (
    Campaign,
    CampaignFile,
    CampaignStep,
    Fund,
    FundStatement,
    PlanVersion,
    Unit,
)
from charity.funds.plans import plan_of, state_of
from charity.funds.queries import CampaignView, campaign_view
from charity.funds.states import NEXT
from charity.kernel import clock
from charity.kernel.db import db


@dataclass(frozen=True, slots=True)
class Step:
    """A step a campaign may take next, and what it still lacks for it."""

    to: CampaignStatus
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """When a campaign came to a state; the note is public."""

    status: CampaignStatus
    at: dt.datetime
    note: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a campaign. ``size`` in bytes; width and height of a picture in pixels."""

    id: str
    kind: FileKind
    title: str
    title_en: str
    media_type: str
    path: str
    sha256: str
    size: int
    width: int | None
    height: int | None
    added_at: dt.datetime

    @property
    def name(self) -> str:
        """As the macros of names take it."""
        return self.title

    @property
    def name_en(self) -> str:
        """As the macros of names take it."""
        return self.title_en


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a filed plan: its fields as they were, its reason, its hash."""

    version: int
    plan: Mapping[str, Any]
    sha256: str
    reason: str
    made_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FundView:
    """The special fund."""

    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class StatementView:
    """One version of what the fund says about itself; texts as typed."""

    kind: FundText
    version: int
    body: str
    body_en: str
    in_force_from: dt.date
    published_at: dt.datetime


def desk_campaigns() -> list[CampaignView]:
    """Every campaign, drafts too, the newest first."""
    asked = select(Campaign).order_by(Campaign.starts_on.desc(), Campaign.slug)
    return [campaign_view(row) for row in db.session().scalars(asked)]


def desk_campaign(slug: str) -> CampaignView:
    """One campaign, a draft too. Raises ``UnknownCampaign``."""
    return campaign_view(_row(slug))


def next_steps(slug: str, *, note: str = "") -> list[Step]:
    """What may come next and what is missing for it. Raises ``UnknownCampaign``."""
    row = _row(slug)
    state = state_of(row)
    return [
        Step(to, rules.missing(state, to, today=clock.today(), note=note))
        for to in sorted(NEXT[CampaignStatus(row.status)])
    ]


def steps_taken(slug: str) -> list[StepTaken]:
    """The states the campaign came to, oldest first."""
    rows = db.session().execute(
        select(CampaignStep.status, CampaignStep.at, CampaignStep.note)
        .join(Campaign, Campaign.id == CampaignStep.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(CampaignStep.id)
    )
    return [StepTaken(CampaignStatus(row.status), row.at, row.note) for row in rows]


def _versions(slug: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            PlanVersion.version,
            PlanVersion.plan,
            PlanVersion.sha256,
            PlanVersion.reason,
            PlanVersion.made_at,
        )
        .join(Campaign, Campaign.id == PlanVersion.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(PlanVersion.version.desc())
    )


def plan_versions(slug: str) -> list[VersionView]:
    """Every version of the filed plan, the newest first."""
    return [_version(row) for row in db.session().execute(_versions(slug))]


def plan_version(slug: str, version: int) -> VersionView:
    """One version of a public campaign's plan. Raises ``UnknownCampaign``."""
    asked = _versions(slug).where(
        PlanVersion.version == version,
        Campaign.status.in_([status.value for status in PUBLIC]),
    )
    row = db.session().execute(asked).first()
    if row is None:
        raise UnknownCampaign
    return _version(row)


def _version(row: Any) -> VersionView:
    return VersionView(row.version, json.loads(row.plan), row.sha256, row.reason, row.made_at)


def current_plan(slug: str) -> Mapping[str, Any]:
    """The plan as it stands in the campaign's row, as a version keeps it."""
    return plan_of(_row(slug))


def files(slug: str) -> list[FileView]:
    """The campaign's files that are on its page, oldest first."""
    rows = db.session().scalars(_files(slug).order_by(CampaignFile.id))
    return [_file(row) for row in rows]


def desk_file(slug: str, file_id: str) -> FileView:
    """One file, of a draft too. Raises ``FileUnknown``."""
    row = db.session().scalars(_files(slug).where(CampaignFile.public_id == file_id)).first()
    if row is None:
        raise FileUnknown
    return _file(row)


def public_file(slug: str, file_id: str) -> FileView:
    """One file of a public campaign that is not taken down. Raises ``FileUnknown``."""
    asked = _files(slug).where(
        CampaignFile.public_id == file_id,
        Campaign.status.in_([status.value for status in PUBLIC]),
        Campaign.taken_down_at.is_(None),
    )
    row = db.session().scalars(asked).first()
    if row is None:
        raise FileUnknown
    return _file(row)


def _files(slug: str) -> Select[CampaignFile]:
    return (
        select(CampaignFile)
        .join(Campaign, Campaign.id == CampaignFile.campaign_id)
        .where(Campaign.slug == slug, CampaignFile.removed_at.is_(None))
    )


def _file(row: CampaignFile) -> FileView:
    return FileView(
        id=row.public_id,
        kind=FileKind(row.kind),
        title=row.title,
        title_en=row.title_en,
        media_type=row.media_type,
        path=row.path,
        sha256=row.sha256,
        size=row.size,
        width=row.width,
        height=row.height,
        added_at=row.added_at,
    )


def fund() -> FundView | None:
    """The special fund of this site: the first that was founded; ``None`` before that."""
    row = (
        db.session()
        .execute(
            select(Fund.code, Fund.name, Fund.name_en).order_by(Fund.created_at, Fund.id).limit(1)
        )
        .first()
    )
    return None if row is None else FundView(*row)


def offices() -> list[tuple[str, str]]:
    """Code and name of the units that may be a campaign's fund office: those below no other."""
    rows = db.session().execute(
        select(Unit.code, Unit.name).where(Unit.parent_id.is_(None)).order_by(Unit.code)
    )
    return [(row.code, f"{row.name} {row.code}") for row in rows]


def statements(fund_code: str, kind: FundText) -> list[StatementView]:
    """Every version of one text of the fund, the newest first."""
    rows = db.session().execute(_statements(fund_code, kind))
    return [_statement(row) for row in rows]


def statement(fund_code: str, kind: FundText, version: int) -> StatementView:
    """One version. Raises ``UnknownFund``."""
    row = (
        db.session()
        .execute(_statements(fund_code, kind).where(FundStatement.version == version))
        .first()
    )
    if row is None:
        raise UnknownFund
    return _statement(row)


def in_force(versions: list[StatementView], day: dt.date) -> StatementView | None:
    """The version that holds on ``day``: the newest in force; ``None`` before the first."""
    return next((one for one in versions if one.in_force_from <= day), None)


def _statements(fund_code: str, kind: FundText) -> Select[*tuple[Any, ...]]:
    return (
        select(
            FundStatement.kind,
            FundStatement.version,
            FundStatement.body,
            FundStatement.body_en,
            FundStatement.in_force_from,
            FundStatement.published_at,
        )
        .join(Fund, Fund.id == FundStatement.fund_id)
        .where(Fund.code == fund_code, FundStatement.kind == kind.value)
        .order_by(FundStatement.version.desc())
    )


def _statement(row: Any) -> StatementView:
    return StatementView(
        FundText(row.kind),
        row.version,
        row.body,
        row.body_en,
        row.in_force_from,
        row.published_at,
    )


def _row(slug: str) -> Campaign:
    row = db.session().scalars(select(Campaign).where(Campaign.slug == slug)).first()
    if row is None:
        raise UnknownCampaign
    return row
