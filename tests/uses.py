"""Units that use their money, for tests: people, money in the bank, payees, applications.

Every step goes through the verbs, in a unit of work of its own, as pages and worker do it.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace

from sqlalchemy import text
from stdnum import luhn

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.approvals.queries import RequestView
from charity.disbursements import checks, payees, queries, services
from charity.disbursements.kinds import (
    ApplicationStatus,
    Category,
    EvidenceKind,
    PayeeKind,
    Purpose,
)
from charity.disbursements.payees import PayeeFacts
from charity.disbursements.services import ApplicationFacts, BudgetFacts
from charity.donations.hand.kinds import Direction
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger.sequencer import sequence
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.web.funddesk import paying
from tests import hand
from tests.gifts import SLUG, TOWN
from tests.hand import Crew
from tests.people import make_person

USCC = "91110000600037341L"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Team:
    """Everyone who has a part in the use of a unit's money."""

    crew: Crew  # clerk, other clerk, leader, cashier, accountant, manager
    approver: Signed
    approver2: Signed
    approver3: Signed
    discloser: Signed
    supervisor: Signed

    @property
    def clerk(self) -> Signed:
        return self.crew.clerk

    @property
    def cashier(self) -> Signed:
        return self.crew.cashier

    @property
    def manager(self) -> Signed:
        return self.crew.manager


def make_team(unit: str = TOWN, account: str = hand.ACCOUNT) -> Team:
    """People of a unit and of the office, and the charity's bank account."""
    crew = hand.make_crew(unit, account)
    with atomic():
        return Team(
            crew=crew,
            approver=make_person("测试审批甲", Grant(Role.APPROVER)),
            approver2=make_person("测试审批乙", Grant(Role.APPROVER)),
            approver3=make_person("测试审批丙", Grant(Role.APPROVER)),
            discloser=make_person("测试公开专员", Grant(Role.DISCLOSER)),
            supervisor=make_person("测试监督员", Grant(Role.SUPERVISOR)),
        )


def fund(team: Team, fen: int, unit: str = TOWN, slug: str = SLUG) -> None:
    """Cash collected by the unit, confirmed, on its bank line, numbered."""
    hand.settled_slip(team.crew, unit, slug, fen)
    number()


def number() -> None:
    """Every entry has its number."""
    with atomic():
        sequence()


def card() -> str:
    """A bank card's number with its check digit right, never the same twice."""
    body = f"62220012{next(_numbers):010d}"
    return body + luhn.calc_check_digit(body)


def account() -> str:
    """An organization's account number, never the same twice."""
    return f"2703{next(_numbers):08d}"


def payee_facts(**changes: object) -> PayeeFacts:
    """A supplier with an account."""
    facts = PayeeFacts(
        unit=TOWN, kind=PayeeKind.ORGANIZATION, name="测试煤炭销售有限公司",
        bank_name="测试银行城关支行", account_number=account(), uscc=USCC,
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]


def person_facts(**changes: object) -> PayeeFacts:
    """A person with a card."""
    facts = payee_facts(
        kind=PayeeKind.PERSON, name="收款测试人", account_number=card(), uscc=None,
        phone=f"139{next(_numbers):08d}",
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]


def add_payee(team: Team, by: Signed | None = None, **changes: object) -> str:
    """A payee on the unit's list; the other clerk writes it down."""
    with atomic():
        return payees.add(payee_facts(**changes), by=by or team.crew.other)


