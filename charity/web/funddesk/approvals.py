"""What waits for another person's word, and the sheet on which it is given.

Rule: the decision and what it sets off are one unit of work: when the effect refuses, the decision
was not taken, and the sheet says why.
"""

from __future__ import annotations

from typing import Any, TypeVar

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from charity.approvals import queries, services
from charity.approvals.errors import NoSuchRequest
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import Page, RequestView
from charity.donations.hand.slips import CONFIRMING
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.desk.words import ROLES
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.effects import EFFECTS, PAGES, REFUSALS
from charity.web.funddesk.sheet import sheet
from charity.web.funddesk.words import KINDS, STATUSES
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
T = TypeVar("T", Kind, RequestStatus)
OFFICE = tuple(sorted(FUND_ROLES))
TABS = {"waiting": _l("等我审批"), "asked": _l("我提出的"), "done": _l("已办结")}


class DecideForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """One person's word, and the hash of the facts it was given on."""

    seen = HiddenField()
    reason = TextAreaField(
        _l("理由"),
        filters=[strip],
        validators=[Length(max=500, message=_l("理由最多 500 字。")), Text()],
    )


class WithdrawForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A request taken back."""


@bp.get("/approvals")
@staff(*OFFICE)
def approvals() -> str:
    """Waiting for me, asked by me, done; the choice and the place stand in the address."""
    show = request.args.get("show", "waiting")
    show = show if show in TABS else "waiting"
    kind = _chosen(Kind, "kind")
    status = _chosen(RequestStatus, "status") if show == "done" else None
    after = request.args.get("after") or None
    page = _page(show, current(), kind, status, after)
    kept: dict[str, Any] = {"show": show, "kind": kind, "status": status}
    return render_template(
        "funddesk/approvals.html",
        show=show,
        tabs=TABS,
        kind=kind,
        kinds=KINDS,
        status=status,
        statuses=STATUSES,
        requests=page.requests,
        first_url=url_for("funddesk.approvals", **kept) if after else None,
        next_url=url_for("funddesk.approvals", **kept, after=page.after) if page.after else None,
    )


def _page(
    show: str, who: Signed, kind: Kind | None, status: RequestStatus | None, after: str | None
) -> Page:
    if show == "waiting":
        return Page(tuple(queries.waiting_for(who, kind=kind)), None)
    if show == "asked":
        return queries.asked_by(who.person_id, kind=kind, after=after)
    return queries.done(who, kind=kind, status=status, after=after)


def _chosen(known: type[T], name: str) -> T | None:
    """A filter of the address; what is unknown filters nothing."""
    given = request.args.get(name, "")
    return known(given) if given in [each.value for each in known] else None


@bp.get("/approvals/<request_id>")
@staff(*OFFICE)
def approval(request_id: str) -> Answer:
    """One request: its facts as a sheet, its history, and what the reader can do."""
    view = _seen(request_id)
    if view.kind in PAGES:
        return redirect(PAGES[view.kind](view), 303)
    return _drawn(view, DecideForm(formdata=None, seen=view.facts_sha256))


@bp.post("/approvals/<request_id>/decision")
@staff(*OFFICE, second_factor=True)
def decide_approval(request_id: str) -> Answer:
    """Approve or refuse; when it was the last word needed, what was asked for happens now."""
    refuse_doubled_fields()
    view, form, who = _seen(request_id), DecideForm(), current()
    answer, fits = request.form.get("answer"), form.validate()
    if answer not in ("approve", "refuse"):
        form.form_errors.append(_("请选择同意或不同意。"))
        fits = False
    if not fits:
        return make_response(_drawn(view, form), 422)
    try:
        after = atomically(decided)(
            request_id, who, answer == "approve", form.reason.data or "", form.seen.data or ""
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(_seen(request_id), form), error.status)
    flash(said(after), "good")
    return redirect(url_for("funddesk.approval", request_id=request_id), 303)


def decided(request_id: str, who: Signed, approve: bool, reason: str, seen: str) -> RequestView:
    """Record the word and do what it sets off, in the caller's unit of work."""
    view = services.decide(request_id, by=who, approve=approve, reason=reason, seen=seen)
    table = {RequestStatus.APPROVED: EFFECTS, RequestStatus.REFUSED: REFUSALS}.get(view.status, {})
    effect = table.get(view.kind)
    if effect is not None:
        effect(view, who)
    return queries.request(request_id)


