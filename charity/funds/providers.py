"""Through which payment providers a campaign takes gifts: asked by one, decided by another.

Rule: each switch is a row that two people signed and nobody changes; it says the opposite of what
was so before. What a provider holds already still arrives after it was switched off.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import insert, select

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.funds import unit_rules as rules
from charity.funds.errors import ProviderSwitched, ProviderUnfit, StepUnfit, UnknownCampaign
from charity.funds.kinds import CampaignStatus
from charity.funds.models import Campaign, CampaignProvider
from charity.funds.provider_queries import switches
from charity.funds.trail import trail
from charity.funds.unit_errors import TextUnfit
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.queries import Signed

REASON_LENGTH = 300
NAME_LENGTH = 20
# What has ended takes no gifts through anybody.
_TAKING = frozenset({CampaignStatus.DRAFT, CampaignStatus.FILED, CampaignStatus.OPEN})


def subject_of(campaign: str, provider: str) -> str:
    """What a request to switch this provider is about."""
    name = f"{campaign}/{provider}"
    return name if len(name) <= 64 else hashlib.sha256(name.encode()).hexdigest()


def ask_switch(campaign: str, provider: str, *, on: bool, reason: str, by: Signed) -> str:
    """Ask that the campaign takes gifts through ``provider``, or no longer; the request's id.

    Raises UnknownCampaign, ProviderUnfit, StepUnfit (it has ended), ProviderSwitched (it is so
    already), TextUnfit, and what ``approvals.services.request`` raises.
    """
    require_atomic()
    text = rules.clean_text(reason, REASON_LENGTH, lines=True)
    if not text:
        raise TextUnfit(field="reason", longest=REASON_LENGTH)
    row = _fitting(campaign, provider, on=on)
    doing = "启用" if on else "停用"
    title = f"{doing}支付渠道 {provider}：{row.name}"
    facts = _facts(row, provider, on=on, reason=text)
    subject = subject_of(campaign, provider)
    return approvals.request(Kind.SWITCH_PROVIDER, subject, facts, by=by, title=title)


def switch(request_id: str, by: Signed) -> None:
    """The effect of an approved request: from now on it is so.

    Raises what ``ask_switch`` and ``approvals.services.use`` raise.
    """
    require_atomic()
    asked = approval_queries.request(request_id).facts
    on = asked["action"] == "on"
    row = _fitting(asked["campaign"], asked["provider"], on=on)
    facts = _facts(row, asked["provider"], on=on, reason=asked["reason"])
    signature = approvals.use(request_id, facts)
    db.session().execute(
        insert(CampaignProvider).values(
            id=new_id(),
            campaign_id=row.id,
            provider=asked["provider"],
            taken=on,
            reason=asked["reason"],
            request_id=request_id,
            first_person_id=signature.first_person_id,
            second_person_id=signature.second_person_id,
            recorded_at=clock.now(),
        )
    )
    after = {"provider": asked["provider"], "taken": on, "request": request_id}
    before = {"provider": asked["provider"], "taken": not on}
    trail(by.actor, "campaign.provider", "campaign", row.slug, after, before=before)


def _fitting(campaign: str, provider: str, *, on: bool) -> Campaign:
    """The campaign, locked, whose provider can be switched so."""
    if not 0 < len(provider) <= NAME_LENGTH or not provider.isidentifier():
        raise ProviderUnfit
    row = (
        db.session()
        .scalars(select(Campaign).where(Campaign.slug == campaign).with_for_update())
        .first()
    )
    if row is None:
        raise UnknownCampaign
    if CampaignStatus(row.status) not in _TAKING:
        raise StepUnfit
    (now,) = switches(campaign, [provider])
    if now.taken is on:
        raise ProviderSwitched
    return row


def _facts(row: Campaign, provider: str, *, on: bool, reason: str) -> dict[str, object]:
    return {
        "campaign": row.slug,
        "name": row.name,
        "provider": provider,
        "action": "on" if on else "off",
        "reason": reason,
    }
