"""What providers did not tell us is asked for: payments that went quiet, events that went missing.

Rule: what is found goes through the inbox like any event, so finding it twice, or beside the event
itself, changes nothing. No transaction is open while a provider answers.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select, update

from charity.donations import intake, services
from charity.donations.errors import PaymentUnknown, ProviderRefused, ProviderUnsure
from charity.donations.kinds import PaymentStatus
from charity.donations.models import Intent
from charity.donations.providers.registry import known
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import among, db

#: What the two jobs look back to.
LATELY, LONG = dt.timedelta(days=3), dt.timedelta(days=30)
_SOON, _LATE = dt.timedelta(minutes=10), dt.timedelta(hours=6)
# Money may come after an intent's time; then the listing of missed events still finds it.
_GIVE_UP = dt.timedelta(days=3)
_PAGE = 100
_log = structlog.get_logger(__name__)


def look_quiet(limit: int = 50) -> int:
    """Ask after payments that are due to be asked after; how many. Outside ``atomic()``."""
    waits = db.session().scalar(_due().limit(1))
    db.session().rollback()
    if waits is None:
        return 0
    claimed = atomically(_claim)(limit)
    for row in claimed:
        try:
            _look(row)
        except ProviderUnsure:
            # The others would most likely have no answer either; their next time is set.
            break
        except (ProviderRefused, PaymentUnknown) as error:
            _log.warning("look.refused", payment=row.public_id, reason=error.code)
    return len(claimed)


def _due() -> Any:
    return select(Intent.id).where(
        Intent.status != PaymentStatus.PAID.value,
        Intent.look_at.is_not(None),
        Intent.look_at <= clock.now(),
    )


def _claim(limit: int) -> list[Any]:
    """Payments to ask after now, each with the time of its next question."""
    session, now = db.session(), clock.now()
    ids = session.scalars(
        _due().order_by(Intent.look_at).limit(limit).with_for_update(skip_locked=True)
    )
    columns = (
        Intent.id,
        Intent.public_id,
        Intent.provider,
        Intent.reference,
        Intent.status,
        Intent.created_at,
        Intent.expires_at,
    )
    rows = list(session.execute(select(*columns).where(among(Intent.id, list(ids)))))
    for row in rows:
        pause = min(max(now - row.created_at, _SOON), _LATE)
        last = now > row.expires_at + _GIVE_UP
        _set([row.id], None if last else now + pause)
    return rows


def _set(ids: list[int], look_at: dt.datetime | None) -> None:
    db.session().execute(
        update(Intent)
        .where(among(Intent.id, ids))
        .values(look_at=look_at)
        .execution_options(synchronize_session=False)
    )


def _look(row: Any) -> None:
    if row.reference is None:
        # The provider was asked and did not answer: asked again under the same id, it is one
        # payment. After its time nobody can pay it any more.
        if row.status == PaymentStatus.CREATED.value and clock.now() < row.expires_at:
            services.start(row.public_id)
        else:
            atomically(_set)([row.id], None)
        return
    told = known(row.provider).look(row.reference)
    if told is not None:
        atomically(intake.take_in)(row.provider, [told])


def list_missed(since: dt.timedelta) -> int:
    """Store every event of the time since that is not here yet; how many. Outside ``atomic()``.

    Raises ProviderUnsure; what was listed until then is stored.
    """
    fresh = 0
    for name in current_app.extensions["charity.settings"].payment_providers:
        listed = iter(known(name).missed(clock.now() - since))
        while page := list(itertools.islice(listed, _PAGE)):
            fresh += atomically(intake.take_in)(name, page)
    return fresh
