"""Payments at the fund's desk: what is approved and unpaid, the cashier's order, and what came.

Rule: an account's number is shown in full only to whoever pays or checks, with a fresh second
factor and a purpose, and each look is on record. A book's money in the bank is counted once: of two
applications that it covers only singly, the one approved first is ready and the other waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from charity.disbursements import payees, queries
from charity.disbursements.kinds import ApplicationStatus, PaymentKind
from charity.disbursements.queries import Standing
from charity.disbursements.views import ApplicationView
from charity.donations.hand import bank_queries
from charity.donations.hand.bank_queries import Asked, LineState, LineView
from charity.donations.hand.kinds import Direction
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.money import capital_figures
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web import use_words
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp, paying
from charity.web.funddesk.bank import READERS as BANK_READERS
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
READERS = (*BANK_READERS, Role.APPROVER)
ORDERING = (Role.CASHIER, Role.ACCOUNTANT, Role.FUND_MANAGER)
MOST = 200
_PICK = "pick-"  # the public id of an application follows


class Readiness(StrEnum):
    """Why an approved application can or cannot be paid now."""

    READY = "ready"
    HELD = "held"  # somebody stopped it
    SHORT = "short"  # its book has a shortfall
    ON_WAY = "on_way"  # the provider has not sent the money on yet


@dataclass(frozen=True, slots=True)
class Due:
    """An approved application, its book as it stands, and whether it can be paid now."""

    one: ApplicationView
    standing: Standing
    readiness: Readiness


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a payment order; name and number in full once they were revealed."""

    one: ApplicationView
    name: str
    account: str


class OrderForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What the full account numbers are needed for."""

    purpose = StringField(
        _l("查看完整账号的用途"),
        filters=[strip],
        validators=[Length(min=1, max=200, message=_l("请写明用途，最多 200 字。")), Text()],
    )


class PayForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A bank line, and what it was for the application."""

    kind = HiddenField(validators=[Length(max=20), Text()])
    line = StringField(_p("one", "银行流水"), filters=[strip], validators=[Length(max=40), Text()])


def due() -> list[Due]:
    """What is approved and unpaid, the earliest approved first."""
    found = queries.awaiting_payment(limit=MOST).items
    books = {one.book_id: queries.standing(one.book_id) for one in found}
    in_bank = {book: has.in_bank_fen for book, has in books.items()}
    listed = []
    for one in sorted(found, key=lambda each: (each.approved_at or each.status_at, each.number)):
        has = books[one.book_id]
        readiness = _readiness(one, has, in_bank[one.book_id])
        if readiness is Readiness.READY:
            in_bank[one.book_id] -= one.amount_fen
        listed.append(Due(one, has, readiness))
    return listed


def _readiness(one: ApplicationView, has: Standing, in_bank_fen: int) -> Readiness:
    if one.standing_holds:
        return Readiness.HELD
    if has.shortfall_fen:
        return Readiness.SHORT
    return Readiness.READY if in_bank_fen >= one.amount_fen else Readiness.ON_WAY


@bp.get("/payments", endpoint="payments")
@staff(*READERS)
def payment_list() -> str:
    """The worklist: ready, held, and waiting for the provider."""
    listed = due()
    return render_template(
        "funddesk/payments.html",
        due=listed,
        ready_fen=sum(each.one.amount_fen for each in listed if each.readiness == "ready"),
        words=use_words,
        may_order=current().holds(ORDERING),
    )


@bp.route("/payments/order", methods=["GET", "POST"])
@staff(*ORDERING, second_factor=True)
def payment_order() -> Answer:
    """The cashier's sheet: amounts and payees, in full once a purpose was given."""
    ready = [each.one for each in due() if each.readiness is Readiness.READY]
    form = OrderForm()
    if request.method == "GET":
        return _order([_masked(one) for one in ready], form)
    refuse_doubled_fields()
    picked = [name.removeprefix(_PICK) for name in request.form if name.startswith(_PICK)]
    chosen = [one for one in ready if not picked or one.id in picked]
    if not form.validate():
        return make_response(_order([_masked(one) for one in ready], form), 422)
    try:
        lines = atomically(_revealed)(chosen, form.purpose.data or "", current())
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_order([_masked(one) for one in ready], form), error.status)
    return _order(lines, form, full=True)


def _masked(one: ApplicationView) -> OrderLine:
    payee = one.payee
    return OrderLine(one, payee.shown if payee else "", f"****{payee.tail}" if payee else "")


