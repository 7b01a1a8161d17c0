"""The verbs of approvals: ask, decide, withdraw, use, and let what is over expire.

The way through: ``request`` → ``decide`` by other persons → ``use`` in the unit of work that does
the thing. Each verb locks the request's state first, so of two at the same instant one comes second
and sees what the first did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.approvals import dated, queries, rules
from charity.approvals.errors import (
    AlreadyAsked,
    AlreadyUsed,
    Concerned,
    Expired,
    FactsChanged,
    MayNotAsk,
    NoSuchRequest,
    NotApproved,
    NotWaiting,
    ReasonNeeded,
    WordsTooLong,
)
from charity.approvals.kinds import LIVE, Kind, RequestStatus
from charity.approvals.models import Decision, Request, RequestScope, State
from charity.approvals.queries import RequestView
from charity.approvals.states import NEXT
from charity.audit.services import record
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import new_id, public_id
from charity.ledger.services import Actor, Signature
from charity.people.queries import Signed

SUPERSEDED = "superseded"
EXPIRE_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Locked:
    """A request's row whose state nobody else changes while we look."""

    id: int
    public_id: str
    kind: Kind
    subject_id: str
    facts_sha256: str
    asked_by_id: str
    expires_at: dt.datetime
    status: RequestStatus

    @property
    def over(self) -> bool:
        """Whether its time is over, written so or not."""
        return self.status is RequestStatus.EXPIRED or (
            self.status in LIVE and self.expires_at <= clock.now()
        )


def request(
    kind: Kind,
    subject_id: str,
    facts: Mapping[str, object],
    *,
    by: Signed,
    title: str,
    note: str = "",
    scopes: Collection[str] = (),
    concerned: Collection[str] = (),
    needed: int = 0,
) -> str:
    """Ask for something that needs another person; return the request's public id.

    ``facts`` hold text, whole numbers, yes and no, lists and maps of them, and say all that is to
    be done: they are hashed and compared when it is. ``scopes`` are the codes of a unit and those
    above it when people of units ask or decide; ``concerned`` the person ids of those it is about,
    who may neither ask nor decide; ``needed`` how many must agree, where that is more than the
    kind's own number. A request about the same thing with other facts is withdrawn.

    Raises ``MayNotAsk``, ``Concerned``, ``AlreadyAsked``, ``WordsTooLong``.
    """
    require_atomic()
    if not by.holds(rules.RULES[kind].ask, scopes):
        raise MayNotAsk
    if by.person_id in concerned:
        raise Concerned
    note = _words(note, "note")
    text = rules.canonical(facts)
    digest = rules.sha256(text)
    _make_room(kind, subject_id, digest)
    request_id, name, now = new_id(), public_id(), clock.now()
    waits = dated.value(rules.DAYS_KEY + kind.value, clock.local_date(now))
    session = db.session()
    session.execute(
        insert(Request).values(
            id=request_id,
            public_id=name,
            kind=kind.value,
            subject_id=subject_id,
            title=title[:300],
            note=note,
            facts=text,
            facts_sha256=digest,
            needed=max(needed, rules.RULES[kind].decisions),
            concerned=canonical_json(sorted(concerned)),
            asked_by_id=by.person_id,
            asked_by_name=by.name,
            asked_at=now,
            expires_at=now + dt.timedelta(days=waits),
        )
    )
    for code in sorted(set(scopes)):
        session.execute(insert(RequestScope).values(request_id=request_id, code=code))
    _begin(request_id, kind, subject_id, now)
    _trail("approval.asked", _locked(name), by.actor)
    return name


