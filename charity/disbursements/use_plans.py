"""The uses a campaign's filed plan allows, as data that the rules go by.

Rule: each version says where the filed plan says so; the newest holds, every one stays readable. A
campaign without any is bound by its own area and dates, and by what two approvers read in its plan.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection

from sqlalchemy import func, insert, select

from charity.audit.services import record
from charity.disbursements import rules
from charity.disbursements.errors import DatesUnfit, NotForYou, TextUnfit
from charity.disbursements.kinds import Category, Purpose
from charity.disbursements.models import UsePlan
from charity.disbursements.use_queries import PLACE
from charity.funds.errors import UnknownCampaign
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.kinds import Role
from charity.people.queries import Signed


def set_plan(
    slug: str,
    *,
    purposes: Collection[Purpose],
    categories: Collection[Category],
    use_from: dt.date,
    use_until: dt.date,
    clause: str,
    by: Signed,
) -> int:
    """State the uses of a campaign anew; return the version. What is approved already stands.

    Empty sets allow each. Raises NotForYou, UnknownCampaign, DatesUnfit, TextUnfit.
    """
    require_atomic()
    if not by.holds(Role.FUND_MANAGER):
        raise NotForYou
    campaign_id = db.session().scalar(
        select(PLACE.c.campaign_id).where(PLACE.c.slug == slug).limit(1)
    )
    if campaign_id is None:
        raise UnknownCampaign
    if use_until < use_from:
        raise DatesUnfit
    words = rules.text(clause, "clause", rules.WORDS, lines=True)
    if not words:
        raise TextUnfit(field="clause", longest=rules.WORDS)
    last = select(func.max(UsePlan.version)).where(UsePlan.campaign_id == campaign_id)
    version = (db.session().scalar(last) or 0) + 1
    values = {
        "purposes": json.dumps(sorted(each.value for each in set(purposes))),
        "categories": json.dumps(sorted(each.value for each in set(categories))),
        "use_from": use_from,
        "use_until": use_until,
        "clause": words,
    }
    db.session().execute(
        insert(UsePlan).values(
            id=new_id(),
            campaign_id=campaign_id,
            version=version,
            by_id=by.person_id,
            by_name=by.name,
            recorded_at=clock.now(),
            **values,
        )
    )
    record(
        "application.plan_stated",
        "campaign",
        slug,
        actor_id=by.person_id,
        actor_name=by.name,
        after={"version": version, **{name: str(value) for name, value in values.items()}},
    )
    return version
