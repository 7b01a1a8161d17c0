"""The people of the demonstration: one for each role, made with the demo data, shown at the start.

Rule: invented people on a test database only; their secrets are printed because there is nothing
behind them.
"""

from __future__ import annotations

import click
from flask import Flask

from charity.config import RunMode, Settings
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.people import demo
from charity.people.kinds import Role

#: A county's station, with towns and villages beneath it.
_UNIT = "GS-0102"
_SCOPES = {Role.UNIT_CLERK: _UNIT, Role.UNIT_LEADER: _UNIT}


def load_people() -> None:
    """One person for each role; once."""
    atomically(demo.demo_people)(_SCOPES)


def show_people(app: Flask) -> None:
    """In demo mode: who can be signed in as, and each one's TOTP secret."""
    settings: Settings = app.extensions["charity.settings"]
    if settings.mode is not RunMode.DEMO:
        return
    with app.app_context():
        # Where no demo data was loaded there is nobody to show, and nobody is made.
        people = atomically(demo.demo_people)(_SCOPES) if demo.roles_on_offer() else []
        db.session.remove()
    if people:
        click.echo("demo people, one button each at /login; TOTP secrets for scripts:")
    for one in people:
        click.echo(f"  {one.role.value:<14} {one.totp_secret}")
