"""What needs two people, and where a request is."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is asked for."""

    REFUND = "refund"  # a gift goes back to its donor
    SLIP = "slip"  # money taken by hand, confirmed from its slip
    OPEN_BOOK = "open_book"  # a unit gets a book in a campaign
    SWITCH_PROVIDER = "switch_provider"  # a campaign takes gifts through a provider, or no longer
    PARAMETER = "parameter"  # a dated figure changes
    CORRECTION = "correction"  # a mistake of ours is mended by new entries
    RESET_FACTOR = "reset_factor"  # somebody's second factor is taken off
    SUSPENSE = "suspense"  # money nobody knew goes to a unit's book, or back
    CAMPAIGN_BACK = "campaign_back"  # a campaign that was taken down is shown again
    STEWARD = "steward"  # who may apply for a unit that left or merged
    APPLICATION = "application"  # a unit uses its money
    REPORT = "report"  # a version of a report is checked, then published


class RequestStatus(StrEnum):
    """Where a request is. Only WAITING takes decisions; only APPROVED can be used."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the requester, or by the system when other facts were asked for
    EXPIRED = "expired"
    USED = "used"


LIVE = frozenset({RequestStatus.WAITING, RequestStatus.APPROVED})
