"""Versions of a filed plan, and the days on which a campaign came to each state.

Rule: from its filing on a plan changes only by a new version with its reason; every version stays
readable, with the hash of its canonical JSON.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from sqlalchemy import func, insert, select, update

from charity.funds.kinds import Basis, CampaignStatus, FileKind
from charity.funds.models import Campaign, CampaignFile, CampaignStep, PlanVersion
from charity.funds.rules import FILING_TEXTS, PLAN_FIELDS, PLAN_TEXTS, CampaignState
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import new_id
from charity.ledger import queries as ledger
from charity.ledger.services import Actor


def plan_of(row: Campaign) -> dict[str, Any]:
    """The plan as it stands in the campaign's row, ready for JSON."""
    values = {name: getattr(row, name) for name in PLAN_FIELDS}
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in values.items()
    }


def state_of(row: Campaign) -> CampaignState:
    """What the rules decide a campaign's next step on, as it stands now."""
    reports = (
        select(func.count())
        .select_from(CampaignFile)
        .where(
            CampaignFile.campaign_id == row.id,
            CampaignFile.kind == FileKind.REPORT.value,
            CampaignFile.removed_at.is_(None),
        )
    )
    return CampaignState(
        texts={need.value: str(getattr(row, need.value)) for need in (*PLAN_TEXTS, *FILING_TEXTS)},
        basis=Basis(row.fundraising_basis),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        expected_fen=row.expected_fen,
        taken_down=row.taken_down_at is not None,
        reports=db.session().scalars(reports).one(),
        open_fen=ledger.on_the_way(row.slug),
    )


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
    session.execute(update(Campaign).where(Campaign.id == campaign_id).values(plan_version=version))
    return version


def note_step(campaign_id: int, status: CampaignStatus, note: str = "") -> None:
    """Note that the campaign came to ``status`` now."""
    require_atomic()
    db.session().execute(
        insert(CampaignStep).values(
            id=new_id(), campaign_id=campaign_id, status=status.value, at=clock.now(), note=note
        )
    )
