"""``charity jobs``."""

from __future__ import annotations

import sys

import click

from charity.cli.application import ready_app


@click.group()
def jobs() -> None:
    """What runs when; run one now."""


@jobs.command("list")
def list_jobs() -> None:
    """Every job with its interval and its last run."""
    from charity.jobs.schedule import JOBS
    from charity.kernel import heartbeat
    from charity.kernel.db import db

    with ready_app().app_context():
        runs = {run.name: run for run in heartbeat.all_runs()}
        db.session.remove()
    for job in JOBS:
        last = runs.get(job.name)
        told = "never ran"
        if last is not None:
            told = (
                f"{last.finished:%Y-%m-%d %H:%M:%S}Z {'ok' if last.ok else last.error or 'not ok'}"
            )
        print(f"{job.name:<10} every {job.every:>5g} s  {told:<32} {job.what}")


@jobs.command("run")
@click.argument("name")
def run_job(name: str) -> None:
    """Run the job NAME now."""
    from charity.jobs.schedule import JOBS, job
    from charity.jobs.worker import run_once

    if name not in {each.name for each in JOBS}:
        raise click.UsageError(
            f"there is no job {name}; there are: {', '.join(j.name for j in JOBS)}"
        )
    result = run_once(ready_app(), job(name))
    if result is None or not result.ok:
        print(f"{name}: not ok" if result is not None else f"{name}: failed, see the log")
        sys.exit(1)
    print(f"{name}: {result.done} done")
