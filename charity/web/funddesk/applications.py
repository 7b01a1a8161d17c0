"""Applications at the fund's desk: the list, and the sheet on which approvers decide.

Rule: whoever decides sees every fact that was hashed, the balance, and the campaign's plan beside
them; who may not decide is named. What the decision sets off is one unit of work with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectChoice, SelectField, TextAreaField  # type: ignore[attr-defined] # stubs
from wtforms.validators import Length

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import RequestView
from charity.disbursements import holds, queries, services
from charity.disbursements.kinds import ApplicationStatus, HoldReason
from charity.disbursements.views import ApplicationView
from charity.funds import campaign_queries
from charity.funds import queries as funds
from charity.kernel import files
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people import queries as people
from charity.people.kinds import FUND_ROLES, Role
from charity.web import campaigns as drawn
from charity.web import use_words
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.words import ROLES
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp, sheet
from charity.web.funddesk.approvals import DecideForm, decided, said, why_not
from charity.web.funddesk.bank import READERS as BANK_READERS
from charity.web.funddesk.effects import EFFECTS, PAGES, REFUSALS
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
READERS = tuple(sorted(FUND_ROLES))
STOPPING = (Role.FUND_MANAGER, Role.APPROVER)
HOLDING = tuple(sorted(FUND_ROLES - {Role.SUPERVISOR}))
_HELD = (ApplicationStatus.WAITING, ApplicationStatus.APPROVED)


class QuestionsForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What the unit is asked before anybody decides."""

    questions = TextAreaField(
        _l("需要补充或修改的内容"),
        filters=[strip],
        validators=[Length(max=500, message=_l("最多 500 字。")), Text()],
    )


class HoldForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why it may not be paid for now."""

    hold_reason = SelectField(
        _l("暂停的理由"),
        choices=[SelectChoice(each.value, word) for each, word in use_words.HOLD_REASONS.items()],
    )
    note = TextAreaField(
        _l("说明"),
        filters=[strip],
        validators=[Length(max=500, message=_l("最多 500 字。")), Text()],
    )


class ReasonForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why something is taken back or released."""

    reason = TextAreaField(
        _l("理由"),
        filters=[strip],
        validators=[Length(max=500, message=_l("理由最多 500 字。")), Text()],
    )


class ReleaseForm(ReasonForm):
    """Which reason is gone, and why."""

    hold_reason = SelectField(choices=[SelectChoice(each.value, each.value) for each in HoldReason])


@bp.get("/applications", endpoint="applications")
@staff(*READERS)
def application_list() -> str:
    """Every unit's applications but drafts, the newest first."""
    given = request.args.get("status", "")
    shown = [each for each in ApplicationStatus if each is not ApplicationStatus.DRAFT]
    status = ApplicationStatus(given) if given in [each.value for each in shown] else None
    campaigns = funds.campaigns()
    slug = request.args.get("campaign", "")
    slug = slug if slug in {one.slug for one in campaigns} else ""
    cursor = request.args.get("cursor") or None
    page = queries.applications(status, cursor, slug=slug or None)
    kept: dict[str, Any] = {"status": status, "campaign": slug or None}
    return render_template(
        "funddesk/applications.html",
        applications=page.items,
        status=status,
        shown=shown,
        words=use_words,
        campaigns=campaigns,
        slug=slug,
        first_url=url_for("funddesk.applications", **kept) if cursor else None,
        next_url=(
            url_for("funddesk.applications", **kept, cursor=page.next_cursor)
            if page.next_cursor
            else None
        ),
    )


@bp.get("/applications/<application_id>")
@staff(*READERS)
def application(application_id: str) -> str:
    """One application with everything that a decision about it needs."""
    view = _seen(application_id)
    asked = _asked(view)
    seen = asked.facts_sha256 if asked is not None else ""
    return drawn_sheet(view, DecideForm(formdata=None, seen=seen))


def _seen(application_id: str) -> ApplicationView:
    """The application; a draft is its unit's own, and only supervision sees it. Raises NotFound."""
    view = queries.application(application_id)
    drafted = view.status is ApplicationStatus.DRAFT and view.asked_at is None
    if drafted and not current().holds(Role.SUPERVISOR):
        raise NotFound
    return view


def _asked(view: ApplicationView) -> RequestView | None:
    return approvals.request(view.request_id) if view.request_id else None


