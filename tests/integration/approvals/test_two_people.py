"""No kind gets through by one person, by two accounts of one person, or by people of elsewhere."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from charity.approvals import delegations, errors, queries, services
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.rules import RULES
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.errors import RuleBroken
from charity.people import roles
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Grant, as_person
from tests.factories.approvals import (
    COUNTY,
    FACTS,
    OF_UNITS,
    SCOPES,
    TOWN,
    Cast,
    another_account,
    ask,
    asker_of,
    decide,
    decider_of,
    hand_over,
    later,
    make_cast,
    status_of,
    use,
)
from tests.people import make_person

KINDS = [pytest.param(kind, id=kind.value) for kind in Kind]


@pytest.fixture
def cast(ctx: Flask) -> Cast:
    """People of every role."""
    return make_cast()


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_alone(cast: Cast, kind: Kind) -> None:
    """Each asks what they may ask, then tries all they can by both of their accounts."""
    for number, person in enumerate(cast.everyone):
        try:
            name = ask(person, kind, subject=f"s{number}")
        except errors.MayNotAsk:
            assert not person.holds(RULES[kind].ask, SCOPES if kind in OF_UNITS else ())
            continue
        for account in (person, another_account(person)):
            with pytest.raises(errors.OwnRequest):
                decide(name, account)
            with pytest.raises(errors.OwnRequest):
                decide(name, account, approve=False, reason="否")
            assert not queries.may_decide(queries.request(name), account)
            assert name not in [view.id for view in queries.waiting_for(account)]
        with pytest.raises(errors.NotApproved):
            use(name)
        assert status_of(name) == "waiting"


@pytest.mark.parametrize("kind", KINDS)
def test_everyone_else_decides_by_role_and_scope(cast: Cast, kind: Kind) -> None:
    """The table of who decides, tried person by person, with what the list of each shows."""
    asker = asker_of(kind, cast)
    scopes = SCOPES if kind in OF_UNITS else ()
    alone = RULES[kind].decisions == 1
    decided = 0
    for number, person in enumerate(cast.everyone):
        if person.person_id == asker.person_id:
            continue
        name = ask(asker, kind, subject=f"s{number}")
        waits = name in [view.id for view in queries.waiting_for(person)]
        assert waits is queries.may_decide(queries.request(name), person)
        if person.holds(RULES[kind].decide, scopes):
            assert waits
            came_of_it = RequestStatus.APPROVED if alone else RequestStatus.WAITING
            assert decide(name, person).status is came_of_it
            decided += 1
        else:
            assert not waits
            with pytest.raises(errors.MayNotDecide):
                decide(name, person)
    assert 2 <= decided < len(cast.everyone) - 1


def test_another_unit_does_not_decide(cast: Cast) -> None:
    name = ask(cast.clerk, Kind.SLIP)
    with pytest.raises(errors.MayNotDecide):
        decide(name, cast.stranger)
    # The leader of the county stands above the town; another clerk of the town does not confirm.
    with pytest.raises(errors.MayNotDecide):
        decide(name, cast.clerk2)
    assert decide(name, cast.leader).status is RequestStatus.APPROVED


def test_a_unit_below_does_not_decide_for_the_one_above(cast: Cast) -> None:
    with atomic():
        name = services.request(
            Kind.SLIP, "county", FACTS, by=cast.leader, title="", scopes=(COUNTY,)
        )
    with pytest.raises(errors.MayNotDecide):
        decide(name, cast.clerk)


@pytest.mark.parametrize("kind", KINDS)
def test_whom_it_concerns_neither_asks_nor_decides(cast: Cast, kind: Kind) -> None:
    asker, decider = asker_of(kind, cast), decider_of(kind, cast)
    with pytest.raises(errors.Concerned):
        ask(asker, kind, concerned=(asker.person_id,))
    name = ask(asker, kind, concerned=(decider.person_id,))
    for account in (decider, another_account(decider)):
        with pytest.raises(errors.Concerned):
            decide(name, account)
    assert name not in [view.id for view in queries.waiting_for(decider)]


def test_two_accounts_are_one_person(ctx: Flask) -> None:
    """Joined by the phone when the second account is made, so both carry one person's id."""
    from charity.people import services as people
    from charity.people import sessions
    from charity.people.kinds import Method

    with atomic():
        added = [
            people.add_person("测试一人", email=f"{n}@example.org", phone="13900000001")
            for n in "ab"
        ]
        roles.grant(added[0].person_id, Role.FUND_MANAGER, by=None)
        one, two = (
            sessions.current(sessions.begin(each.account_id, Method.DEMO)) for each in added
        )
    assert one.account_id != two.account_id
    name = ask(one)
    with pytest.raises(errors.OwnRequest):
        decide(name, two)