def facts(fen: int = 50_000, payee: str | None = None, **changes: object) -> ApplicationFacts:
    """Coal for five families in the campaign's area, within its dates."""
    today = clock.today()
    made = ApplicationFacts(
        campaign=SLUG,
        unit=TOWN,
        title="为特困家庭购买过冬取暖煤",
        reason="入冬以来，五户特困家庭取暖困难。",
        purpose=Purpose.LIVING,
        category=Category.DESTITUTE,
        people_count=5,
        people_codes=("TK-001", "TK-002"),
        area_code="620123",
        starts_on=today,
        ends_on=today + dt.timedelta(days=20),
        evidence_kinds=(EvidenceKind.INVOICE, EvidenceKind.PHOTO),
        evidence_plan="发票一张，入户发放照片。",
        amount_fen=fen,
        budget=(BudgetFacts("取暖煤", 1, "批", fen),) if fen else (),
        payee=payee,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def draft(team: Team, fen: int = 50_000, by: Signed | None = None, **changes: object) -> str:
    """A draft with a payee of its own unless one is named."""
    payee = changes.pop("payee", None) or add_payee(team)
    with atomic():
        return services.create(facts(fen, str(payee), **changes), by=by or team.clerk)


def submit(application_id: str, by: Signed) -> str:
    """Submitted; the request's id."""
    with atomic():
        return services.submit(application_id, by=by)


def asked(team: Team, fen: int = 50_000, by: Signed | None = None, **changes: object) -> str:
    """An application that waits for its approvers."""
    made = draft(team, fen, by, **changes)
    submit(made, by or team.clerk)
    return made


def decide(
    application_id: str, by: Signed, *, approve: bool = True, reason: str = ""
) -> RequestView:
    """One person's word, with what it sets off, in one unit of work."""
    request = str(view(application_id).request_id)
    with atomic():
        after = approvals.decide(request, by=by, approve=approve, reason=reason)
        if after.status is RequestStatus.APPROVED:
            services.approved(after, by)
        elif after.status is RequestStatus.REFUSED:
            services.refused(after, by)
        return approval_queries.request(request)


def approve(team: Team, application_id: str) -> None:
    """Two people agree: the money is reserved."""
    decide(application_id, team.approver)
    decide(application_id, team.approver2)


def approved(team: Team, fen: int = 50_000, **changes: object) -> str:
    """An application whose money is reserved."""
    made = asked(team, fen, **changes)
    approve(team, made)
    return made


def line(team: Team, fen: int, way: Direction = Direction.OUT, **changes: object) -> str:
    """A bank line of today; its id."""
    return hand.line(team.crew, fen, way, **changes)


def pay(team: Team, application_id: str, line_id: str | None = None) -> str:
    """The bank's line pays it; the line's id."""
    used = line_id or line(team, view(application_id).amount_fen)
    with atomic():
        paying.pay(used, application_id, team.cashier)
    return used


def paid(team: Team, fen: int = 50_000, **changes: object) -> str:
    """An application that is paid."""
    made = approved(team, fen, **changes)
    pay(team, made)
    return made


def bank_returned(team: Team, application_id: str) -> str:
    """The payee's bank sends it back; the line's id."""
    back = line(team, view(application_id).paid_fen, Direction.IN)
    with atomic():
        paying.bank_returned(back, application_id, team.cashier)
    return back


def money_back(team: Team, application_id: str, fen: int) -> str:
    """The unit hands part of it back; the line's id."""
    back = line(team, fen, Direction.IN)
    with atomic():
        paying.money_back(back, application_id, team.cashier)
    return back


def view(application_id: str) -> queries.ApplicationView:
    """The application as pages see it."""
    found = queries.application(application_id)
    db.session().rollback()
    return found


def status(application_id: str) -> ApplicationStatus:
    """Where it is."""
    return view(application_id).status


def standing(book: int) -> queries.Standing:
    """What stands in a book now."""
    found = queries.standing(book)
    db.session().rollback()
    return found


def broken() -> set[str]:
    """Every sentence of ledger, donations and disbursements that does not hold."""
    found = hand.broken()
    found |= {one.name for one in checks.run() if not one.ok}
    db.session().rollback()
    return found


def stored(table: str) -> int:
    """How many rows a table has."""
    found = db.session().scalar(text(f"SELECT count(*) FROM {table}"))
    db.session().rollback()
    return int(found or 0)
