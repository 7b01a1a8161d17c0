"""Every page of the URL map, with names that are there and with somebody who may read it.

Rule: pages are taken from the URL map, never from a list by hand. What stands for an argument of an
address is made here, by its name; a page whose argument nobody has made fails the test that asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.kernel.access import Access, Mark, mark_of
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role
from charity.people.queries import Grant, Signed
from tests.factories import site as world
from tests.people import make_person

#: Blueprints of pages; the rest is for machines.
FACES = ("site", "sandbox", "account", "desk", "unitdesk", "funddesk", "auditdesk")
#: What GET answers with something else than a whole page.
NOT_PAGES = (".svg", ".pdf", ".xlsx", ".csv", ".json", ".png", ".txt", "/status")
SIGNED = (Access.SIGNED_IN, Access.STAFF, Access.UNIT_STAFF)
NAME = "测试人员"


@dataclass(frozen=True)
class Place:
    """One page: its address, and the role as which it is read (None: as nobody)."""

    endpoint: str
    path: str
    role: Role | None


Things = Mapping[str, str]


def things(app: Flask) -> tuple[dict[str, str], dict[Role, Signed]]:
    """What stands for each argument of an address, and a person of each role."""
    with app.app_context():
        with atomic():
            people = {role: make_person(NAME, Grant(role)) for role in Role if role in FUND_ROLES}
            people |= {
                role: make_person(NAME, Grant(role, world.COUNTY))
                for role in Role
                if role in UNIT_ROLES
            }
            clerk = people[Role.UNIT_CLERK]
            found = {
                "slug": world.OPEN,
                "code": world.COUNTY,
                "token": "some-token",
                "person_id": clerk.person_id,
                "request_id": approvals.request(
                    Kind.RESET_FACTOR,
                    clerk.person_id,
                    {"person": NAME, "number": clerk.person_id, "reason": "手机丢失"},
                    by=people[Role.FUND_MANAGER],
                    title=NAME,
                    concerned=(clerk.person_id,),
                ),
            }
        found |= {
            "version": "1", "statement": "rules", "section": "plan", "file_id": world.picture(),
        }  # fmt: skip
        db.session.remove()
    return found, people


def places(app: Flask, names: Things) -> list[Place]:
    """Every page that GET opens."""
    found = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app.view_functions[rule.endpoint])
        assert mark is not None
        if (
            "GET" in (rule.methods or ())
            and rule.endpoint.partition(".")[0] in FACES
            and not rule.rule.endswith(NOT_PAGES)
        ):
            found.append(Place(rule.endpoint, address(rule, mark, names), _reader(mark)))
    return found


def _reader(mark: Mark) -> Role | None:
    """Somebody who is let in."""
    if mark.access not in SIGNED:
        return None
    return next((role for role in Role if role in mark.roles), Role.FUND_MANAGER)


def address(rule: Rule, mark: Mark, names: Things) -> str:
    """The rule's address with names that are there."""
    missing = rule.arguments - set(names)
    assert not missing, f"{rule}: say in tests/web/every.py what stands for {missing}"
    values = {name: names[name] for name in rule.arguments}
    if mark.access is Access.PAYMENT_KEY:
        values["key"] = names["key"]
    built = rule.build(values, append_unknown=True)
    assert built is not None
    return built[1]