def said(view: RequestView) -> str:
    """What whoever decided is told."""
    if view.status is RequestStatus.REFUSED:
        return str(_("已记录为不同意，申请人会看到您写的理由。"))
    if view.status is RequestStatus.WAITING:
        return str(_("已记录您的同意，还需要另一个人同意。"))
    if view.status is RequestStatus.USED:
        return str(_("已批准，并已办理。"))
    return str(_("已批准。"))


@bp.post("/approvals/<request_id>/withdraw")
@staff(*OFFICE)
def withdraw_approval(request_id: str) -> Answer:
    """Take one's own request back."""
    refuse_doubled_fields()
    view, form, who = _seen(request_id), WithdrawForm(), current()
    if not form.validate():
        return make_response(_drawn(view, form), 422)
    try:
        atomically(services.withdraw)(request_id, by=who)
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(_seen(request_id), form), error.status)
    flash(_("申请已撤回。"), "good")
    return redirect(url_for("funddesk.approval", request_id=request_id), 303)


def _seen(request_id: str) -> RequestView:
    """The request, for whoever may see it. Raises NoSuchRequest."""
    view = queries.request(request_id)
    if not queries.may_see(view, current()):
        raise NoSuchRequest
    return view


def _drawn(view: RequestView, form: FlaskForm) -> str:
    who = current()
    decides = queries.may_decide(view, who)
    return render_template(
        "funddesk/approval.html",
        one=view,
        sheet=sheet(view.kind, view.facts),
        form=form,
        decide=form if isinstance(form, DecideForm) else None,
        kind_word=KINDS[view.kind],
        statuses=STATUSES,
        roles=ROLES,
        may_decide=decides,
        may_withdraw=queries.may_withdraw(view, who),
        why_not="" if decides else why_not(view, who),
        photo=_photo(view, who),
    )


def _photo(view: RequestView, who: Signed) -> str:
    """Where the photo of a slip is, for whoever may see the slip; empty when there is none."""
    unit, number = view.facts.get("unit"), view.facts.get("number")
    if view.kind is not Kind.SLIP or not unit or not number:
        return ""
    if not who.holds((Role.UNIT_CLERK, *CONFIRMING), funds.ancestors(unit)):
        return ""
    return url_for("unitdesk.slip_photo", code=unit, number=number)


def why_not(view: RequestView, who: Signed) -> str:
    """Why the reader cannot decide a request that waits; empty when it does not wait."""
    if view.status is not RequestStatus.WAITING:
        return ""
    try:
        queries.standing(view, who, queries.rights(who))
    except RuleBroken as error:
        return error.sentence()
    return ""


def waiting(who: Signed) -> list[Waiting]:
    """Requests that wait for this person's word at the fund's desk."""
    if not who.holds(FUND_ROLES):
        return []
    return [_waits(view) for view in queries.waiting_for(who)]


def address(view: RequestView) -> str:
    """Where a request is decided: its kind's own page, or the sheet of all kinds."""
    if view.kind in PAGES:
        return PAGES[view.kind](view)
    return url_for("funddesk.approval", request_id=view.id)


def _waits(view: RequestView) -> Waiting:
    return Waiting(
        title=view.title,
        url=address(view),
        since=view.requested_at,
        kind=str(KINDS[view.kind]),
        due=view.expires_at,
        at_risk=view.kind is Kind.REFUND,
    )


ITEMS.append(Item("funddesk.approvals", _p("many", "审批"), OFFICE))
SOURCES.append(waiting)
