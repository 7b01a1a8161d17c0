"""Dated figures: what holds on which day, what is refused, and that two people change them."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from charity.approvals import errors as approval_errors
from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.parameters import errors, queries, rules, services
from charity.parameters.kinds import Unit
from charity.parameters.models import Parameter
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web.funddesk.approvals import decided
from tests.factories.approvals import Cast, another_account, later, make_cast

KEY = "approvals.days.refund"
SOURCE = "测试决定 2026-1"


@pytest.fixture
def cast(ctx: Flask) -> Cast:
    """People of every role."""
    return make_cast()


def tomorrow(days: int = 1) -> dt.date:
    return clock.today() + dt.timedelta(days=days)


def ask(by: Signed, value: int = 20, day: dt.date | None = None, **changes: object) -> str:
    facts: dict[str, object] = {"source": SOURCE, "note": "", "doubtful": False, **changes}
    with atomic():
        return services.ask(
            str(facts.pop("key", KEY)),
            value,
            day or tomorrow(),
            by=by,
            **facts,  # type: ignore[arg-type]
        )


def agree(request_id: str, by: Signed) -> None:
    """Decide and have the effect, as the page does."""
    seen = approvals.request(request_id).facts_sha256
    with atomic():
        decided(request_id, by, True, "", seen)


def test_every_known_figure_holds_from_birth(ctx: Flask) -> None:
    known = queries.catalogue(clock.today())
    assert [one.key for one in known] == list(rules.CATALOGUE)
    for one in known:
        assert one.now is not None, one.key
        assert one.coming is None
        assert one.least <= one.now.value <= one.most
        assert one.now.source
        # What is doubtful says so in its source, and nothing else does.
        assert one.now.doubtful is ("存疑" in one.now.source)
    stored = set(db.session().scalars(text("SELECT DISTINCT key FROM parameters_parameter")))
    assert stored == set(rules.CATALOGUE)
    assert {f"approvals.days.{kind.value}" for kind in Kind} <= stored


def test_what_is_money_is_named_so(ctx: Flask) -> None:
    for key, figure in rules.CATALOGUE.items():
        assert key.endswith("_fen") is (figure.unit is Unit.FEN)


def test_two_people_change_a_figure_from_a_day_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    today, day = clock.today(), tomorrow(3)
    name = ask(cast.manager, 20, day, note="试行")
    assert queries.value(KEY, day) == 14
    agree(name, cast.approver)
    assert approvals.request(name).status is RequestStatus.USED
    assert queries.value(KEY, today) == 14
    assert queries.value(KEY, tomorrow(2)) == 14
    assert queries.value(KEY, day) == 20
    assert queries.value(KEY, tomorrow(300)) == 20
    newest, oldest = queries.history(KEY)
    assert (newest.value, newest.source, newest.note, newest.approval_id) == (
        20, SOURCE, "试行", name,
    )  # fmt: skip
    assert oldest.approval_id is None
    one = queries.one(KEY, today)
    assert one.now is not None
    assert one.coming is not None
    assert (one.now.value, one.coming.value) == (14, 20)
    later(monkeypatch, days=3)
    one = queries.one(KEY, clock.today())
    assert one.now is not None
    assert (one.now.value, one.coming) == (20, None)
    signed = db.session().execute(
        text(
            "SELECT first_person_id, second_person_id FROM parameters_parameter"
            " WHERE approval_id IS NOT NULL"
        )
    )
    assert tuple(signed.one()) == (cast.manager.person_id, cast.approver.person_id)


def test_nobody_changes_a_figure_alone(cast: Cast) -> None:
    name = ask(cast.manager)
    for by in (cast.manager, another_account(cast.manager)):
        with pytest.raises(approval_errors.OwnRequest):
            agree(name, by)
    with pytest.raises(approval_errors.NotApproved), atomic():
        services.enter(approvals.request(name), cast.manager)
    assert len(queries.history(KEY)) == 1


@pytest.mark.parametrize("role", [Role.APPROVER, Role.CASHIER, Role.DISCLOSER, Role.SUPERVISOR])
def test_who_may_not_ask(cast: Cast, role: Role) -> None:
    with pytest.raises(approval_errors.MayNotAsk):
        ask(cast.fund[role])


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (errors.OutOfBounds, {"value": 0}),
        (errors.OutOfBounds, {"value": -1}),
        (errors.OutOfBounds, {"value": 181}),
        (errors.SourceNeeded, {"source": "  "}),
        (errors.SourceTooLong, {"source": "长" * 301}),
        (errors.NoSuchFigure, {"key": "no.such"}),
        (approval_errors.WordsTooLong, {"note": "长" * 501}),
    ],
)
def test_refused(cast: Cast, error: type[RuleBroken], given: dict[str, object]) -> None:
    with pytest.raises(error):
        ask(cast.manager, **given)  # type: ignore[arg-type]
    assert approvals.latest(Kind.PARAMETER, KEY) is None


@pytest.mark.parametrize("days", [0, -1, -400])
def test_a_day_that_has_begun_keeps_its_figures(cast: Cast, days: int) -> None:
    with pytest.raises(errors.TooEarly):
        ask(cast.manager, 20, tomorrow(days))


def test_approved_too_late_it_is_not_entered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    name = ask(cast.manager, 20, tomorrow())
    later(monkeypatch, days=1)
    with pytest.raises(errors.TooEarly):
        agree(name, cast.approver)
    # The decision was not taken either: it can be refused, or withdrawn and asked anew.
    assert approvals.request(name).status is RequestStatus.WAITING
    assert approvals.request(name).decisions == ()
    assert len(queries.history(KEY)) == 1


def test_the_figure_that_is_there_is_no_change(cast: Cast) -> None:
    (birth,) = queries.history(KEY)
    with pytest.raises(errors.NothingChanges):
        ask(cast.manager, 14, source=birth.source)
    # The same figure by another source is a change that is worth two people.
    agree(ask(cast.manager, 14), cast.approver)
    assert [one.source for one in queries.history(KEY)] == [SOURCE, birth.source]


def test_a_day_is_decided_once(cast: Cast) -> None:
    agree(ask(cast.manager, 20), cast.approver)
    with pytest.raises(errors.DayTaken):
        ask(cast.manager, 30)
    agree(ask(cast.manager, 30, tomorrow(2)), cast.approver)
    assert [one.value for one in queries.history(KEY)] == [30, 20, 14]


def test_asked_on_what_no_longer_holds_is_refused(cast: Cast) -> None:
    """The figure it follows is part of the facts: another one in between makes it stale."""
    name = ask(cast.manager, 20, tomorrow(5))
    view = approvals.request(name)
    with atomic():
        # Nobody can have it asked for: what waits about a figure gives way to another wish.
        db.session().execute(
            insert(Parameter).values(
                id=99,
                key=KEY,
                value=15,
                valid_from=tomorrow(2),
                source="测试",
                note="",
                doubtful=False,
                entered_at=clock.now(),
            )
        )
    with pytest.raises(approval_errors.FactsChanged):
        agree(name, cast.approver)
    assert approvals.request(name).status is RequestStatus.WAITING
    assert view.facts["before"] == 14


def test_another_wish_replaces_the_first(cast: Cast) -> None:
    first = ask(cast.manager, 20)
    second = ask(cast.manager2, 25)
    assert approvals.request(first).status is RequestStatus.WITHDRAWN
    agree(second, cast.approver)
    assert queries.value(KEY, tomorrow()) == 25


def test_no_figure_before_the_first_day(ctx: Flask) -> None:
    with pytest.raises(errors.NoSuchFigure):
        queries.value(KEY, dt.date(2022, 12, 31))
    assert queries.value(KEY, dt.date(2023, 1, 1)) == 14
    with pytest.raises(errors.NoSuchFigure):
        queries.value("no.such", clock.today())


@pytest.mark.parametrize(
    "verb", ["UPDATE parameters_parameter SET value = 1", "DELETE FROM parameters_parameter"]
)
def test_a_figure_is_followed_never_changed(ctx: Flask, verb: str) -> None:
    with pytest.raises(DBAPIError), atomic():
        db.session().execute(text(verb))
    assert queries.value(KEY, clock.today()) == 14


def test_how_long_requests_wait_follows_the_figure(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.factories.approvals import ask as ask_for

    agree(ask(cast.manager, 20), cast.approver)
    before = approvals.request(ask_for(cast.manager, subject="g1"))
    later(monkeypatch, days=1)
    after = approvals.request(ask_for(cast.manager, subject="g2"))
    assert [(one.expires_at - one.requested_at).days for one in (before, after)] == [14, 20]
