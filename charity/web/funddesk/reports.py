"""Reports at the fund's desk: begin, write, preview, send to be checked, check, publish, correct.

Rule: whoever drafts, checks and publishes are three persons, and each sees the very document that
is agreed to, with its files. What is published is never changed: it is corrected by a new version.
"""

from __future__ import annotations

import json
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from charity.approvals import queries as approvals
from charity.approvals import services as approval_services
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import RequestView
from charity.disclosures import desk_queries, drafting, services
from charity.disclosures.desk_queries import DeskReport
from charity.disclosures.errors import NoSuchReport
from charity.disclosures.kinds import MEDIA_TYPES, Form, Stage
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.desk.words import ROLES
from charity.web.entry import DayField
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.approvals import DecideForm, decided, said, why_not
from charity.web.funddesk.effects import EFFECTS, PAGES
from charity.web.funddesk.sheet import LABELS
from charity.web.funddesk.words import STATUSES as REQUEST_STATUSES
from charity.web.guards import staff
from charity.web.locale import called
from charity.web.report_sheet import sheet
from charity.web.signed import current

Answer = Response | str
READERS = tuple(sorted(FUND_ROLES))
DECIDING = (Role.DISCLOSER, Role.ACCOUNTANT, Role.APPROVER, Role.FUND_MANAGER)
STAGES = {
    Stage.NONE: (_l("已公布"), "good"),
    Stage.DRAFT: (_l("草稿"), "plain"),
    Stage.CHECK: (_l("等待核对"), "wait"),
    Stage.PUBLISH: (_l("已核对，等待公布"), "wait"),
}


class BeginForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What a report is about."""

    campaign = SelectField(_p("one", "募捐活动"), validate_choice=False)
    first_on = DayField(_l("开始日期"))
    last_on = DayField(_l("结束日期"))


class TextForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The words of a version, and how many saves its writer had seen."""

    seen = HiddenField()
    body = TextAreaField(_l("情况说明"), filters=[strip], validators=[Text()])
    body_en = TextAreaField(_l("情况说明（英文）"), filters=[strip], validators=[Text()])
    reason = StringField(_l("更正原因（公开）"), filters=[strip], validators=[Text()])


class SubmitForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Nothing but the wish."""


@bp.get("/reports")
@staff(*READERS)
def report_list() -> str:
    """Every report, the newest first."""
    cursor = request.args.get("cursor") or None
    page = desk_queries.desk_reports(cursor)
    return render_template(
        "funddesk/reports.html",
        reports=page.items,
        stages=STAGES,
        may_begin=current().holds(Role.DISCLOSER),
        first_url=url_for("funddesk.report_list") if cursor else None,
        next_url=(
            url_for("funddesk.report_list", cursor=page.next_cursor) if page.next_cursor else None
        ),
    )


@bp.route("/reports/new", methods=["GET", "POST"])
@staff(Role.DISCLOSER)
def report_new() -> Answer:
    """Begin a report: the campaign and the days."""
    form = BeginForm()
    form.campaign.choices = [(one.slug, called(one)) for one in funds.campaigns()]
    if not form.is_submitted():
        return render_template("funddesk/report_new.html", form=form)
    refuse_doubled_fields()
    first_on, last_on = form.first_on, form.last_on
    if not form.validate() or first_on.day is None or last_on.day is None:
        return make_response(render_template("funddesk/report_new.html", form=form), 422)
    try:
        made = atomically(services.begin)(
            form.campaign.data or "", first_on.day, last_on.day, by=current()
        )
    except RuleBroken as error:
        place_error(form, error)
        drawn = render_template("funddesk/report_new.html", form=form)
        return make_response(drawn, error.status)
    return redirect(url_for("funddesk.report_text", report_id=made), 303)


@bp.get("/reports/<report_id>")
@staff(*READERS)
def report(report_id: str) -> str:
    """One report: what stands, what waits for whom, and the document itself."""
    return _drawn(desk_queries.desk_report(report_id), None)


def _drawn(one: DeskReport, form: FlaskForm | None) -> str:
    who, asked = current(), one.request
    waits = one.stage in (Stage.CHECK, Stage.PUBLISH)
    decides = asked is not None and approvals.may_decide(asked, who)
    seen = asked.facts_sha256 if asked is not None else ""
    return render_template(
        "funddesk/report.html",
        one=one,
        sheet=sheet(document) if (document := _document(one)) is not None else None,
        stages=STAGES,
        form=form,
        decide=form if isinstance(form, DecideForm) else DecideForm(formdata=None, seen=seen),
        may_write=who.holds(Role.DISCLOSER) and not waits,
        may_decide=decides,
        may_withdraw=waits and asked is not None and approvals.may_withdraw(asked, who),
        why_not=why_not(asked, who) if asked is not None and not decides else "",
        roles=ROLES,
        request_statuses=REQUEST_STATUSES,
    )


def _document(one: DeskReport) -> dict[str, Any] | None:
    """What was frozen to be checked; else the draft with the figures of this moment."""
    if one.stage in (Stage.CHECK, Stage.PUBLISH) and one.submission is not None:
        frozen: dict[str, Any] = json.loads(one.submission.document)
        return frozen
    if one.stage is Stage.DRAFT:
        return drafting.preview(one)
    return None


@bp.route("/reports/<report_id>/text", methods=["GET", "POST"])
@staff(Role.DISCLOSER)
def report_text(report_id: str) -> Answer:
    """Write the next version; after a publication this begins its correction."""
    one, form = desk_queries.desk_report(report_id), TextForm()
    if not form.is_submitted():
        _fill(form, one)
        return render_template("funddesk/report_text.html", form=form, one=one)
    refuse_doubled_fields()
    fits = form.validate()
    seen = form.seen.data or ""
    if not fits or not (seen.isascii() and seen.isdecimal() and len(seen) < 6):
        drawn = render_template("funddesk/report_text.html", form=form, one=one)
        return make_response(drawn, 422)
    try:
        atomically(services.write)(
            report_id,
            body=_unix(form.body.data),
            body_en=_unix(form.body_en.data),
            reason=form.reason.data or "",
            seen=int(seen),
            by=current(),
        )
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        drawn = render_template(
            "funddesk/report_text.html", form=form, one=desk_queries.desk_report(report_id)
        )
        return make_response(drawn, error.status)
    flash(_("已保存。"), "good")
    return redirect(url_for("funddesk.report", report_id=report_id), 303)


def _fill(form: TextForm, one: DeskReport) -> None:
    """What was written last; a correction begins with the words of the version before."""
    form.seen.data = str(one.edits)
    if one.draft is not None:
        form.body.data, form.body_en.data = one.draft.body, one.draft.body_en
        form.reason.data = one.draft.reason
    elif one.view.versions:
        before = json.loads(drafting.standing_text(one))
        form.body.data, form.body_en.data = before["text"], before["text_en"]


def _unix(text: str | None) -> str:
    """Browsers send line ends in their own way; kept is one way."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


@bp.post("/reports/<report_id>/submit")
@staff(Role.DISCLOSER, second_factor=True)
def submit_report(report_id: str) -> Answer:
    """Freeze the next version as of this moment and send it to be checked."""
    refuse_doubled_fields()
    form = SubmitForm()
    if not form.validate():
        return make_response(_drawn(desk_queries.desk_report(report_id), form), 422)
    try:
        prepared = drafting.prepare(report_id)
        atomically(services.submit)(prepared, by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(desk_queries.desk_report(report_id), form), error.status)
    flash(_("数字已定格，等另一个人核对。PDF、CSV、XLSX 文件正在制作。"), "good")
    return redirect(url_for("funddesk.report", report_id=report_id), 303)


