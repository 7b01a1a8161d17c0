"""Handing one's deciding to another person for some days."""

from __future__ import annotations

import datetime as dt

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired

from charity.approvals import delegations as verbs
from charity.approvals import queries
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import queries as people
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed
from charity.web.desk.words import ROLES
from charity.web.forms import place_error, refuse_doubled_fields
from charity.web.funddesk import bp
from charity.web.funddesk.approvals import OFFICE
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str

_DAY = _l("请填写日期，例如 2026-12-01。")


class DelegateForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Which role, to whom, from when to when."""

    role = SelectField(_l("岗位"), validate_choice=True)
    person = SelectField(_l("委托给"), validate_choice=True)
    starts_on = DateField(_l("开始日期"), validators=[InputRequired(message=_DAY)])
    ends_on = DateField(_l("结束日期"), validators=[InputRequired(message=_DAY)])


@bp.get("/delegations")
@staff(*OFFICE)
def delegations() -> str:
    """One's own delegations, given and received, and the form for another."""
    today = clock.today()
    return _drawn(_form(current(), starts_on=today, ends_on=today + dt.timedelta(days=6)))


@bp.post("/delegations")
@staff(*OFFICE, second_factor=True)
def delegate() -> Answer:
    """Hand the deciding of a role over."""
    refuse_doubled_fields()
    who = current()
    form = _form(who)
    if not form.validate():
        return make_response(_drawn(form), 422)
    first, last = form.starts_on.data, form.ends_on.data
    assert first is not None
    assert last is not None
    try:
        atomically(verbs.delegate)(
            Role(form.role.data), None, form.person.data, first, last, by=who
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(form), error.status)
    flash(_("审批委托已经登记。"), "good")
    return redirect(url_for("funddesk.delegations"), 303)


@bp.post("/delegations/<delegation_id>/revoke")
@staff(*OFFICE)
def revoke_delegation(delegation_id: str) -> Answer:
    """Take a delegation of one's own back at once."""
    refuse_doubled_fields()
    atomically(verbs.revoke)(delegation_id, by=current())
    flash(_("审批委托已经收回。"), "good")
    return redirect(url_for("funddesk.delegations"), 303)


def _form(who: Signed, **filled: dt.date) -> DelegateForm:
    """The form with what this person can hand over, and to whom."""
    form = DelegateForm(data=filled) if filled else DelegateForm()
    held = [grant.role for grant in queries.own_deciding(who) if grant.scope is None]
    form.role.choices = [(role.value, ROLES[role]) for role in held]
    others = people.holders(FUND_ROLES - {Role.SUPERVISOR})
    form.person.choices = [
        (one.person_id, one.name) for one in others if one.person_id != who.person_id
    ]
    return form


def _drawn(form: DelegateForm) -> str:
    who = current()
    return render_template(
        "funddesk/delegations.html",
        form=form,
        mine=queries.delegations_of(who.person_id),
        standing=queries.delegations_standing(),
        me=who.person_id,
        roles=ROLES,
    )
