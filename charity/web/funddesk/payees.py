"""Payees at the fund's desk: whose account a unit has money paid to, and the number in full.

Rule: a list shows the last four digits. The whole number is shown to whoever pays or checks, with a
fresh second factor and a purpose, once for each asking; the look is on record and never stored.
"""

from __future__ import annotations

from flask import make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from charity.disbursements import payees, queries
from charity.disbursements.errors import NoSuchPayee
from charity.disbursements.views import PayeeView
from charity.funds.errors import UnknownUnit
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import Role
from charity.web import use_words
from charity.web.desk.menu import ITEMS, Item
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.bank import READERS as BANK_READERS
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
READERS = (*BANK_READERS, Role.APPROVER)
REVEALING = (Role.CASHIER, Role.ACCOUNTANT, Role.FUND_MANAGER, Role.APPROVER)
_LONGEST = 64


class RevealForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What the whole number is needed for."""

    purpose = StringField(
        _l("查看完整账号的用途"),
        filters=[strip],
        validators=[Length(min=1, max=200, message=_l("请写明用途，最多 200 字。")), Text()],
    )


@bp.get("/payees", endpoint="payees")
@staff(*READERS)
def payee_list() -> str:
    """A unit's payees, by its code; those that are no longer used after the others."""
    code = strip(request.args.get("unit"))[:_LONGEST]
    found: list[PayeeView] = []
    unknown = False
    if code:
        try:
            found = [*queries.payees_of(code), *queries.payees_of(code, retired=True)]
        except UnknownUnit:
            unknown = True
    return render_template(
        "funddesk/payees.html", code=code, payees=found, unknown=unknown, words=use_words
    )


@bp.get("/payees/<payee_id>")
@staff(*READERS)
def payee(payee_id: str) -> str:
    """One payee, by its last four digits."""
    return _page(_seen(payee_id), RevealForm(formdata=None))


@bp.post("/payees/<payee_id>/reveal")
@staff(*REVEALING, second_factor=True)
def reveal_payee(payee_id: str) -> Answer:
    """The number in full, once, on this answer only."""
    refuse_doubled_fields()
    view, form = _seen(payee_id), RevealForm()
    if not form.validate():
        return make_response(_page(view, form), 422)
    try:
        shown = atomically(payees.reveal)(payee_id, purpose=form.purpose.data or "", by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(view, form), error.status)
    return _page(view, RevealForm(formdata=None), shown)


def _seen(payee_id: str) -> PayeeView:
    view = queries.payee(payee_id)
    if view is None:
        raise NoSuchPayee
    return view


def _page(view: PayeeView, form: RevealForm, shown: tuple[str, str] | None = None) -> str:
    return render_template(
        "funddesk/payee.html",
        payee=view,
        form=form,
        shown=shown,
        may_reveal=current().holds(REVEALING),
        words=use_words,
    )


ITEMS.append(Item("funddesk.payees", _p("many", "收款方"), READERS))
