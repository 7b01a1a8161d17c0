"""Who may come in: every endpoint carries exactly one mark, and an endpoint without one is refused.

Rule: the mark says how a visitor is admitted; the decorator that sets it is also what enforces it
(``web.guards``, ``api.guards``). Pure: no request, no session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Access(StrEnum):
    """How a visitor is admitted to an endpoint."""

    PUBLIC = "public"  # anyone; shows nothing that is not public
    PAYMENT_KEY = "payment_key"  # whoever holds the payment's secret
    WEBHOOK_SIGNED = "webhook_signed"  # a provider whose signature over the raw body holds
    SANDBOX_PAGE = "sandbox_page"  # anyone who knows a session's reference; test money only
    PROBE = "probe"  # whoever watches the process; says nothing about people or money


class GuardError(RuntimeError):
    """An endpoint has no guard, or more than one."""


def mark(view: View, access: Access) -> View:
    """Set the one mark of ``view``. Raises GuardError when it has one already."""
    if getattr(view, "access", None) is not None:
        raise GuardError(f"{view.__name__} has two guards")
    view.access = access  # type: ignore[attr-defined] # an attribute of our own on a function
    return view


def access_of(view: Callable[..., Any]) -> Access | None:
    """The mark of ``view``; None when it has none."""
    return getattr(view, "access", None)


def refuse_unguarded(views: Mapping[str, Callable[..., Any]]) -> None:
    """Raise GuardError naming every endpoint without a guard."""
    bare = sorted(name for name, view in views.items() if access_of(view) is None)
    if bare:
        raise GuardError(f"endpoints without a guard: {', '.join(bare)}")
