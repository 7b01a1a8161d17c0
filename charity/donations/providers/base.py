"""What a provider is to the rest of the house.

Two shapes fit it without change: a checkout page elsewhere (the session carries an address), and
a merchant API that answers with a code to scan and tells us in encrypted notices (the session
carries ``scan``; ``verify`` and ``parse`` open the notice). Whatever a provider tells us, by itself
or when asked, is a raw body that ``parse`` reads and the inbox keeps.

Rule: a call whose outcome is not known raises ``ProviderUnsure``. It is asked again under the same
id, or looked up; never done again under a new id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is told of an intent. ``return_url`` is the donor's payment page."""

    payment_id: str
    amount_fen: int
    currency: str
    return_url: str = ""
    expires_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """The provider's name for the payment, and where the donor pays: a page, or a code to scan."""

    reference: str
    pay_url: str = ""
    scan: str = ""


@dataclass(frozen=True, slots=True)
class RefundAsked:
    """Money to go back by the way it came. ``object_id`` is the provider's payment."""

    refund_id: str
    object_id: str
    amount_fen: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """How the provider stands to a refund, and its own name for it (may be empty if refused)."""

    state: Literal["done", "pending", "refused"]
    reference: str


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One line of a payout: its net in fen, and the payment or refund it is of.

    ``kind`` is ``payment``, ``refund``, ``fee`` (of no gift) or the provider's own word.
    """

    id: str
    kind: str
    net_fen: int
    fee_fen: int
    payment_object: str = ""
    refund_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a provider told us, in our words. Money in whole fen of ``currency``.

    ``object_id`` is the provider's object the event is of: payment, refund, fee or payout;
    ``payment_object`` the payment it belongs to. ``payment_id`` and ``refund_id`` are our own ids,
    where the provider gives them back. ``fee_fen`` is None while the provider has not stated it.
    ``inquiry`` names what must be asked before the event says anything (type ``INQUIRE``).
    """

    event_id: str
    type: str
    object_id: str
    reference: str
    amount_fen: int
    fee_fen: int | None
    currency: str
    account: str
    mode: str
    at: dt.datetime
    payment_id: str = ""
    payment_object: str = ""
    refund_id: str = ""
    inquiry: str = ""
    lines: tuple[PayoutLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Something a provider said, ready for the inbox: its id for ever, and its body."""

    event_id: str
    raw: bytes


class Headers(Protocol):
    """A request's headers; what reads them does not care for the case of a name."""

    def get(self, name: str, default: str, /) -> str:
        """The value of the header, or ``default``."""
        ...


class Provider(Protocol):
    """One payment provider. Every call but ``verify`` and ``parse`` may wait for the network, so
    it is made outside ``atomic()``, and may raise ``ProviderUnsure``.
    """

    @property
    def name(self) -> str:
        """Its name in settings, tables and ledger accounts."""
        ...

    @property
    def account(self) -> str:
        """Our merchant account there."""
        ...

    @property
    def currency(self) -> str:
        """The one currency taken."""
        ...

    @property
    def mode(self) -> str:
        """``real`` or ``test``."""
        ...

    @property
    def min_fen(self) -> int:
        """The least one payment may be."""
        ...

    @property
    def pay_origins(self) -> tuple[str, ...]:
        """Origins of its pay pages, where a form of ours may lead; none when it is our own."""
        ...

    def create(self, asked: Asked) -> ProviderSession:
        """Ask the provider; the same payment id always gives the same session.

        Raises ProviderUnsure, ProviderRefused.
        """
        ...

    def verify(self, headers: Headers, raw: bytes) -> Event:
        """The event, when its signature, mode and account are right.

        Raises BadSignature, WrongMode, WrongAccount.
        """
        ...

    def parse(self, raw: bytes) -> Event:
        """The event of a stored body. Raises ValueError."""
        ...

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """Send money back; the same refund id is one refund for ever.

        ``refused`` is final: nothing went back. Raises ProviderUnsure when the outcome is not
        known: then only the same refund id again, ``find_refund`` or an event tells.
        """
        ...

    def find_refund(self, asked: RefundAsked) -> RefundAnswer | None:
        """How a refund stands; None when the provider has none of this id. Changes nothing.

        Raises ProviderUnsure.
        """
        ...

    def look(self, reference: str) -> Told | None:
        """How a payment stands, by the session's reference; None while nothing is decided.

        Raises ProviderUnsure.
        """
        ...

    def missed(self, since: dt.datetime) -> Iterable[Told]:
        """Every event since then that concerns us, whether it was delivered or not.

        Raises ProviderUnsure.
        """
        ...

    def inquire(self, inquiry: str, object_id: str) -> Iterable[Told]:
        """What an event only pointed at (``Event.inquiry``, ``Event.object_id``).

        Raises ProviderUnsure.
        """
        ...
