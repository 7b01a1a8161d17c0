"""The guards of pages. Each view carries exactly one; a start refuses a view without.

Rule: what is not the visitor's answers exactly like what does not exist (404, same body). Whoever
is not signed in is sent to sign in and comes back; a second factor that is missing or old is asked
for in the same way. The guard decides before the view looks at anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from charity.door import payment_key
from charity.funds import queries as funds
from charity.kernel.access import Access, View, mark
from charity.kernel.errors import NotFound
from charity.people import queries as people
from charity.people.kinds import Role
from charity.people.queries import Signed
from charity.web import signed
from charity.web.address import own_path

__all__ = [
    "demo_page",
    "one_time_link",
    "payment_key",
    "public",
    "sandbox_page",
    "signed_in",
    "staff",
    "unit_staff",
]

P = ParamSpec("P")
T = TypeVar("T")


def public(view: View) -> View:
    """Anyone may come in."""
    return mark(view, Access.PUBLIC)


def sandbox_page(view: View) -> View:
    """Anyone who knows the reference; registered only while the sandbox is a provider."""
    return mark(view, Access.SANDBOX_PAGE)


def demo_page(view: View) -> View:
    """Anyone; registered only in demo mode."""
    return mark(view, Access.DEMO)


def one_time_link(view: Callable[P, T]) -> Callable[P, T]:
    """Whoever holds a link we sent; the view asks whether it still holds. Never stored."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        g.private = True
        return view(*args, **kwargs)

    return mark(guarded, Access.ONE_TIME_LINK)


def signed_in(view: Callable[P, T]) -> Callable[P, T | Response]:
    """Whoever is signed in; the view shows them what is their own."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        if signed.maybe() is None:
            return _to("account.login")
        return view(*args, **kwargs)

    return mark(guarded, Access.SIGNED_IN)


def staff(
    *roles: Role, second_factor: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """Who holds one of ``roles`` for the whole fund, with a fresh second factor if asked."""

    def guard(view: Callable[P, T]) -> Callable[P, T | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            return _refusal(roles, second_factor) or view(*args, **kwargs)

        return mark(guarded, Access.STAFF, roles=roles, second_factor=second_factor)

    return guard


def unit_staff(
    *roles: Role, second_factor: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T | Response]]:
    """Who holds one of ``roles`` for the unit ``<code>`` of the address, or for one above it.

    A role for the whole fund that is among ``roles`` is held for every unit. An address without
    ``<code>`` is about all the units one works for: it is open to whoever holds a role for any.
    """

    def guard(view: Callable[P, T]) -> Callable[P, T | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
            return _refusal(roles, second_factor, of_unit=True) or view(*args, **kwargs)

        return mark(guarded, Access.UNIT_STAFF, roles=roles, second_factor=second_factor)

    return guard


def _refusal(
    roles: Collection[Role], second_factor: bool, *, of_unit: bool = False
) -> Response | None:
    """What stands in the visitor's way: a redirect; None when nothing does. Raises NotFound."""
    who = signed.maybe()
    if who is None:
        return _to("account.login")
    if not who.holds(roles) and not (of_unit and _for_this_unit(who, roles)):
        raise NotFound
    if second_factor and not people.is_fresh(who):
        return _to("account.second_factor")
    return None


def _for_this_unit(who: Signed, roles: Collection[Role]) -> bool:
    """Whether one of ``roles`` is held for the unit of the address or for one above it."""
    held = who.scopes_of(*roles)
    code = (request.view_args or {}).get("code")
    if not held or code is None:
        return bool(held)
    return not held.isdisjoint(funds.ancestors(code))


def _to(endpoint: str) -> Response:
    """To sign in or to prove it, and back to the page one came from."""
    return redirect(url_for(endpoint, next=_way_back()), 303)


def _way_back() -> str | None:
    """The page asked for; what a form wanted to change is asked again from the form's page."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.removesuffix("?")
    return own_path(request.referrer)
