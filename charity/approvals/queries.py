"""Reads of requests, decisions and delegations; who may decide what, as pages need to know it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from charity.approvals import rules
from charity.approvals.errors import NoSuchRequest
from charity.approvals.kinds import LIVE, Kind, RequestStatus
from charity.approvals.models import Decision, Delegation, Request, RequestScope, State
from charity.approvals.rules import RULES, Right
from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed, as_person

PAGE = 50


@dataclass(frozen=True, slots=True)
class Who:
    """A person by public id, and the name as it was then."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One person's word; ``for_whom`` is whoever handed the deciding over."""

    by: Who
    role: Role
    for_whom: Who | None
    approve: bool
    reason: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as it stands now: one whose time is over is expired, whatever was written."""

    id: str
    kind: Kind
    subject_id: str
    title: str
    note: str
    facts: dict[str, Any]
    facts_sha256: str
    status: RequestStatus
    requested_by: Who
    requested_at: dt.datetime
    expires_at: dt.datetime
    needed: int
    scopes: tuple[str, ...]
    concerned: tuple[str, ...]
    decisions: tuple[DecisionView, ...]
    closed_at: dt.datetime | None
    closed_by: Who | None
    closed_reason: str

    @property
    def live(self) -> bool:
        """Whether something can still come of it."""
        return self.status in LIVE

    @property
    def counted(self) -> frozenset[str]:
        """Persons whose word was given, by themselves or by another in their place."""
        return frozenset(
            actor.id for each in self.decisions for actor in (each.by, each.for_whom) if actor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationView:
    """One role's deciding in another's hands, from a day to a day, both included."""

    id: str
    role: Role
    scope: str | None
    from_whom: Who
    to_whom: Who
    starts_on: dt.date
    ends_on: dt.date
    revoked_at: dt.datetime | None

    @property
    def over(self) -> bool:
        """Whether nothing can be decided by it any more."""
        return self.revoked_at is not None or self.ends_on < clock.today()


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, the newest first; ``after`` begins the next page, None on the last."""

    requests: tuple[RequestView, ...]
    after: str | None


def request(request_id: str) -> RequestView:
    """The request with this public id. Raises ``NoSuchRequest``."""
    found = _views(_requests().where(Request.public_id == request_id))
    if not found:
        raise NoSuchRequest
    return found[0]


def latest(kind: Kind, subject_id: str) -> RequestView | None:
    """The newest request of this kind about this thing; None when there never was one."""
    asked = _requests().where(Request.kind == kind.value, Request.subject_id == subject_id)
    found = _views(asked.order_by(Request.id.desc()).limit(1))
    return found[0] if found else None


def rights(signed: Signed) -> list[Right]:
    """Every deciding this person has today: by own roles, and handed over by others."""
    own = [Right(grant.role, grant.scope) for grant in own_deciding(signed)]
    held = {grant.role for grant in signed.grants}
    handed = _handed_over(signed.person_id, clock.today())
    return own + [right for right in handed if rules.may_stand_in(right.role, held)]


def own_deciding(signed: Signed) -> list[Grant]:
    """The roles of this person that decide something, and so can be handed over."""
    return [grant for grant in signed.grants if grant.role in rules.DECIDING]


def standing(view: RequestView, signed: Signed, held: Iterable[Right]) -> Right:
    """By which of the rights ``held`` this person would decide.

    Raises ``OwnRequest``, ``Concerned``, ``AlreadyDecided``, ``MayNotDecide``,
    ``DelegatorConcerned``.
    """
    return rules.standing(
        view.kind,
        person=signed.person_id,
        rights=held,
        scopes=view.scopes,
        requester=view.requested_by.id,
        concerned=view.concerned,
        counted=view.counted,
    )


def may_decide(view: RequestView, signed: Signed) -> bool:
    """Whether this person can approve or refuse the request now."""
    return view.status is RequestStatus.WAITING and _stands(view, signed, rights(signed))


