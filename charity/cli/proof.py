"""Is this database what it was copied from? Asked before a restored or moved one may serve."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from flask import Flask

from charity.config import Settings
from charity.kernel import clock
from charity.kernel.db import db
from charity.ledger import fingerprint


def on(settings: Settings, database: str, owner: str) -> Settings:
    """The same installation on another database."""
    changed = {"database_url": database, "database_owner_url": owner}
    return Settings.model_validate({**settings.model_dump(), **changed})


def found_against(
    app: Flask, figures: dict[str, Any], made: dt.datetime, *, despite_checks: bool = False
) -> list[str]:
    """Every check as of the moment the copy was made, and every figure; empty when all is well.

    As the application's role, so that its rights and the guards are asked too. With
    ``despite_checks`` only guards and figures count: a check that was red before is red after.
    """
    from charity.cli.startup import standing
    from charity.disclosures.checks import everything

    with app.app_context():
        said = standing(app)
        with db.engine.connect() as conn:
            now = json.loads(fingerprint.take(conn).as_json())
            conn.rollback()
        said += fingerprint.differences(figures, now)
        if not despite_checks:
            with clock.as_of(made):
                report = everything()
            said += [f"{check.name}: {check.found}" for check in report.checks if not check.ok]
        db.session.remove()
        db.engine.dispose()
    return said
