"""``charity check``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from charity.cli.application import make_app

if TYPE_CHECKING:
    from flask import Flask


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON.")
def check(as_json: bool) -> None:
    """Prove every invariant of the ledger. Exit 0 when all hold, else 1."""
    show(make_app(), as_json=as_json, only_wrong=False)


def show(app: Flask, *, as_json: bool, only_wrong: bool) -> None:
    """Run all checks and print them; ends the process with 1 when one does not hold."""
    from charity.disclosures.checks import everything
    from charity.kernel.db import db

    with app.app_context():
        report = everything()
        db.session.remove()
    if as_json:
        print(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        for each in report.checks:
            if each.ok and only_wrong:
                continue
            print(
                f"{'ok ' if each.ok else 'NOT'} {each.name}{': ' if each.found else ''}{each.found}"
            )
        verdict = "all hold" if report.ok else "NOT all hold"
        print(f"{len(report.checks)} checks up to entry {report.entries}: {verdict}")
    if not report.ok:
        sys.exit(1)
