"""When each job last ran and how it ended: one row a job, written by the worker.

It lies in the kernel so that pages and probes can read it without knowing the worker.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import String, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.atomic import require_atomic
from charity.kernel.db import Base, Moment, Words, db


class JobRun(Base):
    """The last run of a job."""

    __tablename__ = "job_run"
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    started: Mapped[Moment]
    finished: Mapped[Moment]
    ok: Mapped[bool]
    error: Mapped[str | None] = mapped_column(String(300), comment="kind of error, no data")
    detail: Mapped[Words | None] = mapped_column(comment="what the job found, as JSON")


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of a job. ``detail`` is JSON of the job's own making."""

    name: str
    started: dt.datetime
    finished: dt.datetime
    ok: bool
    error: str | None
    detail: str | None


def record(run: Run) -> None:
    """Keep ``run`` as the last of its name. Inside ``atomic()``."""
    require_atomic()
    session = db.session()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "started": run.started,
        "finished": run.finished,
        "ok": run.ok,
        "error": run.error,
        "detail": run.detail,
    }
    done = session.execute(update(JobRun).where(JobRun.name == run.name).values(**values))
    if done.rowcount == 0:  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
        session.execute(insert(JobRun).values(name=run.name, **values).on_conflict_do_nothing())


def last(name: str) -> Run | None:
    """The last run of the job, if it ever ran."""
    return next((run for run in all_runs() if run.name == name), None)


def all_runs() -> list[Run]:
    """The last run of every job, by name."""
    rows = db.session().execute(
        select(
            JobRun.name, JobRun.started, JobRun.finished, JobRun.ok, JobRun.error, JobRun.detail
        ).order_by(JobRun.name)
    )
    return [Run(*row) for row in rows]
