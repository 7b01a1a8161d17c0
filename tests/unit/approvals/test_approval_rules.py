"""Who asks, who decides, and what is hashed: the pure part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.approvals import errors, rules
from charity.approvals.kinds import LIVE, Kind, RequestStatus
from charity.approvals.rules import RULES, Right, canonical, sha256, standing
from charity.approvals.states import NEXT
from charity.people.kinds import FUND_ROLES, Role

MANAGER, APPROVER = Right(Role.FUND_MANAGER, None), Right(Role.APPROVER, None)
FOR_B = Right(Role.APPROVER, None, "b", "乙")
FOR_C = Right(Role.APPROVER, None, "c", "丙")


def test_every_kind_has_a_rule_that_needs_another_person() -> None:
    assert set(RULES) == set(Kind)
    for rule in RULES.values():
        assert rule.decisions >= 1
        assert rule.ask
        assert rule.decide
        assert rule.source
        assert Role.SUPERVISOR not in {*rule.ask, *rule.decide}


@pytest.mark.parametrize(
    ("person", "rights", "concerned", "counted", "answer"),
    [
        ("a", [MANAGER], (), (), errors.OwnRequest),
        ("a", [FOR_B], (), (), errors.OwnRequest),
        ("p", [MANAGER], ("p",), (), errors.Concerned),
        ("p", [MANAGER], (), ("p",), errors.AlreadyDecided),
        ("p", [], (), (), errors.MayNotDecide),
        ("p", [Right(Role.CASHIER, None)], (), (), errors.MayNotDecide),
        ("p", [Right(Role.APPROVER, "GS-0001")], (), (), errors.MayNotDecide),
        ("p", [Right(Role.APPROVER, None, "a", "甲")], (), (), errors.DelegatorConcerned),
        ("p", [FOR_B], ("b",), (), errors.DelegatorConcerned),
        ("p", [FOR_B], (), ("b",), errors.DelegatorConcerned),
        ("p", [FOR_B, FOR_C], (), ("b",), FOR_C),
        ("p", [FOR_B], (), (), FOR_B),
        ("p", [FOR_B, APPROVER], (), (), APPROVER),
        ("p", [MANAGER], (), ("b",), MANAGER),
    ],
)
def test_standing(
    person: str, rights: list[Right], concerned: tuple[str], counted: tuple[str], answer: object
) -> None:
    def asked() -> Right:
        return standing(
            Kind.REFUND,
            person=person,
            rights=rights,
            scopes=(),
            requester="a",
            concerned=concerned,
            counted=counted,
        )

    if isinstance(answer, Right):
        assert asked() == answer
    else:
        with pytest.raises(answer):  # type: ignore[call-overload]
            asked()


@pytest.mark.parametrize(
    ("scope", "covers"), [(None, True), ("GS-1", True), ("GS-2", True), ("GS-3", False)]
)
def test_a_role_of_a_unit_covers_what_lies_in_its_unit(scope: str | None, covers: bool) -> None:
    assert Right(Role.UNIT_LEADER, scope).covers(Kind.SLIP, ("GS-1", "GS-2")) is covers


@pytest.mark.parametrize(
    ("role", "held", "may"),
    [
        (Role.APPROVER, {Role.DISCLOSER}, True),
        (Role.APPROVER, {Role.SUPERVISOR}, False),
        (Role.APPROVER, {Role.UNIT_LEADER}, False),
        (Role.APPROVER, set(), False),
        (Role.UNIT_LEADER, {Role.UNIT_CLERK}, True),
        (Role.UNIT_LEADER, {Role.CASHIER}, True),
        (Role.UNIT_LEADER, {Role.SUPERVISOR}, False),
        (Role.UNIT_LEADER, {Role.ORGANIZATION_MANAGER}, False),
    ],
)
def test_who_may_stand_in(role: Role, held: set[Role], may: bool) -> None:
    assert rules.may_stand_in(role, held) is may


def test_states_go_forward_only() -> None:
    assert set(NEXT) == set(RequestStatus)
    assert {status for status in NEXT if NEXT[status]} == LIVE
    assert RequestStatus.USED not in NEXT[RequestStatus.WAITING]
    assert all(RequestStatus.WAITING not in after for after in NEXT.values())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
facts = st.dictionaries(st.text(min_size=1), values, max_size=6)


@given(facts=facts)
def test_the_order_of_facts_does_not_matter(facts: dict[str, object]) -> None:
    turned = dict(reversed(facts.items()))
    assert canonical(facts) == canonical(turned)


@given(one=facts, other=facts)
def test_other_facts_hash_otherwise(one: dict[str, object], other: dict[str, object]) -> None:
    same = repr(sorted(one.items(), key=str)) == repr(sorted(other.items(), key=str))
    if canonical(one) != canonical(other):
        assert sha256(canonical(one)) != sha256(canonical(other))
    else:
        assert one == other or same


@pytest.mark.parametrize("unfit", [{"a": 1.5}, {"a": [0.1]}, {1: "a"}, {"a": {"b": object()}}])
def test_what_has_no_one_text_is_no_fact(unfit: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        canonical(unfit)


def test_true_is_not_one() -> None:
    assert canonical({"a": True}) != canonical({"a": 1})


def test_fund_roles_are_all_known_here() -> None:
    # A new role is put on a side on purpose: it decides something, or it does not.
    quiet = {Role.SUPERVISOR}
    assert quiet == FUND_ROLES - rules.DECIDING
