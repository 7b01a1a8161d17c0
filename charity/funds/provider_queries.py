"""Through which payment providers campaigns take gifts today.

Rule: a provider is off for a campaign until two people switched it on; the sandbox, whose money is
test money, is on until two people switch it off. The newest switch counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from charity.funds.models import Campaign, CampaignProvider, CampaignUnit
from charity.kernel.db import among, db

#: Providers a campaign takes from the start. Production has no sandbox.
FROM_THE_START = frozenset({"sandbox"})


@dataclass(frozen=True, slots=True)
class Switch:
    """One provider of a campaign; ``since`` and ``reason`` of its last switch, if there was one."""

    provider: str
    taken: bool
    since: dt.datetime | None = None
    reason: str = ""


def taken(slugs: Collection[str]) -> dict[str, frozenset[str]]:
    """The providers through which each of these campaigns takes gifts."""
    found = {slug: set(FROM_THE_START) for slug in slugs}
    rows = db.session().execute(
        select(Campaign.slug, CampaignProvider.provider, CampaignProvider.taken)
        .join(Campaign, Campaign.id == CampaignProvider.campaign_id)
        .where(among(Campaign.slug, sorted(found)))
        .order_by(CampaignProvider.id)
    )
    for row in rows:
        (found[row.slug].add if row.taken else found[row.slug].discard)(row.provider)
    return {slug: frozenset(names) for slug, names in found.items()}


def taken_by_all(slugs: Collection[str]) -> frozenset[str] | None:
    """The providers through which every one of these campaigns takes gifts; ``None`` of none."""
    each = list(taken(set(slugs)).values())
    return frozenset.intersection(*each) if each else None


def campaigns_of(campaign_unit_ids: Collection[int]) -> list[str]:
    """The campaigns in which these units raise (database ids of a campaign's unit)."""
    found = db.session().scalars(
        select(Campaign.slug)
        .join(CampaignUnit, CampaignUnit.campaign_id == Campaign.id)
        .where(among(CampaignUnit.id, sorted(set(campaign_unit_ids))))
        .distinct()
    )
    return list(found)


def switches(slug: str, providers: Collection[str]) -> list[Switch]:
    """How a campaign stands to each of these providers, in their order."""
    rows = db.session().scalars(
        select(CampaignProvider)
        .join(Campaign, Campaign.id == CampaignProvider.campaign_id)
        .where(Campaign.slug == slug)
        .order_by(CampaignProvider.id)
    )
    last = {row.provider: row for row in rows}
    return [
        Switch(name, last[name].taken, last[name].recorded_at, last[name].reason)
        if name in last
        else Switch(name, name in FROM_THE_START)
        for name in providers
    ]
