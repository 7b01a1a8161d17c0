"""People and their roles, as fund managers see and change them.

Rule: reading needs the role, changing rights needs a second factor too. Addresses are shown masked;
who may hold what, and that nobody changes their own, is decided by ``people``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired, Length

from charity.approvals import delegations
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.funds import queries as funds
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people import factors, invitations, roles
from charity.people import queries as people
from charity.people.errors import UnknownPerson
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role
from charity.people.queries import Grant, PersonView, Signed
from charity.web import signed
from charity.web.account.forms import Form
from charity.web.desk import words
from charity.web.desk.menu import ITEMS, Item
from charity.web.desk.words import Held
from charity.web.forms import Text, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.effects import EFFECTS
from charity.web.funddesk.leaving import waits_for
from charity.web.funddesk.words import KINDS
from charity.web.guards import staff

PAGE = 50
GIVEN = tuple(role for role in Role if role in FUND_ROLES | UNIT_ROLES)
_CHOOSE = _l("请选择其中一项。")
ITEMS.append(Item("funddesk.people", _l("人员与角色"), (Role.FUND_MANAGER,)))


class RoleForm(Form):
    """A role and, for a unit's people, the unit."""

    role = SelectField(
        _l("角色"),
        choices=[SelectChoice(role.value, words.ROLES[role]) for role in GIVEN],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )
    scope = StringField(
        _l("募集单位编号"),
        filters=[strip],
        validators=[Length(max=64, message=_l("募集单位编号最多 64 个字符。")), Text()],
    )


class HandOverForm(Form):
    """Who takes over; nobody, when the roles end with the person."""

    successor = SelectField(
        _l("接手的人"),
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )


class ReturnForm(RoleForm):
    """Where somebody who left is invited again, and with which role."""

    email = StringField(
        _l("邮箱"),
        filters=[strip],
        validators=[
            InputRequired(message=_l("请填写邮箱。")),
            Length(max=200, message=_l("邮箱最多 200 个字符。")),
            Text(),
        ],
    )


