"""The guards of the API and the machine addresses; one for each view.

Rule: what is not the caller's answers exactly like what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from charity.kernel.access import Access, View, mark
from charity.kernel.errors import NotFound

P = ParamSpec("P")
T = TypeVar("T")


def public(view: View) -> View:
    """Anyone may call."""
    return mark(view, Access.PUBLIC)


def probe(view: View) -> View:
    """Whoever watches the process; the answer names no person and no sum."""
    return mark(view, Access.PROBE)


def webhook_signed(view: View) -> View:
    """A provider: the view hands the raw body on, and a bad signature is refused there."""
    return mark(view, Access.WEBHOOK_SIGNED)


def payment_key(view: Callable[P, T]) -> Callable[P, T]:
    """Only with ``?key=``, handed to the view as ``key``; the query behind it compares."""

    @wraps(view)
    def keyed(*args: P.args, **kwargs: P.kwargs) -> T:
        g.private = True
        key = request.args.get("key", "")
        if not 0 < len(key) <= 200 or not key.isascii():
            raise NotFound
        kwargs["key"] = key
        return view(*args, **kwargs)

    return mark(keyed, Access.PAYMENT_KEY)
