"""The application for commands, and what a start asks before it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask

    from charity.config import Settings


def settings() -> Settings:
    """Settings from the environment; a wrong one ends the command with its name."""
    from charity.config import SettingsError, load

    try:
        return load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def make_app(found: Settings | None = None) -> Flask:
    """The application, without any question asked of the database; of ``found`` when given."""
    import charity

    return charity.create_app(found or settings())


def ready_app() -> Flask:
    """The application, on a database that may be served from; else the command ends."""
    from charity.cli.startup import not_ready
    from charity.kernel import presence

    app = make_app()
    try:
        # Until this process ends, no restore and no move may begin under it.
        presence.serve(settings().data_dir)
    except presence.Occupied as error:
        raise click.ClickException(f"not started: {error}") from error
    reasons = not_ready(app)
    if reasons:
        raise click.ClickException("not started: " + "; ".join(reasons))
    return app
