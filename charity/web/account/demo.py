"""One button for each role. Registered in demo mode only, where every person is invented."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound
from charity.people import demo
from charity.people.kinds import Role
from charity.web import signed
from charity.web.account import coming
from charity.web.desk.words import ROLES
from charity.web.guards import demo_page

bp = Blueprint("demo", __name__)


@bp.post("/login/demo/<role>")
@demo_page
def sign_in(role: str) -> Response:
    """A session of this role's demo person, the second factor proved."""
    if role not in [each.value for each in Role]:
        raise NotFound
    former = signed.maybe()
    try:
        done = atomically(demo.sign_in)(Role(role), agent=coming.agent())
    except NotFound:
        flash(_("这里还没有演示人员，请先载入演示数据。"), "error")
        return redirect(url_for("account.login"), 303)
    return coming.come_in(done, former=former)


def buttons() -> list[tuple[str, str]]:
    """Roles for which there is a demo person, with their words."""
    return [(role.value, str(ROLES[role])) for role in demo.roles_on_offer()]
