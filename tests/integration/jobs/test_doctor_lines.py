"""``charity doctor``: what production asks for is marked, and counts only there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from charity.app import create_app
from charity.cli import doctor
from charity.config import RunMode
from charity.jobs import alerts
from charity.jobs.schedule import JOBS
from charity.kernel import clock, closed, heartbeat, migrate
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.heartbeat import Run
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests.conftest import TestDatabase, make_settings
from tests.people import make_person


@pytest.fixture
def site(app: Flask) -> Iterator[Flask]:
    yield app
    with app.app_context():
        db.session.remove()


def lines(app: Flask) -> dict[str, doctor.Line]:
    return {line.name: line for line in doctor.examine(app)}


def wrong(app: Flask) -> set[str]:
    return {name for name, line in lines(app).items() if not line.ok}


BESIDE = {
    "the worker runs", "there is a fresh backup", "the watch runs",
    "somebody is told when something stops", "two people can decide together",
}  # fmt: skip
OUTSIDE = {"its own address over https", "mail leaves the house", "no test money is taken"}


def test_a_fresh_installation_lacks_what_production_asks(site: Flask) -> None:
    found = lines(site)
    lacking = {name for name, line in found.items() if not line.ok}
    machine = {"10 % of the disk are free", "what is committed survives a power cut"}
    assert lacking - machine == BESIDE | OUTSIDE
    assert all(found[name].production for name in lacking)
    for name, line in found.items():
        assert name
        assert line.ok or line.note or name in machine or name.startswith("the application")


def test_each_thing_done_is_a_line_less(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(
        database, tmp_path, alert_to=("op@example.org",), mail_url="smtps://mail.example.org",
        base_url="https://charity.example.org", proxies=1,
    )  # fmt: skip
    app = create_app(settings)
    now = clock.now()
    with app.app_context():
        with atomic():
            make_person("甲", Grant(Role.FUND_MANAGER))
            make_person("乙", Grant(Role.APPROVER))
            for name in (*(job.name for job in JOBS), alerts.BACKUP, alerts.WATCH):
                heartbeat.record(Run(name, now, now, True, None, None))
        db.session.remove()
    machine = {"10 % of the disk are free", "what is committed survives a power cut"}
    assert wrong(app) - machine == {"no test money is taken"}
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(hours=30))
    assert {"the worker runs", "there is a fresh backup", "the watch runs"} <= wrong(app)
    with app.app_context():
        db.engine.dispose()


def test_two_roles_of_one_person_are_one_person(site: Flask) -> None:
    with site.app_context():
        with atomic():
            make_person("甲", Grant(Role.FUND_MANAGER), Grant(Role.APPROVER))
        db.session.remove()
    line = lines(site)["two people can decide together"]
    assert (line.ok, line.note) == (False, "1 now")


def test_a_closed_database_is_said_and_does_not_serve(site: Flask, database: TestDatabase) -> None:
    migrate.as_owner(database.owner_url, lambda conn: closed.close(conn, "being restored"))
    client = site.test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json and answer.json["ready"]) == (503, False)
    first = next(iter(doctor.examine(site)))
    assert (first.ok, first.note) == (False, "this database is closed: being restored")
    migrate.as_owner(database.owner_url, closed.open_again)
    assert client.get("/readyz").status_code == 200


def test_marks(monkeypatch: pytest.MonkeyPatch, site: Flask) -> None:
    monkeypatch.setattr(doctor, "make_app", lambda: site)
    marks = {line.name: mark for mark, line in doctor.marked()}
    assert marks["the worker runs"] == marks["mail leaves the house"] == "--"
    assert marks["no debugger"] == "ok"
    production = site.extensions["charity.settings"].model_copy(update={"mode": RunMode.PRODUCTION})
    monkeypatch.setitem(site.extensions, "charity.settings", production)
    marks = {line.name: mark for mark, line in doctor.marked()}
    assert marks["mail leaves the house"] == "NOT"
