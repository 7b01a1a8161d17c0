"""What sheets, slips and bank lines may be. Pure.

A code is eight signs without i, l, o and u, printed as ``7K3M-9QTD``; a slip's number is
``S2026-000123``. Both may stand in a transfer's memo, run together or in small letters.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from charity.donations.errors import TextUnfit
from charity.donations.hand.errors import (
    AccountCodeUnfit,
    AccountUnfit,
    CountedLess,
    CountedMore,
    FutureDay,
    LineAmountUnfit,
    MonthClosed,
    ReasonNeeded,
    SerialUnfit,
)
from charity.kernel.money import yuan

LINES = 30  # of one form
GIFTS = 500  # of one slip
REASON_LENGTH = 200
MEMO_LENGTH = 200
COUNTERPARTY_LENGTH = 120
CODE_LENGTH = 8
_LINE_MAX_FEN = 10**13

_SIGNS = "0-9A-HJKMNP-TV-Z"
_CODE = re.compile(rf"(?<![0-9A-Z])([{_SIGNS}]{{4}})-?([{_SIGNS}]{{4}})(?![0-9A-Z])")
_NUMBER = re.compile(r"(?<![0-9A-Z])S(2[0-9]{3})-?([0-9]{6})(?![0-9])")
_SERIAL = re.compile(r"[0-9A-Za-z][0-9A-Za-z/_.-]{0,59}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9A-Z]{8,34}", re.ASCII)
_ACCOUNT_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Named:
    """What a memo names: codes of gifts and numbers of slips, as they are stored."""

    codes: frozenset[str]
    slips: frozenset[str]


def named_in(memo: str | None) -> Named:
    """The codes and slip numbers that a transfer's memo holds."""
    text = unicodedata.normalize("NFKC", memo or "").upper()
    slips = frozenset(f"S{year}-{seq}" for year, seq in _NUMBER.findall(text))
    codes = frozenset(first + second for first, second in _CODE.findall(_NUMBER.sub(" ", text)))
    return Named(codes, slips)


def printed_code(code: str) -> str:
    """A code as it is printed: ``7K3M-9QTD``."""
    return f"{code[:4]}-{code[4:]}"


def slip_number(year: int, seq: int) -> str:
    """The number of the year's ``seq``-th slip."""
    return f"S{year:04d}-{seq:06d}"


def fit_day(day: dt.date, *, today: dt.date, closed: bool, field: str) -> dt.date:
    """``day`` when it has been and its month is open. Raises FutureDay, MonthClosed."""
    if day > today:
        raise FutureDay(field=field)
    if closed:
        raise MonthClosed(field=field)
    return day


def require_counted(counted_fen: int, entered_fen: int) -> None:
    """Counted is what was entered, to the fen. Raises CountedLess, CountedMore."""
    if counted_fen == entered_fen:
        return
    broken = CountedLess if counted_fen < entered_fen else CountedMore
    raise broken(entered=yuan(entered_fen), difference=yuan(abs(counted_fen - entered_fen)))


def fit_reason(reason: str | None) -> str:
    """A reason in one line. Raises ReasonNeeded."""
    clean = " ".join((reason or "").split())
    if not 0 < len(clean) <= REASON_LENGTH or any(
        unicodedata.category(char)[0] == "C" for char in clean
    ):
        raise ReasonNeeded
    return clean


def fit_serial(serial: str) -> str:
    """The bank's number of a line. Raises SerialUnfit."""
    clean = unicodedata.normalize("NFKC", serial).strip() if len(serial) <= 200 else ""
    if _SERIAL.fullmatch(clean) is None:
        raise SerialUnfit
    return clean


def fit_line_amount(fen: object) -> int:
    """What a line moves, in fen. Raises LineAmountUnfit."""
    if isinstance(fen, bool) or not isinstance(fen, int) or not 1 <= fen <= _LINE_MAX_FEN:
        raise LineAmountUnfit
    return fen


def fit_account_number(number: str) -> str:
    """An account's number without blanks. Raises AccountUnfit."""
    clean = unicodedata.normalize("NFKC", number) if len(number) <= 80 else ""
    clean = clean.upper().replace(" ", "").replace("-", "")
    if _ACCOUNT.fullmatch(clean) is None:
        raise AccountUnfit
    return clean


def fit_account_code(code: str) -> str:
    """The name under which the ledger keeps an account. Raises AccountCodeUnfit."""
    if _ACCOUNT_CODE.fullmatch(code) is None:
        raise AccountCodeUnfit
    return code


def fit_words(text: str | None, field: str, longest: int) -> str | None:
    """A bank's own words in one line: whatever signs it prints, nothing invisible.

    Raises TextUnfit.
    """
    if text is None:
        return None
    clean = " ".join(unicodedata.normalize("NFC", text[: 4 * longest + 1]).split())
    if len(clean) > longest or any(unicodedata.category(char)[0] == "C" for char in clean):
        raise TextUnfit(field=field)
    return clean or None
