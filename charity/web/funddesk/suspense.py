"""Money nobody knows: the list, and saying whose it is or that it goes back. By two people."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from charity.approvals.kinds import Kind
from charity.donations.hand import bank_queries, suspense
from charity.donations.hand.bank_queries import LineView
from charity.donations.hand.errors import LineUnknown, SheetUnfit
from charity.donations.hand.suspense import ASKING, GiftAsked
from charity.donations.kinds import Display
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.ids import public_id
from charity.web.desk.menu import ITEMS, Item
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.bank import READERS
from charity.web.funddesk.bank import SUSPENSE as WORDS
from charity.web.funddesk.bank_forms import GiveForm, ReturnForm
from charity.web.funddesk.effects import EFFECTS
from charity.web.guards import staff
from charity.web.locale import called
from charity.web.signed import current

Answer = Response | str


@bp.get("/suspense", endpoint="suspense")
@staff(*READERS)
def held() -> str:
    """Money that waits to be known, the oldest first."""
    return render_template("funddesk/suspense.html", lines=bank_queries.held(), words=WORDS)


@bp.get("/suspense/<line_id>")
@staff(*READERS)
def held_line(line_id: str) -> str:
    """One of them, with the two ways on."""
    give = GiveForm(formdata=None)
    give.form_id.data = public_id()
    return _page(_held(line_id), give, ReturnForm(formdata=None))


def _campaigns() -> list[tuple[str, str]]:
    """Campaigns to choose from: those that take gifts now first."""
    found = sorted(funds.campaigns(), key=lambda one: not one.accepts_gifts)
    return [(one.slug, called(one)) for one in found]


def _held(line_id: str) -> LineView:
    """The line, if it ever was in suspense. Raises LineUnknown."""
    view = bank_queries.line(line_id)
    if view.suspense is None:
        raise LineUnknown
    return view


def _page(view: LineView, give: GiveForm, back: ReturnForm, wrong: FlaskForm | None = None) -> str:
    give.campaign.choices = _campaigns()
    return render_template(
        "funddesk/suspense_line.html",
        line=view,
        give=give,
        back=back,
        wrong=wrong,
        words=WORDS,
        may_ask=bank_queries.askable(view) and current().holds(ASKING),
    )


@bp.post("/suspense/<line_id>/give")
@staff(*ASKING, second_factor=True)
def ask_give(line_id: str) -> Answer:
    """Say whose gift it is; another person agrees."""
    refuse_doubled_fields()
    view, form = _held(line_id), GiveForm()
    form.campaign.choices = _campaigns()
    if not form.validate():
        return make_response(_page(view, form, ReturnForm(formdata=None), form), 422)
    asked = GiftAsked(
        form_id=str(form.form_id.data),
        campaign=str(form.campaign.data),
        unit=form.unit.data or "",
        reason=form.reason.data or "",
        name=form["name"].data or None,
        phone=form.phone.data or None,
        display=Display(form.display.data),
        receipt=bool(form.receipt.data),
    )
    return _asked(line_id, form, lambda: suspense.ask_give(line_id, asked, by=current()))


@bp.post("/suspense/<line_id>/return")
@staff(*ASKING, second_factor=True)
def ask_return(line_id: str) -> Answer:
    """Say that it goes back; another person agrees."""
    refuse_doubled_fields()
    view, form = _held(line_id), ReturnForm()
    if not form.validate():
        give = GiveForm(formdata=None)
        give.form_id.data = public_id()
        return make_response(_page(view, give, form, form), 422)
    reason = form.why.data or ""
    return _asked(line_id, form, lambda: suspense.ask_return(line_id, reason, by=current()))


def _asked(line_id: str, form: FlaskForm, ask: Callable[[], str]) -> Answer:
    try:
        atomically(ask)()
    except SheetUnfit as error:
        for found in error.found:
            found.field = (found.field or "").rpartition(".")[2]
            place_error(form, found)
        return make_response(_again(line_id, form), error.status)
    except RuleBroken as error:
        if isinstance(error, NotFound) and error.field is None:
            raise
        place_error(form, error)
        # What the form names and is not there is the form's mistake: this page is there.
        return make_response(_again(line_id, form), 422 if error.status == 404 else error.status)
    flash(_("已提出，等待另一个人同意。"), "good")
    return redirect(url_for("funddesk.held_line", line_id=line_id), 303)


def _again(line_id: str, form: FlaskForm) -> str:
    """The page with what was refused."""
    give = form if isinstance(form, GiveForm) else GiveForm(formdata=None)
    if give is not form:
        give.form_id.data = public_id()
    back = form if isinstance(form, ReturnForm) else ReturnForm(formdata=None)
    return _page(_held(line_id), give, back, form)


EFFECTS[Kind.SUSPENSE] = suspense.decided
ITEMS.append(Item("funddesk.suspense", _l("待认领款"), READERS))
