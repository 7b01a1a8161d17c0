"""The sandbox's post: what it has to tell us, sent until it is answered with 200."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.request

from flask import current_app
from sqlalchemy import select, update

from charity.donations.models import SandboxEvent
from charity.donations.providers.sandbox_wire import HEADER, NAME, sign
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db

TIMEOUT_S = 3
LEASE = dt.timedelta(seconds=10)
_LONGEST_PAUSE = dt.timedelta(hours=1)


def deliver(event_id: str) -> bool:
    """Send one event to our webhook; whether it was answered with 200.

    Outside ``atomic()``: it waits for the network, at most three seconds. What was not answered
    is sent again by ``deliver_due``.
    """
    row = (
        db.session()
        .execute(
            select(SandboxEvent.body, SandboxEvent.attempts).where(SandboxEvent.id == event_id)
        )
        .first()
    )
    if row is None:
        return False
    db.session().rollback()
    answered = _post(row.body)
    now = clock.now()
    pause = min(dt.timedelta(seconds=2 ** min(row.attempts, 12)), _LONGEST_PAUSE)
    values = {"delivered_at": now} if answered else {"next_at": now + pause}
    with atomic():
        db.session().execute(
            update(SandboxEvent)
            .where(SandboxEvent.id == event_id)
            .values(attempts=min(row.attempts + 1, 30_000), **values)
        )
    return answered


def _post(raw: bytes) -> bool:
    base = current_app.extensions["charity.settings"].base_url
    request = urllib.request.Request(  # noqa: S310 - the scheme of BASE_URL is checked at start
        f"{base}/webhooks/{NAME}",
        data=raw,
        headers={
            "Content-Type": "application/json",
            HEADER: sign(raw, int(clock.now().timestamp())),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - see above
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def deliver_due(limit: int = 20) -> int:
    """Deliver events that were not answered yet; how many were tried. Outside ``atomic()``."""
    now = clock.now()
    due = (
        select(SandboxEvent.id)
        .where(
            SandboxEvent.delivered_at.is_(None),
            SandboxEvent.next_at <= now,
        )
        .order_by(SandboxEvent.next_at)
        .limit(limit)
    )
    if db.session().scalar(due.limit(1)) is None:
        return 0
    with atomic():
        # Leased before it is sent, so that two workers do not send the same one at once.
        ids = list(db.session().scalars(due.with_for_update(skip_locked=True)))
        db.session().execute(
            update(SandboxEvent).where(SandboxEvent.id.in_(ids)).values(next_at=now + LEASE)
        )
    for event_id in ids:
        deliver(event_id)
    return len(ids)
