"""What is listed before somebody leaves, and what ends with them."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.approvals import delegations, queries
from charity.approvals.kinds import Kind
from charity.approvals.leaving_queries import asked_and_live, only_for
from charity.kernel.atomic import atomic
from charity.people import roles
from charity.people.kinds import Role
from charity.people.queries import Signed, as_person
from tests.factories.approvals import COUNTY, Cast, ask, decide, hand_over, later, make_cast
from tests.people import trail_of


@pytest.fixture
def cast(ctx: Flask) -> Cast:
    """People of every role."""
    return make_cast()


def theirs(who: Signed) -> list[str]:
    """Requests only this person can decide."""
    found = as_person(who.person_id)
    assert found is not None
    return [view.id for view in only_for(found)]


def test_what_one_asked_is_listed_while_something_can_come_of_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, approved, refused = (ask(cast.manager, subject=f"g{number}") for number in range(3))
    ask(cast.manager2, subject="g9")
    decide(approved, cast.approver)
    decide(refused, cast.approver, approve=False, reason="否")
    assert [view.id for view in asked_and_live(cast.manager.person_id)] == [waits, approved]
    later(monkeypatch, days=400)
    assert asked_and_live(cast.manager.person_id) == []


def test_only_theirs_is_what_nobody_else_can_decide(cast: Cast) -> None:
    name = ask(cast.manager, concerned=(cast.manager2.person_id, cast.approver2.person_id))
    shared = ask(cast.manager, subject="g2")
    assert theirs(cast.approver) == [name]
    assert theirs(cast.approver2) == []
    with atomic():
        roles.revoke(cast.approver2.person_id, Role.APPROVER, by=None)
        roles.revoke(cast.manager2.person_id, Role.FUND_MANAGER, by=None)
    assert theirs(cast.approver) == [name, shared]
    decide(name, cast.approver)
    assert theirs(cast.approver) == [shared]


def test_a_slip_is_the_leaders_only_when_no_one_of_the_office_is_there(cast: Cast) -> None:
    name = ask(cast.clerk, Kind.SLIP)
    assert theirs(cast.leader) == []
    with atomic():
        for role in (Role.CASHIER, Role.ACCOUNTANT):
            roles.revoke(cast.fund[role].person_id, role, by=None)
    assert theirs(cast.leader) == [name]


def test_delegations_end_with_who_leaves(cast: Cast) -> None:
    given = hand_over(cast.approver, cast.manager2, Role.APPROVER)
    taken = hand_over(cast.leader, cast.approver, Role.UNIT_LEADER, COUNTY)
    other = hand_over(cast.approver2, cast.manager2, Role.APPROVER)
    with atomic():
        assert delegations.end_of(cast.approver.person_id, by=cast.manager) == 2
    with atomic():
        assert delegations.end_of(cast.approver.person_id, by=cast.manager) == 0
    assert [one.id for one in queries.delegations_standing()] == [other]
    for name in (given, taken):
        assert trail_of(name)[-1] == "delegation.revoked"
