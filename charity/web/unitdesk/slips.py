"""The end of a clerk's day, and the slip that another person confirms."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.approvals import queries as approvals
from charity.approvals import services as approving
from charity.approvals.kinds import Kind, RequestStatus
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import slip_queries, slips
from charity.donations.hand.errors import PhotoNeeded
from charity.donations.hand.kinds import SlipStatus
from charity.donations.hand.slip_queries import SlipView
from charity.donations.hand.slips import CONFIRMING, DayAsked
from charity.kernel import clock, files
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.ids import public_id
from charity.kernel.uploads import FileMissing, FileNotAllowed
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk.effects import EFFECTS
from charity.web.guards import unit_staff
from charity.web.signed import current
from charity.web.unitdesk import bp
from charity.web.unitdesk.forms import DayForm, PressForm, ReasonForm
from charity.web.unitdesk.units import READERS
from charity.web.uploads import kept, takes_file

Answer = Response | str


@bp.route("/<code>/day", methods=["GET", "POST"])
@takes_file
@unit_staff(Role.UNIT_CLERK)
def day(code: str) -> Answer:
    """Count the cash, pay it in, close it into a slip."""
    form = DayForm()
    if request.method == "GET":
        form.form_id.data = public_id()
        form.paid_in_on.data = clock.today().isoformat()
        return _day_page(form, code)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_day_page(form, code), 422)
    try:
        number = _close(form, code, current())
    except NotFound:
        raise
    except RuleBroken as error:
        if error.field == "file":
            error.field = "photo"
        place_error(form, error)
        return make_response(_day_page(form, code), error.status)
    flash(_("已关账，缴款单等待另一个人确认。"), "good")
    return redirect(url_for("unitdesk.slip", code=code, number=number), 303)


def _close(form: DayForm, code: str, who: Signed) -> str:
    """Look at the sums before the picture is drawn anew, which takes its time."""
    slip_queries.require_counted(code, str(form.form_id.data), form.counted.fen)
    try:
        clean, stored = kept("photo")
    except FileMissing:
        raise PhotoNeeded from None
    if clean.width is None:
        raise FileNotAllowed
    assert form.paid_in_on.day is not None
    asked = DayAsked(
        form_id=str(form.form_id.data),
        unit=code,
        counted_fen=form.counted.fen,
        paid_in_on=form.paid_in_on.day,
        photo=stored,
    )
    return atomically(slips.close_day)(asked, by=who)


def _day_page(form: DayForm, code: str) -> str:
    gifts = hand_queries.uncounted(code)
    return render_template(
        "unitdesk/day.html",
        form=form,
        unit=slip_queries.desk_unit(code),
        gifts=gifts,
        total_fen=sum(gift.amount_fen for gift in gifts),
    )


@bp.get("/<code>/slips/<number>")
@unit_staff(*READERS)
def slip(code: str, number: str) -> str:
    """One slip with its gifts, its photo, and what the reader can do."""
    return _slip_page(slip_queries.slip(number, code), ReasonForm(formdata=None))


def _slip_page(view: SlipView, form: ReasonForm | PressForm) -> str:
    who = current()
    asked = approvals.request(view.request_id)
    waits = view.status is SlipStatus.WAITING
    return render_template(
        "unitdesk/slip.html",
        slip=view,
        gifts=slip_queries.slip_gifts(view.number),
        asked=asked,
        refusals=[word for word in asked.decisions if not word.approve],
        may_confirm=waits and approvals.may_decide(asked, who),
        may_withdraw=waits and view.closed_by_id == who.person_id,
        form=form,
    )


@bp.get("/<code>/slips/<number>/photo")
@unit_staff(*READERS)
def slip_photo(code: str, number: str) -> Response:
    """The photo of the bank's paper."""
    view = slip_queries.slip(number, code)
    answer = make_response(files.store().get(view.photo_path, view.photo_sha256))
    answer.mimetype = "image/png" if view.photo_path.endswith(".png") else "image/jpeg"
    return answer


@bp.post("/<code>/slips/<number>/decision")
@unit_staff(*CONFIRMING, second_factor=True)
def decide_slip(code: str, number: str) -> Answer:
    """Confirm the slip from its photo, or send it back with a reason."""
    refuse_doubled_fields()
    view, form, who = slip_queries.slip(number, code), ReasonForm(), current()
    answer = request.form.get("answer")
    if answer not in ("approve", "refuse") or not form.validate():
        return make_response(_slip_page(view, form), 422)
    try:
        atomically(_decide)(view, who, answer == "approve", form.reason.data or "")
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_slip_page(slip_queries.slip(number, code), form), error.status)
    flash(
        _("已确认，这些捐款转为待到账。") if answer == "approve" else _("已退回给登记人。"), "good"
    )
    return redirect(url_for("unitdesk.slip", code=code, number=number), 303)


def _decide(view: SlipView, who: Signed, approve: bool, reason: str) -> None:
    after = approving.decide(view.request_id, by=who, approve=approve, reason=reason)
    if after.status is RequestStatus.APPROVED:
        EFFECTS[Kind.SLIP](after, who)


@bp.post("/<code>/slips/<number>/withdraw")
@unit_staff(Role.UNIT_CLERK)
def withdraw_slip(code: str, number: str) -> Answer:
    """Take one's own slip back; its gifts wait to be counted again."""
    refuse_doubled_fields()
    form = PressForm()
    view = slip_queries.slip(number, code)
    if not form.validate():
        return make_response(_slip_page(view, form), 422)
    try:
        atomically(slips.withdraw_slip)(number, unit=code, by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_slip_page(slip_queries.slip(number, code), form), error.status)
    flash(_("缴款单已撤回，其中的捐款等待重新清点。"), "good")
    return redirect(url_for("unitdesk.day", code=code), 303)


EFFECTS[Kind.SLIP] = slips.confirmed
