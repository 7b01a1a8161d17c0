"""``/desk/``: what waits for me, over all desks."""

from __future__ import annotations

from flask import render_template

from charity.web import signed
from charity.web.desk import bp
from charity.web.desk.waiting import waiting_for
from charity.web.guards import signed_in


@bp.get("/", strict_slashes=False)
@signed_in
def waiting() -> str:
    """By risk, then by age."""
    return render_template("desk/waiting.html", waiting=waiting_for(signed.current()))
