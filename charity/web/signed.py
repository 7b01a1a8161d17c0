"""Who is signed in on this request.

Rule: the cookie holds a random token and our signature over it, nothing else; who it is and whether
the session still runs is asked of the database, once a request, so a session that was ended on the
server is over at once. A new token is given at every sign-in, so none that was there before is
worth anything. A page that knows who reads it is never stored.
"""

from __future__ import annotations

import structlog
from flask import Flask, current_app, g, request, session
from itsdangerous import BadSignature, Signer
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response

from charity.kernel.atomic import atomically
from charity.people import queries as people
from charity.people import sessions
from charity.people.queries import Found, Signed

_SALT = "charity.web.signed"
_KEPT = "charity.signed"
_log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Note at the end of a request that its session was used."""
    app.after_request(_touch)


def maybe() -> Signed | None:
    """The person signed in on this request, or None."""
    found = _found()
    if found is None:
        return None
    g.private = True
    return found.signed


def current() -> Signed:
    """The person signed in; only behind a guard that has asked."""
    found = maybe()
    if found is None:
        raise RuntimeError("this view has no guard that asks who is signed in")
    return found


def enter(response: Response, token: str) -> None:
    """Give the browser the token of a session just begun; forms drawn before are worth nothing."""
    _forget_forms()
    name, value = cookie(token)
    response.set_cookie(
        name,
        value,
        httponly=True,
        secure=_secure(),
        samesite="Lax",
        path="/",
    )


def cookie(token: str) -> tuple[str, str]:
    """Name and value of the cookie that carries this token."""
    return _cookie_name(), _signer().sign(token).decode()


def leave(response: Response) -> None:
    """Take the token away from the browser; the caller ends the session on the server."""
    _forget_forms()
    response.delete_cookie(
        _cookie_name(), httponly=True, secure=_secure(), samesite="Lax", path="/"
    )


def _found() -> Found | None:
    if _KEPT not in request.environ:
        token = _token()
        request.environ[_KEPT] = people.by_token(token) if token else None
    kept: Found | None = request.environ[_KEPT]
    return kept


def _token() -> str | None:
    """The token of the cookie, if the signature is ours."""
    given = request.cookies.get(_cookie_name(), "")
    if not 0 < len(given) <= 200 or not given.isascii():
        return None
    try:
        return _signer().unsign(given).decode()
    except BadSignature:
        return None


def _touch(response: Response) -> Response:
    found: Found | None = request.environ.get(_KEPT)
    if found is not None and found.touch_due:
        try:
            atomically(sessions.touch)(found.signed.session_id)
        except DBAPIError as error:
            # The page is drawn; that it was asked for can be noted the next time.
            _log.info("session.not_touched", kind=type(error).__name__)
    return response


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
