"""Reads of the charity, its campaigns and its units, for pages, the API and upper domains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import aliased

from charity.funds.errors import UnknownCampaign, UnknownUnit
from charity.funds.kinds import PUBLIC, Basis, CampaignStatus
from charity.funds.models import Campaign, CampaignUnit, Charity, Unit
from charity.funds.rules import takes_online
from charity.funds.unit_tree import ancestors as ancestors  # noqa: PLC0414 - handed on
from charity.funds.unit_tree import raising_units as raising_units  # noqa: PLC0414 - handed on
from charity.kernel import clock
from charity.kernel.db import among, db

_Parent = aliased(Unit, name="parent")
_ParentPlace = aliased(CampaignUnit, name="parent_place")
_PLACE = (
    CampaignUnit.id,
    CampaignUnit.book_id,
    Campaign.slug,
    Unit.code,
    Campaign.currency,
    Unit.closed_on,
)


@dataclass(frozen=True, slots=True)
class CharityView:
    """The charity's details, as pages and receipts name it."""

    name: str
    name_en: str
    uscc: str
    certificate: str
    address: str
    phone: str
    email: str
    icp: str
    handler: str


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A public campaign with its plan."""

    slug: str
    name: str
    name_en: str
    status: CampaignStatus
    currency: str
    purpose: str
    purpose_en: str
    filing_number: str
    platform_name: str
    platform_url: str
    starts_on: dt.date
    ends_on: dt.date
    area: str
    area_en: str
    beneficiaries: str
    beneficiaries_en: str
    use_plan: str
    use_plan_en: str
    cost_plan: str
    cost_plan_en: str
    leftover: str
    leftover_en: str
    person_in_charge: str
    contact_phone: str
    contact_address: str
    fundraising_basis: str
    accepts_gifts: bool
    area_code: str = ""
    fallback_use: str = ""
    fallback_use_en: str = ""
    methods: str = ""
    methods_en: str = ""
    bank_account: str = ""
    expected_fen: int = 0
    expected_basis: str = ""
    expected_basis_en: str = ""
    description: str = ""
    description_en: str = ""
    plan_version: int = 0
    taken_down_at: dt.datetime | None = None
    taken_down_words: str = ""
    taken_down_words_en: str = ""


@dataclass(frozen=True, slots=True)
class UnitView:
    """A raising unit of a campaign. The parent is named only if it has a page in this campaign."""

    code: str
    name: str
    name_en: str
    level: str
    area_code: str
    area_name: str
    parent_code: str | None
    parent_name: str | None
    parent_name_en: str | None
    depth: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gift goes: a unit's book in a campaign."""

    campaign_unit_id: int
    book_id: int
    slug: str
    unit_code: str
    currency: str
    closed_on: dt.date | None


def charity() -> CharityView | None:
    """The charity's details; ``None`` before they were stated."""
    row = db.session().execute(
        select(
            Charity.name,
            Charity.name_en,
            Charity.uscc,
            Charity.certificate,
            Charity.address,
            Charity.phone,
            Charity.email,
            Charity.icp,
            Charity.handler,
        )
    )
    found = row.first()
    return None if found is None else CharityView(*found)


_SAME = tuple(
    each.name for each in fields(CampaignView) if each.name not in {"status", "accepts_gifts"}
)


def campaign_view(row: Campaign) -> CampaignView:
    """The campaign of a row, whatever its state; pages get it only through what they may see."""
    status = CampaignStatus(row.status)
    return CampaignView(
        **{name: getattr(row, name) for name in _SAME},
        status=status,
        accepts_gifts=takes_online(
            status=status,
            basis=Basis(row.fundraising_basis),
            filed=bool(row.filing_number),
            listed=bool(row.platform_url),
            taken_down=row.taken_down_at is not None,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            today=clock.today(),
        ),
    )


def _public() -> Select[Campaign]:
    return select(Campaign).where(Campaign.status.in_([status.value for status in PUBLIC]))


def campaigns() -> list[CampaignView]:
    """All public campaigns: those that take gifts, then the others; the newest first."""
    closed = Campaign.status != CampaignStatus.OPEN.value
    order = (closed, Campaign.starts_on.desc(), Campaign.slug)
    rows = db.session().scalars(_public().order_by(*order))
    return [campaign_view(row) for row in rows]


def campaign(slug: str) -> CampaignView:
    """One public campaign. Raises ``UnknownCampaign``."""
    row = db.session().scalars(_public().where(Campaign.slug == slug)).first()
    if row is None:
        raise UnknownCampaign
    return campaign_view(row)


