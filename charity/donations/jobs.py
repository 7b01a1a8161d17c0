"""What the worker calls. Each is safe to run twice and beside another worker.

They open their own units of work, because a batch that fails is halved until the bad event is
alone and parked, while the others settle.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from charity.donations import inquiries, services, sweeping, tries
from charity.donations.back import calls as refund_calls
from charity.donations.providers import sandbox
from charity.donations.settling import BATCH, settle_batch
from charity.kernel import inbox
from charity.kernel.atomic import atomic, atomically, is_retryable
from charity.kernel.db import db

_log = structlog.get_logger(__name__)


def settle_inbox(limit: int = BATCH) -> int:
    """Settle up to ``limit`` waiting events; how many had their effect or were put aside."""
    if not inbox.waiting():
        db.session().rollback()
        return 0
    return _settle(limit, None)


def _settle(limit: int, ids: Sequence[int] | None, *, last: bool = False) -> int:
    claimed: list[int] = []
    try:
        with atomic():
            events = inbox.claim(limit, ids)
            claimed = [event.id for event in events]
            return settle_batch(events).handled if events else 0
    except Exception as error:
        # The database's own trouble is nobody's event: nothing is parked for it.
        if not claimed or _not_the_events_fault(error):
            raise
        _log.warning("settle.failed", events=len(claimed), error=type(error).__name__)
        return _park(claimed[0], error) if last else _halve(claimed)


def _not_the_events_fault(error: Exception) -> bool:
    if isinstance(error, MemoryError | InterfaceError | OperationalError):
        return True
    return isinstance(error, DBAPIError) and (is_retryable(error) or error.connection_invalidated)


def _halve(ids: Sequence[int]) -> int:
    if len(ids) == 1:
        # Once more: what stood in its way may have been another worker, and is done by now.
        return _settle(1, ids, last=True)
    middle = len(ids) // 2
    return _settle(middle, ids[:middle]) + _settle(len(ids) - middle, ids[middle:])


def _park(event_id: int, error: Exception) -> int:
    atomically(_park_alone)(event_id, f"{type(error).__name__}: {_constraint(error)}")
    return 1


def _park_alone(event_id: int, reason: str) -> None:
    # Another worker may have settled it between our failure and now: then it is not new any more.
    if inbox.claim(1, [event_id]):
        inbox.park(event_id, reason)


def _constraint(error: Exception) -> str:
    """What a database refused, without the values it was given."""
    original = getattr(error, "orig", None)
    diagnosis = getattr(original, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name or diagnosis.message_primary)
    return str(original)[:200] if original is not None else str(error)[:200]


def expire_quiet() -> int:
    """Intents whose time is over expire; how many."""
    return atomically(services.expire_quiet)()


def forget_tries() -> int:
    """Tries to pay are kept for a day; how many were removed."""
    return atomically(tries.forget)()


def deliver_sandbox_events() -> int:
    """Deliver what the sandbox still has to tell us; how many were tried."""
    return sandbox.deliver_due()


def send_refunds() -> int:
    """Tell providers of agreed refunds, and ask after those on their way; how many."""
    return refund_calls.send_due()


def ask_providers() -> int:
    """Ask what providers only pointed at: fees, payouts, refunds; how many questions."""
    return inquiries.ask_due()


def look_quiet() -> int:
    """Ask after payments of which nothing was heard; how many."""
    return sweeping.look_quiet()


def list_missed_lately() -> int:
    """Store events of the last three days that never came; how many."""
    return sweeping.list_missed(sweeping.LATELY)


def list_missed_long() -> int:
    """The same for thirty days, as long as a provider keeps them."""
    return sweeping.list_missed(sweeping.LONG)
