"""Inviting people: one by a form, many by a list that is looked at before anyone is invited.

Rule: a preview invites nobody. It tries the whole list in a unit of work that is undone, so that
what would be refused is said row by row; what is confirmed is what was shown, by our signature.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict

import openpyxl
from flask import Response as Plain
from flask import (
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import invitations, rosters
from charity.people.errors import FileUnfit, ListUnfit
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from charity.people.rosters import Row
from charity.web import signed
from charity.web.account.forms import Form
from charity.web.desk import words
from charity.web.forms import Text, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.people import RoleForm, scope_known
from charity.web.guards import staff
from charity.web.uploads import takes_file, takes_long_form

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SALT = "charity.web.funddesk.invites"
#: How long what a preview showed may be confirmed.
_SHOWN_S = 3600
#: Bytes of a whole list as it is sent back to be confirmed: 500 rows of the longest names and
#: addresses, in JSON and base64.
_MOST_CHECKED = 1_000_000


class InviteForm(RoleForm):
    """One person with a first role."""

    name = StringField(
        _l("姓名"),
        filters=[strip],
        validators=[
            InputRequired(message=_l("请填写姓名。")),
            Length(max=60, message=_l("姓名最多 60 个字。")),
            Text(),
        ],
    )
    email = StringField(
        _l("邮箱"),
        filters=[strip],
        validators=[
            InputRequired(message=_l("请填写邮箱。")),
            Length(max=200, message=_l("邮箱最多 200 个字符。")),
            Text(),
        ],
    )
    phone = StringField(
        _l("手机号"),
        filters=[strip],
        validators=[Length(max=20, message=_l("手机号最多 20 个字符。")), Text()],
    )
    id_number = StringField(
        _l("身份证号码"),
        filters=[strip],
        validators=[Length(max=18, message=_l("身份证号码最多 18 个字符。")), Text()],
    )


class ListForm(Form):
    """A list in XLSX."""

    file = FileField(_l("名单"))


class _OnlyTried(Exception):
    """Ends a unit of work that was to be undone."""


@bp.route("/people/invite", methods=["GET", "POST"])
@staff(Role.FUND_MANAGER, second_factor=True)
def invite() -> Response | str:
    """Invite one person and give them a role."""
    form = InviteForm()
    if request.method == "GET":
        return render_template("funddesk/person_invite.html", form=form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(render_template("funddesk/person_invite.html", form=form), 422)
    try:
        done = atomically(invitations.invite)(
            form.name.data or "",
            [Grant(Role(form.role.data), form.scope.data or None)],
            email=form.email.data or "",
            phone=form.phone.data or None,
            id_number=form.id_number.data or None,
            by=signed.current(),
            scope_known=scope_known,
        )
    except RuleBroken as error:
        form.refuse(error)
        page = render_template("funddesk/person_invite.html", form=form)
        return make_response(page, error.status)
    flash(_("邀请已经发出。"))
    return redirect(url_for("funddesk.person", person_id=done.person_id), 303)


@bp.route("/people/list", methods=["GET", "POST"])
@takes_long_form(_MOST_CHECKED)
@takes_file
@staff(Role.FUND_MANAGER, second_factor=True)
def people_list() -> Response | str:
    """Upload a list, look at what it would do, and confirm."""
    form = ListForm()
    if request.method == "GET":
        return render_template("funddesk/person_list.html", form=form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(render_template("funddesk/person_list.html", form=form), 422)
    who = signed.current()
    try:
        if request.form.get("action") == "invite":
            rows = _confirmed(request.form.get("checked", ""), who)
            done = atomically(invitations.invite_all)(rows, by=who, scope_known=scope_known)
            flash(_("已邀请 %(count)s 位人员。", count=len(done)))
            return redirect(url_for("funddesk.people"), 303)
        rows = rosters.read(_uploaded())
        _try(rows, who)
    except RuleBroken as error:
        _refuse(form, error)
        page = render_template("funddesk/person_list.html", form=form)
        return make_response(page, error.status)
    return render_template(
        "funddesk/person_list.html",
        form=form,
        rows=rows,
        roles=words.ROLES,
        checked=_signer(who).dumps([asdict(row) for row in rows]),
    )


def _uploaded() -> bytes:
    given = request.files.get("file")
    if given is None:
        raise FileUnfit
    return given.stream.read(rosters.MOST_BYTES + 1)


def _try(rows: Sequence[Row], by: Signed) -> None:
    """Invite everyone and undo it. Raises what ``invitations.invite_all`` raises."""

    def tried() -> None:
        invitations.invite_all(rows, by=by, scope_known=scope_known)
        raise _OnlyTried

    try:
        atomically(tried)()
    except _OnlyTried:
        return


def _refuse(form: ListForm, error: RuleBroken) -> None:
    """A list's refusals are told row by row."""
    if not isinstance(error, ListUnfit):
        form.refuse(error)
        return
    form.form_errors.append(error.sentence())
    for number, sentence in error.rows:
        form.form_errors.append(
            _("第 %(number)s 行：%(sentence)s", number=number, sentence=sentence)
        )


def _confirmed(text: str, who: Signed) -> list[Row]:
    """The rows that a preview showed to this person. Raises FileUnfit."""
    try:
        kept = _signer(who).loads(text, max_age=_SHOWN_S)
    except BadSignature as error:
        raise FileUnfit from error
    return [Row(**{**row, "role": Role(row["role"])}) for row in kept]


def _signer(who: Signed) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"], salt=f"{_SALT}.{who.session_id}"
    )


@bp.get("/people/list.xlsx")
@staff(Role.FUND_MANAGER)
def people_list_form() -> Plain:
    """An empty list to fill in."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(list(rosters.COLUMNS))
    stream = io.BytesIO()
    book.save(stream)
    response = Plain(stream.getvalue(), mimetype=_XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="people.xlsx"'
    return response
