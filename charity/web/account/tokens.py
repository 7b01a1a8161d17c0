"""Access tokens for one's own programs: made with a second factor, shown once, ended at will."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.people import api_tokens
from charity.people.kinds import FUND_ROLES, Scope
from charity.web import signed
from charity.web.account import bp
from charity.web.account.forms import TokenForm
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import staff


@bp.get("/account/tokens")
@staff(*FUND_ROLES)
def tokens() -> str:
    """One's standing tokens, and the form for another."""
    return _page(TokenForm())


@bp.post("/account/tokens")
@staff(*FUND_ROLES, second_factor=True)
def make_token() -> Response | str:
    """Make a token and show it, this once."""
    refuse_doubled_fields()
    form = TokenForm()
    if not form.validate():
        return make_response(_page(form), 422)
    wanted = {Scope.WAITING: form.waiting.data, Scope.BANK: form.bank.data}
    scopes = [scope for scope, ticked in wanted.items() if ticked]
    try:
        token = atomically(api_tokens.make)(
            str(form.name.data), scopes, days=int(form.days.data), by=signed.current()
        )
    except RuleBroken as error:
        form.refuse(error)
        return make_response(_page(form), error.status)
    return render_template("account/token.html", token=token)


@bp.post("/account/tokens/<token_id>/end")
@staff(*FUND_ROLES)
def end_token(token_id: str) -> Response:
    """End one of one's own tokens; another's is not there."""
    atomically(api_tokens.revoke)(token_id, by=signed.current())
    flash(_("这个访问令牌已经停用。"))
    return redirect(url_for("account.tokens"), 303)


def _page(form: TokenForm) -> str:
    words = {Scope.WAITING: form.waiting.label.text, Scope.BANK: form.bank.label.text}
    return render_template(
        "account/tokens.html", form=form, tokens=api_tokens.mine(signed.current()), words=words
    )
