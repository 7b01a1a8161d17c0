"""The worker: runs the list of jobs until told to stop.

An error in a job is logged, noted in its heartbeat, and tried again; it never ends the loop.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from flask import Flask

from charity.jobs.schedule import JOBS, Job, Result
from charity.kernel import clock, heartbeat
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.heartbeat import Run

# A job that finds nothing to do says only so often that it lives.
QUIET_SECONDS = 30
_PAUSE_AFTER_ERROR = 1.0
_log = structlog.get_logger(__name__)


def run(app: Flask, stop: threading.Event, jobs: Sequence[Job] = JOBS) -> None:
    """Run the jobs, a thread for each lane, until ``stop`` is set and the running ones ended."""
    lanes: dict[str, list[Job]] = {}
    for job in jobs:
        lanes.setdefault(job.lane, []).append(job)
    threads = [
        threading.Thread(target=_lane, args=(app, stop, lane), name=f"lane-{name}")
        for name, lane in lanes.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lane(app: Flask, stop: threading.Event, jobs: Sequence[Job]) -> None:
    due = {job.name: 0.0 for job in jobs}
    told = {job.name: float("-inf") for job in jobs}
    while not stop.is_set():
        for job in jobs:
            if stop.is_set():
                return
            if clock.monotonic() < due[job.name]:
                continue
            result = run_once(app, job, quiet=clock.monotonic() - told[job.name] < QUIET_SECONDS)
            now = clock.monotonic()
            if result is None:
                due[job.name] = now + max(job.every, _PAUSE_AFTER_ERROR)
                continue
            due[job.name] = now if result.done else now + job.every
            if result.done or now - told[job.name] >= QUIET_SECONDS:
                told[job.name] = now
        stop.wait(max(0.0, min(due.values()) - clock.monotonic()))


def run_once(app: Flask, job: Job, *, quiet: bool = False) -> Result | None:
    """Run one job now; ``None`` when it failed.

    Its heartbeat is written, unless it is ``quiet`` and there was nothing to do.
    """
    started = clock.now()
    error: str | None = None
    result: Result | None = None
    with app.app_context():
        try:
            given = job.run()
            result = given if isinstance(given, Result) else Result(given)
        except Exception as raised:  # noqa: BLE001 - the loop outlives every job
            db.session().rollback()
            error = type(raised).__name__
            _log.error("job.failed", job=job.name, error=error, exc_info=_traceback(raised))
        if error is None and quiet and result is not None and not result.done:
            return result
        ok = error is None and result is not None and result.ok
        detail = result.detail if result is not None else None
        _beat(Run(job.name, started, clock.now(), ok, error, detail))
    return result


def _traceback(raised: Exception) -> bool:
    """Whether the trace may be logged: the database's errors quote the values they were given."""
    return not hasattr(raised, "statement")


def _beat(run_of_job: Run) -> None:
    try:
        db.session().rollback()
        atomically(heartbeat.record)(run_of_job)
    except Exception as raised:  # noqa: BLE001 - a database that is away is logged by the next job
        db.session().rollback()
        _log.error("heartbeat.failed", job=run_of_job.name, error=type(raised).__name__)
