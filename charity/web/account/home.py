"""One's own account: roles, sessions, password."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people import passkeys, sessions, signing
from charity.people import queries as people
from charity.people.errors import SessionEnded
from charity.people.kinds import Ended, Method
from charity.people.queries import SessionView
from charity.web import signed
from charity.web.account import bp, coming
from charity.web.account.forms import PasswordForm
from charity.web.desk import words
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import signed_in


@dataclass(frozen=True, slots=True)
class Device:
    """A session, as the list of them shows it."""

    id: str
    agent: str
    method: str
    seen_at: dt.datetime
    here: bool


@bp.get("/account/", strict_slashes=False)
@signed_in
def home() -> str:
    """Who I am here, how I prove it, and where I am signed in."""
    who = signed.current()
    return render_template(
        "account/home.html",
        held=words.held(who.grants),
        factors=people.factors(who.person_id),
        passkeys_offered=passkeys.offered(),
        this_browser=words.browser(coming.agent()),
        devices=[_device(one, who.session_id) for one in people.sessions(who.person_id)],
    )


def _device(view: SessionView, here: str) -> Device:
    return Device(
        view.id,
        words.browser(view.agent),
        str(words.METHODS[Method(view.method)]),
        view.seen_at,
        view.id == here,
    )


@bp.post("/account/sessions/<session_id>/end")
@signed_in
def end_session(session_id: str) -> Response:
    """End one of one's own sessions; another's is not there."""
    try:
        atomically(sessions.end)(session_id, by=signed.current(), reason=Ended.BY_OWNER)
    except SessionEnded as error:
        raise NotFound from error
    flash(_("那台设备上的登录已经结束。"))
    return redirect(url_for("account.home"), 303)


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in
def password() -> Response | str:
    """Set or change the password."""
    form = PasswordForm()
    if request.method == "GET":
        return render_template("account/password.html", form=form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(render_template("account/password.html", form=form), 422)
    try:
        signing.change_password(
            signed.current(), form.old.data or None, form.new.data or "", source=coming.source()
        )
    except RuleBroken as error:
        form.refuse(error)
        page = make_response(render_template("account/password.html", form=form), error.status)
        return coming.wait(page, error)
    flash(_("新密码已经保存，其他设备上的登录都已结束。"))
    return redirect(url_for("account.home"), 303)
