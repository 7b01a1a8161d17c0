"""People of the demonstration: one for each role, on test databases only."""

from __future__ import annotations

import pyotp
import pytest
from flask import Flask

from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.people import demo, queries, signing
from charity.people.demo import demo_people
from charity.people.errors import NotADemo, UnknownPerson
from charity.people.kinds import FUND_ROLES, Role
from tests.people import Clock

SCOPES = {Role.UNIT_CLERK: "GS-1", Role.UNIT_LEADER: "GS-1", Role.ORGANIZATION_MANAGER: "ORG-1"}


def test_one_for_each_role_and_safe_to_repeat(ctx: Flask, stopped: Clock) -> None:
    with atomic():
        assert {each.role for each in demo_people()} == FUND_ROLES
        made = demo_people(SCOPES)
    with atomic():
        assert demo_people(SCOPES) == made
        assert demo.roles_on_offer() == list(Role)
    assert [each.role for each in made] == list(Role)
    assert len({each.person_id for each in made}) == len(Role)
    for each in made:
        with atomic():
            done = demo.sign_in(each.role)
        assert done.signed.person_id == each.person_id
        assert queries.is_fresh(done.signed)
        assert done.signed.holds(each.role, ["GS-1", "ORG-1"])
        assert queries.by_token(done.token) is not None
    assert len(queries.holders([Role.UNIT_CLERK], ["GS-1"])) == 2


def test_their_authenticators_are_real(ctx: Flask, stopped: Clock) -> None:
    with atomic():
        cashier = next(each for each in demo_people() if each.role is Role.CASHIER)
        signed = demo.sign_in(Role.CASHIER).signed
    code = pyotp.TOTP(cashier.totp_secret).at(int(clock.now().timestamp()))
    assert signing.with_code(signed, code, source="192.0.2.1")


def test_never_on_a_real_database(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with atomic():
        demo_people()
    monkeypatch.setattr(demo, "mode", lambda: "real")
    with pytest.raises(NotADemo), atomic():
        demo_people()
    with pytest.raises(NotADemo), atomic():
        demo.sign_in(Role.CASHIER)


def test_nobody_is_there_before(ctx: Flask) -> None:
    assert demo.roles_on_offer() == []
    with pytest.raises(UnknownPerson), atomic():
        demo.sign_in(Role.CASHIER)
