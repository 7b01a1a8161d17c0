"""One application at the unit's desk: read it, add files, submit, take back, copy, hand money back.

Rule: what is refused stands beside the fact it is about; nothing of a refused step is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.disbursements import attachments, evidence_queries, queries, services
from charity.disbursements.errors import NoSuchAttachment, NotNow
from charity.disbursements.kinds import ApplicationStatus, PaymentKind, Step
from charity.disbursements.views import ApplicationView
from charity.funds import queries as funds
from charity.kernel import files
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.uploads import FileMissing
from charity.web import uploads, use_words
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import unit_staff
from charity.web.signed import current
from charity.web.unitdesk import bp
from charity.web.unitdesk.application_forms import (
    AnswerForm,
    AttachForm,
    ReasonForm,
    StepForm,
)
from charity.web.unitdesk.applications import of_desk
from charity.web.unitdesk.units import MEMBERS

Answer = Response | str
S = ApplicationStatus
#: Facts of the page beside which a refusal may stand; the rest stands on top.
_FACTS = frozenset(
    {
        "unit", "campaign", "amount", "purpose", "reason", "category", "people_codes", "area",
        "ends_on", "payee", "evidence",
    }
)  # fmt: skip
_FACT_OF = {
    "title": "reason", "budget": "amount", "people_count": "category", "starts_on": "ends_on",
    "evidence_plan": "evidence", "evidence_kinds": "evidence",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class May:
    """What the reader can do with it now."""

    change: bool
    attach: bool
    submit: bool
    withdraw: bool
    give_up: bool
    copy: bool
    see_evidence: bool
    give_evidence: bool
    hand_back: bool


def _may(one: ApplicationView) -> May:
    may = services.may_apply(one.unit_code, current())
    used = one.status in (S.PAID, S.PROVED)
    return May(
        change=may and one.changeable,
        attach=may and one.status in (S.DRAFT, S.RETURNED),
        submit=may and one.status in (S.DRAFT, S.RETURNED),
        withdraw=may and one.changeable,
        give_up=may and one.status is S.APPROVED,
        copy=may,
        see_evidence=used,
        give_evidence=one.status is S.PAID,
        hand_back=used,
    )


def questions(one: ApplicationView) -> str:
    """What the approvers asked when it was last submitted and sent back; empty when nothing."""
    asked = ""
    for step in one.steps:
        if step.step is Step.RETURNED:
            asked = step.words
        elif step.step is Step.SUBMITTED:
            asked = ""
    return asked if one.status in (S.DRAFT, S.RETURNED) else ""


@bp.get("/<code>/applications/<application_id>")
@unit_staff(*MEMBERS)
def application(code: str, application_id: str) -> str:
    """One application as it stands."""
    return _page(code, of_desk(code, application_id))


def _page(
    code: str,
    one: ApplicationView,
    error: RuleBroken | None = None,
    *,
    answer: StepForm | None = None,
    attach: StepForm | None = None,
    reason: StepForm | None = None,
) -> str:
    refused, summary = _placed(error)
    for form in (answer, attach, reason):
        if form is not None:
            summary += [(field.id, str(each)) for field in form for each in field.errors]
    return render_template(
        "unitdesk/application.html",
        code=code,
        one=one,
        has=queries.standing(one.book_id),
        dossier=evidence_queries.dossier(one.id),
        may=_may(one),
        questions=questions(one),
        answer=answer or AnswerForm(formdata=None),
        attach=attach or AttachForm(formdata=None),
        reason=reason or ReasonForm(formdata=None),
        refused=refused,
        summary=summary,
        most_files=uploads.MANY,
        words=use_words,
    )


def _placed(error: RuleBroken | None) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Sentences by the fact they stand beside, and all of them for the top of the page."""
    beside: dict[str, list[str]] = {}
    above: list[tuple[str, str]] = []
    if error is not None:
        for path, _code, sentence in error.details() or [(None, "", error.sentence())]:
            name = (path or "").partition(".")[0].removesuffix("_fen")
            fact = _FACT_OF.get(name, name)
            if fact in _FACTS:
                beside.setdefault(fact, []).append(sentence)
            above.append((f"fact-{fact}" if fact in _FACTS else "", sentence))
    return beside, above


def _step(
    code: str, application_id: str, work: Callable[[], object], said: str, **forms: StepForm
) -> Answer:
    """Do one thing with an application, or say on its page why not."""
    try:
        atomically(work)()
    except RuleBroken as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        status = 422 if error.status == 404 else error.status
        placed = any(form.place(error) for form in forms.values())
        left = None if placed else error
        page = _page(code, of_desk(code, application_id), left, **forms)
        return make_response(page, status)
    flash(said, "good")
    return redirect(url_for("unitdesk.application", code=code, application_id=application_id), 303)


