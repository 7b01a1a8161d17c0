"""Setting up the authenticator, and recovery codes that are shown once."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import factors, signing
from charity.people import queries as people
from charity.people.errors import FactorMissing, FactorStands
from charity.people.factors import Offer
from charity.people.signing import Strong
from charity.web import qr, signed
from charity.web.account import bp, coming
from charity.web.account.forms import CodeForm
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import signed_in


@bp.route("/account/authenticator", methods=["GET", "POST"])
@signed_in
def authenticator() -> Response | str:
    """Begin an authenticator, scan its code, and confirm it by what it shows."""
    who = signed.current()
    form = CodeForm()
    if request.method == "GET":
        return _page(form)
    refuse_doubled_fields()
    if request.form.get("action") == "start":
        try:
            atomically(factors.start_totp)(who)
        except FactorStands:
            return prove_first()
        return redirect(url_for("account.authenticator", next=coming.next_path()), 303)
    if not form.validate():
        return make_response(_page(form), 422)
    try:
        done = signing.confirm_totp(who, form.code.data or "", source=coming.source())
    except FactorStands:
        return prove_first()
    except RuleBroken as error:
        form.refuse(error)
        return coming.wait(make_response(_page(form), error.status), error)
    return finished(done)


def _page(form: CodeForm) -> str:
    who = signed.current()
    offer = factors.pending_totp(who)
    return render_template(
        "account/authenticator.html",
        form=form,
        factors=people.factors(who.person_id),
        qr=_drawn(offer) if offer else None,
        secret=_in_fours(offer.secret) if offer else None,
    )


def _drawn(offer: Offer) -> Markup:
    """The code as SVG in the page: no address leads to the secret."""
    return qr.inline(offer.uri)


def _in_fours(secret: str) -> str:
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def finished(done: Strong) -> Response:
    """The factor holds: go on, by way of the recovery codes when there are new ones."""
    response = coming.come_in(done, former=None)
    if done.recovery_codes:
        onward = response.headers["Location"]
        page = make_response(_codes_page(done.recovery_codes, onward))
        signed.enter(page, done.token)
        return page
    return response


def _codes_page(codes: tuple[str, ...], onward: str) -> str:
    return render_template("account/recovery_codes.html", codes=codes, next=onward)


@bp.post("/account/recovery-codes")
@signed_in
def recovery_codes() -> Response | str:
    """Ten new recovery codes; the old ones open nothing any more."""
    try:
        codes = atomically(factors.new_recovery_codes)(signed.current())
    except FactorStands:
        return prove_first()
    except FactorMissing:
        return redirect(url_for("account.authenticator"), 303)
    return _codes_page(codes, url_for("account.home"))


def prove_first() -> Response:
    """What stands is changed only by who has just proved it."""
    return redirect(url_for("account.second_factor", next=url_for("account.home")), 303)
