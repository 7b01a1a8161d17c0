"""What pages and the API ask of a request alike, so that both refuse the same way.

Rule: this is the one module beside web/ and api/ that looks at the request; it lies beneath both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from charity.kernel.access import Access, mark
from charity.kernel.errors import NotFound

P = ParamSpec("P")
T = TypeVar("T")


def payment_key(view: Callable[P, T]) -> Callable[P, T]:
    """Only with ``?key=``, handed to the view as ``key``; the query behind it compares.

    The answer is never stored, and the address with its key is never sent on as a referrer.
    """

    @wraps(view)
    def keyed(*args: P.args, **kwargs: P.kwargs) -> T:
        g.private = g.keyed = True
        kwargs["key"] = key_given()
        return view(*args, **kwargs)

    return mark(keyed, Access.PAYMENT_KEY)


def key_given() -> str:
    """The payment's secret from the address. Raises NotFound when there is none."""
    key = request.args.get("key", "")
    if not 0 < len(key) <= 200 or not key.isascii():
        raise NotFound
    return key
