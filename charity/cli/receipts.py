"""``charity receipts``."""

from __future__ import annotations

import click

from charity.cli.application import ready_app


@click.group()
def receipts() -> None:
    """Receipts in bulk."""


@receipts.command()
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--limit", type=click.IntRange(1), default=None, help="At most so many.")
def render(processes: int, limit: int | None) -> None:
    """Draw the PDF of every receipt that has none yet."""
    from charity.jobs.bulk import render_missing

    with ready_app().app_context():
        print(f"{render_missing(processes=processes, limit=limit)} receipts drawn")