def drawn_sheet(view: ApplicationView, form: FlaskForm) -> str:
    """The page; ``form`` is the one that was sent, with what was wrong."""
    who, asked = current(), _asked(view)
    decides = asked is not None and approvals.may_decide(asked, who)
    standing = queries.standing(view.book_id)
    return render_template(
        "funddesk/application.html",
        one=view,
        asked=asked,
        signed_facts=sheet.sheet(asked.kind, asked.facts) if asked is not None else [],
        standing=standing,
        after_fen=standing.available_fen - view.amount_fen,
        campaign=funds.campaign(view.slug),
        plan=drawn.plan_lines(campaign_queries.current_plan(view.slug)),
        uses=queries.plan(view.slug),
        barred=_barred(view, asked),
        may_decide=decides,
        why_not=why_not(asked, who) if asked is not None and not decides else "",
        may_return=decides,
        may_void=view.status is ApplicationStatus.APPROVED and who.holds(STOPPING),
        may_hold=view.status in _HELD and who.holds(HOLDING),
        may_release=who.holds(STOPPING),
        sees_bank=who.holds(BANK_READERS),
        sees_payments=who.holds((*BANK_READERS, Role.APPROVER)),
        form=form,
        decide=form if isinstance(form, DecideForm) else _fresh(asked),
        questions=form if isinstance(form, QuestionsForm) else QuestionsForm(formdata=None),
        hold=form if isinstance(form, HoldForm) else HoldForm(formdata=None),
        reason=form if isinstance(form, ReasonForm) else ReasonForm(formdata=None),
        words=use_words,
        roles=ROLES,
    )


def _fresh(asked: RequestView | None) -> DecideForm:
    return DecideForm(formdata=None, seen=asked.facts_sha256 if asked is not None else "")


def _barred(view: ApplicationView, asked: RequestView | None) -> list[tuple[str, str]]:
    """Who may not decide, by name, and why."""
    found = [(view.asked_by_name or view.written_by_name, _("提出申请"))]
    if asked is None or view.payee is None:
        return found
    told = {asked.requested_by.id}
    if view.payee.added_by_id not in told:
        found.append((view.payee.added_by_name, _("登记收款方")))
        told.add(view.payee.added_by_id)
    for person_id in asked.concerned:
        person = people.person(person_id) if person_id not in told else None
        if person is not None:
            found.append((person.name, _("与这份申请有关")))
    return found


@bp.post("/applications/<application_id>/decision")
@staff(*READERS, second_factor=True)
def decide_application(application_id: str) -> Answer:
    """Approve or refuse; the last word needed reserves the money, in the same unit of work."""
    refuse_doubled_fields()
    view, form, who = _seen(application_id), DecideForm(), current()
    answer, fits = request.form.get("answer"), form.validate()
    if answer not in ("approve", "refuse"):
        form.form_errors.append(_("请选择同意或不同意。"))
        fits = False
    asked = _asked(view)
    if not fits or asked is None:
        return make_response(drawn_sheet(view, form), 422)
    try:
        after = atomically(decided)(
            asked.id, who, answer == "approve", form.reason.data or "", form.seen.data or ""
        )
    except RuleBroken as error:
        return _refused(application_id, form, error)
    flash(_told(after), "good")
    return _back(application_id)


def _told(after: RequestView) -> str:
    if after.status is RequestStatus.WAITING:
        missing = after.needed - sum(word.approve for word in after.decisions)
        return str(_("已记录您的同意，还需要 %(missing)s 个人同意。", missing=missing))
    if after.status is RequestStatus.USED:
        return str(_("已批准，款项已预留。"))
    return said(after)


@bp.post("/applications/<application_id>/questions")
@staff(*READERS, second_factor=True)
def return_application(application_id: str) -> Answer:
    """Send it back with questions; the unit answers, and everything starts again."""
    form = QuestionsForm()
    return _done(
        application_id,
        form,
        lambda: services.send_back(
            application_id, by=current(), questions=form.questions.data or ""
        ),
        _("已退回给募集单位，请对方补充。"),
    )


@bp.post("/applications/<application_id>/void")
@staff(*STOPPING, second_factor=True)
def void_application(application_id: str) -> Answer:
    """Take the approval back: the money is free again."""
    form = ReasonForm()
    return _done(
        application_id,
        form,
        lambda: services.void(application_id, by=current(), reason=form.reason.data or ""),
        _("批准已撤销，款项退回可用。"),
    )


