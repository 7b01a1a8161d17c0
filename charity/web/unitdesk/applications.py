"""A unit's applications to use its money: the list, and writing one.

Rule: what is shown is what the unit raised, or a unit it stands in for; any other application
answers like one that never was. A draft may be half written; what may be used is decided by
``disbursements``, and its reasons stand beside their fields.
"""

from __future__ import annotations

import datetime as dt

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from charity.disbursements import desk_queries, payees, queries, services
from charity.disbursements.desk_queries import BookView, WaitView
from charity.disbursements.errors import NoBook, NoSuchApplication, NotChangeable
from charity.disbursements.kinds import ApplicationStatus, Category, PayeeKind, Purpose
from charity.disbursements.payees import PayeeFacts
from charity.disbursements.services import ApplicationFacts, BudgetFacts
from charity.disbursements.views import ApplicationView
from charity.donations.hand import slip_queries
from charity.funds import queries as funds
from charity.funds import unit_queries as units
from charity.kernel import clock, money
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import UNIT_ROLES
from charity.people.queries import Signed
from charity.web import use_words
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import unit_staff
from charity.web.signed import current
from charity.web.unitdesk import application_choices as choices
from charity.web.unitdesk import bp
from charity.web.unitdesk.application_forms import LINES, NEW, ApplicationForm
from charity.web.unitdesk.units import MEMBERS

Answer = Response | str
_USE_DAYS = 90  # what a new draft says until its writer says otherwise


def of_desk(code: str, application_id: str) -> ApplicationView:
    """An application that is this unit's to see. Raises ``NoSuchApplication``."""
    one = queries.application(application_id)
    if one.unit_code not in desk_queries.units_of(code):
        raise NoSuchApplication
    return one


@bp.get("/applications")
@unit_staff(*MEMBERS)
def all_applications() -> str:
    """What waits in all of one's units, and the way to each."""
    who = current()
    return render_template(
        "unitdesk/applications_all.html",
        waiting=_waits(who),
        units=slip_queries.desk_units(who),
        words=use_words,
    )


@bp.get("/<code>/applications")
@unit_staff(*MEMBERS)
def applications(code: str) -> str:
    """A unit's applications, of one state if asked, with what stands in its books."""
    asked, cursor = request.args.get("status", ""), request.args.get("cursor") or None
    known = asked in [each.value for each in ApplicationStatus]
    status = ApplicationStatus(asked) if known else None
    # A unit that stands in for others looks at one of them at a time.
    among = desk_queries.units_of(code)
    unit = request.args.get("unit", code)
    if unit not in among:
        raise NoSuchApplication
    return render_template(
        "unitdesk/applications.html",
        code=code,
        unit=units.unit_full(unit),
        others=[units.unit_full(each) for each in among if each != unit],
        page=queries.of_unit(unit, status, cursor),
        chosen=asked if known else "",
        first=cursor,
        books=[book for book in desk_queries.books_of(code) if book.unit_code == unit],
        overdue=queries.overdue(unit),
        may_write=bool(_writable(code)),
        words=use_words,
    )


def _writable(code: str) -> list[BookView]:
    """The books for which this person may write an application today."""
    who = current()
    allowed = {unit: services.may_apply(unit, who) for unit in desk_queries.units_of(code)}
    return [book for book in desk_queries.books_of(code) if allowed[book.unit_code]]


@bp.route("/<code>/applications/new", methods=["GET", "POST"])
@unit_staff(*MEMBERS)
def new_application(code: str) -> Answer:
    """Choose the book where there are several, then write a draft."""
    books = _writable(code)
    book = _chosen(books, code)
    if book is None:
        return render_template(
            "unitdesk/application_choose.html", unit=units.unit_full(code), books=books
        )
    form = ApplicationForm().offer(choices.places(book), choices.payees(book.unit_code))
    if request.method == "GET":
        today = clock.today()
        form.starts_on.data = today.isoformat()
        form.ends_on.data = (today + dt.timedelta(days=_USE_DAYS)).isoformat()
        form.area.data = units.unit_full(book.unit_code).area_code
    return _written(code, book, None, form)


def _chosen(books: list[BookView], code: str) -> BookView | None:
    """The book that the address names; the only one where it names none. Raises ``NoBook``."""
    slug, unit = request.args.get("campaign"), request.args.get("unit", code)
    if slug is None:
        return books[0] if len(books) == 1 else None
    found = next((one for one in books if (one.slug, one.unit_code) == (slug, unit)), None)
    if found is None:
        raise NoBook
    return found


@bp.route("/<code>/applications/<application_id>/edit", methods=["GET", "POST"])
@unit_staff(*MEMBERS)
def edit_application(code: str, application_id: str) -> Answer:
    """Write it anew; one that was submitted starts again."""
    one = of_desk(code, application_id)
    if not one.changeable:
        raise NotChangeable
    books = desk_queries.books_of(code)
    book = next(each for each in books if each.book_id == one.book_id)
    form = ApplicationForm().offer(choices.places(book), choices.payees(book.unit_code))
    if request.method == "GET":
        _show(form, one)
    return _written(code, book, one, form)


