"""Reads of all requests for those who supervise, whoever asked and whoever decides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select

from charity.approvals import rules
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.models import Decision, Request
from charity.approvals.queries import PAGE, Page, RequestView, _now, _page, _requests, _views
from charity.kernel.db import among, db


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the list is narrowed to. ``people``: who asked or decided. Ids: first, one past."""

    kind: Kind | None = None
    status: RequestStatus | None = None
    subject_id: str | None = None
    people: tuple[str, ...] | None = None
    first_id: int | None = None
    past_id: int | None = None


def everything(asked: Asked, after: str | None = None, limit: int = PAGE) -> Page:
    """Every request, the newest first."""
    wanted = _requests()
    if asked.status is not None:
        wanted = wanted.where(_now(asked.status))
    if asked.subject_id is not None:
        wanted = wanted.where(
            Request.kind.in_([kind.value for kind in Kind]), Request.subject_id == asked.subject_id
        )
    if asked.people is not None:
        decided = exists().where(
            Decision.request_id == Request.id,
            or_(among(Decision.person_id, asked.people), among(Decision.for_id, asked.people)),
        )
        wanted = wanted.where(or_(among(Request.asked_by_id, asked.people), decided))
    if asked.first_id is not None:
        wanted = wanted.where(Request.id >= asked.first_id)
    if asked.past_id is not None:
        wanted = wanted.where(Request.id < asked.past_id)
    return _page(wanted, asked.kind, after, limit)


def of_hash(hashes: Collection[str]) -> dict[str, str]:
    """By hash of the facts: the public id of the newest request that asked for just these."""
    rows = db.session().execute(
        select(Request.facts_sha256, Request.public_id)
        .where(among(Request.facts_sha256, hashes))
        .order_by(Request.id)
    )
    return {row.facts_sha256: row.public_id for row in rows}


def hash_holds(view: RequestView) -> bool:
    """Whether the facts as stored hash to what was signed."""
    return rules.sha256(rules.canonical(view.facts)) == view.facts_sha256


def asked_between(
    kind: Kind, first_id: int, past_id: int, places: Collection[int]
) -> tuple[int, tuple[RequestView, ...]]:
    """How many requests of a kind a span of ids has, and those at these places of them."""
    of_span = (Request.kind == kind.value, Request.id >= first_id, Request.id < past_id)
    size = db.session().scalar(select(func.count()).select_from(Request).where(*of_span)) or 0
    if not places or not size:
        return size, ()
    place = func.row_number().over(order_by=Request.id).label("place")
    counted = select(Request.id, place).where(*of_span).subquery()
    wanted = _requests().join(counted, counted.c.id == Request.id)
    return size, tuple(
        _views(wanted.where(counted.c.place.in_(sorted(places))).order_by(Request.id))
    )
