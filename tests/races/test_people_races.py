"""Links, codes, persons and roles under real parallel connections, on both databases.

Each guard has a canary: the same race with the guard removed has two winners.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select, update

from charity.kernel import clock
from charity.kernel.atomic import atomic, atomically
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people import factors, links, queries, roles, services, signing, tries
from charity.people.kinds import LinkPurpose, Role, Tried
from charity.people.models import Account, Link, Person, Try
from charity.people.queries import Grant, Signed
from charity.people.tokens import token_hash
from tests.people import Clock, make_person, stopped

__all__ = ["stopped"]
pytestmark = pytest.mark.race
THREADS = 6
SOURCE = "198.51.100.7"
T = TypeVar("T")


def together(app: Flask, work: Callable[[int], T]) -> tuple[list[T], list[BaseException]]:
    """Run ``work`` in threads begun together; what they gave, and what they were refused with."""
    done: list[T] = []
    refused: list[BaseException] = []
    gate = threading.Barrier(THREADS)

    def run(number: int) -> None:
        with app.app_context():
            try:
                gate.wait(30)
                done.append(work(number))
            except BaseException as error:  # noqa: BLE001 - handed to the test
                refused.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return done, refused


def made(app: Flask, work: Callable[[], T]) -> T:
    """``work`` as one unit of work in a context of its own."""
    with app.app_context():
        found = atomically(work)()
        db.session.remove()
    return found


def person(*grants: Grant) -> Signed:
    return make_person("测试人员", *grants, email="a@example.org", second_factor=False)


def link_of(app: Flask) -> str:
    who = made(app, person)
    return made(app, lambda: links.make(who.account_id, LinkPurpose.SIGN_IN)[0])


def test_one_link_lets_one_in(app: Flask) -> None:
    token = link_of(app)
    done, refused = together(app, lambda _: signing.with_link(token).token)
    assert len(done) == 1
    assert len(refused) == THREADS - 1
    assert all(isinstance(error, RuleBroken) for error in refused)


def test_canary_a_link_looked_at_first_lets_many_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = link_of(app)
    everyone_looked = threading.Barrier(THREADS)

    def looked_at_first(given: str) -> str:
        session = db.session()
        account = session.scalars(
            select(Account.public_id)
            .join(Link, Link.account_id == Account.id)
            .where(Link.token_hash == token_hash(given))
        ).one()
        session.execute(
            update(Link).where(Link.token_hash == token_hash(given)).values(used_at=clock.now())
        )
        return account

    def work(_: int) -> str:
        stands = links.stands(token)
        db.session().rollback()
        everyone_looked.wait(30)
        assert stands
        return signing.with_link(token).token

    monkeypatch.setattr(links, "use", looked_at_first)
    done, _ = together(app, work)
    assert len(done) > 1


def authenticator(app: Flask) -> tuple[Signed, str, tuple[str, ...]]:
    """A person with a second factor: a session, the secret, the recovery codes."""
    who = made(app, person)
    secret = made(app, lambda: factors.start_totp(who).secret)
    code = pyotp.TOTP(secret).at(int(clock.now().timestamp()))
    with app.app_context():
        codes = signing.confirm_totp(who, code, source=SOURCE).recovery_codes
        db.session.remove()
    return who, secret, codes


def test_one_recovery_code_and_one_time_step_prove_once(app: Flask) -> None:
    who, secret, codes = authenticator(app)
    following = pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30)
    for code in (codes[0], following):
        done, refused = together(
            app, lambda _, code=code: atomically(factors.prove)(who.person_id, code)
        )
        assert len(done) == 1
        assert len(refused) == THREADS - 1


def test_one_human_becomes_one_person(app: Flask) -> None:
    def work(number: int) -> str:
        return atomically(
            lambda: (
                services.add_person(
                    "张三", email=f"n{number}@example.org", id_number="11010519491231002X"
                ).person_id
            )
        )()

    done, refused = together(app, work)
    assert len(set(done)) == 1
    assert all(isinstance(error, RuleBroken) for error in refused)
    with app.app_context():
        assert db.session().scalar(select(func.count()).select_from(Person)) == 1
        db.session.remove()


def test_tries_at_once_are_all_counted(app: Flask, stopped: Clock) -> None:
    def work(_: int) -> None:
        for _ in range(3):
            atomically(tries.take)([(Tried.LINK, "x"), (Tried.SOURCE, SOURCE)])

    _, refused = together(app, work)
    assert all(isinstance(error, RuleBroken) for error in refused)
    with app.app_context():
        counts = sorted(db.session().scalars(select(Try.failures)))
        db.session.remove()
    # Three are free, the fourth brings a pause, and nobody slipped past it.
    assert counts == [4, 4]
    assert len(refused) >= THREADS - 1


def test_right_passwords_at_once_wait_for_nobody(app: Flask) -> None:
    """An office behind one address signs in together, and again."""

    def work(number: int) -> None:
        for _ in range(10):
            atomically(tries.take)([(Tried.ACCOUNT, f"n{number}"), (Tried.SOURCE, SOURCE)])
            atomically(tries.give_back)(Tried.ACCOUNT, f"n{number}")
            atomically(tries.give_back)(Tried.SOURCE, SOURCE)

    done, refused = together(app, work)
    assert (len(done), refused) == (THREADS, [])


def test_the_last_two_managers_cannot_both_go(app: Flask) -> None:
    managers = [
        made(app, lambda n=n: make_person(f"管理员{'甲乙'[n]}", Grant(Role.FUND_MANAGER)).person_id)
        for n in range(2)
    ]
    done, refused = together(
        app, lambda n: atomically(roles.revoke)(managers[n % 2], Role.FUND_MANAGER, by=None)
    )
    assert len(done) == 1
    assert all(isinstance(error, RuleBroken) for error in refused)
    with app.app_context():
        assert len(queries.holders([Role.FUND_MANAGER])) == 1
        db.session.remove()


def test_cashier_and_accountant_at_once(app: Flask) -> None:
    who = made(app, person)

    def work(number: int) -> None:
        role = (Role.CASHIER, Role.ACCOUNTANT)[number % 2]
        with atomic():
            roles.grant(who.person_id, role, by=None)

    done, refused = together(app, work)
    assert len(done) == 1
    assert all(isinstance(error, RuleBroken) for error in refused)
    assert len(made(app, lambda: queries.as_person(who.person_id)).grants) == 1  # type: ignore[union-attr]
