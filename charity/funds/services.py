"""The verbs of funds: the charity's details, funds, campaigns, units, and who raises where.

Each runs inside ``atomic()`` and leaves a row in the trail.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select, update

from charity.audit.services import record
from charity.funds.errors import (
    AlreadyAdmitted,
    CodeTaken,
    CodeUnfit,
    DatesUnfit,
    UnknownCampaign,
    UnknownUnit,
)
from charity.funds.kinds import CampaignStatus, UnitLevel
from charity.funds.models import Campaign, CampaignUnit, Charity, Fund, Unit
from charity.funds.states import NEXT
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.errors import Conflict
from charity.kernel.ids import new_id
from charity.ledger.kinds import BookKind
from charity.ledger.services import Actor, open_book

_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CharityFacts:
    """How the charity is named on pages and receipts."""

    name: str
    name_en: str
    uscc: str
    certificate: str
    address: str
    phone: str
    email: str
    icp: str
    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """The filed plan of a campaign."""

    slug: str
    name: str
    name_en: str
    status: CampaignStatus
    filing_number: str
    platform_name: str
    platform_url: str
    starts_on: dt.date
    ends_on: dt.date
    purpose: str
    purpose_en: str
    area: str
    beneficiaries: str
    use_plan: str
    cost_plan: str
    leftover: str
    person_in_charge: str
    contact_phone: str
    contact_address: str
    fundraising_basis: str = "public"
    currency: str = "CNY"
    area_en: str = ""
    beneficiaries_en: str = ""
    use_plan_en: str = ""
    cost_plan_en: str = ""
    leftover_en: str = ""


def _trail(actor: Actor | None, verb: str, kind: str, name: str, after: dict[str, object]) -> None:
    record(
        verb,
        kind,
        name,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else None,
        after=after,
    )


def _fit(code: str) -> None:
    if _CODE.fullmatch(code) is None:
        raise CodeUnfit


def set_charity(facts: CharityFacts, *, actor: Actor | None = None) -> None:
    """State the charity's details; they replace those before."""
    require_atomic()
    session = db.session()
    values = asdict(facts)
    if session.scalar(select(Charity.id)) is None:
        session.execute(insert(Charity).values(id=1, **values))
    else:
        session.execute(update(Charity).values(**values))
    _trail(actor, "charity.stated", "charity", "1", values)


def create_fund(code: str, name: str, name_en: str, *, actor: Actor | None = None) -> int:
    """Found a special fund and return its id. Raises ``CodeTaken``, ``CodeUnfit``."""
    require_atomic()
    _fit(code)
    session = db.session()
    if session.scalar(select(Fund.id).where(Fund.code == code)) is not None:
        raise CodeTaken
    fund_id = new_id()
    session.execute(
        insert(Fund).values(
            id=fund_id, code=code, name=name, name_en=name_en, created_at=clock.now()
        )
    )
    _trail(actor, "fund.created", "fund", code, {"name": name})
    return fund_id


def create_unit(
    code: str,
    name: str,
    name_en: str,
    *,
    level: UnitLevel,
    area_code: str,
    area_name: str,
    parent: str | None = None,
    actor: Actor | None = None,
) -> int:
    """Register a raising unit below ``parent`` (its code) and return its id.

    Raises ``CodeTaken``, ``CodeUnfit``, ``UnknownUnit`` (parent).
    """
    require_atomic()
    _fit(code)
    session = db.session()
    if session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise CodeTaken
    parent_id, depth = None, 0
    if parent is not None:
        found = session.execute(select(Unit.id, Unit.depth).where(Unit.code == parent)).first()
        if found is None:
            raise UnknownUnit(field="parent")
        parent_id, depth = found.id, found.depth + 1
    unit_id = new_id()
    session.execute(
        insert(Unit).values(
            id=unit_id,
            code=code,
            name=name,
            name_en=name_en,
            level=level.value,
            area_code=area_code,
            area_name=area_name,
            parent_id=parent_id,
            depth=depth,
            created_at=clock.now(),
        )
    )
    _trail(actor, "unit.created", "unit", code, {"name": name, "parent": parent})
    return unit_id


def create_campaign(
    fund: str, facts: CampaignFacts, *, office: str, actor: Actor | None = None
) -> int:
    """Enter a campaign of ``fund`` and admit its fund office's unit; return its id.

    ``office`` is the code of the unit whose book takes gifts without a unit. Raises ``CodeTaken``,
    ``CodeUnfit``, ``DatesUnfit``, ``UnknownUnit``.
    """
    require_atomic()
    _fit(facts.slug)
    if facts.ends_on < facts.starts_on:
        raise DatesUnfit(field="ends_on")
    session = db.session()
    if session.scalar(select(Campaign.id).where(Campaign.slug == facts.slug)) is not None:
        raise CodeTaken
    office_id = session.scalar(select(Unit.id).where(Unit.code == office))
    fund_id = session.scalar(select(Fund.id).where(Fund.code == fund))
    if office_id is None or fund_id is None:
        raise UnknownUnit(field="office")
    campaign_id = new_id()
    values = {**asdict(facts), "status": facts.status.value}
    session.execute(
        insert(Campaign).values(
            id=campaign_id,
            fund_id=fund_id,
            office_unit_id=office_id,
            created_at=clock.now(),
            **values,
        )
    )
    plan = {**values, "starts_on": str(facts.starts_on), "ends_on": str(facts.ends_on)}
    _trail(actor, "campaign.created", "campaign", facts.slug, plan)
    admit_unit(facts.slug, office, actor=actor)
    return campaign_id


def change_status(slug: str, status: CampaignStatus, *, actor: Actor | None = None) -> None:
    """Take a campaign one step forward. Raises ``UnknownCampaign``, ``Conflict``."""
    require_atomic()
    session = db.session()
    now = session.scalar(select(Campaign.status).where(Campaign.slug == slug).with_for_update())
    if now is None:
        raise UnknownCampaign
    if status not in NEXT[CampaignStatus(now)]:
        raise Conflict
    session.execute(update(Campaign).where(Campaign.slug == slug).values(status=status.value))
    record(
        "campaign.status",
        "campaign",
        slug,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else None,
        before={"status": now},
        after={"status": status.value},
    )


def admit_unit(campaign: str, unit: str, *, actor: Actor | None = None) -> int:
    """Let a unit raise in a campaign: its book is opened; return the book's id.

    Raises ``UnknownCampaign``, ``UnknownUnit``, ``AlreadyAdmitted``.
    """
    require_atomic()
    session = db.session()
    place = session.execute(
        select(Campaign.id, Campaign.currency).where(Campaign.slug == campaign)
    ).first()
    if place is None:
        raise UnknownCampaign
    unit_id = session.scalar(select(Unit.id).where(Unit.code == unit))
    if unit_id is None:
        raise UnknownUnit
    there = select(CampaignUnit.id).where(
        CampaignUnit.campaign_id == place.id, CampaignUnit.unit_id == unit_id
    )
    if session.scalar(there) is not None:
        raise AlreadyAdmitted
    book_id = open_book(kind=BookKind.UNIT, currency=place.currency, campaign=campaign, unit=unit)
    session.execute(
        insert(CampaignUnit).values(
            id=new_id(),
            campaign_id=place.id,
            unit_id=unit_id,
            book_id=book_id,
            admitted_at=clock.now(),
        )
    )
    _trail(actor, "unit.admitted", "unit", unit, {"campaign": campaign})
    return book_id
