"""What a ledger holds, so that a copy of it can be proved equal: every book and every entry.

Rule: plain SQL on the caller's connection and snapshot, the same words and the same result on both
databases. It shares no query with the pages whose figures it proves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from charity.kernel.db import canonical_json

_AT_ONCE = 5_000
_SHOWN = 5

_BOOKS = """
    SELECT id, kind, currency, coalesce(campaign, ''), coalesce(unit, '') FROM ledger_book"""
_NOW = """
    SELECT book_id, code, debits, credits FROM ledger_account"""
_NUMBERED = """
    SELECT t.book_id, t.kind, a.code, t.debits, t.credits, t.entries
    FROM ledger_numbered_total t JOIN ledger_account a ON a.id = t.account_id"""
_ENTRIES = """
    SELECT coalesce(n.n, 0), e.id, e.book_id, e.book_no, e.kind, e.counts_as, e.amount_fen,
      e.occurred_on, e.period, e.idempotency_key, e.cause_type, e.cause_id,
      coalesce(e.corrects, 0), coalesce(e.group_id, 0), coalesce(e.authority_id, 0),
      p.line, p.debit_account_id, p.credit_account_id, p.amount_fen
    FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
    LEFT JOIN ledger_number n ON n.entry_id = e.id
    ORDER BY e.book_id, e.book_no, p.line"""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The ledger up to number ``n``, and the entries that wait for one.

    ``books`` holds each book by its id: its name, what stands on each account now (debits,
    credits) and what the pages read as of ``n`` (debits, credits, entries), in fen.
    """

    n: int
    entries: int
    entries_sha256: str
    books: Mapping[str, Any]

    def as_json(self) -> str:
        """Canonical JSON, the same for the same ledger."""
        return canonical_json(
            {
                "n": self.n,
                "entries": self.entries,
                "entries_sha256": self.entries_sha256,
                "books": self.books,
            }
        )


def take(conn: Connection) -> Fingerprint:
    """The fingerprint of what this connection's snapshot shows."""
    books: dict[str, Any] = {
        str(row[0]): {"name": ":".join(part for part in row[1:] if part), "now": {}, "numbered": {}}
        for row in conn.execute(text(_BOOKS))
    }
    for book, code, debits, credit in conn.execute(text(_NOW)):
        books[str(book)]["now"][code] = [int(debits), int(credit)]
    for book, kind, code, debits, credit, entries in conn.execute(text(_NUMBERED)):
        sums = [int(debits), int(credit), int(entries)]
        books[str(book)]["numbered"][f"{kind} {code}"] = sums
    counted, digest = _entries(conn)
    n = int(conn.scalar(text("SELECT n FROM ledger_head")) or 0)
    return Fingerprint(n, counted, digest, books)


def _entries(conn: Connection) -> tuple[int, str]:
    """How many entries there are, and the hash of all they say."""
    digest, counted, last = hashlib.sha256(), 0, None
    rows = conn.execute(text(_ENTRIES), execution_options={"yield_per": _AT_ONCE})
    for row in rows:
        digest.update("\x1f".join(str(value) for value in row).encode() + b"\n")
        counted += row[1] != last
        last = row[1]
    return counted, digest.hexdigest()


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where two fingerprints (as read from their JSON) differ: at most five sentences."""
    said = [
        f"{name}: {wanted[name]} before, {found[name]} now"
        for name in ("n", "entries", "entries_sha256")
        if wanted[name] != found[name]
    ]
    before, now = wanted["books"], found["books"]
    for book in sorted(before.keys() | now.keys()):
        if before.get(book) != now.get(book):
            name = (before.get(book) or now[book])["name"]
            said.append(f"book {name} differs")
    return said[:_SHOWN]
