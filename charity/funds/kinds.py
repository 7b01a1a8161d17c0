"""States of a campaign and levels of a raising unit."""

from __future__ import annotations

from enum import StrEnum


class CampaignStatus(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "draft"  # the plan is being written; nobody sees it
    FILED = "filed"  # the plan has its filing number
    OPEN = "open"  # takes gifts between its dates
    ENDED = "ended"  # takes no more gifts
    REPORTED = "reported"  # the closing report is public
    CLOSED = "closed"  # every book of it is closed


PUBLIC = frozenset(CampaignStatus) - {CampaignStatus.DRAFT}


class UnitLevel(StrEnum):
    """How far a raising unit reaches."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    OTHER = "other"  # a company, a school, a social organization
