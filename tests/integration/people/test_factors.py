"""The second factor: authenticator, recovery codes, and how it is taken away."""

from __future__ import annotations

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import factors, queries, sessions, signing
from charity.people.errors import (
    FactorMissing,
    FactorRefused,
    FactorStands,
    SessionEnded,
    TooManyTries,
    UnknownPerson,
)
from charity.people.kinds import Method, Role
from charity.people.models import RecoveryCode, Totp
from charity.people.queries import Grant, Signed
from charity.people.signing import SignedIn, Strong
from tests.people import Clock, letters_to, make_person, trail_of

SOURCE = "198.51.100.7"


@pytest.fixture
def approver(ctx: Flask, stopped: Clock) -> Signed:
    """An approver, signed in without a second factor; the clock stands still."""
    with atomic():
        return make_person(
            "测试审批", Grant(Role.APPROVER), email="a@example.org", second_factor=False
        )


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)


def set_up(who: Signed) -> tuple[str, Strong]:
    with atomic():
        secret = factors.start_totp(who).secret
    return secret, signing.confirm_totp(who, code(secret), source=SOURCE)


def prove(who: Signed, given: str) -> SignedIn:
    return signing.with_code(who, given, source=SOURCE)


def another(who: Signed) -> tuple[str, Signed]:
    """The same person in a session of their own, without second factor."""
    with atomic():
        token = sessions.begin(who.account_id, Method.PASSWORD)
        return token, sessions.current(token)


def test_setting_up_counts_as_proof_and_gives_ten_codes(approver: Signed) -> None:
    assert not queries.factors(approver.person_id).any
    _, strong = set_up(approver)
    assert queries.is_fresh(strong.signed)
    assert strong.signed.session_id == approver.session_id
    assert len(set(strong.recovery_codes)) == 10
    found = queries.factors(approver.person_id)
    assert (found.totp, found.recovery_codes_left) == (True, 10)
    kept = db.session().scalars(select(RecoveryCode.code_hash)).all()
    assert not set(kept) & set(strong.recovery_codes)


def test_an_authenticator_holds_once_it_has_shown_a_right_code(approver: Signed) -> None:
    with pytest.raises(FactorMissing):
        signing.confirm_totp(approver, "000000", source=SOURCE)
    with atomic():
        offer = factors.start_totp(approver)
    assert offer.secret in offer.uri
    assert factors.pending_totp(approver) == offer
    wrong = f"{(int(code(offer.secret)) + 1) % 1_000_000:06}"
    with pytest.raises(FactorRefused):
        signing.confirm_totp(approver, wrong, source=SOURCE)
    assert not queries.factors(approver.person_id).any
    with pytest.raises(FactorMissing):
        prove(approver, code(offer.secret))
    signing.confirm_totp(approver, code(offer.secret), source=SOURCE)
    assert factors.pending_totp(approver) is None


def test_a_proof_exchanges_the_token(approver: Signed, stopped: Clock) -> None:
    secret, _ = set_up(approver)
    stopped.on(seconds=60)
    token, plain = another(approver)
    assert not queries.is_fresh(plain)
    done = prove(plain, f" {code(secret)[:3]} {code(secret)[3:]} ")
    assert done.token != token
    assert queries.by_token(token) is None
    found = queries.by_token(done.token)
    assert found is not None
    assert queries.is_fresh(found.signed)
    assert found.signed.session_id == plain.session_id


def test_a_proof_grows_old(approver: Signed, stopped: Clock) -> None:
    _, strong = set_up(approver)
    stopped.on(hours=3, minutes=59)
    assert queries.is_fresh(strong.signed)
    stopped.on(minutes=1)
    assert not queries.is_fresh(strong.signed)


def test_a_time_step_opens_once(approver: Signed, stopped: Clock) -> None:
    secret, _ = set_up(approver)
    _, plain = another(approver)
    # The code that set it up is used already.
    with pytest.raises(FactorRefused):
        prove(plain, code(secret))
    stopped.on(seconds=30)
    used = code(secret)
    assert prove(plain, used)
    with pytest.raises(FactorRefused):
        prove(plain, used)
    # And so is every earlier one, although a phone's clock may be late.
    with pytest.raises(FactorRefused):
        prove(plain, code(secret, -1))
    assert prove(plain, code(secret, 1))


def test_canary_without_the_last_step_a_code_opens_twice(
    approver: Signed, stopped: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        factors, "_take_step", lambda row, given: factors._step(row.secret, given) is not None
    )
    secret, _ = set_up(approver)
    _, plain = another(approver)
    assert prove(plain, code(secret))
    assert prove(plain, code(secret))