@bp.post("/<code>/applications/<application_id>/submit")
@unit_staff(*MEMBERS)
def submit_application(code: str, application_id: str) -> Answer:
    """Ask the approvers, with an answer to their questions if they had any."""
    refuse_doubled_fields()
    one, form, who = of_desk(code, application_id), AnswerForm(), current()
    if not form.validate():
        return make_response(_page(code, one, answer=form), 422)
    if request.form.get("version") != str(one.version):
        # Somebody else of the unit wrote on it meanwhile: read first what is submitted.
        return make_response(_page(code, one, NotNow(), answer=form), NotNow.status)

    def work() -> None:
        services.submit(application_id, by=who, answer=form.answer.data or "")

    return _step(code, application_id, work, _("已提交，等待审批人决定。"), answer=form)


@bp.post("/<code>/applications/<application_id>/withdraw")
@unit_staff(*MEMBERS)
def withdraw_application(code: str, application_id: str) -> Answer:
    """Take it back before it is approved."""
    refuse_doubled_fields()
    of_desk(code, application_id)
    who = current()

    def work() -> None:
        services.withdraw(application_id, by=who)

    return _step(code, application_id, work, _("申请已撤回。需要时可以复制为新的申请。"))


@bp.post("/<code>/applications/<application_id>/give-up")
@unit_staff(*MEMBERS)
def give_up_application(code: str, application_id: str) -> Answer:
    """Give an approval back before it is paid: the money is available again."""
    refuse_doubled_fields()
    one, form, who = of_desk(code, application_id), ReasonForm(), current()
    if not form.validate():
        return make_response(_page(code, one, reason=form), 422)

    def work() -> None:
        services.void(application_id, by=who, reason=form.reason.data or "")

    return _step(code, application_id, work, _("已放弃，预留的款项退回可用。"), reason=form)


@bp.post("/<code>/applications/<application_id>/copy")
@unit_staff(*MEMBERS)
def copy_application(code: str, application_id: str) -> Answer:
    """A new draft like this one."""
    refuse_doubled_fields()
    one = of_desk(code, application_id)
    try:
        made = atomically(services.copy)(application_id, by=current())
    except RuleBroken as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        return make_response(_page(code, one, error), 422 if error.status == 404 else error.status)
    flash(_("已复制为新的草稿。请核对日期和金额，附件需要重新添加。"), "good")
    return redirect(url_for("unitdesk.edit_application", code=code, application_id=made), 303)


@bp.post("/<code>/applications/<application_id>/files")
@uploads.takes_files
@unit_staff(*MEMBERS)
def attach(code: str, application_id: str) -> Answer:
    """Add files to what is asked for, all of them or none."""
    refuse_doubled_fields()
    one, form, who = of_desk(code, application_id), AttachForm(), current()
    if not form.validate():
        return make_response(_page(code, one, attach=form), 422)
    try:
        given = uploads.kept_all("files")
        if not given:
            raise FileMissing
    except RuleBroken as error:
        form.files.errors = [error.sentence()]
        return make_response(_page(code, one, attach=form), error.status)

    def work() -> None:
        title = form.attachment_title.data or ""
        for number, (cleaned, stored) in enumerate(given, start=1):
            name = f"{title} {number}" if len(given) > 1 else title
            attachments.attach(
                application_id, title=name, media_type=cleaned.media_type, stored=stored, by=who
            )

    return _step(code, application_id, work, _("附件已添加。"), attach=form)


@bp.post("/<code>/applications/<application_id>/files/<attachment>/remove")
@unit_staff(*MEMBERS)
def detach(code: str, application_id: str, attachment: str) -> Answer:
    """Take a file off what is asked for."""
    refuse_doubled_fields()
    of_desk(code, application_id)
    who = current()

    def work() -> None:
        attachments.detach(application_id, attachment, by=who)

    return _step(code, application_id, work, _("附件已删除。"))


@bp.get("/<code>/applications/<application_id>/files/<file_id>")
@unit_staff(*MEMBERS)
def application_file(code: str, application_id: str, file_id: str) -> Response:
    """A file of what is asked for."""
    one = of_desk(code, application_id)
    found = next((each for each in one.attachments if each.id == file_id), None)
    if found is None:
        raise NoSuchAttachment
    answer = make_response(files.store().get(found.path, found.sha256))
    answer.mimetype = found.media_type
    if found.media_type == "application/pdf":
        name = f"{one.number}-{found.sha256[:8]}.pdf"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@bp.get("/<code>/applications/<application_id>/hand-back")
@unit_staff(*MEMBERS)
def hand_back(code: str, application_id: str) -> str:
    """Where money that was not needed is sent, and what has come back."""
    one = of_desk(code, application_id)
    if not _may(one).hand_back:
        raise NotNow
    return render_template(
        "unitdesk/hand_back.html",
        code=code,
        one=one,
        account=funds.campaign(one.slug).bank_account,
        backs=[each for each in one.payments if each.kind is PaymentKind.MONEY_BACK],
        words=use_words,
    )
