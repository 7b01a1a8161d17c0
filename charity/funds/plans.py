"""Versions of a filed plan, and the days on which a campaign came to each state.

Rule: from its filing on a plan changes only by a new version with its reason; every version stays
readable, with the hash of its canonical JSON.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from sqlalchemy import insert, select, update

from charity.funds.kinds import CampaignStatus
from charity.funds.models import Campaign, CampaignStep, PlanVersion
from charity.funds.rules import PLAN_FIELDS
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


def plan_of(row: Campaign) -> dict[str, Any]:
    """The plan as it stands in the campaign's row, ready for JSON."""
    values = {name: getattr(row, name) for name in PLAN_FIELDS}
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in values.items()
    }


def record_version(campaign_id: int, *, actor: Actor | None, reason: str = "") -> int:
    """Keep the plan as it stands now as the next version; return its number."""
    require_atomic()
    session = db.session()
    asked = select(Campaign).where(Campaign.id == campaign_id)
    row = session.scalars(asked.execution_options(populate_existing=True)).one()
    plan = canonical_json(plan_of(row))
    version = row.plan_version + 1
    session.execute(
        insert(PlanVersion).values(
            id=new_id(),
            campaign_id=campaign_id,
            version=version,
            plan=plan,
            sha256=hashlib.sha256(plan.encode()).hexdigest(),
            reason=reason,
            made_at=clock.now(),
            by_name=actor.name if actor else "",
        )
    )
    session.execute(
        update(Campaign).where(Campaign.id == campaign_id).values(plan_version=version)
    )
    return version


def note_step(campaign_id: int, status: CampaignStatus, note: str = "") -> None:
    """Note that the campaign came to ``status`` now."""
    require_atomic()
    db.session().execute(
        insert(CampaignStep).values(
            id=new_id(), campaign_id=campaign_id, status=status.value, at=clock.now(), note=note
        )
    )
