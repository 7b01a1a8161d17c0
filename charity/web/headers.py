"""Security headers on every answer, and the refusal of addresses that no page of ours makes.

Rule: nothing is loaded from another host, no script or style stands inside a page, no page is
framed; what carries a key or a visitor's own data is never stored by anyone.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request, session
from werkzeug.exceptions import BadRequest

_FIXED = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def init_app(app: Flask) -> None:
    """Set the headers on every answer and refuse unfit addresses before any view."""
    # Werkzeug would answer //x with a redirect that repeats the Host header.
    app.url_map.merge_slashes = False
    app.before_request(_refuse_unfit_address)
    app.after_request(_set_headers)


def _set_headers(response: Response) -> Response:
    response.headers.extend(_FIXED)
    if origins := g.get("form_origins"):
        # A browser follows a form's redirect only to where its page says forms may lead. The two
        # pages that send donors on to pay name the pay pages of the providers; no other page does.
        policy = response.headers["Content-Security-Policy"]
        allowed = " ".join(["form-action 'self'", *origins])
        response.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", allowed)
    private = g.get("private", False)
    # A form of a signed-in page is checked against its referrer; an address with a key has none.
    response.headers["Referrer-Policy"] = "no-referrer" if g.get("keyed") else "same-origin"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if private or session or request.method not in {"GET", "HEAD"} or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _refuse_unfit_address() -> None:
    """A name given twice, or text no database holds, in the address: 400."""
    if any(len(values) > 1 for values in request.args.listvalues()):
        raise BadRequest
    texts = [*request.args.keys(), *request.args.values()]
    texts += [str(value) for value in (request.view_args or {}).values()]
    if not all(is_storable(text) for text in texts):
        raise BadRequest


def is_storable(text: str) -> bool:
    """Whether both databases can hold ``text``: no NUL, no lone surrogate."""
    try:
        return b"\x00" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False
