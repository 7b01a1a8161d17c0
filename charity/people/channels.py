"""Message channels: how an address is spelled, shown masked, and reached.

Rule: an address is brought into one spelling before it is indexed, so one address is one identity.
Mail is carried now; a phone gateway later is one more ``Channel`` of the outbox, and phone numbers
are identities already.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol

import phonenumbers
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from charity.kernel.crypto import blind_index
from charity.people.errors import ChannelClosed, IdNumberUnfit, MailUnfit, PhoneUnfit
from charity.people.kinds import Channel

_MAIL = re.compile(r"[^@\s\"<>(),;:\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_MAIL_LENGTH = 200
_REGION = "CN"


class Carrier(Protocol):
    """What a channel knows about its addresses."""

    def normal(self, address: str) -> str:
        """The one spelling of an address; raises the channel's own Unfit."""

    def masked(self, address: str) -> str:
        """The address as others may see it."""


class _Mail:
    def normal(self, address: str) -> str:
        clean = unicodedata.normalize("NFKC", address).strip() if len(address) <= 400 else ""
        fits = len(clean) <= _MAIL_LENGTH and clean.isprintable()
        if not fits or _MAIL.fullmatch(clean) is None:
            raise MailUnfit
        return clean.lower()

    def masked(self, address: str) -> str:
        local, _, domain = address.partition("@")
        return f"{local[:1]}***@{domain}"


class _Phone:
    def normal(self, address: str) -> str:
        clean = unicodedata.normalize("NFKC", address).strip() if len(address) <= 60 else ""
        try:
            number = phonenumbers.parse(clean, _REGION)
        except phonenumbers.NumberParseException:
            raise PhoneUnfit from None
        if number.extension or not phonenumbers.is_valid_number(number):
            raise PhoneUnfit
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def masked(self, address: str) -> str:
        return f"{address[:-8]}****{address[-4:]}" if len(address) > 10 else "****"


CARRIERS: dict[Channel, Carrier] = {Channel.MAIL: _Mail(), Channel.PHONE: _Phone()}
OPEN = frozenset({Channel.MAIL})
"""Channels for which the outbox has a way out; the phone gateway adds itself here."""


def require_open(channel: Channel) -> None:
    """Whether messages can go this way. Raises ``ChannelClosed``."""
    if channel not in OPEN:
        raise ChannelClosed


def normal_address(channel: Channel, address: str) -> str:
    """The one spelling of an address. Raises MailUnfit or PhoneUnfit."""
    return CARRIERS[channel].normal(address)


def mask_address(channel: Channel, address: str) -> str:
    """The address as a desk shows it: j***@example.org, +86138****1234."""
    return CARRIERS[channel].masked(address)


def address_index(channel: Channel, address: str) -> str:
    """Blind index of a normal address."""
    return blind_index(address, f"people.{channel.value}")


def channel_of(address: str) -> Channel:
    """Which channel an address typed at sign-in belongs to."""
    return Channel.MAIL if "@" in address or "＠" in address else Channel.PHONE


def normal_id_number(number: str) -> str:
    """A mainland identity card number of 18 characters. Raises IdNumberUnfit."""
    clean = unicodedata.normalize("NFKC", number) if len(number) <= 60 else ""
    try:
        return str(ric.validate(clean))
    except ValidationError:
        raise IdNumberUnfit from None


def id_number_index(number: str) -> str:
    """Blind index of a normal identity card number."""
    return blind_index(number, "people.id_number")
