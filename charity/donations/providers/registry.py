"""The providers there are, by name. Which of them are on is a setting."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from charity.donations.errors import ProviderUnknown
from charity.donations.providers import sandbox
from charity.donations.providers.base import Provider


def _sandbox() -> Provider:
    return sandbox.provider


def _stripe() -> Provider:
    # Stripe's library is large: only who uses it loads it.
    from charity.donations.providers import stripe

    return stripe.provider


_ALL: dict[str, Callable[[], Provider]] = {"sandbox": _sandbox, "stripe": _stripe}


def provider(name: str) -> Provider:
    """A provider that is switched on. Raises ProviderUnknown."""
    if name not in current_app.extensions["charity.settings"].payment_providers:
        raise ProviderUnknown
    return known(name)


def known(name: str) -> Provider:
    """A provider, switched on or not: events of the past must be read. Raises ProviderUnknown."""
    if name not in _ALL:
        raise ProviderUnknown
    return _ALL[name]()
