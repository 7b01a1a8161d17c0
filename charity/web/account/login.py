"""Signing in and out.

Rule: no answer tells whether an account exists. A link from a mail is used by a button, because
mail scanners open every address. Hashing and mail are the business of ``people``.
"""

from __future__ import annotations

from flask import current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from charity.config import RunMode
from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import queries as people
from charity.people import sessions, signing
from charity.people.kinds import SECOND_FACTOR_LASTS
from charity.web import signed
from charity.web.account import bp, coming
from charity.web.account.demo import buttons as demo_buttons
from charity.web.account.forms import ButtonForm, CodeForm, LoginForm
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import one_time_link, public, signed_in


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> Response | str:
    """Sign in by password, or ask for a link."""
    former = signed.maybe()
    form = LoginForm()
    if request.method == "GET":
        onward = coming.next_path() or url_for("desk.waiting")
        return redirect(onward, 303) if former else _login_page(form)
    refuse_doubled_fields()
    form.wants_link = request.form.get("action") == "link"
    if not form.validate():
        return make_response(_login_page(form), 422)
    address, password = form.address.data or "", form.password.data or ""
    try:
        if form.wants_link:
            signing.send_link(address, source=coming.source())
            return redirect(url_for("account.link_sent"), 303)
        done = signing.with_password(
            address, password, source=coming.source(), agent=coming.agent()
        )
    except RuleBroken as error:
        form.refuse(error)
        return coming.wait(make_response(_login_page(form), error.status), error)
    return coming.come_in(done, former=former)


def _login_page(form: LoginForm) -> str:
    demo = current_app.extensions["charity.settings"].mode is RunMode.DEMO
    return render_template(
        "account/login.html",
        form=form,
        next=coming.next_path(),
        demo_roles=demo_buttons() if demo else (),
    )


@bp.get("/login/sent")
@public
def link_sent() -> str:
    """A link was sent, if there is such an account."""
    return render_template("account/link_sent.html")


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@one_time_link
def link(token: str) -> Response | str:
    """Sign in by a link we sent. The page is the same for every token; the button decides."""
    form = ButtonForm()
    if request.method == "GET":
        return render_template("account/link.html", form=form)
    former = signed.maybe()
    try:
        done = signing.with_link(token, agent=coming.agent())
    except RuleBroken as error:
        form.refuse(error)
        return make_response(render_template("account/link.html", form=form), error.status)
    return coming.come_in(done, former=former)


@bp.route("/login/second-factor", methods=["GET", "POST"])
@signed_in
def second_factor() -> Response | str:
    """Prove once more that it is you, before what asks for it."""
    who = signed.current()
    form = CodeForm()
    if request.method == "GET":
        return _factor_page(form)
    refuse_doubled_fields()
    if not form.validate():
        return make_response(_factor_page(form), 422)
    try:
        done = signing.with_code(who, form.code.data or "", source=coming.source())
    except RuleBroken as error:
        form.refuse(error)
        return coming.wait(make_response(_factor_page(form), error.status), error)
    return coming.come_in(done, former=None)


def _factor_page(form: CodeForm) -> str:
    return render_template(
        "account/second_factor.html",
        form=form,
        factors=people.factors(signed.current().person_id),
        hours=int(SECOND_FACTOR_LASTS.total_seconds()) // 3600,
        next=coming.next_path(),
    )


@bp.post("/logout")
@signed_in
def logout() -> Response:
    """End this session on the server, and forget it in the browser."""
    who = signed.current()
    atomically(sessions.end)(who.session_id, by=who)
    response = redirect(url_for("site.home"), 303)
    signed.leave(response)
    return response
