"""Every endpoint does what its one mark says, for everyone; docs/roles.md says it to people."""

from __future__ import annotations

import inspect
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask

from charity.app import create_app
from charity.config import RunMode
from charity.kernel.access import Access, Mark, mark_of
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.web.guards import staff, unit_staff
from tests.conftest import TestDatabase, make_settings
from tests.factories import site as world
from tests.web import roles

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"

pytestmark = [
    # Guards ask the same of both databases; what they ask is tried on both in integration.
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
]


@pytest.fixture
def demo(database: TestDatabase, tmp_path: Path) -> Flask:
    """The application with every address there can be: demo mode, every provider for tests."""
    app = create_app(make_settings(database, tmp_path, mode=RunMode.DEMO))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        world.build()
        db.session.remove()
    return app


def test_every_endpoint_answers_everyone_as_its_mark_says(demo: Flask) -> None:
    found = roles.table(demo, roles.actors())
    assert roles.broken(found) == []
    # Everybody without a second factor, where one is asked for.
    strict = [door for door in found if door.mark.second_factor]
    tired = [roles.weak(actor) for actor in roles.actors() if actor.signed]
    again = roles.table(demo, tired, strict)
    assert roles.broken(again) == []
    assert all(roles.Answer.PROVE in again[door].values() for door in strict)
    written = roles.document(found)
    if os.environ.get("WRITE"):
        DOCUMENT.write_text(written, "utf-8")
    assert DOCUMENT.read_text("utf-8") == written, (
        "docs/roles.md is not what the guards do:"
        " WRITE=1 .venv/bin/pytest tests/web/test_every_role.py"
    )


def test_every_endpoint_stands_in_exactly_one_group(demo: Flask) -> None:
    """In the document that people read, too: once for each of its methods."""
    text = DOCUMENT.read_text("utf-8")
    listed = Counter(re.findall(r"`([A-Z]+ [^`]+)`", text.partition("\n## ")[2]))
    there = Counter(f"{door.method} {door.rule}" for door in roles.doors(demo))
    assert listed == there
    assert set(listed.values()) == {1}


def test_every_role_has_somewhere_to_go(demo: Flask) -> None:
    """No role without a page of its own, but those whose desks come later."""
    admitted = {role for door in roles.doors(demo) for role in door.mark.roles}
    assert Role.FUND_MANAGER in admitted
    assert admitted <= {role.value for role in Role}


def test_other_methods_are_refused(demo: Flask) -> None:
    client = demo.test_client()
    for door in roles.doors(demo):
        answer = client.open(door.path, method="PUT")
        assert answer.status_code in (404, 405), door
        assert "Location" not in answer.headers, door


@pytest.mark.parametrize("access", [Access.STAFF, Access.UNIT_STAFF, Access.SIGNED_IN])
def test_a_view_without_its_guard_is_found(demo: Flask, access: Access) -> None:
    """The canary: the mark stays, the guard is taken away."""
    victim = _victim(demo, access)
    bare = inspect.unwrap(demo.view_functions[victim])
    promise = mark_of(demo.view_functions[victim])
    assert promise is not None

    def unguarded(*args: object, **kwargs: object) -> object:
        return bare(*args, **kwargs)

    unguarded.mark = promise  # type: ignore[attr-defined] # as the guard would have left it
    demo.view_functions[victim] = unguarded
    some = [door for door in roles.doors(demo) if door.endpoint == victim]
    assert roles.broken(roles.table(demo, roles.actors()[:3], some))


def test_a_guard_with_other_roles_than_its_mark_is_found(demo: Flask) -> None:
    """The canary: the guard lets cashiers in, the mark says managers."""

    @staff(Role.CASHIER)
    def planted() -> str:
        return ""

    planted.mark = Mark(Access.STAFF, frozenset({Role.FUND_MANAGER}))  # type: ignore[attr-defined]
    demo.add_url_rule("/planted", "planted", planted)
    some = [door for door in roles.doors(demo) if door.endpoint == "planted"]
    found = roles.broken(roles.table(demo, roles.actors(), some))
    assert {line.partition(" as ")[2].partition(":")[0] for line in found} == {
        "fund_manager",
        "cashier",
    }


def test_another_units_clerk_finds_nothing(demo: Flask) -> None:
    """The same words for a unit of others and for one that never was."""

    @unit_staff(Role.UNIT_CLERK)
    def planted(code: str) -> str:
        return f"for {code}"

    demo.add_url_rule("/planted/<code>", "planted", planted)
    clerk = next(actor for actor in roles.actors() if actor.name == "unit_clerk elsewhere")
    (browser,) = roles.arrive(demo, [clerk]).values()
    assert browser.get(f"/planted/{world.OFFICE}").text == f"for {world.OFFICE}"
    theirs = browser.get(f"/planted/{world.TOWN}")
    nobodys = browser.get("/planted/NEVER-WAS")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.data == nobodys.data == browser.get("/no-such-page").data


def test_a_unit_that_never_was_is_not_there_for_the_fund_either(demo: Flask) -> None:
    """Whose role holds for every unit is let in by the guard, and the view finds nothing."""
    everywhere = [
        actor for actor in roles.actors() if any(grant.scope is None for grant in actor.grants)
    ]
    browsers = roles.arrive(demo, everywhere)
    asked = 0
    for door in roles.doors(demo):
        if door.mark.access is not Access.UNIT_STAFF or "<code>" not in door.rule:
            continue
        for actor, browser in browsers.items():
            if any(grant.role in door.mark.roles for grant in actor.grants):
                path = door.path.replace(f"/{roles.UNIT}", "/NEVER-WAS", 1)
                answer = browser.open(path, method=door.method)
                assert answer.status_code == 404, (door, actor.name, answer.status_code)
                asked += 1
    assert asked > 5


def _victim(app: Flask, access: Access) -> str:
    """An endpoint of this group; one is planted where the group is still empty."""
    for door in roles.doors(app):
        if door.mark.access is access and door.method == "GET":
            return door.endpoint

    @unit_staff(Role.UNIT_CLERK)
    def planted(code: str) -> str:
        return code

    app.add_url_rule("/planted/<code>", "planted", planted)
    return "planted"
