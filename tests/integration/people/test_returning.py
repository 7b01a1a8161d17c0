"""Somebody who left is invited again: the same person, with nothing of the old way in."""

from __future__ import annotations

import pyotp
import pytest
from flask import Flask

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import api_tokens, factors, invitations, queries, returning, roles, services
from charity.people.errors import (
    LinkRefused,
    NotAManager,
    NotLeft,
    NotYourself,
    SignInRefused,
    TwoPersons,
    UnknownPerson,
)
from charity.people.kinds import LINK_PATH, Role, Scope
from charity.people.queries import Grant, Signed
from charity.people.signing import with_link, with_password
from tests.people import hand_in, make_person, set_password, trail_of

pytestmark = pytest.mark.usefixtures("cheap_hashes")
PASSWORD = "a long enough pass phrase"
OLD, NEW = "old@example.org", "new@example.org"
CLERK = Grant(Role.UNIT_CLERK, "GS-1")


@pytest.fixture
def manager(ctx: Flask) -> Signed:
    """Who takes people back."""
    with atomic():
        return make_person("测试管理员", Grant(Role.FUND_MANAGER))


@pytest.fixture
def leaver(manager: Signed) -> Signed:
    """A clerk with a password, an authenticator and a program's token, who has left."""
    with atomic():
        who = make_person("测试经办", CLERK, email=OLD)
    set_password(who, PASSWORD)
    with atomic():
        offer = factors.start_totp(who)
        factors.confirm_totp(who, pyotp.TOTP(offer.secret).now())
    with atomic():
        api_tokens.make("测试程序", [next(iter(Scope))], days=30, by=who)
    assert len(api_tokens.mine(who)) == 1
    with atomic():
        roles.hand_over(who.person_id, None, by=manager)
    return who


def back(leaver: Signed, manager: Signed | None, email: str = OLD) -> str:
    """Invited again as a clerk; the token of the link."""
    with atomic():
        done = invitations.invite_again(leaver.person_id, [CLERK], email=email, by=manager)
    assert done.person_id == leaver.person_id
    return done.link.partition(LINK_PATH)[2]


@pytest.mark.parametrize("email", [OLD, NEW])
def test_the_same_person_comes_back(leaver: Signed, manager: Signed, email: str) -> None:
    token = back(leaver, manager, email)
    signed = with_link(token).signed
    assert signed.person_id == leaver.person_id
    assert signed.grants == (CLERK,)
    assert (signed.account_id == leaver.account_id) is (email == OLD)
    view = queries.person(leaver.person_id)
    assert view is not None
    assert (view.left_at, view.accounts) == (None, 1)
    db.session().rollback()
    with pytest.raises(LinkRefused):
        with_link(token)
    assert trail_of(leaver.person_id)[-3:] == ["person.returned", "role.granted", "person.invited"]


def test_nothing_of_the_old_way_in_is_left(leaver: Signed, manager: Signed) -> None:
    back(leaver, manager)
    assert not queries.factors(leaver.person_id).any
    db.session().rollback()
    with pytest.raises(SignInRefused):
        with_password(OLD, PASSWORD, source="192.0.2.1")
    assert api_tokens.mine(leaver) == []


def test_roles_of_before_do_not_come_back(leaver: Signed, manager: Signed) -> None:
    with atomic():
        invitations.invite_again(leaver.person_id, [], email=OLD, by=manager)
    found = queries.as_person(leaver.person_id)
    assert found is not None
    assert found.grants == ()


def test_what_is_refused(leaver: Signed, manager: Signed) -> None:
    with atomic():
        other = make_person("测试另一位", CLERK, email="other@example.org")
    with pytest.raises(TwoPersons):
        back(leaver, manager, "other@example.org")
    with pytest.raises(NotLeft):
        back(other, manager, "other@example.org")
    with pytest.raises(NotAManager):
        back(leaver, hand_in(other.person_id))
    with pytest.raises(NotYourself):
        back(manager, manager)
    with pytest.raises(UnknownPerson), atomic():
        returning.take_back("nobody", email=OLD, by=manager)
    view = queries.person(leaver.person_id)
    assert view is not None
    assert view.left_at is not None
    assert services.accounts_of(leaver.person_id) == []


def test_who_came_back_can_leave_again(leaver: Signed, manager: Signed) -> None:
    back(leaver, manager)
    with atomic():
        roles.hand_over(leaver.person_id, None, by=manager)
    assert services.accounts_of(leaver.person_id) == []
    db.session().rollback()
    back(leaver, manager)
    assert len(services.accounts_of(leaver.person_id)) == 1
