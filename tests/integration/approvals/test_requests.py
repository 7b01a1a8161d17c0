"""Asking, deciding, withdrawing, using: what is done, what is refused, what is written down."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from charity.approvals import errors, jobs, queries, rules, services
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.models import Decision, Request, State
from charity.audit.models import AuditRecord
from charity.kernel import clock
from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger.services import Signature
from charity.people.kinds import Role
from tests.factories.approvals import (
    FACTS,
    Cast,
    ask,
    decide,
    later,
    make_cast,
    status_of,
    use,
)


@pytest.fixture
def cast(ctx: Flask) -> Cast:
    """People of every role."""
    return make_cast()


def test_asked_approved_used(cast: Cast) -> None:
    name = ask(cast.manager)
    view = queries.request(name)
    assert view.status is RequestStatus.WAITING
    assert view.facts == {"gift": "g1", "amount_fen": 1000, "why": ["错付", None, True]}
    assert view.facts_sha256 == rules.sha256(rules.canonical(FACTS))
    assert (view.expires_at - view.requested_at).days == 14
    after = decide(name, cast.approver)
    assert after.status is RequestStatus.APPROVED
    assert [(one.by.id, one.role, one.for_whom) for one in after.decisions] == [
        (cast.approver.person_id, Role.APPROVER, None)
    ]
    with atomic():
        signature = services.use(name, dict(reversed(FACTS.items())))
    assert signature == Signature(
        cast.manager.person_id, cast.approver.person_id, view.facts_sha256
    )
    assert status_of(name) == "used"
    latest = queries.latest(Kind.REFUND, "g1")
    assert latest is not None
    assert latest.id == name
    assert queries.latest(Kind.SLIP, "g1") is None


def test_the_trail_tells_all_of_it(cast: Cast) -> None:
    name = ask(cast.manager)
    decide(name, cast.approver)
    use(name)
    rows = db.session().execute(
        select(AuditRecord.verb, AuditRecord.actor_id, AuditRecord.after)
        .where(AuditRecord.object_type == "approval", AuditRecord.object_id == name)
        .order_by(AuditRecord.id)
    )
    told = [(row.verb, row.actor_id) for row in rows]
    assert told == [
        ("approval.asked", cast.manager.person_id),
        ("approval.agreed", cast.approver.person_id),
        ("approval.used", None),
    ]
    after = db.session().scalar(select(AuditRecord.after).where(AuditRecord.object_id == name))
    assert set(json.loads(after or "{}")) == {"kind", "subject", "facts"}


def test_refused_needs_a_reason_and_ends_it(cast: Cast) -> None:
    name = ask(cast.manager)
    with pytest.raises(errors.ReasonNeeded) as refused:
        decide(name, cast.approver, approve=False, reason="  ")
    assert refused.value.field == "reason"
    with pytest.raises(errors.WordsTooLong):
        decide(name, cast.approver, approve=False, reason="长" * 501)
    assert queries.request(name).decisions == ()
    view = decide(name, cast.approver, approve=False, reason="收款人不符")
    assert view.status is RequestStatus.REFUSED
    assert view.decisions[0].reason == "收款人不符"
    for actor in (cast.manager2, cast.approver2):
        with pytest.raises(errors.NotWaiting):
            decide(name, actor)
    with pytest.raises(errors.NotApproved):
        use(name)
    # Refused is not forbidden for ever: the same may be asked again.
    assert ask(cast.manager) != name


def test_expired_takes_no_decision_and_no_use(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, approved = ask(cast.manager, subject="g1"), ask(cast.manager, subject="g2")
    decide(approved, cast.approver)
    later(monkeypatch, days=14)
    # Nobody wrote it down yet, and it holds already.
    assert status_of(waits) == status_of(approved) == "expired"
    assert queries.waiting_for(cast.approver) == []
    for act in (
        lambda: decide(waits, cast.approver),
        lambda: use(approved),
        lambda: _withdraw(waits, cast),
    ):
        with pytest.raises(errors.Expired):
            act()
    assert jobs.expire_due() == 2
    assert jobs.expire_due() == 0
    written = set(db.session().scalars(select(State.status)))
    assert written == {"expired"}
    for act in (lambda: decide(waits, cast.approver), lambda: use(approved)):
        with pytest.raises(errors.Expired):
            act()


def _withdraw(name: str, cast: Cast) -> None:
    with atomic():
        services.withdraw(name, by=cast.manager)


def test_nothing_expires_early(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ask(cast.manager)
    later(monkeypatch, days=13, hours=23)
    assert jobs.expire_due() == 0
    assert decide(name, cast.approver).status is RequestStatus.APPROVED


def test_withdrawn_by_its_requester_only(cast: Cast) -> None:
    name = ask(cast.manager)
    with pytest.raises(errors.NoSuchRequest), atomic():
        services.withdraw(name, by=cast.manager2)
    with atomic():
        services.withdraw(name, by=cast.manager, reason="不再需要")
    view = queries.request(name)
    assert view.status is RequestStatus.WITHDRAWN
    assert view.closed_by is not None
    assert (view.closed_by.id, view.closed_reason) == (cast.manager.person_id, "不再需要")
    with pytest.raises(errors.NotWaiting):
        decide(name, cast.approver)
    with pytest.raises(errors.NotWaiting), atomic():
        services.withdraw(name, by=cast.manager)
    with pytest.raises(errors.NotApproved):
        use(name)


def test_withdrawn_after_approval_is_not_used(cast: Cast) -> None:
    name = ask(cast.manager)
    decide(name, cast.approver)
    _withdraw(name, cast)
    with pytest.raises(errors.NotApproved):
        use(name)


def test_used_once(cast: Cast) -> None:
    name = ask(cast.manager)
    with pytest.raises(errors.NotApproved):
        use(name)
    decide(name, cast.approver)
    use(name)
    with pytest.raises(errors.AlreadyUsed):
        use(name)
    with pytest.raises(errors.NotWaiting):
        decide(name, cast.approver2)


@pytest.mark.parametrize(
    "other", [{**FACTS, "amount_fen": 1001}, {**FACTS, "more": ""}, {"gift": "g1"}, {}]
)
def test_other_facts_are_not_used(cast: Cast, other: dict[str, object]) -> None:
    name = ask(cast.manager)
    decide(name, cast.approver)
    with pytest.raises(errors.FactsChanged):
        use(name, other)
    use(name)


def test_other_facts_are_another_request(cast: Cast) -> None:
    first = ask(cast.manager)
    with pytest.raises(errors.AlreadyAsked):
        ask(cast.manager2)
    second = ask(cast.manager2, facts={**FACTS, "amount_fen": 900})
    view = queries.request(first)
    assert (view.status, view.closed_by, view.closed_reason) == (
        RequestStatus.WITHDRAWN,
        None,
        services.SUPERSEDED,
    )
    with pytest.raises(errors.NotWaiting):
        decide(first, cast.approver)
    decide(second, cast.approver)
    # Approved and not used yet: still in the way of the same, and gives way to other facts.
    with pytest.raises(errors.AlreadyAsked):
        ask(cast.manager, facts={**FACTS, "amount_fen": 900})
    third = ask(cast.manager, facts={**FACTS, "amount_fen": 800})
    with pytest.raises(errors.NotApproved):
        use(second, {**FACTS, "amount_fen": 900})
    assert status_of(third) == "waiting"


def test_what_was_looked_at_is_what_is_decided(cast: Cast) -> None:
    name = ask(cast.manager)
    for stale in ("", "0" * 64):
        with pytest.raises(errors.FactsChanged), atomic():
            services.decide(name, by=cast.approver, approve=True, seen=stale)
    seen = queries.request(name).facts_sha256
    with atomic():
        services.decide(name, by=cast.approver, approve=True, seen=seen)


def test_the_system_takes_back_what_is_no_longer_so(cast: Cast) -> None:
    name = ask(cast.manager)
    with atomic():
        services.withdraw_about(Kind.REFUND, "g1", reason="gift disputed")
        services.withdraw_about(Kind.REFUND, "another", reason="nothing there")
    view = queries.request(name)
    assert (view.status, view.closed_by, view.closed_reason) == (
        RequestStatus.WITHDRAWN,
        None,
        "gift disputed",
    )


def test_more_than_one_decision(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = rules.RULES[Kind.REFUND]
    three = {**rules.RULES, Kind.REFUND: rules.Rule(rule.ask, rule.decide, 2, rule.source)}
    monkeypatch.setattr(rules, "RULES", three)
    name = ask(cast.manager)
    assert decide(name, cast.approver).status is RequestStatus.WAITING
    with pytest.raises(errors.AlreadyDecided):
        decide(name, cast.approver)
    assert queries.waiting_for(cast.approver) == []
    with pytest.raises(errors.NotApproved):
        use(name)
    assert decide(name, cast.manager2).status is RequestStatus.APPROVED
    with atomic():
        signature = services.use(name, FACTS)
    assert signature.second_person_id == cast.manager2.person_id


def test_unknown_requests_answer_alike(cast: Cast) -> None:
    with pytest.raises(errors.NoSuchRequest):
        decide("0" * 16, cast.approver)
    with pytest.raises(errors.NoSuchRequest):
        use("0" * 16)
    with pytest.raises(errors.NoSuchRequest):
        queries.request("0" * 16)


def test_verbs_ask_for_a_unit_of_work(cast: Cast) -> None:
    name = ask(cast.manager)
    for act in (
        lambda: services.request(Kind.REFUND, "x", {}, by=cast.manager, title=""),
        lambda: services.decide(name, by=cast.approver, approve=True),
        lambda: services.withdraw(name, by=cast.manager),
        lambda: services.use(name, FACTS),
        lambda: services.withdraw_about(Kind.REFUND, "g1", reason=""),
        services.expire_due,
    ):
        with pytest.raises(AtomicError):
            act()


def test_pages_of_what_was_asked_and_done(cast: Cast) -> None:
    names = [ask(cast.manager, subject=f"g{n}") for n in range(5)]
    for name in names[:3]:
        decide(name, cast.approver, approve=False, reason="否")
    first = queries.asked_by(cast.manager.person_id, limit=2)
    second = queries.asked_by(cast.manager.person_id, limit=2, after=first.after)
    third = queries.asked_by(cast.manager.person_id, limit=2, after=second.after)
    told = [one.id for page in (first, second, third) for one in page.requests]
    assert told == names[::-1]
    assert third.after is None
    assert [one.id for one in queries.done(cast.manager2).requests] == names[2::-1]
    assert queries.done(cast.manager2, status=RequestStatus.USED).requests == ()
    assert queries.done(cast.manager2, kind=Kind.SLIP).requests == ()
    assert queries.done(cast.clerk).requests == ()
    assert [one.id for one in queries.waiting_for(cast.approver)] == names[3:]
    assert queries.waiting_for(cast.approver, kind=Kind.SLIP) == []
    assert queries.waiting_for(cast.manager) == []
    assert queries.waiting_for(cast.fund[Role.SUPERVISOR]) == []


def _insert_decision(name: str, **changes: object) -> None:
    asked = db.session().scalars(select(Request).where(Request.public_id == name)).one()
    values = {
        "id": new_id(),
        "request_id": asked.id,
        "asked_by_id": asked.asked_by_id,
        "facts_sha256": asked.facts_sha256,
        "person_id": "somebody",
        "person_name": "某人",
        "role": "approver",
        "for_id": None,
        "for_name": None,
        "approve": True,
        "reason": "",
        "at": clock.now(),
        **changes,
    }
    db.session().execute(insert(Decision).values(**values))


@pytest.mark.parametrize(
    "forged",
    [
        {"person_id": "REQUESTER"},
        {"asked_by_id": "nobody", "person_id": "REQUESTER"},
        {"for_id": "REQUESTER", "for_name": "甲"},
        {"for_id": "somebody", "for_name": "甲"},
        {"person_id": "APPROVER"},
        {"facts_sha256": "0" * 64},
        {"approve": False},
    ],
)
def test_the_database_refuses_a_forged_decision(cast: Cast, forged: dict[str, object]) -> None:
    """Canary of the verbs: whatever code above forgets, these rows cannot be stored."""
    name = ask(cast.manager)
    people = {"REQUESTER": cast.manager.person_id, "APPROVER": cast.approver.person_id}
    changes = {key: people.get(str(value), value) for key, value in forged.items()}
    with atomic():
        _insert_decision(name, person_id=cast.approver.person_id)
    with pytest.raises(DBAPIError), atomic():
        _insert_decision(name, **changes)
    with atomic():
        _insert_decision(name)


@pytest.mark.parametrize("table", ["request", "request_scope", "decision"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_what_was_asked_and_said_never_changes(cast: Cast, table: str, verb: str) -> None:
    decide(ask(cast.clerk, Kind.SLIP), cast.leader)
    column = {"request": "facts", "request_scope": "code", "decision": "reason"}[table]
    change = {
        "UPDATE": f"UPDATE approvals_{table} SET {column} = 'x'",
        "DELETE": f"DELETE FROM approvals_{table}",
    }[verb]
    with pytest.raises(DBAPIError), atomic():
        db.session().execute(text(change))


def test_two_live_requests_about_one_thing_cannot_be_stored(cast: Cast) -> None:
    first = ask(cast.manager)
    with atomic():
        services.withdraw(first, by=cast.manager)
    ask(cast.manager)
    row = select(Request.id).where(Request.public_id == first).scalar_subquery()
    with pytest.raises(DBAPIError), atomic():
        db.session().execute(update(State).where(State.request_id == row).values(status="waiting"))


def test_a_request_of_another_day_keeps_its_days(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long it waits is the figure of the day on which it was asked."""
    asked: list[tuple[str, dt.date]] = []

    def value(key: str, day: dt.date) -> int:
        asked.append((key, day))
        return 3

    monkeypatch.setattr(services.dated, "value", value)
    view = queries.request(ask(cast.manager))
    assert asked == [("approvals.days.refund", clock.today())]
    assert view.expires_at - view.requested_at == dt.timedelta(days=3)
