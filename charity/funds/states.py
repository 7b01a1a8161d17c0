"""The life of a campaign: it goes forward only."""

from __future__ import annotations

from charity.funds.kinds import CampaignStatus as S

NEXT: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.FILED}),
    S.FILED: frozenset({S.OPEN}),
    S.OPEN: frozenset({S.ENDED}),
    S.ENDED: frozenset({S.REPORTED}),
    S.REPORTED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
}
