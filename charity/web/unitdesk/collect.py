"""Entering gifts, printing the sheet with its codes, taking back a mistake."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from charity.donations.hand import queries as hand_queries
from charity.donations.hand import sheets, slip_queries
from charity.donations.hand.kinds import Method
from charity.donations.hand.queries import HandGiftView
from charity.donations.hand.sheets import LineAsked, SheetAsked
from charity.donations.kinds import Display
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.ids import public_id
from charity.people.kinds import Role
from charity.web import qr
from charity.web.address import absolute
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.guards import unit_staff
from charity.web.locale import called
from charity.web.signed import current
from charity.web.unitdesk import bp
from charity.web.unitdesk.forms import LINES, MORE, CollectForm, ReasonForm
from charity.web.unitdesk.units import READERS

Answer = Response | str


@bp.route("/<code>/collect", methods=["GET", "POST"])
@unit_staff(Role.UNIT_CLERK)
def collect(code: str) -> Answer:
    """Enter a sheet of gifts."""
    form = CollectForm()
    choices = hand_queries.collecting(code)
    form.campaign.choices = [(one.slug, called(one)) for one in choices]
    if request.method == "GET":
        form.form_id.data = public_id()
        form.collected_on.data = clock.today().isoformat()
        return _collect_page(form, code)
    refuse_doubled_fields()
    if request.form.get("action") == "more":
        for _entry in range(min(MORE, LINES - len(form.lines.entries))):
            form.lines.append_entry()
        return _collect_page(form, code)
    if not form.validate():
        return make_response(_collect_page(form, code), 422)
    try:
        sheet_id = atomically(sheets.enter)(_asked(form, code), by=current())
    except RuleBroken as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        form.place(error)
        return make_response(
            _collect_page(form, code), 422 if error.status == 404 else error.status
        )
    flash(_("登记表已保存。"), "good")
    return redirect(url_for("unitdesk.sheet", code=code, sheet_id=sheet_id), 303)


def _collect_page(form: CollectForm, code: str) -> str:
    return render_template(
        "unitdesk/collect.html",
        form=form,
        unit=slip_queries.desk_unit(code),
        more=len(form.lines.entries) < LINES,
        most=LINES,
    )


def _asked(form: CollectForm, code: str) -> SheetAsked:
    assert form.collected_on.day is not None
    return SheetAsked(
        form_id=str(form.form_id.data),
        campaign=str(form.campaign.data),
        unit=code,
        method=Method(form.method.data),
        collected_on=form.collected_on.day,
        lines=tuple(
            LineAsked(
                amount_fen=line.amount.fen,
                name=line["name"].data or None,
                phone=line.phone.data or None,
                team=line.team.data or None,
                receipt=bool(line.receipt.data),
                display=Display(line.display.data),
            )
            for line in form.filled()
        ),
    )


@dataclass(frozen=True, slots=True)
class _Printed:
    """A gift on the printed sheet, with the code that opens its own page."""

    gift: HandGiftView
    qr: Markup


@bp.get("/<code>/sheets/<sheet_id>")
@unit_staff(*READERS)
def sheet(code: str, sheet_id: str) -> str:
    """A sheet as it was entered, ready for print: one code for each gift."""
    view = hand_queries.sheet(sheet_id, code)
    keys = hand_queries.gift_keys(view)
    lines = [_Printed(gift, _qr(gift.id, keys[gift.id])) for gift in view.gifts]
    return render_template("unitdesk/sheet.html", sheet=view, lines=lines)


def _qr(gift_id: str, key: str) -> Markup:
    address = absolute(url_for("site.gift", gift_id=gift_id, key=key))
    return qr.inline(address, css="qr-line")


@bp.route("/<code>/gifts/<hand_gift>/withdraw", methods=["GET", "POST"])
@unit_staff(Role.UNIT_CLERK)
def withdraw_gift(code: str, hand_gift: str) -> Answer:
    """Take back one's own mistake, with a reason."""
    gift = hand_queries.gift(hand_gift, code)
    form = ReasonForm()
    if request.method == "GET":
        return render_template("unitdesk/withdraw.html", form=form, gift=gift, code=code)
    refuse_doubled_fields()
    try:
        if not form.validate():
            page = render_template("unitdesk/withdraw.html", form=form, gift=gift, code=code)
            return make_response(page, 422)
        atomically(sheets.withdraw_gift)(
            hand_gift, unit=code, reason=form.reason.data or "", by=current()
        )
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        page = render_template("unitdesk/withdraw.html", form=form, gift=gift, code=code)
        return make_response(page, error.status)
    flash(_("已撤回。这一笔仍保留在登记表上，用删除线标出。"), "good")
    return redirect(url_for("unitdesk.unit", code=code), 303)
