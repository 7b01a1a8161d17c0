"""The worker: gifts settle and get their receipts by themselves; errors never end the loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from charity.donations import jobs as donation_jobs
from charity.jobs import schedule, worker
from charity.jobs.schedule import JOBS, Job, Result
from charity.kernel import clock, heartbeat
from charity.kernel.db import db
from charity.ledger import queries as ledger
from tests.gifts import body, create, make_place, tell

WANTED = ("settle", "sequence")


def wait_until(app: Flask, true: Callable[[], bool], seconds: float = 30) -> None:
    """Look until it is true; fail when it never is."""
    until = clock.monotonic() + seconds
    while clock.monotonic() < until:
        with app.app_context():
            if true():
                return
            db.session.remove()
        clock.sleep(0.02)
    raise AssertionError("it never came true")


def test_worker_settles_and_numbers_what_comes(app: Flask) -> None:
    stop = threading.Event()
    mine = [job for job in JOBS if job.name in WANTED]
    thread = threading.Thread(target=worker.run, args=(app, stop, mine))
    with app.app_context():
        make_place()
        db.session.remove()
    thread.start()
    try:
        with app.app_context():
            made = create((None, 100))
            tell(body(made))
            db.session.remove()
        wait_until(app, lambda: ledger.head() == 2)
        wait_until(app, lambda: {run.name for run in heartbeat.all_runs()} == set(WANTED))
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_failing_job_is_noted_and_tried_again(app: Flask, capsys: pytest.CaptureFixture) -> None:
    calls: list[int] = []
    stop = threading.Event()

    def fails() -> int:
        calls.append(1)
        if len(calls) == 2:
            stop.set()
        raise ValueError("with 张三 in it")

    worker.run(app, stop, [Job("fails", 0.01, "x", "", fails)])
    assert len(calls) == 2
    with app.app_context():
        run = heartbeat.last("fails")
    assert run is not None
    assert (run.ok, run.error) == (False, "ValueError")


def test_jobs_of_one_lane_wait_for_each_other_and_lanes_do_not(app: Flask) -> None:
    stop = threading.Event()
    quick = threading.Event()

    def slow() -> int:
        assert quick.wait(20), "the other lane never ran"
        stop.set()
        return 0

    def other() -> int:
        quick.set()
        return 0

    worker.run(app, stop, [Job("slow", 1, "a", "", slow), Job("other", 1, "b", "", other)])


def test_check_job_keeps_its_verdict(app: Flask) -> None:
    with app.app_context():
        make_place()
        db.session.remove()
    result = worker.run_once(app, schedule.job("check"))
    assert result is not None
    assert result.ok
    with app.app_context():
        from charity.figures.queries import last_check

        seen = last_check()
        run = heartbeat.last("check")
    assert seen is not None
    assert run is not None
    assert (seen.ok, seen.entries) == (True, 0)
    assert json.loads(run.detail or "")["wrong"] == []


def test_job_that_finds_a_fault_is_not_ok(app: Flask) -> None:
    assert worker.run_once(app, Job("x", 1, "x", "", lambda: Result(0, ok=False))) is not None
    with app.app_context():
        run = heartbeat.last("x")
    assert run is not None
    assert (run.ok, run.error) == (False, None)


def test_every_job_runs_on_an_empty_house(app: Flask) -> None:
    for job in JOBS:
        assert worker.run_once(app, job) is not None, job.name
    assert {job.name for job in JOBS} >= {"settle", "sequence", "receipts", "render", "check"}
    assert donation_jobs.settle_inbox.__module__ == "charity.donations.jobs"
