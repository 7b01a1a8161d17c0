"""Where many requests are at once, for the domains that follow what they asked for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from charity.approvals.kinds import LIVE, RequestStatus
from charity.approvals.models import Request, State
from charity.kernel import clock
from charity.kernel.db import among, db


def statuses(request_ids: Iterable[str]) -> dict[str, RequestStatus]:
    """Where each of these requests is now, by public id; one whose time is over is expired."""
    rows = db.session().execute(
        select(Request.public_id, Request.expires_at, State.status)
        .join(State, State.request_id == Request.id)
        .where(among(Request.public_id, request_ids))
    )
    now = clock.now()
    found: dict[str, RequestStatus] = {}
    for name, expires_at, written in rows:
        status = RequestStatus(written)
        over = status in LIVE and expires_at <= now
        found[name] = RequestStatus.EXPIRED if over else status
    return found
