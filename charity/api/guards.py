"""The guards of the API and the machine addresses; one for each view.

Rule: what is not the caller's answers exactly like what does not exist.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, g, request

from charity.api.errors import TokenMissing, TokenTooNarrow
from charity.door import payment_key
from charity.kernel.access import Access, View, mark
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound
from charity.people import api_tokens
from charity.people.kinds import Role, Scope

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["metrics_reader", "payment_key", "probe", "public", "token", "webhook_signed"]


def public(view: View) -> View:
    """Anyone may call."""
    return mark(view, Access.PUBLIC)


def probe(view: View) -> View:
    """Whoever watches the process; the answer names no person and no sum."""
    return mark(view, Access.PROBE)


def webhook_signed(view: View) -> View:
    """A provider: the view hands the raw body on, and a bad signature is refused there."""
    return mark(view, Access.WEBHOOK_SIGNED)


def metrics_reader(view: Callable[P, T]) -> Callable[P, T]:
    """Monitoring, from the networks or with the token of the settings; else there is nothing."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _may_read_metrics():
            raise NotFound
        return view(*args, **kwargs)

    return mark(guarded, Access.METRICS)


def _may_read_metrics() -> bool:
    settings = current_app.extensions["charity.settings"]
    given = request.headers.get("Authorization", "").encode()
    if settings.metrics_token and hmac.compare_digest(
        given, f"Bearer {settings.metrics_token}".encode()
    ):
        return True
    try:
        source = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(source in network for network in settings.metrics_networks)


def token(scope: Scope, *roles: Role) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A bearer token with ``scope`` of a person who holds one of ``roles``; handed on as ``by``.

    Without a token: 401. With one that has not the scope, or whose maker has not the role: 403.
    """

    def guard(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            g.private = True
            kind, _, shown = request.headers.get("Authorization", "").partition(" ")
            bearer = api_tokens.bearer(shown) if kind == "Bearer" else None
            if bearer is None:
                raise TokenMissing
            held = {grant.role for grant in bearer.signed.grants}
            if scope not in bearer.scopes or held.isdisjoint(roles):
                raise TokenTooNarrow
            atomically(api_tokens.touch)(shown)
            kwargs["by"] = bearer.signed
            return view(*args, **kwargs)

        return mark(guarded, Access.TOKEN, roles=[role.value for role in roles])

    return guard
