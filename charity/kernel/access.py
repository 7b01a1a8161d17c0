"""Who may come in: every endpoint carries exactly one mark, and an endpoint without one is refused.

Rule: the mark says how a visitor is admitted; the decorator that sets it is also what enforces it
(``door``, ``web.guards``, ``api.guards``). A mark can be read from the view, so that a test can ask
every endpoint whether it does what its mark says. Pure: no request, no session.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """How a visitor is admitted to an endpoint."""

    PUBLIC = "public"  # anyone; shows nothing that is not public
    PAYMENT_KEY = "payment_key"  # whoever holds the payment's secret
    ONE_TIME_LINK = "one_time_link"  # whoever holds a link we sent; a POST uses it up
    SIGNED_IN = "signed_in"  # whoever is signed in, for what is their own
    STAFF = "staff"  # who holds one of the roles for the whole fund
    UNIT_STAFF = "unit_staff"  # who holds one of the roles for the unit in the address, or above it
    DEMO = "demo"  # anyone; registered only in demo mode, where every person is invented
    WEBHOOK_SIGNED = "webhook_signed"  # a provider whose signature over the raw body holds
    SANDBOX_PAGE = "sandbox_page"  # anyone who knows a session's reference; test money only
    TOKEN = "token"  # noqa: S105 - a bearer token with the scope, of a person with the role
    METRICS = "metrics"  # monitoring, from its networks or with its token
    PROBE = "probe"  # whoever watches the process; says nothing about people or money


@dataclass(frozen=True, slots=True)
class Mark:
    """The one mark of a view: how one is admitted, in which roles, and how surely."""

    access: Access
    roles: frozenset[str] = frozenset()
    second_factor: bool = False


class GuardError(RuntimeError):
    """An endpoint has no guard, or more than one."""


def mark(
    view: View, access: Access, *, roles: Collection[str] = (), second_factor: bool = False
) -> View:
    """Set the one mark of ``view``. Raises GuardError when it has one already."""
    if getattr(view, "mark", None) is not None:
        raise GuardError(f"{view.__name__} has two guards")
    view.mark = Mark(access, frozenset(roles), second_factor)  # type: ignore[attr-defined] # ours
    return view


def mark_of(view: Callable[..., Any]) -> Mark | None:
    """The whole mark of ``view``; None when it has none."""
    found = getattr(view, "mark", None)
    return found if isinstance(found, Mark) else None


def access_of(view: Callable[..., Any]) -> Access | None:
    """How one is admitted to ``view``; None when it has no mark."""
    found = mark_of(view)
    return found.access if found else None


def refuse_unguarded(views: Mapping[str, Callable[..., Any]]) -> None:
    """Raise GuardError naming every endpoint without a guard."""
    bare = sorted(name for name, view in views.items() if access_of(view) is None)
    if bare:
        raise GuardError(f"endpoints without a guard: {', '.join(bare)}")
