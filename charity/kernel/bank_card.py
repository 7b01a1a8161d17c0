"""Numbers of bank cards and accounts: digits, and a card's check digit (Luhn, ISO/IEC 7812)."""

from __future__ import annotations

import re
import unicodedata

from stdnum import luhn

_ACCOUNT = re.compile(r"[0-9]{8,32}", re.ASCII)
_CARD = re.compile(r"[0-9]{16,19}", re.ASCII)


def digits(text: str) -> str | None:
    """The number without blanks and hyphens; ``None`` unless it is 8 to 32 digits."""
    plain = unicodedata.normalize("NFKC", text) if len(text) <= 80 else ""
    plain = plain.replace(" ", "").replace("-", "")
    return plain if _ACCOUNT.fullmatch(plain) else None


def is_card(number: str) -> bool:
    """Whether digits are as long as a card's."""
    return _CARD.fullmatch(number) is not None


def is_unionpay(number: str) -> bool:
    """Whether digits look like a card of 银联, which begins with 62."""
    return is_card(number) and number.startswith("62")


def checks(number: str) -> bool:
    """Whether a card's check digit is right."""
    return luhn.is_valid(number)
