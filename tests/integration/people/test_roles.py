"""Roles: who gives them, who may hold them together, and what happens when they are taken."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import queries, roles, services, sessions
from charity.people.errors import (
    AlreadyGranted,
    CashierOrAccountant,
    IdentityNeeded,
    LastManager,
    NotAManager,
    NotGranted,
    NotYourself,
    PersonLeft,
    ScopeUnfit,
    SupervisorDecides,
    UnknownPerson,
)
from charity.people.kinds import FUND_ROLES, Method, Role
from charity.people.queries import Grant, Signed
from tests.people import make_person, trail_of


@pytest.fixture
def clerk(ctx: Flask) -> Signed:
    """A clerk of two units."""
    with atomic():
        return make_person(
            "测试经办", Grant(Role.UNIT_CLERK, "GS-1"), Grant(Role.UNIT_CLERK, "GS-2")
        )


def grant(person: Signed, role: Role, scope: str | None = None, *, by: Signed | None) -> None:
    with atomic():
        roles.grant(person.person_id, role, scope, by=by, scope_known=lambda _, code: code != "NO")


def now(person: Signed) -> tuple[Grant, ...]:
    found = queries.as_person(person.person_id)
    assert found is not None
    return found.grants


def test_one_person_in_two_units(clerk: Signed) -> None:
    assert clerk.holds(Role.UNIT_CLERK, ["GS-1"])
    assert clerk.holds(Role.UNIT_CLERK, ["X", "GS-2"])
    assert not clerk.holds(Role.UNIT_CLERK, ["GS-3"])
    assert clerk.scopes_of(Role.UNIT_CLERK) == {"GS-1", "GS-2"}
    assert [each.person_id for each in queries.holders([Role.UNIT_CLERK], ["GS-2"])] == [
        clerk.person_id
    ]
    assert queries.holders([Role.UNIT_CLERK]) == []


def test_a_manager_gives_and_takes(manager: Signed, clerk: Signed) -> None:
    grant(clerk, Role.UNIT_LEADER, "GS-1", by=manager)
    assert Grant(Role.UNIT_LEADER, "GS-1") in now(clerk)
    with pytest.raises(AlreadyGranted):
        grant(clerk, Role.UNIT_LEADER, "GS-1", by=manager)
    with atomic():
        roles.revoke(clerk.person_id, Role.UNIT_LEADER, "GS-1", by=manager)
    assert Grant(Role.UNIT_LEADER, "GS-1") not in now(clerk)
    with pytest.raises(NotGranted), atomic():
        roles.revoke(clerk.person_id, Role.UNIT_LEADER, "GS-1", by=manager)
    grant(clerk, Role.UNIT_LEADER, "GS-1", by=manager)
    trail = trail_of(clerk.person_id)
    assert (trail.count("role.granted"), trail.count("role.revoked")) == (4, 1)


def test_nobody_else_does(ctx: Flask, clerk: Signed) -> None:
    for role in set(Role) - {Role.FUND_MANAGER}:
        with atomic():
            scope = None if role in FUND_ROLES else "GS-9"
            other = make_person("某人", Grant(role, scope))
        with pytest.raises(NotAManager):
            grant(clerk, Role.UNIT_LEADER, "GS-1", by=other)
        with pytest.raises(NotAManager), atomic():
            roles.revoke(clerk.person_id, Role.UNIT_CLERK, "GS-1", by=other)
        with pytest.raises(NotAManager), atomic():
            roles.hand_over(clerk.person_id, None, by=other)


def test_not_to_oneself(manager: Signed, clerk: Signed) -> None:
    with pytest.raises(NotYourself):
        grant(manager, Role.APPROVER, by=manager)
    with pytest.raises(NotYourself), atomic():
        roles.hand_over(clerk.person_id, manager.person_id, by=manager)


def test_scopes(manager: Signed, clerk: Signed) -> None:
    for role, scope in (
        (Role.UNIT_LEADER, None),
        (Role.UNIT_LEADER, "NO"),
        (Role.UNIT_LEADER, "'; --"),
        (Role.CASHIER, "GS-1"),
    ):
        with pytest.raises(ScopeUnfit):
            grant(clerk, role, scope, by=manager)


def test_cashier_and_accountant_are_two_people(manager: Signed, clerk: Signed) -> None:
    grant(clerk, Role.CASHIER, by=manager)
    with pytest.raises(CashierOrAccountant):
        grant(clerk, Role.ACCOUNTANT, by=manager)
    with atomic():
        roles.revoke(clerk.person_id, Role.CASHIER, by=manager)
    grant(clerk, Role.ACCOUNTANT, by=manager)


def test_canary_the_database_knows_it_too(
    manager: Signed, clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "fit_roles", lambda *_: None)
    grant(clerk, Role.CASHIER, by=manager)
    with pytest.raises(AlreadyGranted):
        grant(clerk, Role.ACCOUNTANT, by=manager)
    assert Grant(Role.ACCOUNTANT) not in now(clerk)
    # The rule of the supervisor is the code's alone: without it both stand.
    grant(clerk, Role.SUPERVISOR, by=manager)
    assert {Grant(Role.CASHIER), Grant(Role.SUPERVISOR)} <= set(now(clerk))


def test_a_supervisor_decides_nothing(manager: Signed, clerk: Signed) -> None:
    with pytest.raises(SupervisorDecides):
        grant(clerk, Role.SUPERVISOR, by=manager)
    with atomic():
        supervisor = make_person("测试监督", Grant(Role.SUPERVISOR))
    with pytest.raises(SupervisorDecides):
        grant(supervisor, Role.APPROVER, by=manager)


def test_a_role_needs_someone_who_is_known(manager: Signed) -> None:
    with atomic():
        added = services.add_person("无名", email="x@example.org")
    with pytest.raises(IdentityNeeded), atomic():
        roles.grant(added.person_id, Role.APPROVER, by=manager)
    with pytest.raises(UnknownPerson), atomic():
        roles.grant("nobody", Role.APPROVER, by=manager)


def test_taking_a_role_ends_the_sessions(manager: Signed, clerk: Signed) -> None:
    with atomic():
        token = sessions.begin(clerk.account_id, Method.DEMO)
    assert queries.by_token(token) is not None
    with atomic():
        roles.revoke(clerk.person_id, Role.UNIT_CLERK, "GS-1", by=manager)
    assert queries.by_token(token) is None
    assert queries.sessions(clerk.person_id) == []
    assert queries.sessions(manager.person_id) != []
    with atomic():
        again = sessions.begin(clerk.account_id, Method.DEMO)
    found = queries.by_token(again)
    assert found is not None
    assert found.signed.grants == (Grant(Role.UNIT_CLERK, "GS-2"),)


def test_a_role_taken_is_gone_for_a_session_that_is_left(
    manager: Signed, clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the session did not end, the next request reads what is granted now."""
    with atomic():
        token = sessions.begin(clerk.account_id, Method.DEMO)
    monkeypatch.setattr(roles, "end_all", lambda *_, **__: 0)
    with atomic():
        roles.revoke(clerk.person_id, Role.UNIT_CLERK, "GS-1", by=manager)
    found = queries.by_token(token)
    assert found is not None
    assert not found.signed.holds(Role.UNIT_CLERK, ["GS-1"])


