"""Coming in and going out: what every way to sign in does at its end.

Rule: a session that this browser had before ends when another begins; where one goes next is a path
of this site and nothing else.
"""

from __future__ import annotations

import contextlib

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.people import queries as people
from charity.people import sessions
from charity.people.errors import Busy, SessionEnded, TooManyTries
from charity.people.queries import Signed
from charity.people.signing import SignedIn
from charity.web import signed
from charity.web.address import own_path
from charity.web.errors import RETRY_AFTER_S


def source() -> str:
    """The network address one signs in from."""
    return request.remote_addr or ""


def agent() -> str:
    """The browser, as it names itself."""
    return request.headers.get("User-Agent", "")


def next_path() -> str | None:
    """Where one wanted to go before signing in; a path of ours or nothing."""
    return own_path(request.args.get("next"))


def come_in(done: SignedIn, *, former: Signed | None) -> Response:
    """Carry the session just begun to the browser and go on; ``former`` is the one it had."""
    if former is not None and former.session_id != done.signed.session_id:
        with contextlib.suppress(SessionEnded):
            atomically(sessions.end)(former.session_id, by=former)
    response = redirect(next_path() or _first_page(done.signed), 303)
    signed.enter(response, done.token)
    return response


def _first_page(who: Signed) -> str:
    """The desk; whoever will need a second factor and has none is told so first."""
    if who.staff and not people.factors(who.person_id).any:
        flash(_("您还没有设置两步验证。审批、付款、公开和导出之前需要它，请现在设置。"), "info")
        return url_for("account.home")
    return url_for("desk.waiting") if who.staff else url_for("account.home")


def wait(response: Response, error: Exception) -> Response:
    """Say when to try again, where trying again is what helps."""
    if isinstance(error, TooManyTries):
        response.headers["Retry-After"] = str(error.seconds)
    elif isinstance(error, Busy):
        response.headers["Retry-After"] = RETRY_AFTER_S[503]
    return response
