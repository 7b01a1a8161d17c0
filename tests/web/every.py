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
from charity.disbursements import evidence
from charity.disbursements.kinds import EvidenceKind
from charity.donations.back import corrections
from charity.funds import teams
from charity.kernel import files, uploads
from charity.kernel.access import Access, Mark, mark_of
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role
from charity.people.queries import Grant, Signed
from tests import back, hand, reports, uses
from tests.factories import site as world
from tests.hand import Crew
from tests.people import make_person

#: Blueprints of pages; the rest is for machines.
FACES = ("site", "sandbox", "account", "desk", "unitdesk", "funddesk", "auditdesk")
#: What GET answers with something else than a whole page.
NOT_PAGES = (
    ".svg", ".pdf", ".xlsx", ".csv", ".json", ".png", ".txt", "/status", "/photo", "/agreement",
    "<file_id>",
)  # fmt: skip
#: What a page must be asked with.
ASKED = {"funddesk.unit_labels": {"campaign": world.OPEN}}
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
    """What stands for each argument of an address, and a person of each role.

    ``blueprint:argument`` goes before ``argument``, and ``endpoint:argument`` before both.
    """
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
                "version": "1",
                "statement": "rules",
                "section": "plan",
                "change": "name",
                "funddesk:key": "approvals.days.refund",
                "auditdesk:book": f"unit:{world.OPEN}:{world.COUNTY}:CNY",
                "auditdesk:n": "1",
                "auditdesk:week": "2026-W01",
                "auditdesk:what": "entries",
                "person_id": clerk.person_id,
                "request_id": _request(people),
                "team": _team(),
            }
        found |= {"file_id": world.picture(), **_by_hand(people), **_back(people)}
        found |= _uses(people)
        found |= {"report_id": _reported(people)}
        db.session.remove()
    return found, people


def _request(people: Mapping[Role, Signed]) -> str:
    clerk = people[Role.UNIT_CLERK]
    return approvals.request(
        Kind.RESET_FACTOR,
        clerk.person_id,
        {"person": NAME, "number": clerk.person_id, "reason": NAME},
        by=people[Role.FUND_MANAGER],
        title=NAME,
        concerned=(clerk.person_id,),
    )


def _reported(people: Mapping[Role, Signed]) -> str:
    """A report that was published, with a draft of its correction."""
    names = (Role.DISCLOSER, Role.ACCOUNTANT, Role.FUND_MANAGER, Role.DISCLOSER)
    office = reports.Office(*(people[role] for role in names))
    made = reports.begin(office.drafts, slug=world.OPEN)
    reports.write(made, office.drafts, body_en=reports.WORDS_EN)
    reports.publish(office, made)
    reports.write(made, office.drafts, body_en=reports.WORDS_EN, reason=NAME)
    return made


def _team() -> str:
    teams.open_team(world.COUNTY, "T-1", NAME)
    return "T-1"


def _by_hand(people: Mapping[Role, Signed]) -> dict[str, str]:
    """A day closed into a slip, a sheet of the next, a bank line, another in suspense."""
    crew = Crew(
        clerk=people[Role.UNIT_CLERK],
        other=people[Role.UNIT_CLERK],
        leader=people[Role.UNIT_LEADER],
        cashier=people[Role.CASHIER],
        accountant=people[Role.ACCOUNTANT],
        manager=people[Role.FUND_MANAGER],
    )
    hand.add_account(crew.manager)
    hand.enter(crew, hand.asked(world.COUNTY, world.OPEN, 1_000, 2_000))
    number = hand.close(crew, world.COUNTY, 3_000)
    sheet = hand.enter(crew, hand.asked(world.COUNTY, world.OPEN, 1_000))
    held = hand.line(crew, 7_000)
    hand.hold(crew, held)
    return {
        "number": number,
        "sheet_id": sheet,
        "hand_gift": hand.gifts_of(sheet)[0],
        "line_id": hand.line(crew, 5_000),
        "funddesk.held_line:line_id": held,
    }


def _back(people: Mapping[Role, Signed]) -> dict[str, str]:
    """A gift that stands, one that is to go back, one that is to be corrected."""
    two = back.Two(people[Role.FUND_MANAGER], people[Role.APPROVER])
    stands, goes, wrong = (back.gift_of(back.give((world.COUNTY, 1_000))) for _ in range(3))
    refund = back.ask(goes, two)
    with atomic():
        corrected = corrections.ask_name(wrong, by=two.asks, name="黎桂兰", reason=NAME)
    return {"funddesk:gift_id": stands, "refund_id": refund, "correction_id": corrected}


def _uses(people: Mapping[Role, Signed]) -> dict[str, str]:
    """An application that was paid, with a picture to be judged, and one that waits to be paid."""
    crew = Crew(
        clerk=people[Role.UNIT_CLERK],
        other=people[Role.UNIT_CLERK],
        leader=people[Role.UNIT_LEADER],
        cashier=people[Role.CASHIER],
        accountant=people[Role.ACCOUNTANT],
        manager=people[Role.FUND_MANAGER],
    )
    team = uses.Team(
        crew=crew,
        approver=people[Role.APPROVER],
        approver2=people[Role.FUND_MANAGER],
        approver3=people[Role.APPROVER],
        discloser=people[Role.DISCLOSER],
        supervisor=people[Role.SUPERVISOR],
    )
    here = {"unit": world.TOWN, "campaign": world.OPEN}
    uses.fund(team, 90_000, world.TOWN, world.OPEN)
    payee = uses.add_payee(team, unit=world.TOWN)
    paid = uses.paid(team, 50_000, payee=payee, **here)
    uses.approved(team, 10_000, payee=payee, **here)
    cleaned = uploads.clean_picture(hand.picture("JPEG"), "a.jpg")
    stored = files.store().put(cleaned.content, cleaned.suffix)
    with atomic():
        piece = evidence.add(paid, EvidenceKind.PHOTO, (cleaned, stored), NAME, by=crew.clerk)
    seen = ("application", "edit_application", "evidence", "hand_back")
    return {
        **{f"unitdesk.{page}:code": world.TOWN for page in seen},
        "unitdesk:application_id": paid,
        "unitdesk.edit_application:application_id": uses.draft(team, payee=payee, **here),
        "funddesk:application_id": paid,
        "funddesk:evidence_id": piece,
        "funddesk:payee_id": payee,
    }


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
    values: dict[str, str] = {}
    for name in rule.arguments:
        near = (f"{rule.endpoint}:{name}", f"{rule.endpoint.partition('.')[0]}:{name}", name)
        found = next((names[key] for key in near if key in names), None)
        assert found is not None, f"{rule}: say in tests/web/every.py what stands for {name}"
        values[name] = found
    values |= ASKED.get(rule.endpoint, {})
    if mark.access is Access.PAYMENT_KEY:
        values["key"] = names["key"]
    built = rule.build(values, append_unknown=True)
    assert built is not None
    return built[1]