class ResetForm(Form):
    """Why the second factor is to be taken away."""

    reason = StringField(
        _l("理由"),
        filters=[strip],
        validators=[
            InputRequired(message=_l("请填写理由。")),
            Length(max=200, message=_l("理由最多 200 字。")),
            Text(),
        ],
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A person in the list."""

    id: str
    name: str
    mails: tuple[str, ...]
    phone: str | None
    has_second_factor: bool
    held: list[Held]


def scope_known(role: Role, scope: str) -> bool:
    """Whether there is a unit of this code; organizations come later."""
    return role in UNIT_ROLES and bool(funds.ancestors(scope))


@bp.get("/people", endpoint="people")
@staff(Role.FUND_MANAGER)
def people_page() -> str:
    """Everyone who holds a role; or who left, and can be invited again."""
    left = request.args.get("show") == "left"
    found = people.persons(after=request.args.get("after") or None, limit=PAGE + 1, left=left)
    shown = found[:PAGE]
    kept = "left" if left else None
    return render_template(
        "funddesk/people.html",
        people=[_line(one) for one in shown],
        left=left,
        first_url=url_for("funddesk.people", show=kept) if request.args.get("after") else "",
        next_url=url_for("funddesk.people", after=shown[-1].id, show=kept)
        if len(found) > PAGE
        else "",
    )


def _line(view: PersonView) -> Line:
    return Line(
        view.id, view.name, view.mails, view.phone, view.has_second_factor, words.held(view.grants)
    )


@bp.get("/people/<person_id>")
@staff(Role.FUND_MANAGER)
def person(person_id: str) -> str:
    """One person: how they are reached, what they hold, and what can be done about it."""
    return _person_page(person_id)


def _person_page(person_id: str, form: RoleForm | None = None, refused: Form | None = None) -> str:
    view = people.person(person_id)
    if view is None:
        raise UnknownPerson
    who = signed.current()
    if form is None:
        form = ReturnForm(formdata=None) if view.left_at else RoleForm(formdata=None)
    return render_template(
        "funddesk/person.html",
        person=view,
        held=words.held(view.grants),
        own=view.id == who.person_id,
        form=form,
        hand_over=_hand_over_form(view),
        waits=waits_for(view.id),
        kinds=KINDS,
        roles=words.ROLES,
        reset=refused if isinstance(refused, ResetForm) else ResetForm(formdata=None),
        refused=refused or form,
    )


def _hand_over_form(leaver: PersonView) -> HandOverForm:
    """With those who could take over: the office, and the people of the leaver's units."""
    form = HandOverForm(formdata=None)
    nobody = SelectChoice("", _("没有人接手，角色随之结束"))
    form.successor.choices = [nobody, *_successors(leaver)]
    return form


def _successors(leaver: PersonView) -> list[SelectChoice]:
    scopes = {grant.scope for grant in leaver.grants if grant.scope is not None}
    above = {code for scope in scopes for code in funds.ancestors(scope)}
    found = people.holders(FUND_ROLES | UNIT_ROLES, above)
    own = signed.current().person_id
    return [
        SelectChoice(one.person_id, one.name)
        for one in found
        if one.person_id not in (leaver.id, own)
    ]


def _again(person_id: str, error: RuleBroken, form: Form) -> Response:
    """The page with what was refused; a person who is not there stays not there."""
    if isinstance(error, NotFound):
        raise error
    form.refuse(error)
    page = _person_page(person_id, form if isinstance(form, RoleForm) else None, form)
    return make_response(page, error.status)


@bp.post("/people/<person_id>/roles")
@staff(Role.FUND_MANAGER, second_factor=True)
def grant(person_id: str) -> Response:
    """Give a role."""
    refuse_doubled_fields()
    form = RoleForm()
    if not form.validate():
        return make_response(_person_page(person_id, form, form), 422)
    role, scope = Role(form.role.data), form.scope.data or None
    try:
        atomically(roles.grant)(
            person_id, role, scope, by=signed.current(), scope_known=scope_known
        )
    except RuleBroken as error:
        return _again(person_id, error, form)
    flash(_("已授予“%(role)s”。", role=words.ROLES[role]))
    return redirect(url_for("funddesk.person", person_id=person_id), 303)


@bp.post("/people/<person_id>/roles/revoke")
@staff(Role.FUND_MANAGER, second_factor=True)
def revoke(person_id: str) -> Response:
    """Take a role; the person's sessions end."""
    refuse_doubled_fields()
    form = RoleForm()
    if not form.validate():
        return make_response(_person_page(person_id, form, form), 422)
    role, scope = Role(form.role.data), form.scope.data or None
    try:
        atomically(roles.revoke)(person_id, role, scope, by=signed.current())
    except RuleBroken as error:
        return _again(person_id, error, form)
    flash(_("已收回“%(role)s”，这位人员的登录都已结束。", role=words.ROLES[role]))
    return redirect(url_for("funddesk.person", person_id=person_id), 303)


@bp.post("/people/<person_id>/hand-over")
@staff(Role.FUND_MANAGER, second_factor=True)
def hand_over(person_id: str) -> Response:
    """A person leaves; every role goes to one successor, or ends."""
    refuse_doubled_fields()
    view = people.person(person_id)
    if view is None:
        raise UnknownPerson
    form = HandOverForm()
    form.successor.choices = [SelectChoice("", ""), *_successors(view)]
    if not form.validate():
        return make_response(_person_page(person_id, None, form), 422)
    try:
        atomically(_leave)(person_id, form.successor.data or None, signed.current())
    except RuleBroken as error:
        return _again(person_id, error, form)
    flash(_("%(name)s已离岗，角色已经交接。", name=view.name))
    return redirect(url_for("funddesk.people"), 303)


def _leave(person_id: str, successor: str | None, by: Signed) -> None:
    """Roles go on or end; what was delegated by and to the leaver ends with them."""
    roles.hand_over(person_id, successor, by=by)
    delegations.end_of(person_id, by=by)


@bp.post("/people/<person_id>/return")
@staff(Role.FUND_MANAGER, second_factor=True)
def take_back(person_id: str) -> Response:
    """Invite somebody who left again: the same person, with a new way in."""
    refuse_doubled_fields()
    form = ReturnForm()
    if not form.validate():
        return make_response(_person_page(person_id, form, form), 422)
    try:
        atomically(invitations.invite_again)(
            person_id,
            [Grant(Role(form.role.data), form.scope.data or None)],
            email=form.email.data or "",
            by=signed.current(),
            scope_known=scope_known,
        )
    except RuleBroken as error:
        return _again(person_id, error, form)
    flash(_("邀请已经发出。"))
    return redirect(url_for("funddesk.person", person_id=person_id), 303)


@bp.post("/people/<person_id>/reset-factor")
@staff(Role.FUND_MANAGER, second_factor=True)
def ask_reset(person_id: str) -> Response:
    """Ask another person to agree that this one's second factor is taken away."""
    refuse_doubled_fields()
    view = people.person(person_id)
    if view is None:
        raise UnknownPerson
    form = ResetForm()
    if not form.validate():
        return make_response(_person_page(person_id, None, form), 422)
    try:
        request_id = atomically(_ask)(view, form.reason.data or "", signed.current())
    except RuleBroken as error:
        return _again(person_id, error, form)
    flash(_("申请已经提出，等另一个人同意。"))
    return redirect(url_for("funddesk.approval", request_id=request_id), 303)


def _ask(view: PersonView, reason: str, by: Signed) -> str:
    return approvals.request(
        Kind.RESET_FACTOR,
        view.id,
        _facts(view.id, view.name, reason),
        by=by,
        title=_("重置%(name)s的两步验证", name=view.name),
        concerned=(view.id,),
    )


def _facts(person_id: str, name: str, reason: str) -> dict[str, object]:
    return {"person": name, "number": person_id, "reason": reason}


def _reset(view: RequestView, by: Signed) -> None:
    """Two people have agreed: every second factor of the person is gone."""
    asked = cast("dict[str, str]", view.facts)
    found = people.person(view.subject_id)
    if found is None:
        raise UnknownPerson
    approvals.use(view.id, _facts(found.id, found.name, asked["reason"]))
    factors.reset_factor(found.id, by=by)


EFFECTS[Kind.RESET_FACTOR] = _reset
