"""Who is signed in on this request.

Rule: the cookie holds a random token and our signature over it, nothing else; who it is and whether
the session still runs is asked of the database, once a request, so a session that was ended on the
server is over at once. A new token is given at every sign-in and every second factor, so none that
was there before is worth anything. A page that knows who reads it is never stored.
"""

from __future__ import annotations

from flask import current_app, g, request, session
from itsdangerous import BadSignature, Signer
from werkzeug.wrappers import Response

from charity.kernel import clock
from charity.people import queries as people
from charity.people.kinds import SECOND_FACTOR_LASTS
from charity.people.queries import Signed

_SALT = "charity.web.signed"
_KEPT = "charity.signed"


def maybe() -> Signed | None:
    """The person signed in on this request, or None."""
    if _KEPT not in request.environ:
        token = _token()
        request.environ[_KEPT] = people.signed(token) if token else None
    found: Signed | None = request.environ[_KEPT]
    if found is not None:
        g.private = True
    return found


def current() -> Signed:
    """The person signed in; only behind a guard that has asked."""
    found = maybe()
    if found is None:
        raise RuntimeError("this view has no guard that asks who is signed in")
    return found


def is_fresh(who: Signed) -> bool:
    """Whether the second factor was shown lately enough for what asks for one."""
    at = who.second_factor_at
    return at is not None and clock.now() - at < SECOND_FACTOR_LASTS


def enter(response: Response, token: str) -> None:
    """Give the browser the token of a session just begun; forms drawn before are worth nothing."""
    _forget_forms()
    response.set_cookie(
        _cookie_name(),
        _signer().sign(token).decode(),
        httponly=True,
        secure=_secure(),
        samesite="Lax",
        path="/",
    )


def leave(response: Response) -> None:
    """Take the token away from the browser; the caller ends the session on the server."""
    _forget_forms()
    response.delete_cookie(
        _cookie_name(), httponly=True, secure=_secure(), samesite="Lax", path="/"
    )


def _token() -> str | None:
    """The token of the cookie, if the signature is ours."""
    given = request.cookies.get(_cookie_name(), "")
    if not 0 < len(given) <= 200 or not given.isascii():
        return None
    try:
        return _signer().unsign(given).decode()
    except BadSignature:
        return None


def _forget_forms() -> None:
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)


def _signer() -> Signer:
    older = current_app.config["SECRET_KEY_FALLBACKS"]
    return Signer([*older, current_app.config["SECRET_KEY"]], salt=_SALT)


def _secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def _cookie_name() -> str:
    # Browsers take the prefix only from a secure origin; on loopback there is none.
    return "__Host-signed" if _secure() else "signed"