def test_the_last_manager_stays(manager: Signed, clerk: Signed) -> None:
    with pytest.raises(LastManager), atomic():
        roles.revoke(manager.person_id, Role.FUND_MANAGER, by=manager)
    with pytest.raises(LastManager), atomic():
        roles.hand_over(manager.person_id, None, by=None)
    grant(clerk, Role.FUND_MANAGER, by=manager)
    with atomic():
        roles.revoke(manager.person_id, Role.FUND_MANAGER, by=manager)
    with pytest.raises(LastManager), atomic():
        roles.revoke(clerk.person_id, Role.FUND_MANAGER, by=None)


def test_hand_over(manager: Signed, clerk: Signed) -> None:
    with atomic():
        to = make_person("测试接任", Grant(Role.UNIT_CLERK, "GS-2"))
        token = sessions.begin(clerk.account_id, Method.DEMO)
    before = queries.as_person(clerk.person_id)
    assert before is not None
    assert before.grants == clerk.grants
    with atomic():
        done = roles.hand_over(clerk.person_id, to.person_id, by=manager)
    assert done.moved == (Grant(Role.UNIT_CLERK, "GS-1"),)
    assert done.had == (Grant(Role.UNIT_CLERK, "GS-2"),)
    assert set(now(to)) == set(clerk.grants)
    assert now(clerk) == ()
    assert queries.by_token(token) is None
    with pytest.raises(PersonLeft), atomic():
        sessions.begin(clerk.account_id, Method.DEMO)
    with pytest.raises(PersonLeft):
        grant(clerk, Role.APPROVER, by=manager)
    with pytest.raises(PersonLeft), atomic():
        roles.hand_over(clerk.person_id, to.person_id, by=manager)
    assert trail_of(clerk.person_id)[-1] == "person.left"


def test_hand_over_is_whole_or_not_at_all(manager: Signed) -> None:
    with atomic():
        leaver = make_person("测试出纳", Grant(Role.CASHIER), Grant(Role.APPROVER))
        accountant = make_person("测试会计", Grant(Role.ACCOUNTANT))
    with pytest.raises(CashierOrAccountant), atomic():
        roles.hand_over(leaver.person_id, accountant.person_id, by=manager)
    assert now(leaver) == leaver.grants
    assert now(accountant) == accountant.grants
    assert queries.sessions(leaver.person_id) != []


def test_the_database_keeps_roles_in_their_places(clerk: Signed) -> None:
    for role, scope in (("unit_clerk", ""), ("approver", "GS-1"), ("king", "")):
        with pytest.raises(IntegrityError), atomic():
            db.session().execute(
                text("UPDATE people_grant SET role = :role, scope = :scope WHERE scope = 'GS-1'"),
                {"role": role, "scope": scope},
            )
