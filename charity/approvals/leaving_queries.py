"""What would stand still if a person left: their requests, and what only they can decide."""

from __future__ import annotations

from sqlalchemy import select

from charity.approvals.kinds import LIVE
from charity.approvals.models import Request, State
from charity.approvals.queries import RequestView, may_decide, request, waiting_for
from charity.approvals.rules import RULES
from charity.kernel import clock
from charity.kernel.db import db
from charity.people.queries import Signed, holders


def asked_and_live(person_id: str) -> list[RequestView]:
    """Requests of this person of which something can still come, the oldest first."""
    names = db.session().scalars(
        select(Request.public_id)
        .join(State, State.request_id == Request.id)
        .where(
            Request.asked_by_id == person_id,
            State.status.in_([status.value for status in LIVE]),
            Request.expires_at > clock.now(),
        )
        .order_by(Request.id)
    )
    return [request(name) for name in list(names)]


def only_for(person: Signed) -> list[RequestView]:
    """Requests that wait for this person's word and can be decided by nobody else."""
    return [view for view in waiting_for(person) if not _by_another(view, person)]


def _by_another(view: RequestView, person: Signed) -> bool:
    return any(
        one.person_id != person.person_id and may_decide(view, one)
        for one in holders(RULES[view.kind].decide, view.scopes)
    )