@bp.post("/applications/<application_id>/hold")
@staff(*HOLDING)
def hold_application(application_id: str) -> Answer:
    """Stop the payment for a reason."""
    form = HoldForm()
    return _done(
        application_id,
        form,
        lambda: holds.hold(
            application_id, HoldReason(form.hold_reason.data), form.note.data or "", by=current()
        ),
        _("已暂停支付。"),
    )


@bp.post("/applications/<application_id>/release")
@staff(*STOPPING, second_factor=True)
def release_hold(application_id: str) -> Answer:
    """This reason to stop is gone."""
    form = ReleaseForm()
    return _done(
        application_id,
        form,
        lambda: holds.release(
            application_id,
            HoldReason(form.hold_reason.data),
            form.reason.data or "",
            by=current(),
        ),
        _("已解除暂停。"),
    )


def _done(
    application_id: str, form: FlaskForm, verb: Callable[[], object], sentence: str
) -> Answer:
    """Do it in one unit of work, or draw the page with what was refused."""
    refuse_doubled_fields()
    view = _seen(application_id)
    if not form.validate():
        return make_response(drawn_sheet(view, form), 422)
    try:
        atomically(verb)()
    except NotFound:
        raise
    except RuleBroken as error:
        return _refused(application_id, form, error)
    flash(sentence, "good")
    return _back(application_id)


def _refused(application_id: str, form: FlaskForm, error: RuleBroken) -> Response:
    place_error(form, error)
    return make_response(drawn_sheet(_seen(application_id), form), error.status)


def _back(application_id: str) -> Response:
    return redirect(url_for("funddesk.application", application_id=application_id), 303)


@bp.get("/applications/<application_id>/files/<file_id>", endpoint="application_file")
@staff(*READERS)
def application_file(application_id: str, file_id: str) -> Response:
    """A file of the asking: a picture to be shown, a PDF to be saved."""
    view = _seen(application_id)
    one = next((each for each in view.attachments if each.id == file_id), None)
    if one is None:
        raise NotFound
    answer = Response(files.store().get(one.path, one.sha256), mimetype=one.media_type)
    if not one.media_type.startswith("image/"):
        name = f"{one.sha256[:12]}.pdf"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


#: What a fact of an application is called on the sheet of everything that is signed.
_LABELS = {
    "account_index": _l("账号校验值"),
    "application": _p("one", "用款申请"),
    "area_code": _l("地区代码"),
    "area_name": _l("使用地点"),
    "attachments": _l("附件"),
    "bank_name": _l("开户银行"),
    "budget": _l("预算"),
    "category": _l("受助对象"),
    "ends_on": _l("使用结束日期"),
    "evidence_kinds": _l("使用凭据"),
    "evidence_plan": _l("凭据计划"),
    "function": _l("费用性质"),
    "measure": _l("单位"),
    "name_index": _l("户名校验值"),
    "payee": _l("收款方"),
    "payee_id": _l("编号"),
    "people_codes": _l("受助对象编号"),
    "people_count": _l("受助人数"),
    "price_fen": _l("单价"),
    "purpose": _l("用途"),
    "quantity": _l("数量"),
    "sha256": _l("文件校验值"),
    "shown": _l("户名"),
    "starts_on": _l("使用开始日期"),
    "tail": _l("账号尾号"),
    "title": _l("标题"),
    "uscc": _l("统一社会信用代码"),
    "version": _l("版本"),
    "what": _l("内容"),
}


def _signed(facts: Mapping[str, Any]) -> list[sheet.Line]:
    """Everything that is hashed; choices in words."""
    said: dict[str, object] = {
        "function": use_words.FUNCTIONS[facts["function"]],
        "purpose": use_words.PURPOSES[facts["purpose"]],
        "category": use_words.CATEGORIES[facts["category"]],
        "payee": {
            **facts["payee"],
            "kind": str(use_words.PAYEE_KINDS[facts["payee"]["kind"]]),
        },
        "evidence_kinds": [str(use_words.EVIDENCE_KINDS[kind]) for kind in facts["evidence_kinds"]],
    }
    return sheet.general({**facts, **said})


def _page(view: RequestView) -> str:
    return url_for("funddesk.application", application_id=view.subject_id)


PAGES[Kind.APPLICATION] = _page
sheet.SHEETS[Kind.APPLICATION] = _signed
sheet.LABELS.update({name: word for name, word in _LABELS.items() if name not in sheet.LABELS})
EFFECTS[Kind.APPLICATION] = services.approved
REFUSALS[Kind.APPLICATION] = services.refused
ITEMS.append(Item("funddesk.applications", _l("用款申请"), READERS))
