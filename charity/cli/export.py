"""``charity export``: the ledger for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from charity.cli.application import make_app


@click.group()
def export() -> None:
    """The ledger for other programs."""


@export.command()
@click.option("--format", "form", type=click.Choice(["hledger"]), default="hledger")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Into this file; else to standard output.",
)
def journal(form: str, output: Path | None) -> None:
    """Every numbered entry as a transaction, in one snapshot. No names are in it."""
    from charity.kernel.db import db
    from charity.ledger.journal import hledger

    lines = {"hledger": hledger}[form]
    with make_app().app_context():
        if output is None:
            sys.stdout.writelines(lines())
        else:
            with output.open("w", encoding="utf-8") as stream:
                stream.writelines(lines())
        db.session.remove()
