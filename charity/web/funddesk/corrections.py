"""Corrections at the fund's desk: the wrong unit, the wrong name; what follows is shown first.

Rule: what will be entered is shown in plain words before anybody asks. When the second person
agrees, the correction and the receipt issued anew are one unit of work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.donations.back import corrections
from charity.donations.back import queries as back_queries
from charity.donations.back.moves import Change
from charity.donations.back.queries import DeskGift
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.kernel.money import yuan
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.receipts import queries as receipts
from charity.receipts import services as receipt_services
from charity.receipts.kinds import ReceiptStatus
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp, sheet
from charity.web.funddesk.back_words import CORRECTION_KINDS, CORRECTION_STATES
from charity.web.funddesk.effects import EFFECTS
from charity.web.funddesk.refunds import READERS
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
ASKERS = (Role.FUND_MANAGER, Role.ACCOUNTANT, Role.CASHIER)


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to one book, as sentences."""

    book: str
    sentences: tuple[str, ...]


def _words(longest: int) -> list[object]:
    return [Length(max=longest, message=_l("文字过长。")), Text()]


class UnitForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """To which unit the gift belongs, and why; the reason is public."""

    unit = StringField(_l("正确的募集单位代码"), filters=[strip], validators=_words(64))
    reason = TextAreaField(_l("更正原因（公开）"), filters=[strip], validators=_words(300))


class NameForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """How the donor is called, and why it was written otherwise; the reason is public."""

    name = StringField(_l("正确的姓名或名称"), filters=[strip], validators=_words(200))
    reason = TextAreaField(_l("更正原因（公开）"), filters=[strip], validators=_words(300))


@bp.get("/gifts/<gift_id>/unit")
@staff(*ASKERS)
def correct_unit(gift_id: str) -> str:
    """The form for another unit."""
    return _unit_page(back_queries.desk_gift(gift_id), UnitForm(formdata=None))


@bp.post("/gifts/<gift_id>/unit")
@staff(*ASKERS)
def ask_unit(gift_id: str) -> Answer:
    """First show what would be entered; sent again with the same words, ask."""
    refuse_doubled_fields()
    view, form = back_queries.desk_gift(gift_id), UnitForm()
    if not form.validate():
        return make_response(_unit_page(view, form), 422)
    try:
        if not _confirmed():
            changes = atomically(corrections.preview_unit)(
                gift_id, view.campaign_slug, strip(form.unit.data)
            )
            return _unit_page(view, form, _effects(changes, view, strip(form.unit.data)))
        made = atomically(corrections.ask_unit)(
            gift_id,
            by=current(),
            campaign=view.campaign_slug,
            unit=strip(form.unit.data),
            reason=strip(form.reason.data),
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_unit_page(back_queries.desk_gift(gift_id), form), error.status)
    flash(_("已提出更正申请，等另一个人审批。"), "good")
    return redirect(url_for("funddesk.correction", correction_id=made), 303)


def _confirmed() -> bool:
    return request.form.get("step") == "ask"


def _unit_page(view: DeskGift, form: UnitForm, effects: list[Effect] | None = None) -> str:
    return render_template("funddesk/correct_unit.html", gift=view, form=form, effects=effects)


def _effects(changes: list[Change], view: DeskGift, unit: str) -> list[Effect]:
    """The plan in plain words, book by book."""
    old = funds.place(view.campaign_slug, view.unit_code)
    new = funds.place(view.campaign_slug, unit)
    names = {}
    if old is not None:
        names[old.book_id] = view.unit_name
    if new is not None:
        names[new.book_id] = funds.unit(view.campaign_slug, unit).name
    return [Effect(names.get(one.book_id, _("自有资金账")), _sentences(one)) for one in changes]


def _sentences(change: Change) -> tuple[str, ...]:
    found = []
    for fen, up, down in (
        (change.available_fen, _l("可用增加 %(sum)s"), _l("可用减少 %(sum)s")),
        (change.reserved_fen, _l("已审批待拨增加 %(sum)s"), _l("已审批待拨减少 %(sum)s")),
        (change.shortfall_fen, _l("待补足款增加 %(sum)s"), _l("待补足款减少 %(sum)s")),
    ):
        if fen:
            found.append(str(up if fen > 0 else down) % {"sum": yuan(abs(fen))})
    return tuple(found) or (_("各项余额不变"),)


@bp.get("/gifts/<gift_id>/name")
@staff(*ASKERS)
def correct_name(gift_id: str) -> str:
    """The form for another name."""
    return _name_page(back_queries.desk_gift(gift_id), NameForm(formdata=None))


@bp.post("/gifts/<gift_id>/name")
@staff(*ASKERS)
def ask_name(gift_id: str) -> Answer:
    """Ask that the donor is written right."""
    refuse_doubled_fields()
    view, form = back_queries.desk_gift(gift_id), NameForm()
    if not form.validate():
        return make_response(_name_page(view, form), 422)
    try:
        made = atomically(corrections.ask_name)(
            gift_id, by=current(), name=strip(form.name.data), reason=strip(form.reason.data)
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_name_page(back_queries.desk_gift(gift_id), form), error.status)
    flash(_("已提出更正申请，等另一个人审批。"), "good")
    return redirect(url_for("funddesk.correction", correction_id=made), 303)


def _name_page(view: DeskGift, form: NameForm) -> str:
    return render_template("funddesk/correct_name.html", gift=view, form=form)


@bp.get("/corrections/<correction_id>")
@staff(*READERS)
def correction(correction_id: str) -> str:
    """One correction as it stands now; names are masked."""
    return _correction_page(correction_id, None)


@bp.post("/corrections/<correction_id>/names")
@staff(Role.FUND_MANAGER, Role.APPROVER, second_factor=True)
def correction_names(correction_id: str) -> str:
    """The names in full, for whoever decides; that they were looked at is kept."""
    return _correction_page(
        correction_id, atomically(corrections.reveal)(correction_id, by=current())
    )


def _correction_page(correction_id: str, names: corrections.Names | None) -> str:
    view = back_queries.correction(correction_id)
    reveals = view.to_name is not None and current().holds((Role.FUND_MANAGER, Role.APPROVER))
    return render_template(
        "funddesk/correction.html",
        correction=view,
        gift=back_queries.desk_gift(view.gift),
        kinds=CORRECTION_KINDS,
        states=CORRECTION_STATES,
        names=names,
        may_reveal=reveals and names is None,
    )


def _approved(view: RequestView, who: Signed) -> None:
    """Make the correction, and issue the gift's receipt anew from how it stands now."""
    made = corrections.apply(view.id)
    paper = receipts.by_gift(made.gift)
    if paper is not None and paper.status is ReceiptStatus.VALID:
        person = receipt_services.Person(who.person_id, who.name)
        receipt_services.reissue(paper.id, reason=made.reason, person=person)


def _sheet(facts: Mapping[str, Any]) -> list[sheet.Line]:
    return sheet.general({**facts, "kind": str(CORRECTION_KINDS[facts["kind"]])})


EFFECTS[Kind.CORRECTION] = _approved
sheet.SHEETS[Kind.CORRECTION] = _sheet