@bp.post("/reports/<report_id>/decision")
@staff(*DECIDING, second_factor=True)
def decide_report(report_id: str) -> Answer:
    """The first who agrees has checked it; with the second it is public."""
    refuse_doubled_fields()
    one, form, who = desk_queries.desk_report(report_id), DecideForm(), current()
    answer, fits = request.form.get("answer"), form.validate()
    if answer not in ("approve", "refuse"):
        form.form_errors.append(_("请选择同意或不同意。"))
        fits = False
    if not fits or one.request is None:
        return make_response(_drawn(one, form), 422)
    try:
        after = atomically(decided)(
            one.request.id, who, answer == "approve", form.reason.data or "", form.seen.data or ""
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(desk_queries.desk_report(report_id), form), error.status)
    flash(_told(after), "good")
    return redirect(url_for("funddesk.report", report_id=report_id), 303)


def _told(after: RequestView) -> str:
    if after.status is RequestStatus.USED:
        return str(_("已公布。"))
    if after.status is RequestStatus.WAITING:
        return str(_("已记录您的核对，等另一个人公布。"))
    return said(after)


@bp.post("/reports/<report_id>/withdraw")
@staff(Role.DISCLOSER)
def withdraw_report(report_id: str) -> Answer:
    """Take it back from being checked; the draft stays."""
    refuse_doubled_fields()
    one, form = desk_queries.desk_report(report_id), SubmitForm()
    if not form.validate() or one.request is None:
        return make_response(_drawn(one, form), 422)
    try:
        atomically(approval_services.withdraw)(one.request.id, by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(desk_queries.desk_report(report_id), form), error.status)
    flash(_("已撤回送核，可以继续修改。"), "good")
    return redirect(url_for("funddesk.report", report_id=report_id), 303)


@bp.get("/reports/<report_id>/submitted.pdf")
@staff(*READERS)
def report_pdf(report_id: str) -> Response:
    """The PDF as it would be published."""
    return _file(report_id, Form.PDF)


@bp.get("/reports/<report_id>/submitted.xlsx")
@staff(*READERS)
def report_xlsx(report_id: str) -> Response:
    """The XLSX as it would be published."""
    return _file(report_id, Form.XLSX)


def _file(report_id: str, form: Form) -> Response:
    one = desk_queries.desk_report(report_id)
    if one.submission is None or not one.submission.files_made:
        raise NoSuchReport
    answer = Response(
        desk_queries.submitted_file(one.submission.id, form), content_type=MEDIA_TYPES[form]
    )
    kind = "inline" if form is Form.PDF else "attachment"
    name = f"{one.id}-v{one.submission.version}-unpublished.{form}"
    answer.headers.set("Content-Disposition", kind, filename=name)
    return answer


def waiting(who: Signed) -> list[Waiting]:
    """Drafts of one's own that are not sent to be checked, for disclosers.

    What is to be checked or published stands among the approvals that wait.
    """
    if not who.holds(Role.DISCLOSER):
        return []
    return [
        Waiting(
            title=_("%(campaign)s 报告草稿", campaign=one.view.campaign_name),
            url=url_for("funddesk.report", report_id=one.id),
            since=one.draft.at,
            kind=str(_("没有通过，请修改") if one.refused is not None else STAGES[Stage.DRAFT][0]),
        )
        for one in desk_queries.drafts_of(who.person_id)
        if one.draft is not None
    ]


def _page(view: RequestView) -> str:
    return url_for("funddesk.report", report_id=view.subject_id)


EFFECTS[Kind.REPORT] = services.publish
PAGES[Kind.REPORT] = _page
LABELS.update(
    {
        "report": _l("报告编号"),
        "first_on": _l("开始日期"),
        "last_on": _l("结束日期"),
        "version": _l("版本"),
        "as_of_entry": _l("截至分录"),
        "document_sha256": _l("数据校验值"),
    }
)
ITEMS.append(Item("funddesk.report_list", _l("信息公开报告"), READERS))
SOURCES.append(waiting)
