"""What providers charge: dated data, and the estimate shown before paying.

What is posted is the fee the provider states in its event, never this estimate.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from charity.donations.errors import ProviderUnknown
from charity.kernel import clock


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A provider's charge from a day on: ``permyriad`` of the amount plus ``fixed_fen``."""

    provider: str
    since: dt.date
    source: str
    permyriad: int
    fixed_fen: int
    least_fen: int

    def of(self, fen: int) -> int:
        """The fee on ``fen`` fen, rounded half up."""
        return max(self.least_fen, (fen * self.permyriad + 5_000) // 10_000 + self.fixed_fen)


# The newest first for each provider.
FEES = (
    FeeRule(
        provider="sandbox",
        since=dt.date(2023, 1, 1),
        source="made up, near what direct merchant accounts charge",
        permyriad=60,
        fixed_fen=0,
        least_fen=1,
    ),
    FeeRule(
        provider="stripe",
        since=dt.date(2023, 1, 1),
        source="stripe.com/en-hk/pricing: cards 3.4 % + HK$2.35, the dearest of its ways to pay",
        permyriad=340,
        fixed_fen=220,
        least_fen=1,
    ),
)


def rule(provider: str) -> FeeRule:
    """The provider's charge as of today. Raises ProviderUnknown."""
    today = clock.today()
    for each in FEES:
        if each.provider == provider and each.since <= today:
            return each
    raise ProviderUnknown


def estimate(provider: str, fen: int) -> int:
    """The fee to expect on a payment of ``fen`` fen, in fen. Raises ProviderUnknown."""
    return rule(provider).of(fen)
