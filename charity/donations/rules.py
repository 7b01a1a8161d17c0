"""What a gift may be: limits as dated data, texts, contacts and codes. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace

from charity.donations.errors import (
    AmountTooLarge,
    AmountTooSmall,
    BelowMinimum,
    EmailUnfit,
    PhoneUnfit,
    TextUnfit,
)
from charity.kernel.money import yuan


@dataclass(frozen=True, slots=True)
class Limits:
    """What one gift and one payment may be: the figures ``gifts.…`` of a day (``parameters``).

    A gift above ``max_fen`` is taken by hand, after the office knows the donor.
    """

    min_fen: int
    max_fen: int
    max_items: int
    intent_hours: int


@dataclass(frozen=True, slots=True)
class TryLimits:
    """How many tries to pay are let through within a window, from a day on.

    ``free_of_…``: unpaid tries without a challenge. For an address each paid one adds one more,
    for the site one in ten does: who pays is trusted, but not with the doings of others. The
    site's tries count once they come from ``many_addresses``; fewer are held by their own.
    """

    since: dt.date
    source: str
    window: dt.timedelta
    free_of_address: int
    free_of_site: int
    many_addresses: int
    per_address: int
    per_device: int
    per_donor: int
    work: int  # the largest number a challenge hides: about a second of a phone's time


_TRY_LIMITS = (
    TryLimits(
        since=dt.date(2023, 1, 1),
        source="own rule: 200 villagers behind one address pass, card testers do not",
        window=dt.timedelta(minutes=10),
        free_of_address=50,
        free_of_site=60,
        many_addresses=10,
        per_address=500,
        per_device=60,
        per_donor=60,
        work=50_000,
    ),
)

NAME_LENGTH = 60
ORGANIZATION_LENGTH = 200
MESSAGE_LENGTH = 200
EMAIL_LENGTH = 200
KEY_LENGTH = 200
TEAM_LENGTH = 64

_EMAIL = re.compile(r"[^@\s\"<>(),;:\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_PHONE = re.compile(r"\+?[0-9](?:[0-9 -]{3,18})[0-9]", re.ASCII)
# Joiners are part of some scripts and of emoji; nothing else invisible is taken.
_JOINERS = {"\u200c", "\u200d"}


def try_limits(today: dt.date, *, real: bool) -> TryLimits:
    """The limits of tries that hold on ``today``.

    Test money has no cards behind it: one address may be a developer's program at work.
    """
    found = next(each for each in _TRY_LIMITS if each.since <= today)
    return found if real else replace(found, free_of_address=600, per_address=1_200, per_donor=600)


def fit_amount(fen: object, field: str, rule: Limits) -> int:
    """``fen`` when it is a whole number within the limits; else AmountTooSmall or TooLarge."""
    if isinstance(fen, bool) or not isinstance(fen, int):
        raise AmountTooSmall(field=field)
    if fen < rule.min_fen:
        raise AmountTooSmall(field=field)
    if fen > rule.max_fen:
        raise AmountTooLarge(field=field)
    return fen


def require_least(fen: int, least_fen: int, field: str) -> None:
    """Refuse a payment below what its provider takes. Raises BelowMinimum."""
    if fen < least_fen:
        raise BelowMinimum(field=field, least=yuan(least_fen))


def fit_text(text: str | None, field: str, longest: int, *, free: bool = False) -> str | None:
    """``text`` in NFC without blanks around it; ``None`` when empty.

    Letters, marks, digits, punctuation and single spaces; ``free`` texts (messages) may also have
    symbols and line ends. No control or invisible characters, no direction overrides, no lone
    surrogates, nothing unassigned. Raises TextUnfit.
    """
    if text is None:
        return None
    if len(text) > 4 * longest:
        raise TextUnfit(field=field)
    if free:
        text = text.replace("\r\n", "\n")
    for char in text:
        category = unicodedata.category(char)
        if (free and char == "\n") or char in _JOINERS:
            continue
        if category[0] in "CZ" and category != "Zs":
            raise TextUnfit(field=field)
        if category[0] == "S" and not free:
            raise TextUnfit(field=field)
    clean = unicodedata.normalize("NFC", text).strip()
    if len(clean) > longest:
        raise TextUnfit(field=field)
    return clean or None


def fit_email(email: str | None) -> str | None:
    """An e-mail address, domain in lower case. Raises EmailUnfit."""
    if email is None or not email.strip():
        return None
    clean = unicodedata.normalize("NFKC", email).strip() if len(email) <= EMAIL_LENGTH else ""
    if len(clean) > EMAIL_LENGTH or _EMAIL.fullmatch(clean) is None:
        raise EmailUnfit
    local, _, domain = clean.rpartition("@")
    return f"{local}@{domain.lower()}"


def fit_phone(phone: str | None) -> str | None:
    """A telephone number, digits and a leading plus only. Raises PhoneUnfit."""
    if phone is None or not phone.strip():
        return None
    clean = unicodedata.normalize("NFKC", phone).strip() if len(phone) <= 40 else ""
    if _PHONE.fullmatch(clean) is None:
        raise PhoneUnfit
    return clean.replace(" ", "").replace("-", "")
