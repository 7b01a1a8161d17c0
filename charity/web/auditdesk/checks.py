"""What the checks found, now and before, and when each job of the worker last ran."""

from __future__ import annotations

import json

from flask import render_template

from charity.audit import queries as audit
from charity.kernel import clock, heartbeat
from charity.ledger import queries as ledger
from charity.web import job_words
from charity.web.auditdesk import asked, bp
from charity.web.auditdesk.frame import next_urls, supervisor

#: The checks run every ten minutes; after three times that somebody should ask.
SILENT_S = 1_800


@bp.get("/checks")
@supervisor
def checks() -> str:
    """The last run, what it found, and the runs before it."""
    before = asked.number("before")
    found = audit.check_runs(before, audit.PAGE + 1)
    runs = found[: audit.PAGE]
    last = heartbeat.last("check")
    following = runs[-1].id if len(found) > audit.PAGE else None
    return render_template(
        "auditdesk/checks.html",
        runs=runs,
        last=last,
        detail=json.loads(last.detail) if last and last.detail else {},
        silent=last is not None and (clock.now() - last.finished).total_seconds() > SILENT_S,
        n=ledger.head(),
        **next_urls("auditdesk.checks", {}, "before", before, following),
    )


@bp.get("/jobs")
@supervisor
def jobs() -> str:
    """The last run of every job."""
    now = clock.now()
    runs = heartbeat.all_runs()
    return render_template(
        "auditdesk/jobs.html",
        runs=runs,
        names=job_words.JOBS,
        minutes={one.name: int((now - one.finished).total_seconds()) // 60 for one in runs},
    )
