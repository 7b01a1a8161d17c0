"""The verbs of applications: write, submit, take back, send back, approve, void.

The way through: ``create`` → ``submit`` (rules, then a request that two people decide) →
``approved`` in the unit of work of the last decision: the money is reserved → ``payments.pay`` on
the bank line. A change after ``submit`` takes the request back and begins again; what is approved
is what was asked for, to the hash.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, insert, select

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.areas import queries as areas
from charity.disbursements import access, asking, payees, promises, queries, rules, store
from charity.disbursements.access import may_apply as may_apply  # noqa: PLC0414 - handed on
from charity.disbursements.errors import (
    AreaUnknown,
    NoBook,
    NoSuchPayee,
    NotChangeable,
    NotForYou,
    NotNow,
    PayeeIsRequester,
    QuestionsNeeded,
    ReasonNeeded,
    TextUnfit,
)
from charity.disbursements.kinds import OPEN_TO_CHANGE, ApplicationStatus, Step
from charity.disbursements.models import Application, BudgetLine, Payee
from charity.disbursements.rules import ApplicationFacts as ApplicationFacts  # noqa: PLC0414
from charity.disbursements.rules import BudgetFacts as BudgetFacts  # noqa: PLC0414 - handed on
from charity.funds import queries as funds
from charity.kernel import clock, serials
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people.kinds import Role
from charity.people.queries import Signed

_OFFICE = (Role.APPROVER, Role.FUND_MANAGER)
S = ApplicationStatus


def create(facts: ApplicationFacts, *, by: Signed, copied_from: str | None = None) -> str:
    """Keep a draft of a unit's own; return its public id. Nobody is asked yet.

    Raises what ``access.scopes_to_apply`` and ``rules.fit`` raise, NoBook, AreaUnknown,
    NoSuchPayee.
    """
    require_atomic()
    access.scopes_to_apply(facts.unit, by)
    book = funds.place(facts.campaign, facts.unit)
    if book is None:
        raise NoBook
    now, application_id = clock.now(), public_id()
    year = clock.local_date(now).year
    (seq,) = serials.take(f"application-{year}")
    row_id = new_id()
    values, budget = _columns(facts)
    db.session().execute(
        insert(Application).values(
            id=row_id,
            public_id=application_id,
            number=f"Y{year}-{seq:06d}",
            campaign_unit_id=book.campaign_unit_id,
            book_id=book.book_id,
            currency=book.currency,
            status=S.DRAFT.value,
            status_at=now,
            version=1,
            copied_from=copied_from,
            written_by_id=by.person_id,
            written_by_name=by.name,
            created_at=now,
            words="",
            reserved_times=0,
            paid_times=0,
            paid_fen=0,
            returned_fen=0,
            **values,
        )
    )
    _keep_budget(row_id, budget)
    row = store.locked(application_id)
    store.note(row, Step.CREATED, by=by.actor)
    store.trail("application.created", application_id, by.actor, after={"unit": facts.unit})
    return application_id


def change(application_id: str, facts: ApplicationFacts, *, by: Signed) -> None:
    """Write it anew. One that was submitted is taken back first, and is a draft again.

    Campaign and unit stay: other money is another application. Raises what ``create`` raises,
    NoSuchApplication, NotChangeable.
    """
    asking.unask(application_id, "changed")
    row = store.locked(application_id)
    where = store.place(row)
    access.scopes_to_apply(where.code, by)
    if store.status_of(row) not in OPEN_TO_CHANGE:
        raise NotChangeable
    if (facts.campaign, facts.unit) != (where.slug, where.code):
        raise NotChangeable
    values, budget = _columns(facts)
    db.session().execute(delete(BudgetLine).where(BudgetLine.application_id == row.id))
    _keep_budget(row.id, budget)
    db.session().expire_all()
    changes: dict[str, Any] = {
        **values,
        "version": row.version + 1,
        "written_by_id": by.person_id,
        "written_by_name": by.name,
        "request_id": None,
    }
    store.move(row, S.DRAFT, Step.CHANGED, by=by.actor, **changes)


def copy(application_id: str, *, by: Signed) -> str:
    """A new draft like an earlier one, without its files; return its public id.

    Raises NoSuchApplication and what ``create`` raises.
    """
    old = queries.application(application_id)
    gone = old.payee is None or old.payee.retired_at is not None
    facts = ApplicationFacts(
        campaign=old.slug,
        unit=old.unit_code,
        title=old.title,
        reason=old.reason,
        function=old.function,
        purpose=old.purpose,
        category=old.category,
        people_count=old.people_count,
        people_codes=old.people_codes,
        area_code=old.area_code,
        starts_on=old.starts_on,
        ends_on=old.ends_on,
        evidence_kinds=old.evidence_kinds,
        evidence_plan=old.evidence_plan,
        amount_fen=old.amount_fen,
        budget=tuple(
            BudgetFacts(each.what, each.quantity, each.measure, each.price_fen)
            for each in old.budget
        ),
        payee=None if gone or old.payee is None else old.payee.id,
    )
    return create(facts, by=by, copied_from=old.id)


def submit(application_id: str, *, by: Signed, answer: str = "") -> str:
    """Ask two people, or more where the amount needs it; return the approval request's id.

    ``answer`` is what the unit says to the questions with which it was sent back; those who decide
    read it with the request. Raises what ``asking.require_allowed`` raises, NoSuchApplication,
    NotNow, PayeeIsRequester, TextUnfit, and what ``approvals.services.request`` raises.
    """
    words = rules.text(answer, "answer", rules.WORDS, lines=True)
    row = store.locked(application_id)
    store.require(row, S.DRAFT, S.RETURNED)
    where = store.place(row)
    scopes = access.scopes_to_apply(where.code, by)
    asking.require_allowed(row, where)
    payee = store.payee_of(row)
    if payee is None or payee.retired_at is not None:
        raise NoSuchPayee
    people = {(by.person_id, by.name), (row.written_by_id, row.written_by_name)}
    if any(payees.is_person(payee, person, name) for person, name in people):
        raise PayeeIsRequester
    return asking.ask(row, where, payee, scopes=scopes, by=by, answer=words)


def withdraw(application_id: str, *, by: Signed) -> None:
    """The unit takes it back before it is approved; a copy may be submitted later.

    Raises NoSuchApplication, NotNow, and what ``access.scopes_to_apply`` raises.
    """
    asking.unask(application_id, "withdrawn")
    row = store.locked(application_id)
    access.scopes_to_apply(store.place(row).code, by)
    store.require(row, S.DRAFT, S.WAITING, S.RETURNED)
    store.move(row, S.WITHDRAWN, Step.WITHDRAWN, by=by.actor)


def send_back(application_id: str, *, by: Signed, questions: str) -> None:
    """Somebody who could decide asks for more instead; the unit answers and submits again.

    Raises NoSuchApplication, NotNow, QuestionsNeeded, and what ``approvals.queries.standing``
    raises when this person may not decide.
    """
    require_atomic()
    words = _words(questions, QuestionsNeeded)
    found = queries.application(application_id)
    if found.status is not S.WAITING or found.request_id is None:
        raise NotNow
    view = approval_queries.request(found.request_id)
    approval_queries.standing(view, by, approval_queries.rights(by))
    asking.unask(application_id, words)
    row = store.locked(application_id)
    store.require(row, S.WAITING)
    store.move(row, S.RETURNED, Step.RETURNED, by=by.actor, words=words, keep=words)


def approved(view: RequestView, by: Signed) -> None:
    """The effect of the last decision: the money is promised, from this book and no other.

    The rules are asked once more on what is so now, under the book's lock. Raises what
    ``asking.require_allowed`` and ``approvals.services.use`` raise, NotNow.
    """
    row = _asked_by(view)
    signature = approvals.use(view.id, store.facts_of(row))
    asking.require_allowed(row, store.place(row))
    promises.reserve(row, signature, by=by.actor)


def refused(view: RequestView, by: Signed) -> None:
    """The effect of a decision against it: refused, with the reason given.

    Raises NoSuchApplication, NotNow.
    """
    row = _asked_by(view)
    reason = next((each.reason for each in reversed(view.decisions) if not each.approve), "")
    store.move(row, S.REFUSED, Step.REFUSED, by=by.actor, words=reason, keep=reason)


def void(application_id: str, *, by: Signed, reason: str) -> None:
    """Take an approval back before it is paid: by the office, or by the unit that gives it up.

    Raises NoSuchApplication, NotForYou, NotNow, ReasonNeeded.
    """
    words = _words(reason, ReasonNeeded)
    row = store.locked(application_id)
    if not by.holds(_OFFICE) and not access.may_apply(store.place(row).code, by):
        raise NotForYou
    store.require(row, S.APPROVED)
    promises.give_back(row, by=by.actor)
    store.move(row, S.LAPSED, Step.VOIDED, by=by.actor, words=words, fen=row.amount_fen,
               keep=words)  # fmt: skip


def _asked_by(view: RequestView) -> Application:
    """The application of a request, locked, and waiting for just this one."""
    row = store.locked(view.subject_id)
    store.require(row, S.WAITING)
    if row.request_id != view.id or view.kind is not Kind.APPLICATION:
        raise NotNow
    return row


def _words(given: str, error: type[QuestionsNeeded | ReasonNeeded]) -> str:
    try:
        clean = rules.text(given, "reason", rules.WORDS, lines=True)
    except TextUnfit:
        raise error from None
    if not clean:
        raise error
    return clean


def _columns(facts: ApplicationFacts) -> tuple[dict[str, object], tuple[BudgetFacts, ...]]:
    """What is asked for, as columns of the row, and its budget."""
    facts = rules.fit(facts)
    if facts.area_code and not areas.exists(facts.area_code):
        raise AreaUnknown
    payee_id = _payee_id(facts) if facts.payee else None
    columns: dict[str, object] = {
        "title": facts.title,
        "reason": facts.reason,
        "function": facts.function.value,
        "purpose": facts.purpose.value,
        "category": facts.category.value,
        "people_count": facts.people_count,
        "people_codes": json.dumps(facts.people_codes),
        "area_code": facts.area_code,
        "area_name": areas.path_name(facts.area_code) if facts.area_code else "",
        "starts_on": facts.starts_on,
        "ends_on": facts.ends_on,
        "evidence_kinds": json.dumps([each.value for each in facts.evidence_kinds]),
        "evidence_plan": facts.evidence_plan,
        "amount_fen": facts.amount_fen,
        "payee_id": payee_id,
    }
    return columns, facts.budget


def _payee_id(facts: ApplicationFacts) -> int:
    """The payee, if it is on this unit's list."""
    units = funds.units().subquery()
    found = db.session().scalar(
        select(Payee.id)
        .join(units, units.c.id == Payee.unit_id)
        .where(
            Payee.public_id == facts.payee,
            units.c.code == facts.unit,
            Payee.retired_at.is_(None),
        )
    )
    if found is None:
        raise NoSuchPayee
    return found


def _keep_budget(row_id: int, budget: tuple[BudgetFacts, ...]) -> None:
    for number, line in enumerate(budget, start=1):
        db.session().execute(
            insert(BudgetLine).values(
                application_id=row_id,
                line=number,
                what=line.what,
                quantity=line.quantity,
                measure=line.measure,
                price_fen=line.price_fen,
                amount_fen=line.amount_fen,
            )
        )
