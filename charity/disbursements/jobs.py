"""What the worker calls. Safe to run twice and beside another worker."""

from __future__ import annotations

from collections.abc import Callable

from charity.disbursements import ends
from charity.kernel.atomic import atomically
from charity.kernel.db import db


def bring_back_taken() -> int:
    """Applications whose promised money a refund took go back to their approvers; how many."""
    return _each(ends.taken, ends.bring_back)


def expire_approvals() -> int:
    """Approvals that were not paid in time give their money back; how many."""
    return _each(ends.expired, ends.expire)


def follow_requests() -> int:
    """Applications whose request is over go on as it says; how many."""
    return _each(ends.unfollowed, ends.follow)


def _each(find: Callable[[], list[str]], one: Callable[[str], bool]) -> int:
    """Each in a unit of work of its own."""
    found = find()
    db.session().rollback()
    return sum(atomically(one)(name) for name in found)
