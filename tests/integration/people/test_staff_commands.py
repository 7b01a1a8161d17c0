"""``charity init`` and ``charity staff``: the first manager, invitations, a lost second factor."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

import charity
from charity.app import create_app
from charity.cli import main
from charity.config import Settings
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import factors, links, queries, signing
from charity.people.kinds import LINK_PATH, Role
from charity.people.queries import Grant
from tests.conftest import TestDatabase
from tests.people import make_person

MANAGER = "boss@example.org"


class Shell:
    """The command on the test's own database."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.env = {
            "CHARITY_MODE": "demo",
            "CHARITY_DATA_DIR": str(folder),
            "CHARITY_DATABASE_URL": database.url,
            "CHARITY_DATABASE_OWNER_URL": database.owner_url,
            "CHARITY_SECRET_KEY": "tests-only-" + "0" * 32,
        }

    def run(self, *words: str) -> Result:
        """One command to its end; the connections of its application are closed after it."""
        apps: list[Flask] = []

        def watched(settings: Settings | None = None) -> Flask:
            apps.append(create_app(settings))
            return apps[-1]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(charity, "create_app", watched, raising=False)
            done = CliRunner(env=self.env).invoke(main, words)
        for app in apps:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
        return done

    def link(self, *words: str) -> str:
        """A command that must go well; the token of the link it prints."""
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        assert LINK_PATH in done.output
        return done.output.partition(LINK_PATH)[2].split()[0]

    def init(self) -> str:
        return self.link("init", "--test", "--manager-email", MANAGER)


@pytest.fixture
def shell(database: TestDatabase, tmp_path: Path, ctx: Flask) -> Shell:
    """A shell beside the test's own application."""
    return Shell(database, tmp_path)


def test_init_makes_the_first_manager(shell: Shell) -> None:
    token = shell.init()
    managers = queries.holders([Role.FUND_MANAGER])
    assert len(managers) == 1
    db.session().rollback()
    # The link was lost before it was used: another is printed, the person stays one.
    again = shell.init()
    assert again != token
    signed = signing.with_link(again).signed
    assert (signed.person_id, signed.grants) == (managers[0].person_id, (Grant(Role.FUND_MANAGER),))
    assert not links.stands(token)
    db.session().rollback()
    done = shell.run("init", "--test", "--manager-email", MANAGER)
    assert (done.exit_code, LINK_PATH in done.output) == (0, False)


def test_init_does_not_make_a_second_manager(shell: Shell) -> None:
    shell.init()
    done = shell.run("init", "--test", "--manager-email", "other@example.org")
    assert (done.exit_code, LINK_PATH in done.output) == (0, False)
    assert len(queries.holders([Role.FUND_MANAGER])) == 1


def test_a_wrong_address_is_said(shell: Shell) -> None:
    done = shell.run("init", "--test", "--manager-email", "a b@example.org")
    assert done.exit_code == 1
    assert "邮箱" in done.output


def test_staff_add(shell: Shell) -> None:
    token = shell.link(
        "staff", "add", "--name", "张三", "--email", "z@example.org", "--phone", "13900001234",
        "--role", "approver",
    )  # fmt: skip
    assert signing.with_link(token).signed.holds(Role.APPROVER)
    for words in (
        ("--email", "x@example.org", "--phone", "13900009999", "--role", "unit_clerk",
         "--scope", "NO"),
        ("--email", "z@example.org", "--phone", "13900001234", "--role", "approver"),
        ("--email", "x@example.org", "--phone", "1", "--role", "approver"),
    ):  # fmt: skip
        done = shell.run("staff", "add", "--name", "张三", *words)
        assert done.exit_code == 1, done.output
        assert done.output.startswith("Error: ")
    assert shell.run("staff", "add", "--role", "king").exit_code == 2


def test_staff_reset_is_for_a_lonely_manager(shell: Shell) -> None:
    shell.init()
    with atomic():
        found = queries.holders([Role.FUND_MANAGER])[0]
        factors.reset_factor(found.person_id)
    token = shell.link("staff", "reset", "--email", MANAGER)
    assert signing.with_link(token).signed.person_id == found.person_id
    assert shell.run("staff", "reset", "--email", "nobody@example.org").exit_code == 1
    with atomic():
        make_person("另一位", Grant(Role.FUND_MANAGER))
    done = shell.run("staff", "reset", "--email", MANAGER)
    assert done.exit_code == 1
    assert "two fund managers" in done.output
