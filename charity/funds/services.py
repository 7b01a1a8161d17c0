"""The verbs of funds: the charity's details, funds, campaigns, units, and who raises where.

Each runs inside ``atomic()`` and leaves a row in the trail.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select, update

from charity.areas import queries as areas
from charity.areas.errors import UnknownArea
from charity.audit.services import record
from charity.funds.errors import (
    CodeTaken,
    CodeUnfit,
    DatesUnfit,
    UnknownUnit,
)
from charity.funds.kinds import CampaignStatus
from charity.funds.models import Campaign, Charity, Fund, Unit
from charity.funds.plans import note_step, record_version
from charity.funds.unit_books import admit_unit as admit_unit  # noqa: PLC0414 - handed on
from charity.funds.unit_register import create_unit as create_unit  # noqa: PLC0414 - handed on
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor

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
    area_code: str = "620000"
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


def create_campaign(
    fund: str, facts: CampaignFacts, *, office: str, actor: Actor | None = None
) -> int:
    """Enter a campaign of ``fund`` and admit its fund office's unit; return its id.

    ``office`` is the code of the unit whose book takes gifts without a unit. A campaign that was
    filed before it came to this site is entered with its state; its plan is version 1. Raises
    ``CodeTaken``, ``CodeUnfit``, ``DatesUnfit``, ``UnknownArea``, ``UnknownUnit``.
    """
    require_atomic()
    _fit(facts.slug)
    if not areas.exists(facts.area_code):
        raise UnknownArea
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
            plan_version=0,
            taken_down_words="",
            taken_down_words_en="",
            created_at=clock.now(),
            **values,
        )
    )
    note_step(campaign_id, facts.status)
    if facts.status is not CampaignStatus.DRAFT:
        record_version(campaign_id, actor=actor)
    plan = {**values, "starts_on": str(facts.starts_on), "ends_on": str(facts.ends_on)}
    _trail(actor, "campaign.created", "campaign", facts.slug, plan)
    admit_unit(facts.slug, office, actor=actor)
    return campaign_id