# --- handed over ----------------------------------------------------------------------------


def test_a_delegate_decides_in_anothers_place(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    name = ask(cast.manager)
    with pytest.raises(errors.MayNotDecide):
        decide(name, discloser)
    hand_over(cast.approver, discloser, Role.APPROVER)
    assert [view.id for view in queries.waiting_for(discloser)] == [name]
    view = decide(name, discloser)
    (word,) = view.decisions
    assert word.for_whom is not None
    assert (word.by.id, word.role, word.for_whom.id) == (
        discloser.person_id,
        Role.APPROVER,
        cast.approver.person_id,
    )


def test_ones_own_role_comes_before_one_handed_over(cast: Cast) -> None:
    hand_over(cast.approver, cast.manager2, Role.APPROVER)
    (word,) = decide(ask(cast.manager), cast.manager2).decisions
    assert (word.role, word.for_whom) == (Role.FUND_MANAGER, None)


def test_never_oneself_by_way_of_another(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.manager, discloser, Role.FUND_MANAGER)
    name = ask(cast.manager)
    with pytest.raises(errors.DelegatorConcerned):
        decide(name, discloser)
    # The delegate's own request is not decided by the right that was handed over to them.
    accountant = cast.fund[Role.ACCOUNTANT]
    hand_over(cast.approver, accountant, Role.APPROVER)
    own = ask(accountant, Kind.PARAMETER)
    with pytest.raises(errors.OwnRequest):
        decide(own, accountant)
    assert [view.id for view in queries.waiting_for(accountant)] == [name]


def test_one_word_for_delegate_and_delegator(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from charity.approvals import rules

    rule = RULES[Kind.REFUND]
    three = {**RULES, Kind.REFUND: rules.Rule(rule.ask, rule.decide, 2, rule.source)}
    monkeypatch.setattr(rules, "RULES", three)
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.approver, discloser, Role.APPROVER)
    name = ask(cast.manager)
    decide(name, discloser)
    with pytest.raises(errors.AlreadyDecided):
        decide(name, cast.approver)
    other = ask(cast.manager, subject="g2")
    decide(other, cast.approver)
    with pytest.raises(errors.DelegatorConcerned):
        decide(other, discloser)


def test_whom_it_concerns_is_not_stood_in_for(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.approver, discloser, Role.APPROVER)
    name = ask(cast.manager, concerned=(cast.approver.person_id,))
    with pytest.raises(errors.DelegatorConcerned):
        decide(name, discloser)


def test_a_delegation_has_its_days(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    discloser, today = cast.fund[Role.DISCLOSER], clock.today()
    name = ask(cast.manager)
    with atomic():
        delegations.delegate(
            Role.APPROVER,
            None,
            discloser.person_id,
            today + dt.timedelta(days=1),
            today + dt.timedelta(days=2),
            by=cast.approver,
        )
    with pytest.raises(errors.MayNotDecide):
        decide(name, discloser)
    later(monkeypatch, days=1)
    assert queries.may_decide(queries.request(name), discloser)
    later(monkeypatch, days=2)
    with pytest.raises(errors.MayNotDecide):
        decide(name, discloser)


def test_a_delegation_taken_back_is_over(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    delegation = hand_over(cast.approver, discloser, Role.APPROVER)
    with pytest.raises(errors.NoSuchDelegation), atomic():
        delegations.revoke(delegation, by=discloser)
    name = ask(cast.manager)
    with atomic():
        delegations.revoke(delegation, by=cast.approver)
        delegations.revoke(delegation, by=cast.approver)
    with pytest.raises(errors.MayNotDecide):
        decide(name, discloser)
    assert [one.over for one in queries.delegations_of(discloser.person_id)] == [True]
    assert queries.delegations_standing() == []


def test_a_lost_role_is_lost_to_the_delegate(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.approver, discloser, Role.APPROVER)
    name = ask(cast.manager)
    with atomic():
        roles.revoke(cast.approver.person_id, Role.APPROVER, by=None)
    with pytest.raises(errors.MayNotDecide):
        decide(name, discloser)


def test_a_delegate_without_a_role_left_decides_nothing(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.approver, discloser, Role.APPROVER)
    with atomic():
        roles.revoke(discloser.person_id, Role.DISCLOSER, by=None)
    now = as_person(discloser.person_id)
    assert now is not None
    with pytest.raises(errors.MayNotDecide):
        decide(ask(cast.manager), now)


def test_a_role_handed_over_is_not_handed_on(cast: Cast) -> None:
    discloser = cast.fund[Role.DISCLOSER]
    hand_over(cast.approver, discloser, Role.APPROVER)
    with pytest.raises(errors.RoleNotHeld):
        hand_over(discloser, cast.fund[Role.CASHIER], Role.APPROVER)


def test_what_cannot_be_handed_over(cast: Cast) -> None:
    approver, discloser = cast.approver, cast.fund[Role.DISCLOSER]
    tries: list[tuple[type[RuleBroken], tuple[object, ...]]] = [
        (errors.RoleNotHeld, (approver, discloser, Role.FUND_MANAGER)),
        (errors.RoleNotHeld, (cast.fund[Role.SUPERVISOR], approver, Role.SUPERVISOR)),
        (errors.RoleNotHeld, (cast.leader, cast.clerk, Role.UNIT_LEADER, TOWN)),
        (errors.DelegateUnfit, (approver, approver, Role.APPROVER)),
        (errors.DelegateUnfit, (approver, another_account(approver), Role.APPROVER)),
        (errors.DelegateUnfit, (approver, cast.fund[Role.SUPERVISOR], Role.APPROVER)),
        (errors.DelegateUnfit, (approver, cast.leader, Role.APPROVER)),
        (errors.DatesUnfit, (approver, discloser, Role.APPROVER, None, 0)),
        (errors.DatesUnfit, (approver, discloser, Role.APPROVER, None, 91)),
    ]
    for error, given in tries:
        with pytest.raises(error):
            hand_over(*given)  # type: ignore[arg-type]
    yesterday = clock.today() - dt.timedelta(days=1)
    with pytest.raises(errors.DatesUnfit), atomic():
        delegations.delegate(
            Role.APPROVER, None, discloser.person_id, yesterday, clock.today(), by=approver
        )
    hand_over(approver, discloser, Role.APPROVER, None, 90)
    with pytest.raises(errors.DelegationOverlaps):
        hand_over(approver, discloser, Role.APPROVER)


def test_a_unit_s_role_is_handed_over_in_its_place(cast: Cast) -> None:
    hand_over(cast.leader, cast.stranger, Role.UNIT_LEADER, COUNTY)
    assert decide(ask(cast.clerk, Kind.SLIP), cast.stranger).status is RequestStatus.APPROVED


def test_several_roles_of_one_person_are_one_person(ctx: Flask) -> None:
    with atomic():
        grants = [Grant(role) for role in sorted(FUND_ROLES - {Role.SUPERVISOR, Role.CASHIER})]
        one = make_person("测试身兼数职", *grants)
    for kind in (Kind.REFUND, Kind.CORRECTION, Kind.PARAMETER):
        name = ask(one, kind)
        with pytest.raises(errors.OwnRequest):
            decide(name, one)
