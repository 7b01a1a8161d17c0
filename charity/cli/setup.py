"""``charity init`` and ``charity upgrade``."""

from __future__ import annotations

import click

from charity.cli.application import make_app, settings
from charity.config import RunMode, Settings, bundle_dir
from charity.kernel.migrate import MigrationError, head
from charity.ledger.kinds import Mode


def _prepare(found: Settings, birth: Mode | None) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from charity.kernel import closed, migrate
    from charity.ledger.services import prepare

    found.data_dir.mkdir(parents=True, exist_ok=True)
    # An owner that serves as well keeps its rights; production refuses to start like that.
    role = found.app_role if found.owner_database != found.database else None
    try:
        shut = migrate.as_owner(found.owner_database, closed.reason)
        if shut is not None:
            raise click.ClickException(f"this database is closed: {shut}")
        prepare(found.owner_database, bundle_dir() / "migrations", app_role=role, birth=birth)
    except (SQLAlchemyError, MigrationError) as error:
        raise click.ClickException(f"the database was not changed: {error}") from error


@click.command()
@click.option("--real", "birth", flag_value="real", help="The database is for real money.")
@click.option("--test", "birth", flag_value="test", help="The database is for test money.")
@click.option("--manager-email", required=True, help="The first fund manager's e-mail.")
def init(birth: str | None, manager_email: str) -> None:
    """Make the database (migrations, guards, keys) and the first fund manager.

    The database is born for real or for test money, for ever.
    """
    if birth is None:
        raise click.UsageError("say --real or --test: a database is born one or the other")
    if "@" not in manager_email:
        raise click.UsageError("--manager-email is not an e-mail address")
    found = settings()
    if (birth == "real") != (found.mode is RunMode.PRODUCTION):
        raise click.ClickException(f"mode {found.mode.value} takes no database born {birth}")
    app = make_app()  # makes the keys on the first start
    _prepare(found, Mode(birth))
    from charity.kernel.db import db
    from charity.ledger.queries import mode

    with app.app_context():
        born = mode()
        db.session.rollback()
        if born != birth:
            raise click.ClickException(f"this database was born {born}, and stays that")
        link = _first_manager(manager_email)
        db.session.remove()
    print(f"database: {born}, at {head(bundle_dir() / 'migrations')}")
    print(f"keys and files: {found.data_dir}")
    print(f"first fund manager: {link}" if link else "first fund manager: signed in before")


def _first_manager(email: str) -> str | None:
    from charity.cli.staff import first_manager
    from charity.kernel.errors import RuleBroken

    try:
        return first_manager(email)
    except RuleBroken as error:
        raise click.ClickException(error.sentence()) from error


@click.command()
@click.option("--no-check", is_flag=True, help="Leave out the check at the end.")
def upgrade(no_check: bool) -> None:
    """Bring database and guards up to date, and check."""
    _prepare(settings(), None)
    print(f"database: at {head(bundle_dir() / 'migrations')}")
    if not no_check:
        from charity.cli.checks import show

        show(make_app(), as_json=False, only_wrong=True)
