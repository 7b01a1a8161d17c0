"""The operator is told once when something stops, and once when it is well again."""

from __future__ import annotations

import datetime as dt
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from charity.app import create_app
from charity.jobs import alerts
from charity.jobs.schedule import JOBS
from charity.kernel import clock, heartbeat, outbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.heartbeat import Run
from charity.kernel.mail import Letter, NotDelivered
from tests.conftest import TestDatabase, make_settings

START = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
INTERVALS = {job.name: job.every for job in JOBS}


class Watch:
    """A watch whose clock and mail server are ours."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.letters: list[Letter] = []
        self.away = False
        self.file = folder / "alerts.json"
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr(alerts, "channel", lambda _name: self)
        self.teller = alerts.Teller(self.file)

    def send(self, letter: Letter) -> None:
        if self.away:
            raise NotDelivered("away")
        self.letters.append(letter)

    def ran(self, *names: str, ok: bool = True, error: str | None = None,
            detail: str | None = None) -> None:  # fmt: skip
        with atomic():
            for name in names:
                heartbeat.record(Run(name, self.now, self.now, ok, error, detail))

    def look(self, minutes: float = 0) -> list[str]:
        """Time passes; the letters of one round."""
        self.now += dt.timedelta(minutes=minutes)
        before = len(self.letters)
        alerts.look(self.teller, INTERVALS)
        return [letter.text for letter in self.letters[before:]]


@pytest.fixture
def app(database: TestDatabase, tmp_path: Path) -> Iterator[Flask]:
    made = create_app(make_settings(database, tmp_path, alert_to=("op@example.org",)))
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def watch(ctx: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """All is well at its start."""
    made = Watch(tmp_path, monkeypatch)
    made.ran(*INTERVALS, alerts.BACKUP)
    assert made.look() == []
    return made


def test_a_silent_worker_is_told_of_once_and_when_it_is_back(watch: Watch) -> None:
    assert watch.look(2) == []
    [said] = watch.look(2)
    assert "后台任务进程没有运行" in said
    assert watch.letters[-1].to == "op@example.org"
    assert "故障" in watch.letters[-1].subject
    assert watch.look(10) == []
    watch.teller = alerts.Teller(watch.file)  # the watch was started again
    assert watch.look(60) == []
    watch.ran(*INTERVALS)
    [said] = watch.look()
    assert "【已恢复】后台任务进程没有运行" in said
    assert watch.look(1) == []


def test_one_letter_for_each_incident(watch: Watch) -> None:
    watch.look(5)
    watch.ran(*INTERVALS)
    watch.look()
    watch.look(5)
    assert [("【故障】" in letter.text) for letter in watch.letters] == [True, False, True]


def test_a_failed_check_is_told_of_at_once_by_name(watch: Watch) -> None:
    detail = json.dumps({"wrong": [{"name": "books balance", "ok": False, "found": "book 12"}]})
    watch.ran("check", ok=False, detail=detail)
    [said] = watch.look()
    assert "books balance" in said
    assert "book 12" not in said
    # While the worker is silent, nothing is known of the check: it is not "well again".
    [said] = watch.look(5)
    assert "已恢复" not in said
    watch.ran(*INTERVALS)
    [said] = watch.look()
    assert "【已恢复】账目自查" in said


def test_a_job_that_stopped_alone(watch: Watch) -> None:
    others = [name for name in INTERVALS if name != "look"]
    for _ in range(16):
        watch.ran(*others)
        assert watch.look(1) == []
    watch.ran(*others)
    [said] = watch.look(1)
    assert "“look”" in said


def test_a_job_that_fails_for_a_while_is_no_incident(watch: Watch) -> None:
    watch.ran("missed", ok=False, error="ProviderAway")
    assert watch.look() == []
    watch.ran(*INTERVALS)
    assert watch.look(2) == []
    for minute in range(12):
        watch.ran(*INTERVALS)
        watch.ran("missed", ok=False, error="ProviderAway")
        said = watch.look(1)
        assert bool(said) == (minute == 10), minute


def test_backups(watch: Watch) -> None:
    for _ in range(26):
        watch.now += dt.timedelta(hours=1)
        watch.ran(*INTERVALS)
        assert watch.look() == []
    watch.now += dt.timedelta(minutes=1)
    watch.ran(*INTERVALS)
    assert "26 小时没有备份" in watch.look()[0]
    watch.ran(alerts.BACKUP)
    assert "【已恢复】" in watch.look()[0]
    watch.ran(alerts.BACKUP, ok=False, error="OSError")
    assert "没有成功" in watch.look()[0]


def test_no_backup_yet(ctx: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(tmp_path, monkeypatch)
    watch.ran(*INTERVALS)
    assert "还没有做过备份" in watch.look()[0]


def test_letters_that_wait(watch: Watch) -> None:
    with atomic():
        outbox.put(to="donor@example.org", subject="s", text="t", key="k")
    watch.now += dt.timedelta(minutes=31)
    watch.ran(*INTERVALS)
    [said] = watch.look()
    assert "邮件" in said
    assert "donor@example.org" not in said


def test_a_letter_that_is_not_taken_is_tried_again(watch: Watch) -> None:
    watch.away = True
    assert watch.look(5) == []
    assert watch.look(5) == []
    watch.away = False
    assert len(watch.look(1)) == 1
    assert watch.look(1) == []


def test_what_was_over_before_it_was_told_of_is_forgotten(watch: Watch) -> None:
    watch.away = True
    watch.look(5)
    watch.away = False
    watch.ran(*INTERVALS)
    assert watch.look() == []


def test_a_database_that_is_away(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    real = heartbeat.all_runs

    def away() -> list[Run]:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(heartbeat, "all_runs", away)
    assert watch.look() == []  # a moment
    [said] = watch.look(1)
    assert "数据库无法访问" in said
    monkeypatch.setattr(heartbeat, "all_runs", real)
    watch.ran(*INTERVALS)
    assert "【已恢复】数据库" in watch.look()[0]


def test_a_broken_memory_tells_twice_rather_than_never(watch: Watch) -> None:
    watch.look(5)
    watch.file.write_text("{broken", "utf-8")
    watch.teller = alerts.Teller(watch.file)
    assert len(watch.look()) == 1


def test_the_worker_looks_after_the_watch(watch: Watch) -> None:
    assert alerts.look_at_watch() == 0
    watch.now += dt.timedelta(minutes=6)
    assert alerts.look_at_watch() == 1
    assert "值守进程" in watch.letters[-1].text
    assert alerts.look_at_watch() == 0
    watch.ran(alerts.WATCH)
    assert alerts.look_at_watch() == 1
    assert "【已恢复】值守进程" in watch.letters[-1].text


def test_where_nobody_is_named_nobody_is_told(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create_app(make_settings(database, tmp_path))
    with made.app_context():
        assert alerts.look_at_watch() == 0
        db.session.remove()
        db.engine.dispose()


def test_a_letter_goes_by_smtp(ctx: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real channel, to a mail server that is away: it is said in the log, and tried again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ctx.extensions["charity.settings"]
    away = settings.model_copy(update={"mail_url": f"smtp://127.0.0.1:{port}"})
    monkeypatch.setitem(ctx.extensions, "charity.settings", away)
    teller = alerts.Teller(tmp_path / "alerts.json")
    assert teller.tell([alerts.Trouble("worker", "x")]) == 0
    assert not teller.open["worker"].told
