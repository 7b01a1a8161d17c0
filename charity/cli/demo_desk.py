"""The demonstration's people at work: who has a part, and a decision with what it sets off.

Rule: what they do goes through the same verbs as the desks, and an approval sets off what it sets
off there.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.cli.demo_people import load_people
from charity.funds import providers
from charity.funds.provider_queries import taken
from charity.kernel.atomic import atomic, require_atomic
from charity.kernel.db import db
from charity.people import services as people
from charity.people.kinds import Role
from charity.people.queries import Signed, as_person
from charity.web.funddesk.effects import EFFECTS, REFUSALS


@dataclass(frozen=True, slots=True)
class Cast:
    """Who has a part in the demonstration's story."""

    manager: Signed
    approver: Signed
    cashier: Signed
    accountant: Signed
    clerk: Signed
    leader: Signed


def cast() -> Cast:
    """The people of the demonstration, made when missing. Opens its own unit of work."""
    load_people()

    def of(role: Role) -> Signed:
        known = people.find(f"{role.value}@demo.invalid")
        found = as_person(known.person_id) if known else None
        assert found is not None, f"no demo person for {role.value}"
        return found

    found = Cast(
        manager=of(Role.FUND_MANAGER),
        approver=of(Role.APPROVER),
        cashier=of(Role.CASHIER),
        accountant=of(Role.ACCOUNTANT),
        clerk=of(Role.UNIT_CLERK),
        leader=of(Role.UNIT_LEADER),
    )
    db.session().rollback()
    return found


def decide(request_id: str, by: Signed, *, approve: bool = True, reason: str = "") -> None:
    """One person's word on a request, and what it sets off. Inside ``atomic()``."""
    require_atomic()
    view = approvals.decide(request_id, by=by, approve=approve, reason=reason)
    table = {RequestStatus.APPROVED: EFFECTS, RequestStatus.REFUSED: REFUSALS}.get(view.status, {})
    effect = table.get(view.kind)
    if effect is not None:
        effect(view, by)


def switch_on(people: Cast, campaigns: Sequence[str], provider: str) -> None:
    """Campaigns take gifts through a provider, as two people say, where they do not yet."""
    standing = taken(campaigns)
    db.session().rollback()
    for slug in campaigns:
        if provider not in standing[slug]:
            with atomic():
                asked = providers.ask_switch(
                    slug, provider, on=True, reason="接受境外捐赠（演示）", by=people.manager
                )
                decide(asked, people.approver)


def chance_of(seed: int, about: str) -> random.Random:
    """Made-up data about something, the same each time for a seed."""
    return random.Random(f"{seed} {about}")  # noqa: S311 - made-up data, the same each time


def slip_photo() -> bytes:
    """A picture that says it is no real deposit slip."""
    page = Image.new("RGB", (640, 400), "#FFFFFF")
    ImageDraw.Draw(page).text((60, 80), "DEMONSTRATION - not a real deposit slip", fill="#000000")
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()