def decide(
    request_id: str, *, by: Signed, approve: bool, reason: str = "", seen: str | None = None
) -> RequestView:
    """Say yes or no to a request and return it as it then stands.

    ``seen`` is the hash of the facts the person looked at. It becomes APPROVED when as many persons
    as its kind needs have said yes, and REFUSED with the first no. Raises ``NoSuchRequest``,
    ``Expired``, ``NotWaiting``, ``FactsChanged``, ``OwnRequest``, ``Concerned``,
    ``AlreadyDecided``, ``MayNotDecide``, ``DelegatorConcerned``, ``ReasonNeeded``,
    ``WordsTooLong``.
    """
    require_atomic()
    row = _locked(request_id)
    if row.over:
        raise Expired
    if row.status is not RequestStatus.WAITING:
        raise NotWaiting
    if seen is not None and seen != row.facts_sha256:
        raise FactsChanged
    view = queries.request(request_id)
    right = queries.standing(view, by, queries.rights(by))
    reason = _words(reason, "reason")
    if not approve and not reason:
        raise ReasonNeeded
    db.session().execute(
        insert(Decision).values(
            id=new_id(),
            request_id=row.id,
            asked_by_id=row.asked_by_id,
            facts_sha256=row.facts_sha256,
            person_id=by.person_id,
            person_name=by.name,
            role=right.role.value,
            for_id=right.for_id,
            for_name=right.for_name,
            approve=approve,
            reason=reason,
            at=clock.now(),
        )
    )
    verb = "approval.agreed" if approve else "approval.refused"
    _trail(verb, row, by.actor, for_id=right.for_id)
    if not approve:
        _move(row, RequestStatus.REFUSED, by.actor)
    elif len(view.decisions) + 1 >= view.needed:
        _move(row, RequestStatus.APPROVED, by.actor)
    return queries.request(request_id)


def withdraw(request_id: str, *, by: Signed, reason: str = "") -> None:
    """Take back a request of one's own that waits, or is approved and was not used.

    Raises ``NoSuchRequest`` (also when it is another's), ``Expired``, ``NotWaiting``,
    ``WordsTooLong``.
    """
    require_atomic()
    row = _locked(request_id)
    if row.asked_by_id != by.person_id:
        raise NoSuchRequest
    if row.over:
        raise Expired
    if row.status not in LIVE:
        raise NotWaiting
    _withdraw(row, by.actor, _words(reason, "reason"))


def withdraw_about(kind: Kind, subject_id: str, *, reason: str) -> None:
    """The system takes back what is live about a thing, because the thing is no longer so."""
    require_atomic()
    row = _live(kind, subject_id)
    if row is not None:
        _withdraw(row, None, reason)


def use(request_id: str, facts: Mapping[str, object]) -> Signature:
    """Use an approved request for ``facts``, once; return who signed and the hash they signed.

    Two persons sign: the first and the last who agreed; where one agreement is enough, whoever
    asked and that one.
    Call it in the unit of work that does the thing, with facts put together anew from what is to
    be done. Raises ``NoSuchRequest``, ``AlreadyUsed``, ``Expired``, ``NotApproved``,
    ``FactsChanged``.
    """
    require_atomic()
    row = _locked(request_id)
    if row.status is RequestStatus.USED:
        raise AlreadyUsed
    if row.over:
        raise Expired
    if row.status is not RequestStatus.APPROVED:
        raise NotApproved
    if rules.sha256(rules.canonical(facts)) != row.facts_sha256:
        raise FactsChanged
    _move(row, RequestStatus.USED, None)
    agreed = list(
        db.session().scalars(
            select(Decision.person_id)
            .where(Decision.request_id == row.id, Decision.approve)
            .order_by(Decision.id)
        )
    )
    first = agreed[0] if len(agreed) > 1 else row.asked_by_id
    _trail("approval.used", row, None)
    return Signature(first, agreed[-1], row.facts_sha256)


def agreed(request_id: str) -> frozenset[str]:
    """Person ids of all who said yes to a request, themselves or by somebody in their place."""
    rows = db.session().execute(
        select(Decision.person_id, Decision.for_id)
        .join(Request, Request.id == Decision.request_id)
        .where(Request.public_id == request_id, Decision.approve)
    )
    return frozenset(person for row in rows for person in row if person is not None)


def facts_hash(facts: Mapping[str, object]) -> str:
    """The hash that a request about exactly these facts has: SHA-256, hex."""
    return rules.sha256(rules.canonical(facts))


