"""Evidence at the unit's desk: photos, slips and invoices of what was paid, several at once.

Rule: pictures only, drawn anew before they are kept, so that none says where or with what it was
taken; all of one form are kept, or none. Every look at one is recorded, so none is drawn in a list.
"""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.disbursements import evidence as giving
from charity.disbursements import evidence_queries
from charity.disbursements.errors import NotNow
from charity.disbursements.evidence_errors import EvidenceUnknown
from charity.disbursements.kinds import USED, ApplicationStatus, EvidenceKind
from charity.disbursements.views import ApplicationView
from charity.kernel import files
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.uploads import FileMissing
from charity.web import uploads, use_words
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import unit_staff
from charity.web.signed import current
from charity.web.unitdesk import bp
from charity.web.unitdesk.application_forms import EvidenceForm
from charity.web.unitdesk.applications import of_desk
from charity.web.unitdesk.units import MEMBERS

Answer = Response | str


def _used(code: str, application_id: str) -> ApplicationView:
    """An application of this desk that was paid. Raises ``NoSuchApplication``, ``NotNow``."""
    one = of_desk(code, application_id)
    if one.status not in USED:
        raise NotNow
    return one


@bp.route("/<code>/applications/<application_id>/evidence", methods=["GET", "POST"])
@uploads.takes_files
@unit_staff(*MEMBERS)
def evidence(code: str, application_id: str) -> Answer:
    """What was given, and giving more."""
    one, form = _used(code, application_id), EvidenceForm()
    if request.method == "GET":
        return _page(code, one, form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_page(code, one, form), 422)
    try:
        number = _give(one, form)
    except RuleBroken as error:
        if isinstance(error, NotFound):
            raise
        if not form.place(error):
            form.form_errors.append(error.sentence())
        return make_response(_page(code, one, form), error.status)
    flash(_("已提交 %(number)s 张，等待核对。", number=number), "good")
    return redirect(url_for("unitdesk.evidence", code=code, application_id=application_id), 303)


def _give(one: ApplicationView, form: EvidenceForm) -> int:
    """Every picture of the form; how many there were."""
    given = uploads.kept_all("photo", "files", pictures=True)
    if not given:
        raise FileMissing
    kind, who = EvidenceKind(form.kind.data), current()

    def work() -> None:
        for upload in given:
            giving.add(one.id, kind, upload, form.caption.data or "", by=who)

    atomically(work)()
    return len(given)


def _page(code: str, one: ApplicationView, form: EvidenceForm) -> str:
    kinds = (str(use_words.EVIDENCE_KINDS[each]) for each in one.evidence_kinds)
    return render_template(
        "unitdesk/evidence.html",
        code=code,
        one=one,
        form=form,
        dossier=evidence_queries.dossier(one.id),
        promised=_("、").join(kinds),
        may_give=one.status is ApplicationStatus.PAID,
        me=current().person_id,
        most_files=uploads.MANY,
        words=use_words,
    )


@bp.get("/<code>/applications/<application_id>/evidence/<file_id>")
@unit_staff(*MEMBERS)
def evidence_file(code: str, application_id: str, file_id: str) -> Response:
    """One picture; that somebody looked is recorded."""
    one = _used(code, application_id)
    if file_id not in {each.id for each in evidence_queries.dossier(one.id).pieces}:
        raise EvidenceUnknown
    kept = atomically(giving.look)(file_id, by=current(), unit=one.unit_code)
    answer = make_response(files.store().get(kept.path, kept.sha256))
    answer.mimetype = kept.media_type
    return answer


@bp.post("/<code>/applications/<application_id>/evidence/<evidence_id>/remove")
@unit_staff(*MEMBERS)
def remove_evidence(code: str, application_id: str, evidence_id: str) -> Answer:
    """Take back one's own picture before somebody judged it."""
    refuse_doubled_fields()
    one = _used(code, application_id)
    if evidence_id not in {each.id for each in evidence_queries.dossier(one.id).pieces}:
        raise EvidenceUnknown
    try:
        atomically(giving.remove)(evidence_id, by=current())
    except RuleBroken as error:
        if isinstance(error, NotFound):
            raise
        page = EvidenceForm(formdata=None)
        page.form_errors.append(error.sentence())
        return make_response(_page(code, one, page), error.status)
    flash(_("图片已删除。"), "good")
    return redirect(url_for("unitdesk.evidence", code=code, application_id=application_id), 303)
