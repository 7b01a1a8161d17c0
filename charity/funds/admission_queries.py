"""Reads of admissions: where a unit stands on its way into a campaign."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from charity.funds import unit_rules as rules
from charity.funds.errors import UnknownCampaign
from charity.funds.kinds import AdmissionStep, CampaignStatus
from charity.funds.models import Campaign, CampaignUnit, Unit
from charity.funds.unit_errors import NoSuchUnit
from charity.funds.unit_models import Agreement, Assessment, PlanNaming
from charity.kernel import clock
from charity.kernel.db import among, db

_ADMITTING = (CampaignStatus.FILED.value, CampaignStatus.OPEN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionView:
    """A unit's way into a campaign: the newest row of each step, and what is missing."""

    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    campaign_status: CampaignStatus
    unit_code: str
    unit_name: str
    is_office: bool
    assessed_on: dt.date | None
    looked_at: str
    fit: bool | None
    assessed_by: str
    signed_on: dt.date | None
    agreement_path: str
    agreement_sha256: str
    signed_by: str
    clause: str
    named_by: str
    admitted_at: dt.datetime | None
    missing: list[AdmissionStep]


@dataclass(frozen=True, slots=True)
class CampaignChoice:
    """A campaign that units may come into, as staff choose it."""

    slug: str
    name: str
    name_en: str
    status: CampaignStatus


def campaigns_to_join() -> list[CampaignChoice]:
    """Every campaign that has not ended, drafts among them, the newest first."""
    rows = db.session().execute(
        select(Campaign.slug, Campaign.name, Campaign.name_en, Campaign.status)
        .where(Campaign.status.in_(["draft", *_ADMITTING]))
        .order_by(Campaign.starts_on.desc(), Campaign.slug)
    )
    return [CampaignChoice(row[0], row[1], row[2], CampaignStatus(row[3])) for row in rows]


def admission(campaign: str, unit: str) -> AdmissionView:
    """One unit's way into one campaign. Raises UnknownCampaign, NoSuchUnit."""
    found = admissions_of(campaign, [unit])
    if not found:
        raise NoSuchUnit
    return found[0]


def admissions_of(campaign: str, units: Iterable[str]) -> list[AdmissionView]:
    """Those of the units that are there, on their way into the campaign, by code.

    Raises UnknownCampaign.
    """
    session = db.session()
    place = session.execute(
        select(
            Campaign.id,
            Campaign.slug,
            Campaign.name,
            Campaign.name_en,
            Campaign.status,
            Campaign.ends_on,
            Campaign.office_unit_id,
        ).where(Campaign.slug == campaign)
    ).first()
    if place is None:
        raise UnknownCampaign
    rows = session.execute(
        select(Unit.id, Unit.code, Unit.name, Unit.closed_on, CampaignUnit.admitted_at)
        .outerjoin(
            CampaignUnit,
            (CampaignUnit.unit_id == Unit.id) & (CampaignUnit.campaign_id == place.id),
        )
        .where(among(Unit.code, units))
        .order_by(Unit.code)
    ).all()
    ids = [row.id for row in rows]
    assessed = _newest(Assessment, place.id, ids)
    signed, named = _newest(Agreement, place.id, ids), _newest(PlanNaming, place.id, ids)
    filed = place.status in _ADMITTING and place.ends_on >= clock.today()
    return [
        _view(place, row, assessed.get(row.id), signed.get(row.id), named.get(row.id), filed=filed)
        for row in rows
    ]


def _newest(model: Any, campaign_id: int, unit_ids: list[int]) -> dict[int, Any]:
    """The newest row of a step for each unit."""
    last = (
        select(func.max(model.id))
        .where(model.campaign_id == campaign_id, among(model.unit_id, unit_ids))
        .group_by(model.unit_id)
    )
    rows = db.session().scalars(select(model).where(model.id.in_(last)))
    return {row.unit_id: row for row in rows}


def _view(
    place: Any, row: Any, assessed: Any, signed: Any, named: Any, *, filed: bool
) -> AdmissionView:
    missing = rules.missing_steps(
        assessed_fit=bool(assessed and assessed.fit),
        signed=signed is not None,
        named=named is not None,
        filed=filed,
        unit_open=row.closed_on is None,
    )
    return AdmissionView(
        campaign_slug=place.slug,
        campaign_name=place.name,
        campaign_name_en=place.name_en,
        campaign_status=CampaignStatus(place.status),
        unit_code=row.code,
        unit_name=row.name,
        is_office=row.id == place.office_unit_id,
        assessed_on=assessed.assessed_on if assessed else None,
        looked_at=assessed.looked_at if assessed else "",
        fit=assessed.fit if assessed else None,
        assessed_by=assessed.by_name if assessed else "",
        signed_on=signed.signed_on if signed else None,
        agreement_path=signed.path if signed else "",
        agreement_sha256=signed.sha256 if signed else "",
        signed_by=signed.by_name if signed else "",
        clause=named.clause if named else "",
        named_by=named.by_name if named else "",
        admitted_at=row.admitted_at,
        missing=[] if row.admitted_at is not None else missing,
    )


def campaigns_of(unit: str) -> list[str]:
    """Slugs of the campaigns the unit has a book in, the newest first."""
    return list(
        db.session().scalars(
            select(Campaign.slug)
            .join(CampaignUnit, CampaignUnit.campaign_id == Campaign.id)
            .join(Unit, Unit.id == CampaignUnit.unit_id)
            .where(Unit.code == unit)
            .order_by(Campaign.starts_on.desc(), Campaign.slug)
        )
    )