def _units(slug: str) -> Select[*tuple[Any, ...]]:
    raises_too = (
        exists()
        .where(_ParentPlace.unit_id == _Parent.id, _ParentPlace.campaign_id == Campaign.id)
        .correlate(_Parent, Campaign)
    )
    return (
        select(
            Unit.code,
            Unit.name,
            Unit.name_en,
            Unit.level,
            Unit.area_code,
            Unit.area_name,
            _Parent.code.label("parent_code"),
            _Parent.name.label("parent_name"),
            _Parent.name_en.label("parent_name_en"),
            Unit.depth,
        )
        .join(CampaignUnit, CampaignUnit.unit_id == Unit.id)
        .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
        .outerjoin(_Parent, and_(_Parent.id == Unit.parent_id, raises_too))
        .where(Campaign.slug == slug)
    )


def unit(slug: str, code: str) -> UnitView:
    """One unit of a public campaign. Raises ``UnknownCampaign``, ``UnknownUnit``."""
    public = Campaign.status.in_([status.value for status in PUBLIC])
    row = db.session().execute(_units(slug).where(Unit.code == code, public)).first()
    if row is None:
        campaign(slug)
        raise UnknownUnit
    return UnitView(*row)


def children(slug: str, code: str) -> list[UnitView]:
    """Units directly below this one in the campaign, by area."""
    rows = db.session().execute(
        _units(slug).where(_Parent.code == code).order_by(Unit.area_code, Unit.code)
    )
    return [UnitView(*row) for row in rows]


def fund_office_code(slug: str) -> str:
    """Code of the unit whose book takes gifts without a unit. Raises ``UnknownCampaign``."""
    code = db.session().scalar(
        select(Unit.code)
        .join(Campaign, Campaign.office_unit_id == Unit.id)
        .where(Campaign.slug == slug)
    )
    if code is None:
        raise UnknownCampaign
    return code


def places(slugs: Iterable[str]) -> dict[tuple[str, str], Place]:
    """Every unit's book of these campaigns, by (slug, unit code)."""
    rows = db.session().execute(
        select(*_PLACE)
        .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
        .join(Unit, Unit.id == CampaignUnit.unit_id)
        .where(among(Campaign.slug, sorted(set(slugs))))
    )
    return {(row[2], row[3]): Place(*row) for row in rows}


def place(slug: str, code: str) -> Place | None:
    """One unit's book in one campaign."""
    row = (
        db.session()
        .execute(
            select(*_PLACE)
            .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
            .join(Unit, Unit.id == CampaignUnit.unit_id)
            .where(Campaign.slug == slug, Unit.code == code)
        )
        .first()
    )
    return None if row is None else Place(*row)


def unit_books() -> Select[*tuple[Any, ...]]:
    """One row for each unit of each public campaign; a select, so that figures can join it.

    ``campaign_unit_id``, ``book_id``, ``campaign_id``, ``slug``, ``campaign_name``,
    ``campaign_name_en``, ``filing_number``, ``currency``, ``unit_id``, ``code``, ``name``,
    ``name_en``, ``area_code``, ``area_name``, ``level``, ``depth``, ``parent_id``, ``parent_code``.
    """
    return (
        select(
            CampaignUnit.id.label("campaign_unit_id"),
            CampaignUnit.book_id,
            CampaignUnit.campaign_id,
            Campaign.slug,
            Campaign.name.label("campaign_name"),
            Campaign.name_en.label("campaign_name_en"),
            Campaign.filing_number,
            Campaign.currency,
            CampaignUnit.unit_id,
            Unit.code,
            Unit.name,
            Unit.name_en,
            Unit.area_code,
            Unit.area_name,
            Unit.level,
            Unit.depth,
            Unit.parent_id,
            _Parent.code.label("parent_code"),
        )
        .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
        .join(Unit, Unit.id == CampaignUnit.unit_id)
        .outerjoin(_Parent, _Parent.id == Unit.parent_id)
        .where(Campaign.status.in_([status.value for status in PUBLIC]))
    )


def unit_parents() -> Select[*tuple[Any, ...]]:
    """``id`` and ``parent_id`` of every unit, for walking down the tree."""
    return select(Unit.id, Unit.parent_id)


def units() -> Select[*tuple[Any, ...]]:
    """One row for each unit, whether it raises or not: for desks, which join their own tables.

    ``id``, ``code``, ``name``, ``name_en``, ``area_code``, ``parent_id``.
    """
    return select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.area_code, Unit.parent_id)
