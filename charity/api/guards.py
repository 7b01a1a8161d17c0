"""The guards of the API and the machine addresses; one for each view.

Rule: what is not the caller's answers exactly like what does not exist.
"""

from __future__ import annotations

from charity.door import payment_key
from charity.kernel.access import Access, View, mark

__all__ = ["payment_key", "probe", "public", "webhook_signed"]


def public(view: View) -> View:
    """Anyone may call."""
    return mark(view, Access.PUBLIC)


def probe(view: View) -> View:
    """Whoever watches the process; the answer names no person and no sum."""
    return mark(view, Access.PROBE)


def webhook_signed(view: View) -> View:
    """A provider: the view hands the raw body on, and a bad signature is refused there."""
    return mark(view, Access.WEBHOOK_SIGNED)
