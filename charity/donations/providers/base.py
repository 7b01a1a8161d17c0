"""What a provider is to the rest of the house."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is told of an intent."""

    payment_id: str
    amount_fen: int
    currency: str


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """The provider's name for the payment, and where the donor pays."""

    reference: str
    pay_url: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider told us, in our words. Money in whole fen of ``currency``."""

    event_id: str
    type: str
    object_id: str
    reference: str
    amount_fen: int
    fee_fen: int
    currency: str
    account: str
    mode: str
    at: dt.datetime


class Headers(Protocol):
    """A request's headers; what reads them does not care for the case of a name."""

    def get(self, name: str, default: str, /) -> str:
        """The value of the header, or ``default``."""
        ...


class Provider(Protocol):
    """One payment provider."""

    name: str
    account: str
    currency: str
    mode: str
    min_fen: int

    def create(self, asked: Asked) -> ProviderSession:
        """Ask the provider; the same payment id always gives the same session."""
        ...

    def verify(self, headers: Headers, raw: bytes) -> Event:
        """The event, when its signature, mode and account are right.

        Raises BadSignature, WrongMode, WrongAccount.
        """
        ...

    def parse(self, raw: bytes) -> Event:
        """The event of a stored body. Raises ValueError."""
        ...
