"""The life of an application: every step that may be taken, and nothing else."""

from __future__ import annotations

from charity.disbursements.errors import NotNow
from charity.disbursements.kinds import ApplicationStatus as S

NEXT: dict[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.WAITING, S.WITHDRAWN}),
    S.WAITING: frozenset({S.DRAFT, S.RETURNED, S.REFUSED, S.APPROVED, S.WITHDRAWN}),
    S.RETURNED: frozenset({S.DRAFT, S.WAITING, S.WITHDRAWN}),
    S.REFUSED: frozenset(),
    # Back to WAITING when a refund took what was promised.
    S.APPROVED: frozenset({S.PAID, S.LAPSED, S.WAITING, S.RETURNED}),
    # Back to APPROVED when the payee's bank sent the money back; LAPSED when all was handed back.
    S.PAID: frozenset({S.PROVED, S.APPROVED, S.LAPSED}),
    S.PROVED: frozenset({S.LAPSED}),
    S.WITHDRAWN: frozenset(),
    S.LAPSED: frozenset(),
}


def require(now: S, to: S) -> None:
    """``to`` may follow ``now``. Raises ``NotNow``."""
    if to not in NEXT[now]:
        raise NotNow
