"""Two people publish one report at one instant: it is published once.

Two guards: the lock on the request's state, and the database's one row for a version. The canaries
take each away; only without both does it happen twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text

from charity.approvals import errors
from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.disclosures import desk_queries, queries, services
from charity.disclosures.errors import AlreadyPublished
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger.services import Signature
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import reports
from tests.conftest import TestDatabase
from tests.factories.ledger import owner
from tests.gifts import TOWN, give, make_place
from tests.people import make_person
from tests.races.test_approval_races import ROUNDS, Answer, at_once
from tests.races.test_approval_races import _blind as blind_approvals
from tests.reports import Office, office

pytestmark = pytest.mark.race


@contextmanager
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.remove()


@pytest.fixture
def people(app: Flask) -> Office:
    with inside(app):
        make_place()
        give((TOWN, 1_000))
        return office()


@pytest.fixture
def third(app: Flask, people: Office) -> Signed:
    with inside(app), atomic():
        return make_person("第三人", Grant(Role.APPROVER))


def checked(app: Flask, people: Office) -> tuple[str, str]:
    """A report that waits for whoever publishes it, and its request."""
    with inside(app):
        report = reports.begin(people.drafts)
        reports.write(report, people.drafts)
        request = reports.submit(report, people.drafts)
        reports.quick_files(report)
        reports.agree(request, people.checks)
        return report, request


def publishing(request: str, who: Signed) -> Callable[[], Answer]:
    """As the page does it: the last word and its effect in one unit of work."""

    def work() -> Answer:
        view = approvals.decide(request, by=who, approve=True)
        if view.status is RequestStatus.APPROVED:
            services.publish(view, who)
        return view.status

    return work


def publications(app: Flask, report: str) -> int:
    with inside(app):
        return len(queries.report(report).versions)


def test_two_who_publish_at_one_instant(app: Flask, people: Office, third: Signed) -> None:
    for _ in range(ROUNDS):
        report, request = checked(app, people)
        answers = at_once(
            app, [publishing(request, who) for who in (people.publishes, third, people.other)]
        )
        assert answers.count(RequestStatus.APPROVED) == 1, answers
        assert answers.count(errors.NotWaiting) == 2, answers
        assert publications(app, report) == 1


def test_two_who_correct_at_one_instant(app: Flask, people: Office) -> None:
    """Of two disclosers who send a correction to be checked, one request lives."""
    for _ in range(ROUNDS):
        report, request = checked(app, people)
        with inside(app):
            reports.agree(request, people.publishes)
            reports.write(report, people.drafts, "更正", reason="有误")
            found = reports.prepared(report)
        works = [partial(services.submit, found, by=who) for who in (people.drafts, people.other)]
        answers = at_once(app, works)
        won = [answer for answer in answers if isinstance(answer, str)]
        assert len(won) == 1, answers
        with inside(app):
            live = desk_queries.desk_report(report).request
            assert live is not None
            assert live.id == won[0]


def _blind(monkeypatch: pytest.MonkeyPatch, app: Flask, request: str) -> None:
    """Approvals see what stood before anyone acted, step without looking, and are used again."""
    blind_approvals(monkeypatch, app, request)
    signed = Signature("checks", "publishes", "a" * 64)
    monkeypatch.setattr(approvals, "use", lambda _request, _facts: signed)


def test_the_row_of_a_version_is_enough_alone(
    app: Flask, people: Office, third: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, request = checked(app, people)
    _blind(monkeypatch, app, request)
    answers = at_once(app, [publishing(request, who) for who in (people.publishes, third)])
    assert answers.count(RequestStatus.APPROVED) == 1, answers
    assert answers.count(AlreadyPublished) == 1, answers
    assert publications(app, report) == 1


def test_the_canary_without_either_guard_it_is_published_twice(
    app: Flask, people: Office, third: Signed, monkeypatch: pytest.MonkeyPatch,
    database: TestDatabase,
) -> None:  # fmt: skip
    report, request = checked(app, people)
    with inside(app):
        before = desk_queries.desk_report(report)
    _without_keys(database)
    _blind(monkeypatch, app, request)
    monkeypatch.setattr(desk_queries, "desk_report", lambda _name: before)
    answers = at_once(app, [publishing(request, who) for who in (people.publishes, third)])
    assert answers == [RequestStatus.APPROVED] * 2
    assert publications(app, report) == 2


def _without_keys(database: TestDatabase) -> None:
    """Take the keys that say once off the table of publications."""
    with owner(database.owner_url) as conn:
        if database.dialect == "postgres":
            conn.execute(
                text(
                    "ALTER TABLE disclosures_publication"
                    " DROP CONSTRAINT fk_disclosures_publication_replaces,"
                    " DROP CONSTRAINT pk_disclosures_publication,"
                    " DROP CONSTRAINT uq_disclosures_publication_submission_id,"
                    " DROP CONSTRAINT uq_disclosures_publication_request_id"
                )
            )
            return
        conn.execute(text("CREATE TABLE loose AS SELECT * FROM disclosures_publication"))
        conn.execute(text("DROP TABLE disclosures_publication"))
        conn.execute(text("ALTER TABLE loose RENAME TO disclosures_publication"))
