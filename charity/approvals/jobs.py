"""What the worker calls. Safe to run twice and beside another worker."""

from __future__ import annotations

from charity.approvals import services
from charity.kernel.atomic import atomically


def expire_due() -> int:
    """Requests and approvals whose time is over expire; how many."""
    return atomically(services.expire_due)()
