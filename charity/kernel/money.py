"""Money is whole fen, always an int: reading it, writing it, dividing it. No float anywhere.

100 fen are one yuan. Pure: no framework, no database, no clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_YUAN = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?", re.ASCII)
# Longest text worth normalising; the longest amount has 13 characters.
_LONGEST = 40

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
# Ten thousand to the fourth, in yuan: beyond it there is no agreed way to write the figure.
_CAPITAL_LIMIT_FEN = 10**16 * 100


class MoneyError(ValueError):
    """A text that is not an amount of yuan. ``code`` is ``"empty"`` or ``"not_an_amount"``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_yuan(text: str) -> int:
    """Fen of an amount typed in yuan, such as ``"30"``, ``"0.5"`` or full-width ``"３０"``.

    After NFKC and without surrounding blanks, at most ten digits and at most two decimals; no
    sign, separator, exponent or words. Limits of a gift are the caller's. Raises MoneyError.
    """
    if not text or not text.strip():
        raise MoneyError("empty")
    if len(text) > _LONGEST:
        raise MoneyError("not_an_amount")
    match = _YUAN.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise MoneyError("not_an_amount")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def format_yuan(fen: int) -> str:
    """Yuan with separators and both decimals: ``"274,824.94"``, ``"-0.05"``."""
    sign = "-" if fen < 0 else ""
    yuan_part, fen_part = divmod(abs(fen), 100)
    return f"{sign}{yuan_part:,}.{fen_part:02d}"


def yuan(fen: int) -> str:
    """Yuan with its sign as pages show it: ``"¥274,824.94"``, ``"-¥0.05"``."""
    return f"-¥{format_yuan(-fen)}" if fen < 0 else f"¥{format_yuan(fen)}"


def plain(fen: int) -> str:
    """Yuan without separators, for form fields and exports: ``"274824.94"``."""
    return format_yuan(fen).replace(",", "")


def capital_figures(fen: int) -> str:
    """The amount in capital figures 大写: ``"壹万贰仟叁佰肆拾伍元陆角柒分"``, ``"叁拾元整"``.

    Not negative and under 10^16 yuan; else ValueError.
    """
    if not 0 <= fen < _CAPITAL_LIMIT_FEN:
        raise ValueError("capital figures are for amounts from 0 to under 10^16 yuan")
    yuan_part, cents = divmod(fen, 100)
    jiao, odd_fen = divmod(cents, 10)
    words = f"{_capital_integer(yuan_part)}元" if yuan_part else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    if odd_fen:
        words += ("零" if yuan_part and not jiao else "") + f"{_DIGITS[odd_fen]}分"
    elif not jiao:
        words = f"{words or '零元'}整"
    return words


def _capital_integer(number: int) -> str:
    """A positive integer by groups of four digits; one 零 stands for any run of zeros inside."""
    low = number % 10**8
    if number >= 10**8:
        gap = "零" if 0 < low < 10**7 else ""
        return f"{_capital_integer(number // 10**8)}亿{gap}{_capital_integer(low) if low else ''}"
    words = ""
    for group in (1, 0):
        value = number // 10 ** (4 * group) % 10**4
        if value:
            gap = "零" if words and value < 1000 else ""
            words += gap + _capital_group(value) + ("万" if group else "")
    return words


def _capital_group(value: int) -> str:
    """1 to 9999, with 零 for zeros between digits and none at the end."""
    words = ""
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            gap = "零" if words and value // 10 ** (place + 1) % 10 == 0 else ""
            words += gap + _DIGITS[digit] + _PLACES[place]
    return words


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total_fen`` by whole, non-negative weights; the parts sum to it exactly.

    Each part is the exact share rounded down, and what is left goes fen by fen to the largest
    remainders, ties to the earlier. A negative total divides as its positive mirror. All weights
    zero, a negative weight, or none at all: ValueError.
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("weights are whole numbers, none negative, not all zero")
    if total_fen < 0:
        return [-part for part in split(-total_fen, weights)]
    whole = sum(weights)
    parts = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total_fen * weights[i] % whole))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts
