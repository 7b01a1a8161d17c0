"""Is this receipt ours, and does it still hold? Anyone may ask with its number and code."""

from __future__ import annotations

from flask import render_template, request

from charity.receipts import queries as receipts
from charity.web.forms import VerifyForm
from charity.web.guards import public
from charity.web.site import bp


@bp.get("/verify")
@public
def verify() -> str:
    """The form; with number and code also the answer."""
    form = VerifyForm(request.args)
    result = None
    if (request.args.get("number") or request.args.get("code")) and form.validate():
        result = receipts.verify(str(form.number.data), str(form.code.data))
    return render_template("site/verify.html", form=form, result=result)
