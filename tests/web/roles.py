"""The (role, endpoint) table, made by asking every endpoint as everyone over the test client.

Rule: while it is asked, the body of every view is one that only says it was entered; so an answer
is the guard's alone, and nothing is changed by asking. What a mark promises is worked out here
once more, without the code that guards use.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from charity.kernel.access import Access, Mark, mark_of
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role
from charity.people.queries import Grant, Signed
from tests.factories import site as world
from tests.people import make_person, sign_in

ENTERED = "the view was entered"
NOTHING = "0" * 16

#: What stands in an address for each argument: a unit that is there, else what never was.
UNIT = world.TOWN
ABOVE = {world.TOWN: (world.TOWN, world.COUNTY), world.OFFICE: (world.OFFICE,)}


class Answer(StrEnum):
    """How an endpoint answered, and the sign it has in the table."""

    IN = "●"
    PROVE = "◐"  # sent to the second factor, and let in after it
    SIGN_IN = "→"
    NOT_THERE = "·"
    NO_TOKEN = "401"  # a cookie opens nothing here, whoever's it is


@dataclass(frozen=True)
class Actor:
    """Someone at the door."""

    name: str
    grants: tuple[Grant, ...] = ()
    signed: bool = True
    fresh: bool = True


def actors() -> list[Actor]:
    """Nobody, someone without a role, every role, and a unit's people elsewhere."""
    found = [Actor("nobody", signed=False), Actor("no role")]
    found += [Actor(role.value, (Grant(role),)) for role in Role if role in FUND_ROLES]
    for role in (each for each in Role if each in UNIT_ROLES):
        found.append(Actor(role.value, (Grant(role, world.COUNTY),)))
        found.append(Actor(f"{role.value} elsewhere", (Grant(role, world.OFFICE),)))
    found.append(
        Actor(Role.ORGANIZATION_MANAGER.value, (Grant(Role.ORGANIZATION_MANAGER, "SO-1"),))
    )
    return found


def weak(actor: Actor) -> Actor:
    """The same, without a second factor."""
    return Actor(f"{actor.name}, no second factor", actor.grants, actor.signed, fresh=False)


@dataclass(frozen=True)
class Door:
    """One address with one method."""

    endpoint: str
    method: str
    rule: str
    path: str
    mark: Mark

    def __str__(self) -> str:
        return f"{self.method} {self.rule} ({self.endpoint})"


