"""Evidence at the fund's desk: what waits to be judged, pictures side by side, what is public.

Rule: a picture is seen by those with a duty, and each look is on record. Neither who asked for the
money nor who gave a picture judges it. The public sees what a discloser released, nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, FileField, HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from charity.disbursements import evidence, evidence_publishing, evidence_queries, queries
from charity.disbursements.evidence_errors import EvidenceUnknown
from charity.disbursements.evidence_queries import Dossier, EvidenceView
from charity.disbursements.kinds import ApplicationStatus, EvidenceStatus
from charity.disbursements.views import ApplicationView
from charity.kernel import clock, files
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.files import Stored
from charity.kernel.uploads import Clean
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed
from charity.web import use_words
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.guards import staff
from charity.web.signed import current
from charity.web.uploads import kept_picture, takes_file

Answer = Response | str
READERS = tuple(sorted(FUND_ROLES))
LATE = dt.timedelta(days=7)
_REFUSED = "refused-"  # the public id of a picture follows


class JudgeForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The name of exactly what was looked at."""

    seen = HiddenField(validators=[Length(max=64), Text()])


class AgainForm(JudgeForm):
    """What is missing."""

    reason = TextAreaField(
        _l("还需要补充什么"),
        filters=[strip],
        validators=[Length(max=500, message=_l("最多 500 字。")), Text()],
    )


class PublishForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What the public is told about the picture, and that it was looked through."""

    title = StringField(
        _l("给公众看的说明"),
        filters=[strip],
        validators=[Length(max=120, message=_l("说明最多 120 个字。")), Text()],
    )
    file = FileField(_l("遮盖后的图片"))
    looked_through = BooleanField(
        _l("我已看过，图片上没有受助人的面容、姓名、住址、证件号码和账号")
    )


class OffForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why a picture is taken out of the public's sight."""

    reason = StringField(
        _l("撤下的理由"),
        filters=[strip],
        validators=[Length(max=300, message=_l("理由最多 300 字。")), Text()],
    )


@bp.get("/evidence", endpoint="evidence")
@staff(*READERS)
def evidence_list() -> str:
    """What waits to be judged, what units still owe, and what nobody has shown yet."""
    return render_template(
        "funddesk/evidence.html",
        to_review=evidence_queries.to_review(),
        outstanding=evidence_queries.outstanding(),
        unpublished=evidence_queries.unpublished(),
        publishes=current().holds(Role.DISCLOSER),
    )


@bp.get("/evidence/<application_id>")
@staff(*READERS)
def evidence_of(application_id: str) -> str:
    """One application's pictures side by side, and what the reader can do."""
    return _drawn(_paid(application_id), AgainForm(formdata=None))


def _paid(application_id: str) -> ApplicationView:
    """The application, once it was paid. Raises NotFound."""
    view = queries.application(application_id)
    if view.paid_on is None:
        raise NotFound
    return view


def _drawn(view: ApplicationView, form: FlaskForm) -> str:
    who, dossier = current(), evidence_queries.dossier(view.id)
    waits = view.status is ApplicationStatus.PAID
    judges = waits and who.holds(evidence.JUDGES)
    own = who.person_id in _concerned(view, dossier)
    have = {one.kind for one in dossier.pieces if one.status is not EvidenceStatus.REFUSED}
    return render_template(
        "funddesk/evidence_one.html",
        one=view,
        dossier=dossier,
        promised=[(use_words.EVIDENCE_KINDS[kind], kind in have) for kind in view.evidence_kinds],
        words=use_words,
        may_judge=judges and not own,
        why_not=_("您申请过这笔用款或提交过凭据，请由另一个人审核。") if judges and own else "",
        publishes=who.holds(Role.DISCLOSER),
        takes_off=who.holds(evidence_publishing.TAKES_OFF),
        form=form,
        again=form if isinstance(form, AgainForm) else AgainForm(formdata=None),
        off=form if isinstance(form, OffForm) else OffForm(formdata=None),
    )


def _concerned(view: ApplicationView, dossier: Dossier) -> set[str | None]:
    given = {one.given_by_id for one in dossier.given}
    return {view.written_by_id, view.asked_by_id, *given}


@bp.get("/evidence/<application_id>/<evidence_id>/photo")
@staff(*READERS)
def evidence_photo(application_id: str, evidence_id: str) -> Response:
    """The picture itself; that it was looked at is recorded before it is sent."""
    _piece(evidence_queries.dossier(application_id), evidence_id)
    kept = atomically(evidence.look)(evidence_id, by=current())
    return Response(files.store().get(kept.path, kept.sha256), mimetype=kept.media_type)


def _piece(dossier: Dossier, evidence_id: str) -> EvidenceView:
    found = next((one for one in dossier.pieces if one.id == evidence_id), None)
    if found is None:
        raise EvidenceUnknown
    return found


@bp.post("/evidence/<application_id>/accept")
@staff(*evidence.JUDGES, second_factor=True)
def accept_evidence(application_id: str) -> Answer:
    """The pictures are enough: the payment is proved."""
    form = JudgeForm()
    return _done(
        application_id,
        form,
        lambda: evidence.accept(application_id, by=current(), seen=form.seen.data or ""),
        _("凭据已核对，这笔用款已核销。"),
    )


@bp.post("/evidence/<application_id>/ask-again")
@staff(*evidence.JUDGES, second_factor=True)
def ask_evidence_again(application_id: str) -> Answer:
    """The pictures do not do: say what is missing, and which of them will not do."""
    form = AgainForm()
    refused = [name.removeprefix(_REFUSED) for name in request.form if name.startswith(_REFUSED)]
    return _done(
        application_id,
        form,
        lambda: evidence.ask_again(
            application_id,
            form.reason.data or "",
            by=current(),
            seen=form.seen.data or "",
            refused=refused,
        ),
        _("已请募集单位补充凭据，并发出邮件。"),
    )


def _done(
    application_id: str, form: FlaskForm, verb: Callable[[], object], sentence: str
) -> Answer:
    """Do it in one unit of work, or draw the page with what was refused."""
    refuse_doubled_fields()
    view = _paid(application_id)
    if not form.validate():
        return make_response(_drawn(view, form), 422)
    try:
        atomically(verb)()
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(_paid(application_id), form), error.status)
    flash(sentence, "good")
    return redirect(url_for("funddesk.evidence_of", application_id=application_id), 303)


@bp.route("/evidence/<application_id>/<evidence_id>/publish", methods=["GET", "POST"])
@takes_file
@staff(Role.DISCLOSER, second_factor=True)
def publish_evidence(application_id: str, evidence_id: str) -> Answer:
    """Show a picture to the public, or a copy of it with things covered."""
    view, form = _paid(application_id), PublishForm()
    piece = _piece(evidence_queries.dossier(application_id), evidence_id)
    if request.method == "GET":
        return _publish_page(view, piece, form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_publish_page(view, piece, form), 422)
    try:
        covered = _covered()
        atomically(evidence_publishing.publish)(
            evidence_id,
            title=form.title.data or "",
            looked_through=bool(form.looked_through.data),
            by=current(),
            covered=covered,
        )
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_publish_page(view, piece, form), error.status)
    flash(_("图片已公开。"), "good")
    return redirect(url_for("funddesk.evidence_of", application_id=application_id), 303)


def _covered() -> tuple[Clean, Stored] | None:
    given = request.files.get("file")
    return kept_picture("file") if given is not None and given.filename else None


def _publish_page(view: ApplicationView, piece: EvidenceView, form: PublishForm) -> str:
    return render_template(
        "funddesk/evidence_publish.html", one=view, piece=piece, form=form, words=use_words
    )


@bp.post("/evidence/<application_id>/public/<picture_id>/withdraw")
@staff(*evidence_publishing.TAKES_OFF, second_factor=True)
def withdraw_evidence(application_id: str, picture_id: str) -> Answer:
    """Take a picture out of the public's sight, at once."""
    form = OffForm()
    shown = evidence_queries.public_pictures([application_id]).get(application_id, [])
    if picture_id not in {one.id for one in shown}:
        raise NotFound
    return _done(
        application_id,
        form,
        lambda: evidence_publishing.withdraw(picture_id, form.reason.data or "", by=current()),
        _("图片已撤下，公众不能再看到。"),
    )


def waiting(who: Signed) -> list[Waiting]:
    """Evidence to be judged; and what units owe beyond its day, for managers."""
    if not who.holds(evidence.JUDGES):
        return []
    found = [
        Waiting(
            title=_("核对使用凭据：%(title)s", title=one.title),
            url=url_for("funddesk.evidence_of", application_id=one.application),
            since=one.since,
            kind=_("使用凭据"),
            at_risk=clock.now() - one.since > LATE,
        )
        for one in evidence_queries.to_review()
        if one.since is not None
    ]
    late = evidence_queries.overdue(clock.today()) if who.holds(Role.FUND_MANAGER) else []
    if late:
        found.append(
            Waiting(
                title=_("%(count)s 笔用款的凭据已逾期", count=len(late)),
                url=url_for("funddesk.evidence"),
                since=clock.start_of(late[0].due_on),
                kind=_("使用凭据"),
                at_risk=True,
            )
        )
    return found


ITEMS.append(Item("funddesk.evidence", _l("使用凭据"), READERS))
SOURCES.append(waiting)
