"""Money back at the fund's desk: find the gift, ask, watch it, and enter the bank's line.

Rule: who looks for a gift has its number, its payment's or its receipt's in hand; donors cannot be
browsed. Asking is one person's, deciding another's (``approvals``), sending the worker's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length

from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.donations.back import bank as refund_bank
from charity.donations.back import queries as back_queries
from charity.donations.back import refunds
from charity.donations.back.kinds import RefundReason, RefundState, Route
from charity.donations.back.queries import DeskGift, RefundView
from charity.donations.hand import bank_queries
from charity.donations.hand.bank_queries import Asked, LineState, LineView
from charity.donations.hand.kinds import Direction
from charity.kernel import money, outbox
from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.receipts import queries as receipts
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp, sheet
from charity.web.funddesk.back_words import (
    CORRECTION_KINDS,
    CORRECTION_STATES,
    LABELS,
    REASONS,
    REFUND_STATES,
    ROUTES,
)
from charity.web.funddesk.effects import EFFECTS
from charity.web.guards import staff
from charity.web.providers import provider_name
from charity.web.signed import current

Answer = Response | str
READERS = (Role.FUND_MANAGER, Role.APPROVER, Role.CASHIER, Role.ACCOUNTANT, Role.SUPERVISOR)
_LONGEST_TERM = 120


class RefundForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why a gift goes back."""

    reason = SelectField(
        _l("退回原因"),
        choices=[
            SelectChoice("", _l("请选择")),
            *(SelectChoice(each.value, word) for each, word in REASONS.items()),
        ],
    )
    note = TextAreaField(
        _l("说明"),
        filters=[strip],
        validators=[Length(max=300, message=_l("说明最多 300 字。")), Text()],
    )


class LineForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The bank line by which the money went."""

    line = StringField(_p("one", "银行流水"), filters=[strip], validators=[Length(max=40), Text()])


@bp.get("/refunds")
@staff(*READERS)
def refund_list() -> str:
    """Refunds, the newest first; those that wait for the bank are marked."""
    chosen = request.args.get("state", "")
    states = [RefundState(chosen)] if chosen in [each.value for each in RefundState] else []
    return render_template(
        "funddesk/refunds.html",
        refunds=back_queries.recent_refunds(states),
        chosen=chosen,
        states=REFUND_STATES,
        reasons=REASONS,
        routes=ROUTES,
        may_ask=current().holds(Role.FUND_MANAGER),
    )


@bp.get("/refunds/new")
@staff(*READERS)
def find_gift() -> Answer:
    """Find a gift by a number one has in hand."""
    term = request.args.get("q", "").strip()
    found = _found(term) if 0 < len(term) <= _LONGEST_TERM and term.isprintable() else []
    if len(found) == 1:
        return redirect(url_for("funddesk.gift", gift_id=found[0].id), 303)
    return render_template("funddesk/find_gift.html", term=term, gifts=found)


def _found(term: str) -> list[DeskGift]:
    by_receipt = receipts.gift_of(term)
    return back_queries.find(by_receipt or term)


@bp.get("/gifts/<gift_id>")
@staff(*READERS)
def gift(gift_id: str) -> str:
    """One gift: where it stands, its refunds and corrections, and what can be asked."""
    return _drawn(back_queries.desk_gift(gift_id), RefundForm(formdata=None))


def _drawn(view: DeskGift, form: RefundForm) -> str:
    return render_template(
        "funddesk/gift.html",
        gift=view,
        receipt=receipts.by_gift(view.id),
        refunds=back_queries.refunds_of(view.id),
        corrections=back_queries.corrections_of(view.id),
        form=form,
        states=REFUND_STATES,
        reasons=REASONS,
        kinds=CORRECTION_KINDS,
        correction_states=CORRECTION_STATES,
        may_refund=current().holds(Role.FUND_MANAGER) and view.status == "settled",
        may_correct=current().holds((Role.FUND_MANAGER, Role.ACCOUNTANT, Role.CASHIER))
        and view.status == "settled",
    )


@bp.post("/gifts/<gift_id>/refund")
@staff(Role.FUND_MANAGER)
def ask_refund(gift_id: str) -> Answer:
    """Ask that the whole gift goes back."""
    refuse_doubled_fields()
    view, form = back_queries.desk_gift(gift_id), RefundForm()
    if not form.validate():
        return make_response(_drawn(view, form), 422)
    if not form.reason.data:
        form.reason.errors = [str(_l("请选择退回原因。"))]
        return make_response(_drawn(view, form), 422)
    try:
        refund = atomically(refunds.ask)(
            gift_id, by=current(), reason=RefundReason(form.reason.data), note=strip(form.note.data)
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(back_queries.desk_gift(gift_id), form), error.status)
    flash(_("已提出退回申请，等另一个人审批。"), "good")
    return redirect(url_for("funddesk.refund", refund_id=refund), 303)


@bp.get("/refunds/<refund_id>")
@staff(*READERS)
def refund(refund_id: str) -> str:
    """One refund as it stands now."""
    return _refund_page(back_queries.refund(refund_id), LineForm(formdata=None))


def _refund_page(view: RefundView, form: LineForm) -> str:
    at_bank = view.route is Route.BANK and view.state is RefundState.APPROVED
    pays = at_bank and current().holds(Role.CASHIER)
    return render_template(
        "funddesk/refund.html",
        provider_name=provider_name,
        refund=view,
        gift=back_queries.desk_gift(view.gift),
        states=REFUND_STATES,
        reasons=REASONS,
        routes=ROUTES,
        form=form,
        lines=_lines(view) if pays else [],
        waits_for_bank=at_bank,
        pays=pays,
    )


def _lines(view: RefundView) -> list[LineView]:
    """Outgoing lines that nobody has used and that move exactly this sum."""
    found = bank_queries.lines(Asked(state=LineState.OPEN, direction=Direction.OUT))
    wanted = (view.amount_fen, view.currency)
    return [line for line in found.items if (line.amount_fen, line.currency) == wanted]


@bp.post("/refunds/<refund_id>/bank-line")
@staff(Role.CASHIER, second_factor=True)
def settle_refund(refund_id: str) -> Answer:
    """The cashier says by which line the money went."""
    refuse_doubled_fields()
    view, form = back_queries.refund(refund_id), LineForm()
    if not form.validate():
        return make_response(_refund_page(view, form), 422)
    try:
        atomically(refund_bank.settle)(strip(form.line.data), refund_id, by=current())
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_refund_page(back_queries.refund(refund_id), form), error.status)
    flash(_("已按这条银行流水入账，捐赠已退回。"), "good")
    return redirect(url_for("funddesk.refund", refund_id=refund_id), 303)


def _approved(view: RequestView, _who: Signed) -> None:
    refunds.approve(view.id)


def waiting(who: Signed) -> list[Waiting]:
    """Refunds that failed or are being checked, for managers; those to pay, for cashiers."""
    found: list[RefundView] = []
    if who.holds(Role.CASHIER):
        found += back_queries.waiting_for_bank()
    if who.holds(Role.FUND_MANAGER):
        found += back_queries.recent_refunds([RefundState.UNKNOWN])
    return [
        Waiting(
            title=_("退回一笔捐赠 %(sum)s", sum=money.yuan(one.amount_fen)),
            url=url_for("funddesk.refund", refund_id=one.id),
            since=one.state_at,
            kind=str(REFUND_STATES[one.state][0]),
            at_risk=True,
        )
        for one in found
    ]


@bp.get("/outbox")
@staff(Role.FUND_MANAGER)
def messages() -> str:
    """What was written to people; only where nothing leaves the house. Raises NotFound."""
    return render_template("funddesk/outbox.html", messages=outbox.kept())


def _sheet(facts: Mapping[str, Any]) -> list[sheet.Line]:
    said: dict[str, Mapping[Any, LazyString]] = {"reason": REASONS, "route": ROUTES}
    words = {
        name: str(table[facts[name]]) for name, table in said.items() if facts.get(name) in table
    }
    return sheet.general({**facts, **words})


EFFECTS[Kind.REFUND] = _approved
sheet.SHEETS[Kind.REFUND] = _sheet
ITEMS.append(Item("funddesk.refund_list", _l("捐赠退回"), READERS))
SOURCES.append(waiting)
sheet.LABELS.update(LABELS)