def _revealed(chosen: Sequence[ApplicationView], purpose: str, by: Signed) -> list[OrderLine]:
    """Every payee in full, all looks recorded in one unit of work."""
    shown: dict[str, tuple[str, str]] = {}
    for one in chosen:
        if one.payee is not None and one.payee.id not in shown:
            shown[one.payee.id] = payees.reveal(one.payee.id, purpose=purpose, by=by)
    return [OrderLine(one, *shown[one.payee.id]) for one in chosen if one.payee is not None]


def _order(lines: Sequence[OrderLine], form: OrderForm, *, full: bool = False) -> str:
    total = sum(line.one.amount_fen for line in lines)
    return render_template(
        "funddesk/payment_order.html",
        lines=lines,
        form=form,
        full=full,
        total_fen=total,
        capital=capital_figures(total) if total else "",
        today=clock.today(),
        who=current().name,
        words=use_words,
    )


@bp.get("/payments/<application_id>")
@staff(*READERS)
def payment(application_id: str) -> str:
    """One application's payment: what is needed, and the bank lines that it may be."""
    return _page(_view(application_id), PayForm(formdata=None))


def _view(application_id: str) -> ApplicationView:
    """An application that is to be paid or was. Raises NotFound."""
    view = queries.application(application_id)
    if view.approved_at is None:
        raise NotFound
    return view


def _page(view: ApplicationView, form: PayForm) -> str:
    has = queries.standing(view.book_id)
    cashier = current().holds(Role.CASHIER)
    pays = cashier and view.status is ApplicationStatus.APPROVED
    takes = cashier and view.paid_on is not None and view.used_fen > 0
    returns = takes and view.status is ApplicationStatus.PAID and not view.returned_fen
    back = _open(Direction.IN, view) if takes else []
    return render_template(
        "funddesk/payment.html",
        one=view,
        standing=has,
        readiness=_readiness(view, has, has.in_bank_fen),
        form=form,
        pays=pays,
        takes=takes,
        out_lines=[
            line
            for line in (_open(Direction.OUT, view) if pays else [])
            if line.amount_fen == view.amount_fen
        ],
        returned=[line for line in back if returns and line.amount_fen == view.paid_fen],
        handed_back=[line for line in back if line.amount_fen <= view.used_fen],
        words=use_words,
    )


def _open(way: Direction, view: ApplicationView) -> list[LineView]:
    """Lines nobody has used, in the application's currency."""
    found = bank_queries.lines(Asked(state=LineState.OPEN, direction=way))
    return [line for line in found.items if line.currency == view.currency]


_VERBS = {
    PaymentKind.PAY.value: (paying.pay, _l("已按这条流水登记拨付，请等待使用凭据。")),
    PaymentKind.BANK_RETURN.value: (
        paying.bank_returned,
        _l("已登记银行退票，款项回到已审批待拨。"),
    ),
    PaymentKind.MONEY_BACK.value: (paying.money_back, _l("已登记交回的款项，回到分账的可用余额。")),
}


@bp.post("/payments/<application_id>/line")
@staff(Role.CASHIER, second_factor=True)
def settle_payment(application_id: str) -> Answer:
    """The cashier says what a bank line was for this application."""
    refuse_doubled_fields()
    view, form = _view(application_id), PayForm()
    found = _VERBS.get(form.kind.data or "")
    if not form.validate() or found is None:
        form.form_errors.append(_("请选择一条银行流水。"))
        return make_response(_page(view, form), 422)
    verb, sentence = found
    try:
        atomically(verb)(form.line.data or "", application_id, current())
    except RuleBroken as error:
        place_error(form, error)
        # A line that is not there is the form's mistake: this page is there.
        status = 422 if error.status == 404 else error.status
        return make_response(_page(_view(application_id), form), status)
    flash(str(sentence), "good")
    return redirect(url_for("funddesk.application", application_id=application_id), 303)


def waiting(who: Signed) -> list[Waiting]:
    """What the bank can be told to pay, for cashiers."""
    if not who.holds(Role.CASHIER):
        return []
    ready = [each.one for each in due() if each.readiness is Readiness.READY]
    if not ready:
        return []
    return [
        Waiting(
            title=_("%(count)s 笔用款可以拨付", count=len(ready)),
            url=url_for("funddesk.payments"),
            since=min(one.approved_at or one.status_at for one in ready),
            kind=_("拨付"),
            due=min(
                (clock.start_of(one.expires_on) for one in ready if one.expires_on), default=None
            ),
        )
    ]


ITEMS.append(Item("funddesk.payments", _l("拨付"), READERS))
SOURCES.append(waiting)