def expire_due(limit: int = EXPIRE_AT_ONCE) -> int:
    """Write down that the time of requests is over; how many. Safe to run twice."""
    require_atomic()
    due = (
        _rows()
        .where(
            State.status.in_([status.value for status in LIVE]), Request.expires_at <= clock.now()
        )
        .order_by(Request.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=State)
    )
    rows = [_row(each) for each in db.session().execute(due).all()]
    for row in rows:
        _move(row, RequestStatus.EXPIRED, None)
        _trail("approval.expired", row, None)
    return len(rows)


def _make_room(kind: Kind, subject_id: str, digest: str) -> None:
    """One live request about one thing: another one gives way, the same one stands."""
    row = _live(kind, subject_id)
    if row is None:
        return
    if row.over:
        _move(row, RequestStatus.EXPIRED, None)
    elif row.facts_sha256 == digest:
        raise AlreadyAsked
    else:
        _withdraw(row, None, SUPERSEDED)


def _begin(request_id: int, kind: Kind, subject_id: str, now: dt.datetime) -> None:
    """The request waits from now on; the database lets one of two askers at one instant through."""
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    stored = session.execute(
        dialect.insert(State)
        .values(
            request_id=request_id,
            kind=kind.value,
            subject_id=subject_id,
            status=RequestStatus.WAITING.value,
            changed_at=now,
            reason="",
        )
        .on_conflict_do_nothing()
        .returning(State.request_id)
    )
    if stored.first() is None:
        raise AlreadyAsked


def _withdraw(row: _Locked, actor: Actor | None, reason: str) -> None:
    _move(row, RequestStatus.WITHDRAWN, actor, reason)
    _trail("approval.withdrawn", row, actor)


def _move(row: _Locked, to: RequestStatus, actor: Actor | None, reason: str = "") -> None:
    """Take one step of the table. Raises ``NotWaiting`` when somebody was faster."""
    if to not in NEXT[row.status]:
        raise NotWaiting
    moved = db.session().execute(
        update(State)
        .where(State.request_id == row.id, State.status == row.status.value)
        .values(
            status=to.value,
            changed_at=clock.now(),
            changed_by_id=actor.id if actor else None,
            changed_by_name=actor.name if actor else None,
            reason=reason,
        )
        .returning(State.request_id)
    )
    if moved.first() is None:
        raise NotWaiting


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        Request.id,
        Request.public_id,
        Request.kind,
        Request.subject_id,
        Request.facts_sha256,
        Request.asked_by_id,
        Request.expires_at,
        State.status,
    ).join(State, State.request_id == Request.id)


def _locked(request_id: str) -> _Locked:
    wanted = _rows().where(Request.public_id == request_id).with_for_update(of=State)
    found = db.session().execute(wanted).first()
    if found is None:
        raise NoSuchRequest
    return _row(found)


def _live(kind: Kind, subject_id: str) -> _Locked | None:
    wanted = _rows().where(
        State.kind == kind.value,
        State.subject_id == subject_id,
        State.status.in_([status.value for status in LIVE]),
    )
    found = db.session().execute(wanted.with_for_update(of=State)).first()
    return _row(found) if found is not None else None


def _row(found: Row[*tuple[Any, ...]]) -> _Locked:
    return _Locked(
        id=found.id,
        public_id=found.public_id,
        kind=Kind(found.kind),
        subject_id=found.subject_id,
        facts_sha256=found.facts_sha256,
        asked_by_id=found.asked_by_id,
        expires_at=found.expires_at,
        status=RequestStatus(found.status),
    )


def _words(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > rules.WORDS:
        raise WordsTooLong(field=field)
    return text


def _trail(verb: str, row: _Locked, actor: Actor | None, *, for_id: str | None = None) -> None:
    after: dict[str, object] = {
        "kind": row.kind.value,
        "subject": row.subject_id,
        "facts": row.facts_sha256,
    }
    if for_id is not None:
        after["for"] = for_id
    record(
        verb,
        "approval",
        row.public_id,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else None,
        after=after,
    )
