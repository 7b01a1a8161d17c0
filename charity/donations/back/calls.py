"""The worker's part of refunds: tell the provider, and find out what it did.

Each call is written down before it is made and its answer after, so a crash anywhere leaves a
refund that is looked for under its own id. What the provider has never heard of is sent again
under that same id, which is one refund for ever however often it is sent.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from sqlalchemy import select, update

from charity.donations.back import refunds
from charity.donations.back.kinds import MOVING, RefundState, Route
from charity.donations.back.models import Refund
from charity.donations.errors import ProviderRefused, ProviderUnsure
from charity.donations.providers.base import RefundAnswer, RefundAsked
from charity.donations.providers.registry import known
from charity.kernel import clock
from charity.kernel.atomic import atomically, require_atomic
from charity.kernel.db import db

# As long as a call may take, and longer: nobody else looks for the refund meanwhile.
LEASE = dt.timedelta(minutes=2)
_BATCH = 20
_log = structlog.get_logger(__name__)


def send_due(limit: int = _BATCH) -> int:
    """Tell the provider of agreed refunds and ask after those on their way; how many."""
    waits = db.session().scalar(_due().limit(1))
    db.session().rollback()
    if waits is None:
        return 0
    claimed = atomically(_claim)(limit)
    for row in claimed:
        _call(row)
    return len(claimed)


def _due() -> Any:
    return select(Refund.id).where(
        Refund.state.in_([state.value for state in MOVING]),
        Refund.route == Route.PROVIDER.value,
        Refund.next_at <= clock.now(),
    )


def _claim(limit: int) -> list[Any]:
    """Refunds to call about, leased; those not yet sent are written down as sent first."""
    require_atomic()
    now = clock.now()
    session = db.session()
    ids = list(
        session.scalars(
            _due().order_by(Refund.next_at).limit(limit).with_for_update(skip_locked=True)
        )
    )
    rows = session.execute(
        select(
            Refund.id,
            Refund.public_id,
            Refund.provider,
            Refund.object_id,
            Refund.amount_fen,
            Refund.currency,
            Refund.state,
        ).where(Refund.id.in_(ids))
    ).all()
    session.execute(
        update(Refund)
        .where(Refund.id.in_(ids))
        .values(next_at=now + LEASE, attempts=Refund.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Refund)
        .where(Refund.id.in_(ids), Refund.state == RefundState.APPROVED.value)
        .values(state=RefundState.SENT.value, state_at=now, sent_at=now)
        .execution_options(synchronize_session=False)
    )
    return list(rows)


def _call(row: Any) -> None:
    asked = RefundAsked(row.public_id, row.object_id, row.amount_fen, row.currency)
    try:
        answer = _ask(row, asked)
    except ProviderUnsure:
        atomically(refunds.unsure)(row.id, "no answer")
    except ProviderRefused:
        atomically(refunds.answered)(row.id, RefundAnswer("refused", ""))
    except Exception as error:  # noqa: BLE001 - whatever broke, what the provider did is not known
        db.session().rollback()
        _log.error("refund.call_failed", refund=row.public_id, error=type(error).__name__)
        atomically(refunds.unsure)(row.id, type(error).__name__)
    else:
        atomically(refunds.answered)(row.id, answer)


def _ask(row: Any, asked: RefundAsked) -> RefundAnswer:
    """A first call, or the question how it stands; what nobody heard of is sent again."""
    provider = known(row.provider)
    if row.state == RefundState.APPROVED.value:
        return provider.refund(asked)
    return provider.find_refund(asked) or provider.refund(asked)