def _written(
    code: str, book: BookView, one: ApplicationView | None, form: ApplicationForm
) -> Answer:
    """Draw the form, add lines to it, or save what it says."""
    if request.method == "GET":
        return _form_page(code, book, one, form)
    refuse_doubled_fields()
    if request.form.get("action") == "more":
        form.longer()
        return _form_page(code, book, one, form)
    if not form.validate():
        return make_response(_form_page(code, book, one, form), 422)
    try:
        saved = atomically(_save)(form, book, one.id if one else None, current())
    except RuleBroken as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        form.place(error)
        status = 422 if error.status == 404 else error.status
        return make_response(_form_page(code, book, one, form), status)
    flash(_("草稿已保存。核对无误后请提交。"), "good")
    return redirect(url_for("unitdesk.application", code=code, application_id=saved), 303)


def _save(form: ApplicationForm, book: BookView, known: str | None, by: Signed) -> str:
    """The draft, and the payee that was written down with it, in one unit of work."""
    payee = form.payee.data or None
    if payee == NEW:
        payee = payees.add(_payee_facts(form, book.unit_code), by=by)
    facts = _facts(form, book, payee)
    if known is None:
        return services.create(facts, by=by)
    services.change(known, facts, by=by)
    return known


def _payee_facts(form: ApplicationForm, unit: str) -> PayeeFacts:
    return PayeeFacts(
        unit=unit,
        kind=PayeeKind(form.payee_kind.data or PayeeKind.ORGANIZATION),
        name=form.payee_name.data or "",
        bank_name=form.payee_bank.data or "",
        account_number=form.payee_account.data or "",
        uscc=form.payee_uscc.data or None,
        phone=form.payee_phone.data or None,
        id_number=form.payee_id_number.data or None,
    )


def _facts(form: ApplicationForm, book: BookView, payee: str | None) -> ApplicationFacts:
    assert form.starts_on.day is not None
    assert form.ends_on.day is not None
    return ApplicationFacts(
        campaign=book.slug,
        unit=book.unit_code,
        title=form.title.data or "",
        reason=form.reason.data or "",
        function=form.function,
        purpose=Purpose(form.purpose.data),
        category=Category(form.category.data),
        people_count=form.people_count.number,
        people_codes=form.codes(),
        area_code=form.area.data or "",
        starts_on=form.starts_on.day,
        ends_on=form.ends_on.day,
        evidence_kinds=form.evidence(),
        evidence_plan=form.evidence_plan.data or "",
        amount_fen=form.amount.fen,
        budget=tuple(
            BudgetFacts(
                line.what.data or "", line.quantity.number, line.measure.data or "", line.price.fen
            )
            for line in form.filled()
        ),
        payee=payee,
    )


def _show(form: ApplicationForm, one: ApplicationView) -> None:
    """Fill the form with what stands."""
    for name in ("title", "reason", "evidence_plan"):
        form[name].data = getattr(one, name)
    form.purpose.data, form.category.data = one.purpose.value, one.category.value
    form.people_count.data = str(one.people_count)
    form.people_codes.data = "\n".join(one.people_codes)
    form.area.data = one.area_code
    form.starts_on.data, form.ends_on.data = one.starts_on.isoformat(), one.ends_on.isoformat()
    form.amount.data = money.plain(one.amount_fen) if one.amount_fen else ""
    for kind in one.evidence_kinds:
        form[f"evidence_{kind.value}"].data = True
    standing = one.payee is not None and one.payee.retired_at is None
    form.payee.data = one.payee.id if one.payee is not None and standing else ""
    while len(form.budget.entries) < len(one.budget):
        form.budget.append_entry()
    for line, entry in zip(one.budget, form.budget.entries, strict=False):
        entry.form.what.data, entry.form.measure.data = line.what, line.measure
        entry.form.quantity.data = str(line.quantity)
        entry.form.price.data = money.plain(line.price_fen)


def _form_page(
    code: str, book: BookView, one: ApplicationView | None, form: ApplicationForm
) -> str:
    return render_template(
        "unitdesk/application_form.html",
        form=form,
        unit=units.unit_full(book.unit_code),
        code=code,
        book=book,
        one=one,
        more=len(form.budget.entries) < LINES,
        most=LINES,
        plan_words=choices.plan_words(book.slug),
        words=use_words,
    )


def _waits(who: Signed) -> list[tuple[WaitView, str]]:
    """What waits for this person, each with the code of the desk at which it is answered."""
    scopes = who.scopes_of(*MEMBERS)
    desks = {unit: code for code in scopes for unit in desk_queries.units_of(code)}
    found = []
    for one in desk_queries.waiting_for(desks, who.person_id) if scopes else []:
        code = desks.get(one.unit_code, one.unit_code)
        if who.holds(MEMBERS, funds.ancestors(code)):
            found.append((one, code))
    return found


def waiting(who: Signed) -> list[Waiting]:
    """Questions to answer and evidence to give, for the people of the unit."""
    found = []
    for one, code in _waits(who):
        asks = one.status is ApplicationStatus.RETURNED
        endpoint = "unitdesk.application" if asks else "unitdesk.evidence"
        due = one.evidence_due_on
        owes = _("使用凭据已逾期") if one.evidence_overdue else _("提交使用凭据")
        found.append(
            Waiting(
                title=one.title,
                url=url_for(endpoint, code=code, application_id=one.id),
                since=one.status_at,
                kind=_("回答审批人的问题") if asks else owes,
                due=clock.start_of(due + dt.timedelta(days=1)) if due else None,
                at_risk=one.evidence_overdue,
            )
        )
    return found


ITEMS.append(Item("unitdesk.all_applications", _l("用款申请"), tuple(sorted(UNIT_ROLES))))
SOURCES.append(waiting)