def test_codes_of_other_times_are_refused(approver: Signed, stopped: Clock) -> None:
    secret, _ = set_up(approver)
    stopped.on(minutes=10)
    for steps in (-3, -2, 2, 3):
        with pytest.raises(FactorRefused), atomic():
            factors.prove(approver.person_id, code(secret, steps))


def test_what_is_no_code_is_refused(approver: Signed) -> None:
    set_up(approver)
    for given in (
        "",
        "12345",
        "1234567",
        "abcdef",
        "１２３４５６",
        "-00001",
        "0" * 10_000,
        "\ud800",
    ):
        with pytest.raises(FactorRefused), atomic():
            factors.prove(approver.person_id, given)


def test_a_recovery_code_opens_once(approver: Signed) -> None:
    _, strong = set_up(approver)
    for typed in (strong.recovery_codes[0], strong.recovery_codes[1].lower().replace("-", " ")):
        _, plain = another(approver)
        assert prove(plain, typed)
        with pytest.raises(FactorRefused):
            prove(plain, typed)
    assert queries.factors(approver.person_id).recovery_codes_left == 8


def test_a_code_of_somebody_else_is_refused(approver: Signed) -> None:
    _, strong = set_up(approver)
    with atomic():
        other = make_person("测试别人", second_factor=False)
    _, others = set_up(other)
    with pytest.raises(FactorRefused):
        prove(strong.signed, others.recovery_codes[0])


def test_new_codes_end_the_old_ones(approver: Signed) -> None:
    with pytest.raises(FactorMissing), atomic():
        factors.new_recovery_codes(approver)
    _, strong = set_up(approver)
    _, plain = another(approver)
    with pytest.raises(FactorStands), atomic():
        factors.new_recovery_codes(plain)
    with atomic():
        codes = factors.new_recovery_codes(strong.signed)
    with pytest.raises(FactorRefused):
        prove(plain, strong.recovery_codes[0])
    assert prove(plain, codes[0])


def test_codes_tried_wildly_wait(approver: Signed, stopped: Clock) -> None:
    secret, _ = set_up(approver)
    stopped.on(minutes=1)
    _, plain = another(approver)
    for n in range(5):
        with pytest.raises(FactorRefused):
            prove(plain, f"{(int(code(secret)) + 7 + n) % 1_000_000:06}")
    with pytest.raises(TooManyTries) as waits:
        prove(plain, code(secret))
    stopped.on(seconds=waits.value.seconds)
    assert prove(plain, code(secret))


def test_another_authenticator_needs_the_one_that_stands(approver: Signed, stopped: Clock) -> None:
    secret, strong = set_up(approver)
    _, plain = another(approver)
    with pytest.raises(FactorStands), atomic():
        factors.start_totp(plain)
    with atomic():
        new = factors.start_totp(strong.signed).secret
    stopped.on(minutes=1)
    # Until the new one has shown a code, the old one holds.
    assert prove(plain, code(secret))
    with pytest.raises(FactorStands):
        signing.confirm_totp(plain, code(new), source=SOURCE)
    done = signing.confirm_totp(strong.signed, code(new), source=SOURCE)
    assert done.recovery_codes == ()
    stopped.on(minutes=1)
    with pytest.raises(FactorRefused):
        prove(plain, code(secret))
    assert prove(plain, code(new))


def test_a_reset_takes_everything_and_tells(approver: Signed, manager: Signed) -> None:
    _, strong = set_up(approver)
    with atomic():
        factors.reset_factor(approver.person_id, by=manager)
    assert not queries.factors(approver.person_id).any
    assert queries.factors(approver.person_id).recovery_codes_left == 0
    assert queries.by_token(strong.token) is None
    assert len(letters_to("a@example.org")) == 1
    assert trail_of(approver.person_id)[-1] == "factor.reset"
    _, plain = another(approver)
    with pytest.raises(FactorMissing):
        prove(plain, strong.recovery_codes[0])
    with pytest.raises(UnknownPerson), atomic():
        factors.reset_factor("nobody")


def test_a_session_that_ended_is_not_strengthened(approver: Signed) -> None:
    _, strong = set_up(approver)
    _, plain = another(approver)
    with atomic():
        sessions.end(plain.session_id, by=plain)
    with pytest.raises(SessionEnded):
        prove(plain, strong.recovery_codes[0])
    # The whole unit of work was undone: the code still opens.
    assert queries.factors(approver.person_id).recovery_codes_left == 10


def test_the_secret_is_sealed(approver: Signed) -> None:
    secret, _ = set_up(approver)
    raw = db.session().connection().exec_driver_sql("SELECT secret FROM people_totp").scalar_one()
    assert secret.encode() not in bytes(raw)
    assert db.session().scalars(select(Totp.secret)).one() == secret
