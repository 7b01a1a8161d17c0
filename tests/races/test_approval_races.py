"""Two people at one instant, on real parallel connections: each thing happens once.

The canaries take the guard away (the lock with the look at the state, and the step that moves only
what still stands where it was seen) and must then see it happen twice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from charity.approvals import errors, rules, services
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.models import Decision, Request, State
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Signed
from tests.factories.approvals import FACTS, Cast, ask, decide, make_cast, status_of

pytestmark = pytest.mark.race
ROUNDS = int(os.environ.get("ROUNDS", "2")) * 4

Answer = object


def at_once(app: Flask, works: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Run each in a thread with a connection of its own, begun together; answers or refusals."""
    answers: list[Answer] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int) -> None:
        with app.app_context():
            gate.wait(30)
            try:
                answers[place] = atomically(works[place])()
            except RuleBroken as error:
                answers[place] = type(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


@pytest.fixture
def cast(app: Flask) -> Cast:
    """People of every role."""
    with app.app_context():
        made = make_cast()
        db.session.remove()
    return made


def asked(app: Flask, cast: Cast, subject: str, *, approved: bool = False) -> str:
    """A request, perhaps approved already."""
    with app.app_context():
        name = ask(cast.manager, subject=subject)
        if approved:
            decide(name, cast.approver)
        db.session.remove()
    return name


def deciding(name: str, by: Signed, done: list[str]) -> Callable[[], Answer]:
    """Decide and have the effect in the same unit of work, as the page does."""

    def work() -> Answer:
        view = services.decide(name, by=by, approve=True)
        if view.status is RequestStatus.APPROVED:
            services.use(name, FACTS)
            done.append(name)
        return view.status

    return work


def words(app: Flask, name: str) -> int:
    """How many decisions are stored."""
    with app.app_context():
        inner = select(Request.id).where(Request.public_id == name).scalar_subquery()
        found = select(func.count()).select_from(Decision).where(Decision.request_id == inner)
        return int(db.session().scalar(found) or 0)


def test_two_approvals_at_one_instant_act_once(app: Flask, cast: Cast) -> None:
    for number in range(ROUNDS):
        name, done = asked(app, cast, f"g{number}"), []
        people = (cast.approver, cast.approver2, cast.manager2)
        answers = at_once(app, [deciding(name, by, done) for by in people])
        assert done == [name]
        assert answers.count(RequestStatus.APPROVED) == 1
        assert answers.count(errors.NotWaiting) == 2
        assert words(app, name) == 1


def test_one_person_twice_at_one_instant_says_it_once(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = rules.RULES[Kind.REFUND]
    three = {**rules.RULES, Kind.REFUND: rules.Rule(rule.ask, rule.decide, 2, rule.source)}
    monkeypatch.setattr(rules, "RULES", three)
    for number in range(ROUNDS):
        name, done = asked(app, cast, f"g{number}"), []
        answers = at_once(app, [deciding(name, cast.approver, done)] * 3)
        assert done == []
        assert answers.count(RequestStatus.WAITING) == 1
        assert answers.count(errors.AlreadyDecided) == 2
        answers = at_once(app, [deciding(name, by, done) for by in (cast.approver2, cast.manager2)])
        assert done == [name]
        assert set(answers) == {RequestStatus.APPROVED, errors.NotWaiting}


def test_two_uses_at_one_instant_are_one(app: Flask, cast: Cast) -> None:
    for number in range(ROUNDS):
        name = asked(app, cast, f"g{number}", approved=True)
        answers = at_once(app, [lambda name=name: services.use(name, FACTS)] * 4)
        assert answers.count(errors.AlreadyUsed) == 3


def test_approval_and_withdrawal_at_one_instant_agree(app: Flask, cast: Cast) -> None:
    for number in range(ROUNDS):
        name, done = asked(app, cast, f"g{number}"), []

        def withdraw(name: str = name) -> Answer:
            return services.withdraw(name, by=cast.manager)

        answers = at_once(app, [deciding(name, cast.approver, done), withdraw])
        with app.app_context():
            status = status_of(name)
        if done:
            assert (status, answers[1]) == ("used", errors.NotWaiting)
        else:
            assert (status, answers[0]) == ("withdrawn", errors.NotWaiting)


def test_two_askers_at_one_instant_make_one_live_request(app: Flask, cast: Cast) -> None:
    for number in range(ROUNDS):
        subject = f"g{number}"

        def work(by: Signed, fen: int, subject: str = subject) -> Callable[[], Answer]:
            facts = {**FACTS, "amount_fen": fen}
            return lambda: services.request(Kind.REFUND, subject, facts, by=by, title="")

        at_once(app, [work(cast.manager, 1), work(cast.manager2, 1), work(cast.manager2, 2)])
        with app.app_context():
            statuses = list(
                db.session().scalars(select(State.status).where(State.subject_id == subject))
            )
        assert statuses.count("waiting") == 1
        assert set(statuses) <= {"waiting", "withdrawn"}


# --- canaries -------------------------------------------------------------------------------


def _blind(monkeypatch: pytest.MonkeyPatch, app: Flask, name: str) -> None:
    """No lock and no second look: everybody sees the request as it was before anyone acted."""
    with app.app_context():
        found = db.session().execute(services._rows().where(Request.public_id == name)).one()
        before = services._row(found)
        db.session.remove()
    monkeypatch.setattr(services, "_locked", lambda _name: replace(before))

    def move(row: services._Locked, to: RequestStatus, *_rest: object) -> None:
        db.session().execute(
            update(State).where(State.request_id == row.id).values(status=to.value)
        )

    monkeypatch.setattr(services, "_move", move)


def test_canary_without_the_guard_it_is_used_twice(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = asked(app, cast, "g", approved=True)
    _blind(monkeypatch, app, name)
    answers = at_once(app, [lambda: services.use(name, FACTS)] * 2)
    assert answers.count(errors.AlreadyUsed) == 0


def test_canary_without_the_guard_two_approve_alone(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = asked(app, cast, "g")
    _blind(monkeypatch, app, name)
    done: list[RequestStatus] = []

    def approve(by: Signed) -> Callable[[], Answer]:
        def work() -> Answer:
            view = services.decide(name, by=by, approve=True)
            done.append(view.status)
            return view.status

        return work

    answers = at_once(app, [approve(cast.approver), approve(cast.approver2)])
    assert errors.NotWaiting not in answers
    assert done == [RequestStatus.APPROVED] * 2
    assert words(app, name) == 2


@pytest.mark.parametrize("guard", ["lock", "step"])
def test_either_guard_alone_is_enough(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    """With one of the two taken away the other still lets it happen once."""
    name = asked(app, cast, "g", approved=True)
    locked, move = services._locked, services._move
    _blind(monkeypatch, app, name)
    if guard == "lock":
        monkeypatch.setattr(services, "_locked", locked)
    else:
        monkeypatch.setattr(services, "_move", move)
    answers = at_once(app, [lambda: services.use(name, FACTS)] * 3)
    refused = [answer for answer in answers if answer in (errors.AlreadyUsed, errors.NotWaiting)]
    assert len(refused) == 2


def test_the_roles_of_these_people(cast: Cast) -> None:
    """The races mean something only while these three may really decide."""
    assert {Role.APPROVER, Role.FUND_MANAGER} <= set(rules.RULES[Kind.REFUND].decide)
    assert cast.approver2.holds(Role.APPROVER)
    assert cast.manager2.holds(Role.FUND_MANAGER)