def may_see(view: RequestView, signed: Signed) -> bool:
    """Whoever asked, decided or may decide, and all who work for the whole fund."""
    parts = {view.requested_by.id, *view.counted}
    return (
        signed.person_id in parts
        or any(grant.scope is None for grant in signed.grants)
        or any(right.covers(view.kind, view.scopes) for right in rights(signed))
    )


def waiting_for(signed: Signed, *, kind: Kind | None = None) -> list[RequestView]:
    """Every request that waits for this person's word, the oldest first."""
    held = rights(signed)
    reach = _within(held)
    if reach is None:
        return []
    asked = _requests().where(
        State.status == RequestStatus.WAITING.value,
        Request.expires_at > clock.now(),
        Request.asked_by_id != signed.person_id,
        reach,
        ~exists().where(Decision.request_id == Request.id, Decision.person_id == signed.person_id),
    )
    if kind is not None:
        asked = asked.where(Request.kind == kind.value)
    found = _views(asked.order_by(Request.id))
    return [view for view in found if _stands(view, signed, held)]


def asked_by(
    person_id: str, *, kind: Kind | None = None, after: str | None = None, limit: int = PAGE
) -> Page:
    """What this person asked for, the newest first."""
    return _page(_requests().where(Request.asked_by_id == person_id), kind, after, limit)


