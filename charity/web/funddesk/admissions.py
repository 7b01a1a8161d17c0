"""A unit's way into a campaign at the fund's desk, its stewards, and units by the list.

Rule: a step may be written down for a unit with all below it at once; a step that is missing is
told in a sentence; a book is opened by two people. A list registers all its units or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.funds import admission_queries, admissions, stewards, unit_import
from charity.funds import unit_queries as queries
from charity.funds.admission_queries import AdmissionView
from charity.funds.unit_errors import step_sentence
from charity.funds.unit_tree import subtree
from charity.kernel import files, sheets
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.files import FileDamaged
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web import uploads
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.effects import EFFECTS
from charity.web.funddesk.sheet import LABELS
from charity.web.funddesk.unit_forms import (
    LEVELS,
    AgreementForm,
    AssessForm,
    BooksForm,
    ImportForm,
    NamingForm,
    StewardForm,
    day,
    words,
)
from charity.web.funddesk.units import READERS, changed, may_change
from charity.web.guards import staff
from charity.web.signed import current
from charity.web.uploads import takes_file

Answer = Response | str
_SHOWN = 200
_TYPES = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png"}

LABELS.update(
    {
        "units": _l("募集单位"),
        "unit_name": _l("单位名称"),
        "steward_name": _l("接续使用单位名称"),
        "since": _l("从哪一天起"),
        "assessed_on": _l("评估日期"),
        "assessment": _l("评估内容"),
        "agreement": _l("协议校验值"),
        "signed_on": _l("签署日期"),
        "clause": _l("在备案方案中的位置"),
    }
)


def _open_books(asked: RequestView, by: Signed) -> None:
    admissions.open_books(asked.id, by)


def _appoint(asked: RequestView, by: Signed) -> None:
    stewards.appoint(asked.id, by)


EFFECTS[Kind.OPEN_BOOK] = _open_books
EFFECTS[Kind.STEWARD] = _appoint


@bp.get("/units/<code>/admissions/<slug>")
@staff(*READERS)
def admission(code: str, slug: str) -> str:
    """Where the unit stands on its way into the campaign, and the next step."""
    return _page(admission_queries.admission(slug, code), {})


@bp.post("/units/<code>/admissions/<slug>/assess")
@staff(Role.FUND_MANAGER)
def admission_assess(code: str, slug: str) -> Answer:
    """Write down an assessment."""
    form, by = AssessForm(prefix="assess"), current()

    def work() -> None:
        admissions.assess(
            slug, _codes(form, code), looked_at=words(form.looked_at), fit=form.fit.data == "yes",
            on=day(form.assessed_on), actor=by.actor,
        )  # fmt: skip

    return _step(code, slug, "assess", form, work=work, said=_("评估已登记。"))


@bp.post("/units/<code>/admissions/<slug>/sign")
@takes_file
@staff(Role.FUND_MANAGER)
def admission_sign(code: str, slug: str) -> Answer:
    """Keep the signed agreement."""
    form, by = AgreementForm(prefix="sign"), current()
    view = admission_queries.admission(slug, code)
    try:
        _cleaned, stored = uploads.kept("sign-file")
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(view, {"sign": form}), error.status)

    def work() -> None:
        admissions.sign(
            slug, _codes(form, code), file=stored, signed_on=day(form.signed_on), actor=by.actor
        )

    return _step(code, slug, "sign", form, work=work, said=_("协议已登记。"))


@bp.post("/units/<code>/admissions/<slug>/name")
@staff(Role.FUND_MANAGER)
def admission_name(code: str, slug: str) -> Answer:
    """Write down where the plan names the unit."""
    form, by = NamingForm(prefix="name"), current()

    def work() -> None:
        codes = _codes(form, code)
        admissions.name_in_plan(slug, codes, clause=words(form.clause), actor=by.actor)

    return _step(code, slug, "name", form, work=work, said=_("在方案中的位置已登记。"))


@bp.post("/units/<code>/admissions/<slug>/book")
@staff(Role.FUND_MANAGER)
def admission_book(code: str, slug: str) -> Answer:
    """Ask that the book be opened; with all below it, those that have none yet."""
    form, by = BooksForm(prefix="book"), current()

    def work() -> None:
        codes = _codes(form, code)
        if form.below.data:
            views = admission_queries.admissions_of(slug, codes)
            codes = [view.unit_code for view in views if view.admitted_at is None] or [code]
        admissions.ask_books(slug, codes, by=by)

    return _step(code, slug, "book", form, work=work, said=_("申请已提出，等待另一人审批。"))


@bp.get("/units/<code>/admissions/<slug>/agreement")
@staff(*READERS)
def admission_file(code: str, slug: str) -> Response:
    """The signed agreement, as a download."""
    view = admission_queries.admission(slug, code)
    if not view.agreement_path:
        raise NotFound
    try:
        content = files.store().get(view.agreement_path, view.agreement_sha256)
    except FileDamaged:
        raise NotFound from None
    suffix = view.agreement_path[view.agreement_path.rindex(".") :]
    response = make_response(content)
    response.mimetype = _TYPES.get(suffix, "application/octet-stream")
    name = f"{view.unit_code}-{view.campaign_slug}-agreement{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@bp.route("/units/<code>/steward", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER)
def unit_steward(code: str) -> Answer:
    """Ask who may apply for a unit that ended; another person decides."""
    view, form, by = queries.unit_full(code), StewardForm(), current()

    def work() -> None:
        stewards.ask_steward(
            code,
            words(form.steward) or None,
            since=day(form.since),
            reason=words(form.reason),
            by=by,
        )

    def page(form: FlaskForm) -> str:
        return render_template(
            "funddesk/unit_form.html", unit=view, form=form, heading=_("指定接续使用单位")
        )

    return changed(form, work, page, lambda: code, _("申请已提出，等待另一人审批。"))


@bp.route("/unit-import", methods=["GET", "POST"])
@takes_file
@staff(Role.FUND_MANAGER)
def unit_list() -> Answer:
    """Many units from a workbook: looked through, then registered all at once."""
    form = ImportForm()
    if request.method == "GET":
        return _list_page(form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_list_page(form), 422)
    try:
        return _register(form) if words(form.sha256) else _look(form)
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_list_page(form), error.status)


@bp.get("/unit-import/blank.xlsx")
@staff(Role.FUND_MANAGER)
def unit_list_blank() -> Response:
    """The workbook to fill in."""
    response = make_response(unit_import.blank())
    response.mimetype = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    response.headers["Content-Disposition"] = 'attachment; filename="units.xlsx"'
    return response


def _look(form: ImportForm) -> Answer:
    """What the workbook says, before anything is registered; kept when nothing is wrong."""
    given = request.files.get("file")
    content = given.stream.read(sheets.MAX_BYTES + 1) if given else b""
    looked = unit_import.look(content)
    form.sha256.data = "" if looked.faults else files.store().put(content, ".xlsx").sha256
    page = render_template(
        "funddesk/unit_import.html",
        form=form,
        units=looked.units[:_SHOWN],
        count=len(looked.units),
        faults=looked.faults[:_SHOWN],
        fault_count=len(looked.faults),
        levels=LEVELS,
    )
    return make_response(page, 422) if looked.faults else page


def _register(form: ImportForm) -> Answer:
    """Register what was looked through; it is checked again."""
    sha256 = words(form.sha256)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound
    try:
        content = files.store().get(f"{sha256[:2]}/{sha256[2:4]}/{sha256}.xlsx", sha256)
    except FileDamaged:
        raise NotFound from None
    count = atomically(unit_import.register)(content, sha256, actor=current().actor)
    flash(_("已登记 %(count)s 个单位。", count=count), "good")
    return redirect(url_for("funddesk.units"), 303)


def _list_page(form: ImportForm) -> str:
    return render_template(
        "funddesk/unit_import.html", form=form, units=[], count=0, faults=[], fault_count=0,
        levels=LEVELS,
    )  # fmt: skip


def _codes(form: FlaskForm, code: str) -> list[str]:
    """The unit; with all below it that still raise, when that was ticked."""
    if not form.below.data:
        return [code]
    found = queries.units_by_code(subtree(code))
    return [each for each, view in found.items() if each == code or view.closed_on is None]


def _step(
    code: str, slug: str, name: str, form: FlaskForm, *, work: Callable[[], object], said: str
) -> Answer:
    """Do one step and come back to the page that shows them all."""
    refuse_doubled_fields()
    view = admission_queries.admission(slug, code)
    if not form.validate():
        return make_response(_page(view, {name: form}), 422)
    try:
        atomically(work)()
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(view, {name: form}), error.status)
    flash(said, "good")
    return redirect(url_for("funddesk.admission", code=code, slug=slug), 303)


def _page(view: AdmissionView, given: dict[str, FlaskForm]) -> str:
    """The admission with its steps; ``given`` is the form that was refused."""
    below = len(subtree(view.unit_code)) - 1
    forms = {
        "assess": AssessForm(formdata=None, prefix="assess"),
        "sign": AgreementForm(formdata=None, prefix="sign"),
        "name": NamingForm(formdata=None, prefix="name"),
        "book": BooksForm(formdata=None, prefix="book"),
        **given,
    }
    return render_template(
        "funddesk/admission.html",
        view=view,
        unit=queries.unit_full(view.unit_code),
        missing=[step_sentence(step) for step in view.missing],
        asked=approvals.latest(
            Kind.OPEN_BOOK, admissions.subject_of(view.campaign_slug, view.unit_code)
        ),
        forms=forms,
        refused=next(iter(given.values()), None),
        below=below,
        may_change=may_change() and view.admitted_at is None,
    )
