"""Hand-written SQL against the ledger, as somebody with the application's rights would write it."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import Connection, text

from charity.kernel.ids import new_id

ENTRY = (
    "INSERT INTO ledger_entry (id, book_id, book_no, kind, counts_as, occurred_on, period,"
    " recorded_at, idempotency_key, cause_type, cause_id, corrects, prior_year, authorized,"
    " authority_id, amount_fen, posting_count, mode) VALUES (:id, :book_id, :book_no, :kind,"
    " :counts_as, :occurred_on, :period, :recorded_at, :idempotency_key, 'sql', 'x', :corrects,"
    " :prior_year, :authorized, :authority_id, :amount_fen, :posting_count, :mode)"
)
POSTING = (
    " INTO ledger_posting (entry_id, line, book_id, debit_account_id, credit_account_id,"
    " amount_fen) VALUES (:entry_id, :line, :book_id, :debit, :credit, :amount_fen)"
)
AUTHORITY = (
    "INSERT INTO ledger_authority (id, kind, book_id, amount_fen, first_person_id,"
    " second_person_id, approved_hash, entry_id, signed_at) VALUES (:id, :kind, :book_id,"
    " :amount_fen, :first, :second, :hash, :entry_id, :signed_at)"
)
ACCOUNT = (
    "INSERT INTO ledger_account (id, book_id, book_kind, code, kind, side, floored, debits,"
    " credits) VALUES (:id, :book_id, :book_kind, :code, :kind, :side, :floored, :debits, :credits)"
)
BOOK = (
    "INSERT INTO ledger_book (id, kind, currency, campaign, unit, matching, opened_at)"
    " VALUES (:id, :kind, :currency, :campaign, :unit, :matching, :opened_at)"
)


class Direct:
    """Statements on one connection; ``one`` and ``two`` are unit books, ``own`` is the own book."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.sqlite = conn.dialect.name == "sqlite"
        self.one = self.value("SELECT id FROM ledger_book WHERE unit = 'u1'")
        self.two = self.value("SELECT id FROM ledger_book WHERE unit = 'u2'")
        self.own = self.value("SELECT id FROM ledger_book WHERE kind = 'own'")

    def value(self, sql: str, **values: object) -> int:
        return int(self.conn.execute(text(sql), values).scalar_one())

    def run(self, sql: str, **values: object) -> None:
        self.conn.execute(text(sql), values)

    def raw(self, sql: str) -> None:
        self.conn.exec_driver_sql(sql.replace("%", "%%"))

    def account(self, code: str, book: int | None = None) -> int:
        sql = "SELECT id FROM ledger_account WHERE book_id = :book AND code = :code"
        return self.value(sql, book=book or self.one, code=code)

    def balance(self, code: str) -> int:
        sql = "SELECT abs(debits - credits) FROM ledger_account WHERE id = :id"
        return self.value(sql, id=self.account(code))

    def moment(self) -> object:
        now = dt.datetime.now(dt.UTC)
        return now.replace(tzinfo=None).isoformat(" ") if self.sqlite else now

    def last(self, kind: str) -> int:
        """The newest entry of a kind, in any book."""
        return self.value("SELECT max(id) FROM ledger_entry WHERE kind = :kind", kind=kind)

    def next_no(self, book: int) -> int:
        sql = "SELECT last_no + 1 FROM ledger_book_head WHERE book_id = :book"
        return self.value(sql, book=book)

    def entry(self, kind: str, fen: object, *, step: int = 0, **change: object) -> int:
        """An entry of book one that would be right, but for ``change``."""
        book = int(str(change.get("book_id", self.one)))
        values: dict[str, object] = {
            "id": new_id(),
            "book_id": book,
            "book_no": self.next_no(book) + step,
            "kind": kind,
            "counts_as": kind,
            "occurred_on": "2026-11-21",
            "period": "2026-11",
            "recorded_at": self.moment(),
            "idempotency_key": secrets.token_hex(8),
            "corrects": None,
            "prior_year": False,
            "authorized": kind in {"reserve", "pay"},
            "authority_id": None,
            "amount_fen": fen,
            "posting_count": 1,
            "mode": "test",
        }
        values.update(change)
        self.run(ENTRY, **values)
        return int(str(values["id"]))

    def posting(
        self, entry: int, debit: str, credit: str, fen: object, *, verb: str = "INSERT",
        **change: object,
    ) -> None:  # fmt: skip
        book = int(str(change.get("book_id", self.one)))
        values: dict[str, object] = {
            "entry_id": entry,
            "line": 1,
            "book_id": book,
            "debit": self.account(debit, book),
            "credit": change.pop("credit_id", None) or self.account(credit, book),
            "amount_fen": fen,
        }
        values.update(change)
        self.run(verb + POSTING, **values)

    def authority(self, kind: str, fen: int, entry: int, **change: object) -> int:
        values: dict[str, object] = {
            "id": new_id(),
            "kind": kind,
            "book_id": self.one,
            "amount_fen": fen,
            "first": "p1",
            "second": "p2",
            "hash": "b" * 64,
            "entry_id": entry,
            "signed_at": self.moment(),
        }
        values.update(change)
        self.run(AUTHORITY, **values)
        return int(str(values["id"]))

    def signed(self, name: str, fen: int, debit: str, credit: str, **sign: object) -> None:
        """An authorized entry whose authority differs from it by ``sign``."""
        entry, authority = new_id(), new_id()
        values = {"id": authority, **sign}
        self.authority(str(values.pop("kind", name)), fen, entry, **values)
        self.entry(name, fen, id=entry, authority_id=authority)
        self.posting(entry, debit, credit, fen)


def account(x: Direct, **change: object) -> None:
    values = {
        "id": new_id(), "book_id": x.one, "book_kind": "unit", "code": "clearing:other",
        "kind": "clearing", "side": "debit", "floored": False, "debits": 0, "credits": 0,
    }  # fmt: skip
    x.run(ACCOUNT, **{**values, **change})


def book(x: Direct, **change: object) -> None:
    values: dict[str, object] = {
        "id": new_id(), "kind": "unit", "currency": "CNY", "campaign": "c", "unit": "u9",
        "matching": False, "opened_at": x.moment(),
    }  # fmt: skip
    values.update(change)
    if x.sqlite:
        x.run(BOOK, **values)
    else:
        x.run(
            "SELECT ledger_open_book(:id, :kind, :currency, :campaign, :unit, :matching,"
            " :opened_at)",
            **values,
        )


def number(x: Direct, n: str, entry: str) -> None:
    x.raw(f"INSERT INTO ledger_number (n, entry_id) VALUES (({n}), ({entry}))")


NEXT = "SELECT n + 1 FROM ledger_head"
UNNUMBERED = (
    "SELECT e.id FROM ledger_entry e LEFT JOIN ledger_number n ON n.entry_id = e.id"
    " WHERE n.n IS NULL ORDER BY e.id"
)