def done(
    signed: Signed,
    *,
    kind: Kind | None = None,
    status: RequestStatus | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """What no longer waits: all of it for those who work for the fund, else what one decided."""
    over = or_(State.status != RequestStatus.WAITING.value, Request.expires_at <= clock.now())
    asked = _requests().where(over)
    if status is not None:
        asked = asked.where(_now(status))
    if not any(grant.scope is None for grant in signed.grants):
        mine = Decision.person_id == signed.person_id
        asked = asked.where(exists().where(Decision.request_id == Request.id, mine))
    return _page(asked, kind, after, limit)


def delegations_of(person_id: str, limit: int = 200) -> list[DelegationView]:
    """Delegations by this person and to this person, the newest first."""
    return _delegations(or_(Delegation.from_id == person_id, Delegation.to_id == person_id), limit)


def delegations_standing(limit: int = 200) -> list[DelegationView]:
    """All delegations that are not over, for those who watch, the newest first."""
    today = clock.today()
    return _delegations(and_(Delegation.revoked_at.is_(None), Delegation.ends_on >= today), limit)


def _delegations(wanted: ColumnElement[bool], limit: int) -> list[DelegationView]:
    rows = db.session().scalars(
        select(Delegation).where(wanted).order_by(Delegation.id.desc()).limit(limit)
    )
    return [
        DelegationView(
            id=row.public_id,
            role=Role(row.role),
            scope=row.scope,
            from_whom=Who(row.from_id, row.from_name),
            to_whom=Who(row.to_id, row.to_name),
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def _now(status: RequestStatus) -> ColumnElement[bool]:
    """Requests whose status is this at the present moment."""
    written = State.status == status.value
    if status is RequestStatus.EXPIRED:
        live = State.status.in_([each.value for each in LIVE])
        return or_(written, and_(live, Request.expires_at <= clock.now()))
    return and_(written, Request.expires_at > clock.now()) if status in LIVE else written


def may_withdraw(view: RequestView, signed: Signed) -> bool:
    """Whether this person can take the request back now."""
    return view.live and view.requested_by.id == signed.person_id


def asking(kind: Kind) -> tuple[Role, ...]:
    """The roles that ask for this."""
    return RULES[kind].ask


def may_ask(kind: Kind, signed: Signed) -> bool:
    """Whether a role of this person for the whole fund asks for this."""
    return signed.holds(RULES[kind].ask)


def _stands(view: RequestView, signed: Signed, held: Iterable[Right]) -> bool:
    try:
        standing(view, signed, held)
    except RuleBroken:
        return False
    return True


def _within(held: Iterable[Right]) -> ColumnElement[bool] | None:
    """Requests that one of these rights covers; None when nothing is."""
    reach: list[ColumnElement[bool]] = []
    for right in held:
        kinds = [kind.value for kind, rule in RULES.items() if right.role in rule.decide]
        of_kind = Request.kind.in_(kinds)
        if right.scope is None:
            reach.append(of_kind)
        else:
            here = and_(RequestScope.request_id == Request.id, RequestScope.code == right.scope)
            reach.append(and_(of_kind, exists().where(here)))
    return or_(*reach) if reach else None


def _handed_over(person_id: str, day: dt.date) -> list[Right]:
    """Rights of others that this person exercises on ``day``."""
    rows = db.session().execute(
        select(Delegation.role, Delegation.scope, Delegation.from_id, Delegation.from_name)
        .where(
            Delegation.to_id == person_id,
            Delegation.revoked_at.is_(None),
            Delegation.starts_on <= day,
            Delegation.ends_on >= day,
        )
        .order_by(Delegation.id)
    )
    found = [Right(Role(row.role), row.scope, row.from_id, row.from_name) for row in rows]
    return [right for right in found if _still_held(right)]


def _still_held(right: Right) -> bool:
    """Whoever lost a role has nothing left to hand over."""
    delegator = as_person(right.for_id or "")
    return delegator is not None and Grant(right.role, right.scope) in delegator.grants


def _requests() -> Select[*tuple[Any, ...]]:
    return select(
        Request,
        State.status,
        State.changed_at,
        State.changed_by_id,
        State.changed_by_name,
        State.reason,
    ).join(State, State.request_id == Request.id)


def _page(
    asked: Select[*tuple[Any, ...]], kind: Kind | None, after: str | None, limit: int
) -> Page:
    """The newest first, from behind the request whose public id is ``after``."""
    if kind is not None:
        asked = asked.where(Request.kind == kind.value)
    if after is not None:
        last = select(Request.id).where(Request.public_id == after).scalar_subquery()
        asked = asked.where(Request.id < last)
    found = _views(asked.order_by(Request.id.desc()).limit(limit + 1))
    more = found[limit - 1].id if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def _views(asked: Select[*tuple[Any, ...]]) -> list[RequestView]:
    rows = db.session().execute(asked).all()
    ids = [row.Request.id for row in rows]
    scopes = _gathered(
        select(RequestScope.request_id, RequestScope.code)
        .where(among(RequestScope.request_id, ids))
        .order_by(RequestScope.code)
    )
    words = _gathered(
        select(Decision.request_id, Decision)
        .where(among(Decision.request_id, ids))
        .order_by(Decision.id)
    )
    return [
        _view(row, scopes.get(row.Request.id, ()), words.get(row.Request.id, ())) for row in rows
    ]


def _gathered(asked: Select[*tuple[Any, ...]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for request_id, value in db.session().execute(asked):
        found.setdefault(request_id, []).append(value)
    return found


def _view(row: Any, scopes: Sequence[str], words: Collection[Decision]) -> RequestView:
    asked: Request = row.Request
    status = RequestStatus(row.status)
    over = status in LIVE and asked.expires_at <= clock.now()
    ended = over or status not in LIVE
    closed_by = Who(row.changed_by_id, row.changed_by_name) if row.changed_by_id else None
    return RequestView(
        id=asked.public_id,
        kind=Kind(asked.kind),
        subject_id=asked.subject_id,
        title=asked.title,
        note=asked.note,
        facts=json.loads(asked.facts),
        facts_sha256=asked.facts_sha256,
        status=RequestStatus.EXPIRED if over else status,
        requested_by=Who(asked.asked_by_id, asked.asked_by_name),
        requested_at=asked.asked_at,
        expires_at=asked.expires_at,
        needed=asked.needed,
        scopes=tuple(scopes),
        concerned=tuple(json.loads(asked.concerned)),
        decisions=tuple(_decision(each) for each in words),
        closed_at=(asked.expires_at if over else row.changed_at) if ended else None,
        closed_by=closed_by if ended and not over else None,
        closed_reason=row.reason,
    )


def _decision(word: Decision) -> DecisionView:
    return DecisionView(
        by=Who(word.person_id, word.person_name),
        role=Role(word.role),
        for_whom=Who(word.for_id, word.for_name or "") if word.for_id else None,
        approve=word.approve,
        reason=word.reason,
        at=word.at,
    )
