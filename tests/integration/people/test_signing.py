"""Signing in: passwords, one-time links, sessions, and limits on tries."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from charity.kernel import clock
from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from charity.people import (
    jobs,
    links,
    passwords,
    queries,
    roles,
    services,
    sessions,
    signing,
    tries,
)
from charity.people.errors import (
    Busy,
    ChannelClosed,
    LinkRefused,
    PasswordCommon,
    SessionEnded,
    SignInRefused,
    TooManyTries,
)
from charity.people.kinds import Ended, LinkPurpose, Method, Role, Tried
from charity.people.models import Account, Link, OpenSession, Try
from charity.people.queries import Grant, Signed
from charity.people.signing import SignedIn
from tests.people import Clock, letters_to, links_sent, make_person, set_password, trail_of

MAIL, PASSWORD, SOURCE = "clerk@example.org", "竹篮打水一场空留下月亮", "198.51.100.7"


@pytest.fixture
def clerk(ctx: Flask, stopped: Clock) -> Signed:
    """A clerk with a password; the clock stands still."""
    with atomic():
        made = make_person("测试经办", Grant(Role.UNIT_CLERK, "GS-1"), email=MAIL)
    set_password(made, PASSWORD)
    return made


def enter(address: str = MAIL, password: str = PASSWORD, source: str = SOURCE) -> SignedIn:
    return signing.with_password(address, password, source=source, agent="Test\r\nBrowser")


def count(table: type) -> int:
    found = db.session().scalar(select(func.count()).select_from(table)) or 0
    db.session().rollback()
    return found


def test_a_password_opens_a_session_without_second_factor(clerk: Signed) -> None:
    done = enter()
    assert done.signed.person_id == clerk.person_id
    assert done.signed.second_factor_at is None
    assert not queries.is_fresh(done.signed)
    found = queries.by_token(done.token)
    assert found is not None
    assert found.signed == done.signed
    assert {view.agent for view in queries.sessions(clerk.person_id)} >= {"TestBrowser"}
    assert "session.begun" in trail_of(done.signed.session_id)
    assert enter(MAIL.upper()).signed.account_id == clerk.account_id


def test_phone_numbers_are_identities_too(clerk: Signed) -> None:
    with atomic():
        services.add_person("测试经办二", email="two@example.org", phone="13900001234")
        second = services.find("two@example.org")
        assert second is not None
        token = sessions.begin(second.account_id, Method.DEMO)
        signed = sessions.current(token)
    set_password(signed, PASSWORD)
    assert enter("139 0000 1234").signed.account_id == second.account_id
    with pytest.raises(ChannelClosed):
        signing.send_link("13900001234", source=SOURCE)
    with pytest.raises(ChannelClosed):
        signing.send_link("13900009999", source=SOURCE)


WRONG = [
    (MAIL, "wrong password"),
    (MAIL, ""),
    (MAIL, "x" * 1_000_000),
    ("nobody@example.org", PASSWORD),
    ("no address", PASSWORD),
    ("", ""),
    ("\x00\ud800@example.org", PASSWORD),
    ("1" * 10_000, PASSWORD),
]


def test_what_is_wrong_is_not_said(clerk: Signed) -> None:
    before = count(OpenSession)
    for address, password in WRONG:
        with pytest.raises(SignInRefused) as refused:
            enter(address, password)
        assert refused.value.sentence() == "账号或密码不正确。"
    assert count(OpenSession) == before


def test_an_unknown_account_is_hashed_as_long(
    clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    hasher = passwords._hasher(passwords.COSTS[0])
    real = type(hasher).verify

    def watched(self: object, kept: str, given: str) -> bool:
        seen.append(kept)
        return real(self, kept, given)  # type: ignore[arg-type]

    monkeypatch.setattr(type(hasher), "verify", watched)
    for address in (MAIL, "nobody@example.org", "no address"):
        with pytest.raises(SignInRefused):
            enter(address, "wrong password")
    assert len(seen) == 3
    parameters = {kept.rpartition("$")[0].rpartition("$")[0] for kept in seen}
    assert len(parameters) == 1


def test_hashing_never_happens_inside_a_unit_of_work(clerk: Signed) -> None:
    for work in (lambda: passwords.make_hash("x"), lambda: passwords.opens(None, "x")):
        with pytest.raises(AtomicError), atomic():
            work()
    with pytest.raises(AtomicError), atomic():
        enter()


def test_a_session_is_new_at_every_sign_in(clerk: Signed) -> None:
    """No fixation: what a browser brought along is never what it leaves with."""
    tokens = [enter().token for _ in range(3)]
    assert len(set(tokens)) == 3
    rows = db.session().scalars(select(OpenSession.token_hash)).all()
    assert not set(tokens) & set(rows)
    for brought in ("", "x", "a" * 43, tokens[0] + "x", "a" * 10_000, "\x00", "\ud800"):
        assert queries.by_token(brought) is None


def test_a_password_is_hashed_anew_at_a_new_cost(
    clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str:
        found = (
            db.session()
            .scalars(select(Account.password_hash).where(Account.password_hash.is_not(None)))
            .one()
        )
        db.session().rollback()
        return str(found)

    before = kept()
    enter()
    assert kept() == before
    dearer = passwords.Cost(passwords.COSTS[0].since, "test", 16, 2, 1)
    monkeypatch.setattr(passwords, "COSTS", (dearer,))
    enter()
    assert kept() != before
    assert "m=16,t=2,p=1" in kept()
    enter()


# --- passwords changed ------------------------------------------------------------------------


def test_a_new_password_ends_the_other_sessions(clerk: Signed) -> None:
    here, there = enter(), enter()
    signing.change_password(here.signed, PASSWORD, "另一句很长的话作为密码", source=SOURCE)
    assert queries.by_token(here.token) is not None
    assert queries.by_token(there.token) is None
    db.session().rollback()
    with pytest.raises(SignInRefused):
        enter()
    assert enter(password="另一句很长的话作为密码").signed.person_id == clerk.person_id
    assert len(letters_to(MAIL)) == 2


def test_the_old_password_is_asked_for(clerk: Signed) -> None:
    here = enter()
    for old in (None, "", "wrong password"):
        with pytest.raises(SignInRefused):
            signing.change_password(here.signed, old, "另一句很长的话作为密码", source=SOURCE)
    with pytest.raises(PasswordCommon):
        signing.change_password(here.signed, PASSWORD, "1234567890", source=SOURCE)
    assert enter()


def test_a_link_stands_for_a_forgotten_password(clerk: Signed) -> None:
    signing.send_link(MAIL, source=SOURCE)
    here = signing.with_link(links_sent(MAIL)[-1])
    signing.change_password(here.signed, None, "另一句很长的话作为密码", source=SOURCE)
    assert enter(password="另一句很长的话作为密码")


def test_a_password_changed_while_it_was_checked_is_refused(
    clerk: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = passwords.opens

    def slowly(kept: str | None, password: str) -> bool:
        right = real(kept, password)
        monkeypatch.setattr(passwords, "opens", real)
        signing.change_password(clerk, PASSWORD, "另一句很长的话作为密码", source="192.0.2.99")
        return right

    monkeypatch.setattr(passwords, "opens", slowly)
    with pytest.raises(SignInRefused):
        enter()


# --- one-time links ---------------------------------------------------------------------------


def test_a_link_opens_once(clerk: Signed) -> None:
    signing.send_link(f" {MAIL.upper()} ", source=SOURCE)
    token = links_sent(MAIL)[-1]
    assert links.stands(token)
    assert links.stands(token)
    done = signing.with_link(token, agent="phone")
    assert done.signed.person_id == clerk.person_id
    assert done.signed.second_factor_at is None
    assert not links.stands(token)
    with pytest.raises(LinkRefused):
        signing.with_link(token)
    assert count(Link) == 1
    kept = db.session().execute(text("SELECT token_hash FROM people_link")).scalar_one()
    assert token not in kept


def test_a_link_runs_out(clerk: Signed, stopped: Clock) -> None:
    signing.send_link(MAIL, source=SOURCE)
    stopped.on(minutes=14, seconds=59)
    assert links.stands(links_sent(MAIL)[-1])
    stopped.on(seconds=1)
    assert not links.stands(links_sent(MAIL)[-1])
    with pytest.raises(LinkRefused):
        signing.with_link(links_sent(MAIL)[-1])


def test_using_one_link_ends_the_others(clerk: Signed) -> None:
    signing.send_link(MAIL, source=SOURCE)
    signing.send_link(MAIL, source=SOURCE)
    first, second = links_sent(MAIL)
    signing.with_link(first)
    with pytest.raises(LinkRefused):
        signing.with_link(second)


def test_links_of_who_left_are_refused(clerk: Signed) -> None:
    signing.send_link(MAIL, source=SOURCE)
    with atomic():
        roles.hand_over(clerk.person_id, None, by=None)
    with pytest.raises(LinkRefused):
        signing.with_link(links_sent(MAIL)[-1])
    signing.send_link(MAIL, source=SOURCE)
    assert len(links_sent(MAIL)) == 1
    with pytest.raises(SignInRefused):
        enter()


def test_links_that_never_were(clerk: Signed) -> None:
    for token in ("", "x", "a" * 43, "a" * 10_000, "\x00", "\ud800", "%"):
        assert not links.stands(token)
        db.session().rollback()
        with pytest.raises(LinkRefused):
            signing.with_link(token)


def test_asking_for_a_link_tells_nothing(clerk: Signed) -> None:
    for address in ("nobody@example.org", "no address", "", "\ud800@example.org"):
        signing.send_link(address, source=SOURCE)
    assert count(Link) == 0


# --- sessions ---------------------------------------------------------------------------------


def test_staff_sessions_end_by_idleness(clerk: Signed, stopped: Clock) -> None:
    token = enter().token
    stopped.on(hours=1, minutes=59)
    found = queries.by_token(token)
    assert found is not None
    assert found.touch_due
    with atomic():
        sessions.touch(found.signed.session_id)
    assert not getattr(queries.by_token(token), "touch_due", True)
    stopped.on(hours=2)
    assert queries.by_token(token) is None


def test_staff_sessions_end_by_age(clerk: Signed, stopped: Clock) -> None:
    done = enter()
    for _ in range(11):
        stopped.on(hours=1)
        with atomic():
            sessions.touch(done.signed.session_id)
    assert queries.by_token(done.token) is not None
    stopped.on(hours=1)
    assert queries.by_token(done.token) is None
    assert queries.sessions(clerk.person_id) == []


def test_one_ends_ones_own_sessions_only(clerk: Signed) -> None:
    with atomic():
        other = make_person("测试别人")
    mine, theirs = enter(), other
    with pytest.raises(SessionEnded), atomic():
        sessions.end(mine.signed.session_id, by=theirs, reason=Ended.BY_OWNER)
    assert queries.by_token(mine.token) is not None
    for _ in range(2):
        with atomic():
            sessions.end(mine.signed.session_id, by=mine.signed)
    assert queries.by_token(mine.token) is None
    assert mine.signed.session_id not in {view.id for view in queries.sessions(clerk.person_id)}
    with pytest.raises(SessionEnded), atomic():
        sessions.strengthen(mine.signed.session_id)


def test_old_rows_are_swept_away(clerk: Signed, stopped: Clock) -> None:
    enter()
    signing.send_link(MAIL, source=SOURCE)
    with pytest.raises(SignInRefused):
        enter(password="wrong password")
    assert jobs.sweep() == 0
    stopped.on(days=61)
    assert jobs.sweep() > 0
    assert (count(OpenSession), count(Link), count(Try)) == (0, 0, 0)
    assert jobs.sweep() == 0


# --- limits on tries --------------------------------------------------------------------------


def failing(work: Callable[[], object]) -> str:
    """What a failing try is refused with."""
    try:
        work()
    except (SignInRefused, TooManyTries) as error:
        return type(error).__name__ + ("" if isinstance(error, SignInRefused) else "!")
    return "in"


def test_tries_slow_down_alike_for_everyone(clerk: Signed, stopped: Clock) -> None:
    for n, address in enumerate((MAIL, "nobody@example.org", "no address")):
        source = f"203.0.113.{n}"

        def wrong(address: str = address, source: str = source) -> str:
            return failing(lambda: enter(address, "wrong password", source))

        assert [wrong() for _ in range(7)] == ["SignInRefused"] * 5 + ["TooManyTries!"] * 2
        waits = []
        for _ in range(12):
            with pytest.raises(TooManyTries) as refused:
                enter(address, PASSWORD, source)
            waits.append(refused.value.seconds)
            stopped.on(seconds=refused.value.seconds)
            assert wrong() == "SignInRefused"
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_nobody_is_locked_out_for_ever(clerk: Signed, stopped: Clock) -> None:
    for n in range(60):
        wrong = failing(lambda n=n: enter(password="wrong password", source=f"203.0.113.{n}"))
        if wrong == "TooManyTries!":
            stopped.on(minutes=15)
    stopped.on(minutes=15)
    assert enter().signed.person_id == clerk.person_id
    # And all is forgotten: four more slips are free.
    seen = [failing(lambda: enter(password="wrong password")) for _ in range(5)]
    assert seen == ["SignInRefused"] * 5


def test_while_the_password_waits_a_link_helps(clerk: Signed) -> None:
    while failing(lambda: enter(password="wrong password")) != "TooManyTries!":
        pass
    signing.send_link(MAIL, source="203.0.113.5")
    assert signing.with_link(links_sent(MAIL)[-1]).signed.person_id == clerk.person_id


def test_one_network_address_is_slowed_over_all_accounts(clerk: Signed, stopped: Clock) -> None:
    seen = [failing(lambda n=n: enter(f"n{n}@example.org", "wrong")) for n in range(32)]
    assert seen == ["SignInRefused"] * 31 + ["TooManyTries!"]
    assert failing(lambda: enter(source="203.0.113.5")) == "in"
    stopped.on(seconds=60)
    assert failing(enter) == "in"


def test_a_right_password_does_not_clear_a_network_address(clerk: Signed) -> None:
    for n in range(31):
        failing(lambda n=n: enter(f"n{n}@example.org", "wrong"))
        if n < 30:
            assert failing(enter) == "in"
    assert failing(enter) == "TooManyTries!"


def test_a_household_has_one_count(clerk: Signed) -> None:
    with atomic():
        tries.take([(Tried.SOURCE, "2001:db8:1:2::1")])
        tries.take([(Tried.SOURCE, "2001:db8:1:2:ffff::1"), (Tried.SOURCE, "2001:db8:1:3::1")])
        tries.take([(Tried.SOURCE, "::ffff:192.0.2.1")])
        tries.take([(Tried.SOURCE, "192.0.2.1")])
        assert sorted(db.session().scalars(select(Try.failures))) == [1, 2, 2]


def test_a_clock_that_is_behind_is_no_pause(clerk: Signed, stopped: Clock) -> None:
    """Of two at once the later may have looked at the clock first; only failures make one wait."""
    for n in range(31):
        with atomic():
            tries.take([(Tried.SOURCE, SOURCE)])
        if n < 10:
            with atomic():
                tries.give_back(Tried.SOURCE, SOURCE)
        stopped.on(milliseconds=-5)
    assert failing(enter) == "in"
    for _ in range(10):
        with atomic():
            tries.take([(Tried.SOURCE, SOURCE)])
        stopped.on(milliseconds=-5)
    assert failing(enter) == "TooManyTries!"


def test_links_are_limited_too(clerk: Signed, stopped: Clock) -> None:
    for address in (MAIL, "nobody@example.org"):
        for _ in range(4):
            signing.send_link(address, source=SOURCE)
        with pytest.raises(TooManyTries):
            signing.send_link(address, source=SOURCE)
    assert len(links_sent(MAIL)) == 4


def test_failures_are_forgotten_after_a_day(clerk: Signed, stopped: Clock) -> None:
    for _ in range(5):
        failing(lambda: enter(password="wrong password"))
    stopped.on(days=1, seconds=1)
    seen = [failing(lambda: enter(password="wrong password")) for _ in range(5)]
    assert seen == ["SignInRefused"] * 5


# --- the queue --------------------------------------------------------------------------------


def test_the_queue_is_bounded() -> None:
    gate = passwords.Gate(at_once=1, waiting=2, patience_s=5)
    inside, go = threading.Event(), threading.Event()
    seen: list[str] = []

    def work() -> None:
        try:
            with gate.enter():
                inside.set()
                go.wait(10)
            seen.append("done")
        except Busy:
            seen.append("busy")

    first = threading.Thread(target=work)
    first.start()
    assert inside.wait(10)
    others = [threading.Thread(target=work) for _ in range(6)]
    for thread in others:
        thread.start()
    until = clock.monotonic() + 10
    while seen.count("busy") < 4 and clock.monotonic() < until:
        clock.sleep(0.01)
    assert seen == ["busy"] * 4
    go.set()
    for thread in [first, *others]:
        thread.join(10)
    assert sorted(seen) == ["busy"] * 4 + ["done"] * 3
    with gate.enter():
        pass


def test_who_waits_too_long_is_sent_away() -> None:
    gate = passwords.Gate(at_once=1, waiting=1, patience_s=0)
    with gate.enter(), pytest.raises(Busy), gate.enter():
        pass
    with gate.enter():
        pass


def test_a_busy_machine_takes_no_try_away(clerk: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(passwords, "gate", passwords.Gate(0, 0, 0))
        for _ in range(20):
            with pytest.raises(Busy) as busy:
                enter()
        assert busy.value.status == 503
    assert enter()


def test_invitations_last_longer(clerk: Signed, stopped: Clock) -> None:
    with atomic():
        token, address = links.make(clerk.account_id, LinkPurpose.INVITE)
    assert address == MAIL
    stopped.on(days=6)
    assert signing.with_link(token).signed.person_id == clerk.person_id
