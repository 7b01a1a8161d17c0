"""People acting at random, on both databases, against a model of who may do what.

After every step the request is where the model says; at the end no request that was approved or
used lacks a second human being, counting whoever stood in for whom.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from charity.approvals import delegations, queries, services
from charity.approvals.kinds import Kind
from charity.approvals.models import Decision, Request, State
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.factories.approvals import another_account
from tests.people import make_person

#: People by their roles: who asks, who decides, who does both, who does neither.
ROLES = (
    (Role.FUND_MANAGER,),
    (Role.FUND_MANAGER, Role.APPROVER),
    (Role.APPROVER,),
    (Role.DISCLOSER,),
    (Role.SUPERVISOR,),
)
EXAMPLES, STEPS = 25, 14
_subjects = itertools.count(1)

who = st.integers(0, len(ROLES) - 1)
step = st.one_of(
    st.tuples(st.just("ask"), who, st.integers(1, 2)),
    st.tuples(st.just("approve"), who, st.booleans()),
    st.tuples(st.just("approve"), who, st.booleans()),
    st.tuples(st.just("refuse"), who, st.booleans()),
    st.tuples(st.just("hand over"), who, who),
    st.tuples(st.just("take back"), who, who),
    st.tuples(st.just("withdraw"), who, st.booleans()),
    st.tuples(st.just("use"), who, st.integers(1, 2)),
)


@dataclass
class Model:
    """What should be true, kept in plain values."""

    status: str | None = None
    asker: int = -1
    fen: int = 0
    name: str = ""
    handed: dict[tuple[int, int], str] = field(default_factory=dict)

    def may_decide(self, person: int) -> bool:
        if self.status != "waiting" or person == self.asker:
            return False
        own = {Role.FUND_MANAGER, Role.APPROVER}.intersection(ROLES[person])
        return bool(own) or any(to == person and giver != self.asker for giver, to in self.handed)


def try_to(work: object) -> object:
    """In a unit of work; what it gave, or RuleBroken."""
    try:
        with atomic():
            return work()  # type: ignore[operator]
    except RuleBroken:
        return RuleBroken


def act(model: Model, people: list[Signed], subject: str, taken: tuple[str, int, int]) -> None:
    """Do one step and hold its outcome against the model."""
    verb, number, detail = taken
    by = people[number]
    if detail is True:
        by = another_account(by)
    if verb == "ask":
        facts = {"fen": detail}
        made = try_to(lambda: services.request(Kind.REFUND, subject, facts, by=by, title=""))
        live = model.status in ("waiting", "approved")
        may = Role.FUND_MANAGER in ROLES[number] and not (live and model.fen == detail)
        assert (made is not RuleBroken) is may
        if may:
            model.status, model.asker, model.fen, model.name = "waiting", number, detail, str(made)
    elif verb in ("hand over", "take back"):
        hand(model, people, verb, number, detail)
    elif model.status is not None:
        on_request(model, by, number, verb, detail)


def hand(model: Model, people: list[Signed], verb: str, number: int, to: int) -> None:
    """The role of an approver is handed over, or taken back."""
    if verb == "hand over":
        today = clock.today()
        made = try_to(
            lambda: delegations.delegate(
                Role.APPROVER, None, people[to].person_id, today, today, by=people[number]
            )
        )
        may = (
            Role.APPROVER in ROLES[number]
            and to != number
            and ROLES[to] != (Role.SUPERVISOR,)
            and (number, to) not in model.handed
        )
        assert (made is not RuleBroken) is may
        if may:
            model.handed[number, to] = str(made)
    elif (number, to) in model.handed:
        name = model.handed.pop((number, to))
        assert try_to(lambda: delegations.revoke(name, by=people[number])) is not RuleBroken


def on_request(model: Model, by: Signed, number: int, verb: str, detail: int) -> None:
    """A word on the request, its withdrawal, or its use."""
    if verb in ("approve", "refuse"):
        yes = verb == "approve"
        said = try_to(
            lambda: services.decide(model.name, by=by, approve=yes, reason="" if yes else "否")
        )
        may = model.may_decide(number)
        assert (said is not RuleBroken) is may
        if may:
            model.status = "approved" if yes else "refused"
    elif verb == "withdraw":
        gone = try_to(lambda: services.withdraw(model.name, by=by))
        may = model.status in ("waiting", "approved") and number == model.asker
        assert (gone is not RuleBroken) is may
        if may:
            model.status = "withdrawn"
    else:
        used = try_to(lambda: services.use(model.name, {"fen": detail}))
        may = model.status == "approved" and detail == model.fen
        assert (used is not RuleBroken) is may
        if may:
            model.status = "used"


def humans_of_all_approved() -> list[list[str]]:
    """For each request approved or used: all who had a part in it, by themselves or stood for."""
    rows = db.session().execute(
        select(Request.id, Request.asked_by_id, Decision.person_id, Decision.for_id)
        .join(State, State.request_id == Request.id)
        .outerjoin(Decision, (Decision.request_id == Request.id) & Decision.approve)
        .where(State.status.in_(["approved", "used"]))
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        parts = found.setdefault(row.id, [row.asked_by_id])
        parts += [person for person in (row.person_id, row.for_id) if person is not None]
    return list(found.values())


def test_nothing_gets_through_alone_whatever_people_do(ctx: Flask) -> None:
    with atomic():
        people = [
            make_person(f"测试人员{number}", *(Grant(role) for role in roles))
            for number, roles in enumerate(ROLES)
        ]
    reached: set[str] = set()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=st.lists(step, min_size=STEPS, max_size=STEPS))
    def play(steps: list[tuple[str, int, int]]) -> None:
        model, subject = Model(), f"g{next(_subjects)}"
        # Most random beginnings would never ask: one that does is the more telling.
        act(model, people, subject, ("ask", 0, 1))
        try:
            for taken in steps:
                act(model, people, subject, taken)
                if model.status is not None:
                    assert queries.request(model.name).status.value == model.status
                    reached.add(model.status)
                db.session().rollback()
        finally:
            for (giver, _to), name in model.handed.items():
                with atomic():
                    delegations.revoke(name, by=people[giver])

    play()
    parts = humans_of_all_approved()
    assert parts, "no request was ever approved: the property says nothing"
    assert all(len(each) >= 2 and len(each) == len(set(each)) for each in parts)
    assert {"waiting", "approved", "used"} <= reached


def test_canary_a_second_word_by_the_requester_is_seen(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rule taken away, either the model or the database notices."""
    from charity.approvals import rules

    with atomic():
        people = [
            make_person(f"测试人员{number}", *(Grant(role) for role in roles))
            for number, roles in enumerate(ROLES)
        ]
    monkeypatch.setattr(rules, "standing", lambda *_a, **_k: rules.Right(Role.APPROVER, None))
    model = Model()
    act(model, people, "canary", ("ask", 1, 1))
    with pytest.raises((AssertionError, DBAPIError)):
        act(model, people, "canary", ("approve", 1, False))
