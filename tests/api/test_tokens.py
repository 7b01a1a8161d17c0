"""A program's token does what its scopes and its maker's roles allow, and nothing after its end."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.people import api_tokens, roles
from charity.people.errors import TokenDays, TokenScopes, UnknownToken
from charity.people.kinds import Role, Scope
from charity.people.queries import Grant, Signed
from tests.people import make_person

LINES, WAITING = "/api/v1/staff/bank-lines", "/api/v1/staff/waiting"


@pytest.fixture
def cashier(site: Flask) -> Signed:
    with site.app_context():
        made = atomically(make_person)("钱晓梅", Grant(Role.CASHIER), email="c@example.org")
        db.session.remove()
    return made


def made(site: Flask, by: Signed, *scopes: Scope, days: int = 30) -> str:
    with site.app_context():
        token = atomically(api_tokens.make)("对账程序", scopes, days=days, by=by)
        db.session.remove()
    return token


def ask(site: Flask, path: str, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return site.test_client().get(path, headers=headers).status_code


def test_a_token_reads_what_it_is_for(site: Flask, cashier: Signed) -> None:
    token = made(site, cashier, Scope.BANK)
    assert ask(site, LINES, token) == 200
    assert ask(site, WAITING, token) == 403
    assert ask(site, LINES, None) == 401
    assert ask(site, LINES, token[:-1] + ("A" if token[-1] != "A" else "B")) == 401


def test_a_token_ends_with_its_day_its_revocation_and_its_makers_role(
    site: Flask, cashier: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, other = made(site, cashier, Scope.BANK), made(site, cashier, Scope.BANK)
    with site.app_context():
        first = api_tokens.mine(cashier)[-1]
        atomically(api_tokens.revoke)(first.id, by=cashier)
        with pytest.raises(UnknownToken):
            atomically(api_tokens.revoke)(first.id, by=cashier)
        db.session.remove()
    assert ask(site, LINES, token) == 401
    assert ask(site, LINES, other) == 200
    later = clock.now() + dt.timedelta(days=31)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert ask(site, LINES, other) == 401
    with site.app_context():
        atomically(roles.revoke)(cashier.person_id, Role.CASHIER, None, by=None)
        db.session.remove()
    assert ask(site, LINES, other) == 401


def test_a_token_has_a_use_and_an_end(site: Flask, cashier: Signed) -> None:
    with site.app_context():
        with pytest.raises(TokenScopes):
            atomically(api_tokens.make)("无用", [], days=30, by=cashier)
        for days in (0, 366):
            with pytest.raises(TokenDays):
                atomically(api_tokens.make)("太久", [Scope.BANK], days=days, by=cashier)
