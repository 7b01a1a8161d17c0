"""The life of a request: it goes forward only, and each end is an end."""

from __future__ import annotations

from charity.approvals.kinds import RequestStatus as S

NEXT: dict[S, frozenset[S]] = {
    S.WAITING: frozenset({S.APPROVED, S.REFUSED, S.WITHDRAWN, S.EXPIRED}),
    S.APPROVED: frozenset({S.USED, S.WITHDRAWN, S.EXPIRED}),
    S.REFUSED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.EXPIRED: frozenset(),
    S.USED: frozenset(),
}
