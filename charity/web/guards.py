"""The guards of pages. Each view carries exactly one; a start refuses a view without.

Rule: what is not the visitor's answers exactly like what does not exist (404, same body).
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
    """Anyone may come in."""
    return mark(view, Access.PUBLIC)


def sandbox_page(view: View) -> View:
    """Anyone who knows the reference; registered only while the sandbox is a provider."""
    return mark(view, Access.SANDBOX_PAGE)


def payment_key(view: Callable[P, T]) -> Callable[P, T]:
    """Only with ``?key=``, handed to the view as ``key``; the query behind it compares.

    The answer is never stored, and the address with its key is never sent on as a referrer.
    """

    @wraps(view)
    def keyed(*args: P.args, **kwargs: P.kwargs) -> T:
        g.private = True
        kwargs["key"] = key_given()
        return view(*args, **kwargs)

    return mark(keyed, Access.PAYMENT_KEY)


def key_given() -> str:
    """The payment's secret from the address. Raises NotFound when there is none."""
    key = request.args.get("key", "")
    if not 0 < len(key) <= 200 or not key.isascii():
        raise NotFound
    return key