def doors(app: Flask) -> list[Door]:
    """Every address of the URL map with every method that a browser or a script may send."""
    found = []
    for rule in app.url_map.iter_rules():
        mark = mark_of(app.view_functions[rule.endpoint])
        assert mark is not None, rule.endpoint
        found += [
            Door(rule.endpoint, method, str(rule), _path(rule, mark), mark)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return sorted(found, key=lambda door: (door.mark.access, door.rule, door.method))


def _path(rule: Rule, mark: Mark) -> str:
    values: dict[str, Any] = dict.fromkeys(rule.arguments, NOTHING)
    if "code" in values:
        values["code"] = UNIT
    for name, converter in rule._converters.items():
        if type(converter).__name__ == "IntegerConverter":
            values[name] = 0
    built = rule.build(values)
    assert built is not None
    keyed = mark.access is Access.PAYMENT_KEY
    return f"{built[1]}?key={NOTHING}" if keyed else built[1]


def promised(mark: Mark, actor: Actor, rule: str) -> Answer:
    """What the mark promises this actor at the unit ``UNIT`` of the small site."""
    if mark.access is Access.TOKEN:
        return Answer.NO_TOKEN
    if mark.access not in (Access.SIGNED_IN, Access.STAFF, Access.UNIT_STAFF):
        return Answer.IN
    if not actor.signed:
        return Answer.SIGN_IN
    if mark.access is not Access.SIGNED_IN and not any(
        grant.role in mark.roles and _counts(grant, mark.access, rule) for grant in actor.grants
    ):
        return Answer.NOT_THERE
    return Answer.PROVE if mark.second_factor and not actor.fresh else Answer.IN


def _counts(grant: Grant, access: Access, rule: str) -> bool:
    """Whether a grant whose role is asked for holds at this address."""
    if grant.scope is None:
        return grant.role in FUND_ROLES
    if access is not Access.UNIT_STAFF:
        return False
    return grant.scope in ABOVE[UNIT] if "<code>" in rule else True


def ask(client: FlaskClient, door: Door) -> Answer | str:
    """How the endpoint answers; what is none of the four is told in words."""
    # A problem is quicker drawn than a page; that its page is the same for all is asked elsewhere.
    answer = client.open(door.path, method=door.method, headers={"Accept": "application/json"})
    if answer.status_code == 200 and answer.text == ENTERED:
        return Answer.IN
    if answer.status_code == 303:
        target = answer.headers["Location"].partition("?")[0]
        known = {"/login": Answer.SIGN_IN, "/login/second-factor": Answer.PROVE}
        return known.get(target, f"sent to {target}")
    known = {401: Answer.NO_TOKEN, 404: Answer.NOT_THERE}
    return known.get(answer.status_code, f"answered {answer.status_code}")


@contextmanager
def only_guards(app: Flask) -> Iterator[None]:
    """Every view says only that it was entered; what stands around it is as it is."""
    kept: list[tuple[Any, Any]] = []
    try:
        for view in app.view_functions.values():
            body = inspect.unwrap(view)
            kept.append((body, body.__code__))
            # As many cells as before, or Python refuses; they are not looked at.
            code = (lambda *_args, **_kwargs: "the view was entered").__code__
            body.__code__ = code.replace(co_freevars=body.__code__.co_freevars)
        yield
    finally:
        for body, code in reversed(kept):
            body.__code__ = code


def arrive(app: Flask, who: list[Actor]) -> dict[Actor, FlaskClient]:
    """A browser for each actor."""
    found = {}
    with app.app_context():
        for actor in who:
            found[actor] = app.test_client()
            if actor.signed:
                with atomic():
                    person: Signed = make_person("测试人员", *actor.grants)
                sign_in(found[actor], person, second_factor=actor.fresh)
        db.session.remove()
    return found


Table = dict[Door, dict[Actor, Answer | str]]


def table(app: Flask, who: list[Actor], some: list[Door] | None = None) -> Table:
    """Every door (or ``some``) asked by everyone."""
    browsers = arrive(app, who)
    with only_guards(app):
        return {
            door: {actor: ask(browsers[actor], door) for actor in who}
            for door in (doors(app) if some is None else some)
        }


def broken(found: Table) -> list[str]:
    """Every pair that did not answer as its mark promises."""
    return [
        f"{door} as {actor.name}: {answer}, promised {promised(door.mark, actor, door.rule)}"
        for door, row in found.items()
        for actor, answer in row.items()
        if answer != promised(door.mark, actor, door.rule)
    ]


# --- docs/roles.md ---------------------------------------------------------------------------

_HEAD = """# Who may do what

Made by `tests/web/test_every_role.py`, which asks every address as everyone; after a change of
guards, `WRITE=1 .venv/bin/pytest tests/web/test_every_role.py -q` writes it anew, and the
difference is read.

- ● let in
- ◐ let in with a second factor shown in the last four hours
- → sent to sign in
- · 404, with the same words as for what does not exist

A unit's clerk and leader stand for a county here and ask about a town beneath it; *elsewhere* is
the same role of another unit. A role of the fund is held for every unit where it is asked for.
"""

_ABOUT: dict[Access, tuple[str, str]] = {
    Access.PUBLIC: ("Anyone", "They show nothing that is not public."),
    Access.PAYMENT_KEY: ("Whoever holds a payment's key", "Without it, 404."),
    Access.ONE_TIME_LINK: (
        "Whoever holds a link we sent",
        "Opening it changes nothing; the button on the page uses it up.",
    ),
    Access.SIGNED_IN: ("Whoever is signed in", "Each shows what is one's own."),
    Access.STAFF: ("Who holds a role for the fund", ""),
    Access.UNIT_STAFF: ("Who holds a role for the unit, or above it", ""),
    Access.DEMO: ("Anyone, in demo mode only", "Not registered in any other mode."),
    Access.WEBHOOK_SIGNED: ("A provider", "The signature over the raw body is the key."),
    Access.SANDBOX_PAGE: (
        "Whoever knows a session of the sandbox",
        "Test money only; registered while the sandbox is a provider.",
    ),
    Access.TOKEN: (
        "Programs with a bearer token",
        "Its scope and its maker's role are tried in the API's tests; a cookie opens nothing here.",
    ),
    Access.METRICS: ("Monitoring", "From its networks, or with its token."),
    Access.PROBE: ("Whoever watches the process", "They name no person and no sum."),
}
_SHORT = {"unit_clerk elsewhere": "clerk elsewhere", "unit_leader elsewhere": "leader elsewhere"}


def document(found: Table) -> str:
    """The table as Markdown, each endpoint in the section of its one access group."""
    out = [_HEAD]
    for access in Access:
        rows = {door: row for door, row in found.items() if door.mark.access is access}
        if rows:
            title, about = _ABOUT[access]
            out += [f"## {title}", "", *([about, ""] if about else [])]
            out += _with_roles(rows) if access in (Access.STAFF, Access.UNIT_STAFF) else _list(rows)
            out.append("")
    return "\n".join(out).rstrip() + "\n"


def _list(rows: Table) -> list[str]:
    return [f"- `{door.method} {door.rule}` {door.endpoint}" for door in rows]


def _with_roles(rows: Table) -> list[str]:
    who = [actor for actor in next(iter(rows.values())) if actor.fresh]
    heads = ["address", *(_SHORT.get(actor.name, actor.name.replace("_", " ")) for actor in who)]
    out = ["| " + " | ".join(heads) + " |", "|---|" + ":-:|" * len(who)]
    for door, row in rows.items():
        cells = [_cell(door, row[actor]) for actor in who]
        out.append(f"| `{door.method} {door.rule}` | " + " | ".join(cells) + " |")
    return out


def _cell(door: Door, answer: Answer | str) -> str:
    proving = answer is Answer.IN and door.mark.second_factor
    return Answer.PROVE.value if proving else str(answer)
