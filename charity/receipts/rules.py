"""What is printed, how it is numbered, and what fits. Values in, values or errors out.

``Facts`` is the whole printed content of one receipt. Its canonical JSON travels inside the PDF as
``receipt.json``, and the SHA-256 of that JSON stands in the row.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re
import unicodedata

from charity.kernel.money import capital_figures
from charity.receipts.errors import AmountWrong, TextTooLong
from charity.receipts.kinds import Series

TEMPLATE = 1
# The longest texts the page still holds together; tests draw all of them at once.
LIMITS = {
    "donor": 200,
    "donor_public": 20,
    "campaign_name": 120,
    "filing_number": 60,
    "unit_name": 120,
    "handler": 40,
    "charity_name": 120,
}
LARGEST_FEN = 999_999_999_999

_NUMBER = re.compile(r"([RT])([0-9]{4})([0-9]{8})")
# Crockford's base 32 reads what a hand may have written instead.
_CROCKFORD = str.maketrans({"I": "1", "L": "1", "O": "0"})
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16  # 80 bits


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one receipt says. Money in fen, dates of Asia/Shanghai."""

    number: str
    code: str
    test: bool
    donor: str  # as the donor chose: the name, or 爱心人士
    donor_public: str | None  # how the donor is shown in public, when that differs
    donor_uscc: str | None  # an organization's code
    campaign_name: str
    filing_number: str
    unit_name: str
    amount_fen: int
    currency: str
    given_on: dt.date
    issued_on: dt.date
    issued_at: dt.datetime
    handler: str
    charity_name: str
    charity_uscc: str
    bill_wish: str  # "wanted", "waived" or "anonymous"
    base_url: str
    replaces: str | None = None  # the number of the receipt this one stands in for
    template: int = TEMPLATE

    @property
    def capital(self) -> str:
        """The amount in capital figures."""
        return capital_figures(self.amount_fen)

    @property
    def verify_url(self) -> str:
        """The address in the QR code."""
        return f"{self.base_url}/verify?number={self.number}&code={self.code}"

    def texts(self) -> list[str]:
        """Every text that was not written by us, for the check of glyphs."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return [value for value in values if isinstance(value, str)]


def facts_json(facts: Facts) -> bytes:
    """Canonical JSON of the facts (RFC 8785 for what occurs here: text, whole numbers, null)."""
    content: dict[str, object] = {
        key: value.isoformat() if isinstance(value, dt.date) else value
        for key, value in dataclasses.asdict(facts).items()
    }
    moment = facts.issued_at.astimezone(dt.UTC)
    content |= {
        "kind": "donation-receipt",
        "amount_capital": facts.capital,
        "issued_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def facts_hash(facts: Facts) -> str:
    """SHA-256, hex, of ``facts_json``."""
    return hashlib.sha256(facts_json(facts)).hexdigest()


def clean(text: str) -> str:
    """``text`` on one line: NFC, every run of blanks one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def require_fits(facts: Facts) -> None:
    """Refuse what one page cannot hold. Raises TextTooLong, AmountWrong."""
    if not 0 < facts.amount_fen <= LARGEST_FEN:
        raise AmountWrong
    for field, limit in LIMITS.items():
        if len(getattr(facts, field) or "") > limit:
            raise TextTooLong(field=field, limit=limit)


def series_of(mode: str) -> Series:
    """The series of a database born ``"real"`` or ``"test"``."""
    return Series.REAL if mode == "real" else Series.TEST


def format_number(series: Series, year: int, seq: int) -> str:
    """``T2026-00000001``."""
    if not 0 < seq < 10**8:
        raise ValueError("a series holds 99,999,999 receipts a year")
    return f"{series}{year:04d}-{seq:08d}"


def normal_number(text: str) -> str | None:
    """The number as we write it, from what somebody typed; None when it cannot be one."""
    bare = re.sub(r"[\s\-‐-―−_.]", "", unicodedata.normalize("NFKC", text[:80]).upper())
    match = _NUMBER.fullmatch(bare)
    return f"{match[1]}{match[2]}-{match[3]}" if match else None


def normal_code(text: str) -> str | None:
    """The verification code as we write it, from what somebody typed; None when it is none."""
    bare = re.sub(r"[\s\-‐-―−_.]", "", unicodedata.normalize("NFKC", text[:80]).upper())
    bare = bare.translate(_CROCKFORD)
    if len(bare) != CODE_LENGTH or any(character not in CODE_ALPHABET for character in bare):
        return None
    return group_code(bare)


def group_code(bare: str) -> str:
    """``XXXX-XXXX-XXXX-XXXX``."""
    return "-".join(bare[i : i + 4] for i in range(0, len(bare), 4))
