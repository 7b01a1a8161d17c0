"""What a week's sample is drawn from."""

from __future__ import annotations

from enum import StrEnum


class SampleKind(StrEnum):
    """One population of a week."""

    ENTRY = "entry"  # entries, by number
    REFUND = "refund"  # requests to give a gift back
    APPLICATION = "application"  # requests to use money
    ACCESS = "access"  # who looked at somebody's data, and what was taken out as a file


LONGEST_REMARK = 500
SHORTEST_REASON, LONGEST_REASON = 4, 300
"""How much is said of something looked at, and of what a file is for, in signs."""
