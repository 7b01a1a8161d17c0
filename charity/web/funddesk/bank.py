"""The cashier's pages: lines of the bank's statements, and what each was for.

Rule: what a memo names is proposed; a person looks and presses. Only the last four signs of an
account's number are ever shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import LazyString, pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from werkzeug.wrappers import Response

from charity.donations.back import bank as back_bank
from charity.donations.hand import bank, bank_payouts, bank_queries, suspense
from charity.donations.hand.bank import AccountAsked, LineAsked
from charity.donations.hand.bank_queries import Asked, Candidate, LineState, LineView
from charity.donations.hand.errors import NotReady
from charity.donations.hand.kinds import Direction, LineUse
from charity.kernel import clock, money
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.waiting import SOURCES, Waiting
from charity.web.entry import csv_answer
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk import bp, paying
from charity.web.funddesk.bank_forms import AccountForm, LineForm, UseForm
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
T = TypeVar("T", LineState, Direction)
READERS = (Role.CASHIER, Role.ACCOUNTANT, Role.FUND_MANAGER, Role.SUPERVISOR)
LATE = dt.timedelta(days=7)

#: What a line was for, in words. A domain with a use of its own adds its line.
USES: dict[str, LazyString] = {
    LineUse.SLIP: _l("缴款单到账"),
    LineUse.SHEET: _l("登记的转账到账"),
    LineUse.PAYOUT: _l("支付渠道结算款"),
    LineUse.SUSPENSE: _l("转入待认领"),
    LineUse.RETURN: _l("退回待认领款"),
    LineUse.INTEREST: _l("银行利息"),
    LineUse.CHARGE: _l("银行手续费"),
    LineUse.APPLICATION: _l("拨付用款"),
    LineUse.BANK_RETURN: _l("拨付被银行退回"),
    LineUse.MONEY_BACK: _l("交回未用的款项"),
    back_bank.USE: _p("one", "捐赠退回"),
}

SUSPENSE: Mapping[str, tuple[LazyString, str]] = {
    "held": (_l("待认领"), "wait"),
    "asked": (_l("等待另一个人同意"), "wait"),
    "given": (_l("已认领"), "good"),
    "returning": (_l("已同意退回，待付款"), "wait"),
    "returned": (_l("已退回"), "back"),
}

#: How a line gets its effect: (line, target, by). A domain with a use of its own adds its verb.
SETTLES: dict[str, Callable[[str, str, Signed], None]] = {
    LineUse.SLIP: lambda line, target, by: bank.settle_slip(line, target, by=by),
    LineUse.SHEET: lambda line, target, by: bank.settle_sheet(line, target, by=by),
    LineUse.PAYOUT: lambda line, target, by: bank_payouts.settle_payout(line, target, by=by),
    LineUse.SUSPENSE: lambda line, _target, by: suspense.hold(line, by=by),
    LineUse.RETURN: lambda line, target, by: suspense.settle_return(line, target, by=by),
    LineUse.INTEREST: lambda line, _target, by: bank.enter_interest(line, by=by),
    LineUse.CHARGE: lambda line, _target, by: bank.enter_charge(line, by=by),
    LineUse.APPLICATION: paying.pay,
    LineUse.BANK_RETURN: paying.bank_returned,
    LineUse.MONEY_BACK: paying.money_back,
}


@bp.get("/bank")
@staff(*READERS)
def bank_lines() -> str:
    """Lines, the newest first; filters and place stand in the address."""
    asked = _filters()
    cursor = request.args.get("cursor") or None
    page = bank_queries.lines(asked, cursor)
    kept: dict[str, Any] = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    return render_template(
        "funddesk/bank.html",
        lines=page.items,
        accounts=bank_queries.accounts(),
        asked=asked,
        uses=USES,
        suspense=SUSPENSE,
        open_lines=bank_queries.open_lines(),
        kept=kept,
        may_enter=current().holds(Role.CASHIER),
        first_url=url_for("funddesk.bank_lines", **kept) if cursor else None,
        next_url=(
            url_for("funddesk.bank_lines", **kept, cursor=page.next_cursor)
            if page.next_cursor
            else None
        ),
    )


_FILTERS = ("account", "state", "direction", "since", "until")


def _filters() -> Asked:
    """What the address narrows the list to; what cannot be read narrows nothing."""
    return Asked(
        account=request.args.get("account") or None,
        state=_chosen(LineState, "state"),
        direction=_chosen(Direction, "direction"),
        since=_day("since"),
        until=_day("until"),
    )


def _chosen(known: type[T], name: str) -> T | None:
    given = request.args.get(name, "")
    return known(given) if given in [each.value for each in known] else None


def _day(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


@bp.get("/bank.csv")
@staff(*READERS, second_factor=True)
def bank_csv() -> Response:
    """The same list as a file."""
    heads = (
        _("账户"), _("流水号"), _("入账日期"), _("收支方向"), _("金额（元）"), _("附言"),
        _("用途"), _("对应编号"), _("登记人"), _("办理人"),
    )  # fmt: skip
    found = bank_queries.lines(_filters(), limit=bank_queries.LONGEST_EXPORT).items
    rows = (
        (
            one.account, one.serial, one.booked_on.isoformat(),
            _("收入") if one.direction is Direction.IN else _("支出"), money.plain(one.amount_fen),
            one.memo, str(USES.get(one.use, one.use)) if one.use else "", one.target,
            one.entered_by_name, one.used_by_name,
        )
        for one in found
    )  # fmt: skip
    return csv_answer("bank.csv", heads, rows)


@bp.route("/bank/new", methods=["GET", "POST"])
@staff(Role.CASHIER)
def bank_line_new() -> Answer:
    """Write a line down from the statement."""
    form = LineForm()
    form.account.choices = [
        (one.code, f"{one.code} ****{one.tail}") for one in bank_queries.accounts()
    ]
    if request.method == "GET":
        form.booked_on.data = clock.today().isoformat()
        return render_template("funddesk/bank_new.html", form=form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(render_template("funddesk/bank_new.html", form=form), 422)
    assert form.booked_on.day is not None
    asked = LineAsked(
        account=form.account.data,
        serial=form.serial.data or "",
        booked_on=form.booked_on.day,
        direction=Direction(form.direction.data),
        amount_fen=form.amount.fen,
        memo=form.memo.data or None,
        counterparty=form.counterparty.data or None,
    )
    try:
        line_id = atomically(bank.enter_line)(asked, by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(render_template("funddesk/bank_new.html", form=form), error.status)
    flash(_("流水已登记，请选择它是哪一笔。"), "good")
    return redirect(url_for("funddesk.bank_line", line_id=line_id), 303)


@bp.get("/bank/<line_id>")
@staff(*READERS)
def bank_line(line_id: str) -> str:
    """One line: what it was for, or what it may be for."""
    return _line_page(bank_queries.line(line_id), UseForm(formdata=None))


def _line_page(view: LineView, form: UseForm) -> str:
    return render_template(
        "funddesk/bank_line.html",
        line=view,
        form=form,
        candidates=_candidates(view),
        uses=USES,
        suspense=SUSPENSE,
        may_use=view.use is None and current().holds(Role.CASHIER),
    )


def _candidates(view: LineView) -> list[Candidate]:
    """What an open line may be for, what its memo names and what fits first."""
    if view.use is not None:
        return []
    found = [*bank_queries.candidates(view), *paying.candidates(view)]
    return sorted(found, key=lambda each: (not (each.named and each.fits), not each.fits, each.day))


@bp.post("/bank/<line_id>/use")
@staff(Role.CASHIER, second_factor=True)
def use_bank_line(line_id: str) -> Answer:
    """Say what the line was for; its effect happens now, all of it or nothing."""
    refuse_doubled_fields()
    view, form = bank_queries.line(line_id), UseForm()
    use, _colon, target = (form.target.data or "").partition(":")
    try:
        if not form.validate() or use not in SETTLES:
            raise NotReady
        atomically(SETTLES[use])(line_id, target, current())
    except NotFound:
        raise
    except RuleBroken as error:
        form.form_errors.append(error.sentence())
        return make_response(_line_page(bank_queries.line(line_id), form), error.status)
    flash(
        _("已办理：%(use)s，%(amount)s。", use=USES[use], amount=money.yuan(view.amount_fen)),
        "good",
    )
    return redirect(url_for("funddesk.bank_line", line_id=line_id), 303)


@bp.route("/bank/accounts", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER, Role.ACCOUNTANT, second_factor=True)
def bank_accounts() -> Answer:
    """The charity's bank accounts, and putting one on the list."""
    form = AccountForm()
    if request.method == "GET":
        return _accounts_page(form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_accounts_page(form), 422)
    assert form.opened_on.day is not None
    asked = AccountAsked(
        code=form.code.data or "",
        bank_name=form.bank_name.data or "",
        holder=form.holder.data or "",
        number=form.number.data or "",
        opened_on=form.opened_on.day,
    )
    try:
        atomically(bank.add_account)(asked, by=current())
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_accounts_page(form), error.status)
    flash(_("银行账户已登记。"), "good")
    return redirect(url_for("funddesk.bank_accounts"), 303)


def _accounts_page(form: AccountForm) -> str:
    return render_template(
        "funddesk/bank_accounts.html", form=form, accounts=bank_queries.accounts()
    )


def waiting(who: Signed) -> list[Waiting]:
    """Lines nobody said anything about, and held money, for the cashier."""
    if not who.holds(Role.CASHIER):
        return []
    found = []
    lines = bank_queries.open_lines()
    if lines.oldest is not None:
        found.append(
            Waiting(
                title=_("%(count)s 条银行流水还没有办理", count=lines.count),
                url=url_for("funddesk.bank_lines", state=LineState.OPEN),
                since=lines.oldest,
                kind=pgettext("one", "银行流水"),
                at_risk=clock.now() - lines.oldest > LATE,
            )
        )
    held = bank_queries.held()
    if held:
        found.append(
            Waiting(
                title=_("%(count)s 笔款项待认领", count=len(held)),
                url=url_for("funddesk.suspense"),
                since=min(one.entered_at for one in held),
                kind=_("待认领款"),
            )
        )
    return found


ITEMS.append(Item("funddesk.bank_lines", _l("银行流水"), READERS))
SOURCES.append(waiting)
