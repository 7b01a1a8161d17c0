"""What the application's own rights cannot do to the ledger, in hand-written SQL.

Rule: each attempt is refused by the guard named, to the commit, and each has a canary: the same
statements go through for the owner once exactly that guard is taken away. So a refusal is the
guard's, not a slip of the pen.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from charity.app import create_app
from charity.config import bundle_dir
from charity.kernel.atomic import atomic
from charity.kernel.db import WRITE_ROOM, db
from charity.kernel.ids import new_id
from charity.ledger import services as ledger
from charity.ledger.guards import append_only_tables
from charity.ledger.services import Actor
from charity.ledger.worksheet import _open_account
from tests.conftest import TestDatabase, make_database, make_settings
from tests.factories.ledger import World, busy_day
from tests.integration.ledger.direct import ACCOUNT, BOOK, Direct

CLEARING, BANK = "clearing:sandbox", "bank:main"
FK = "FOREIGN KEY constraint failed"
NOT_AUTHORIZED = "not authorized|prohibited|may not be modified"
DENIED = "permission denied|must be owner"
FK_OFF, CHECKS_OFF, BARE, SCRATCH = "fk off", "checks off", "bare ", "scratch"


@dataclass(frozen=True)
class Case:
    """An attempt, what refuses it on each database, and how the owner takes that guard away.

    A dialect that is not named in ``refused`` has no such way. ``remove`` gives statements, or
    ``FK_OFF``, ``CHECKS_OFF``, ``BARE table`` (rebuilt without constraints) on SQLite; ``SCRATCH``
    tries an empty database without the authorizer.
    """

    attempt: Callable[[Direct], object]
    refused: dict[str, str]
    remove: dict[str, list[str]] = field(default_factory=dict)


def drop(trigger: str, table: str) -> dict[str, list[str]]:
    return {
        "sqlite": [f"DROP TRIGGER {trigger}"],
        "postgres": [f"DROP TRIGGER {trigger} ON {table}"],
    }


def dropped_index(name: str) -> dict[str, list[str]]:
    return {"sqlite": [f"DROP INDEX {name}"], "postgres": [f"DROP INDEX {name}"]}


def constraint(table: str, name: str) -> list[str]:
    return [f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"]


def both(pattern: str) -> dict[str, str]:
    return {"sqlite": pattern, "postgres": pattern}


def key(table: str, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Refused by a foreign key; SQLite does not say which."""
    return (
        {"sqlite": FK, "postgres": name},
        {"sqlite": [FK_OFF], "postgres": constraint(table, name)},
    )


def check(table: str, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    return both(name), {"sqlite": [CHECKS_OFF], "postgres": constraint(table, name)}


WHOLE = drop("ledger_posting_whole", "ledger_posting")
IN_ORDER = drop("ledger_entry_in_order", "ledger_entry")
NUMBERS = drop("ledger_number_in_order", "ledger_number")
AUTHORITY_KEY = key("ledger_entry", "fk_ledger_entry_authority")


def across_books(x: Direct) -> None:
    entry = x.entry("gift", 5)
    x.posting(entry, CLEARING, "", 5, credit_id=x.account("available", x.two))


def entry_of_another_book(x: Direct) -> None:
    entry = x.entry("gift", 5)
    x.posting(entry, CLEARING, "available", 5, book_id=x.two)


def below_zero(x: Direct, verb: str = "INSERT") -> None:
    fen = x.balance("available") + 1
    entry = x.entry("fee", fen)
    x.posting(entry, "available", CLEARING, fen, verb=verb)


def pay_unsigned(x: Direct) -> None:
    x.posting(x.entry("pay", 5), "reserved", BANK, 5)


def pay_said_to_need_no_signature(x: Direct) -> None:
    x.posting(x.entry("pay", 5, authorized=False), "reserved", BANK, 5)


def pay_under_another_name(x: Direct) -> None:
    x.posting(x.entry("gift", 5), "reserved", BANK, 5)


def available_from_nowhere(x: Direct) -> None:
    x.posting(x.entry("slip", 5), "transit", "available", 5)


def correction_that_pays(x: Direct) -> None:
    wrong = x.value(
        "SELECT min(id) FROM ledger_entry WHERE kind = 'payout' AND book_id = :b", b=x.one
    )
    fen = x.value("SELECT amount_fen FROM ledger_entry WHERE id = :id", id=wrong)
    entry = x.entry("correction", fen, counts_as="payout", corrects=wrong)
    x.posting(entry, "available", BANK, fen)


def correction_of_another_amount(x: Direct) -> None:
    wrong = x.value("SELECT min(id) FROM ledger_entry WHERE book_id = :b", b=x.one)
    entry = x.entry("correction", 1, counts_as="gift", corrects=wrong)
    x.posting(entry, "available", CLEARING, 1)


def correction_twice(x: Direct) -> None:
    book = x.value("SELECT book_id FROM ledger_entry WHERE kind = 'correction'")
    wrong = x.value("SELECT corrects FROM ledger_entry WHERE kind = 'correction'")
    entry = x.entry("correction", 90, counts_as="bank_gift", corrects=wrong, book_id=book)
    x.posting(entry, BANK, "available", 90, book_id=book)


def signature_used_twice(x: Direct) -> None:
    old = x.value("SELECT min(id) FROM ledger_authority WHERE kind = 'reserve'")
    fen = x.value("SELECT amount_fen FROM ledger_authority WHERE id = :id", id=old)
    more = x.entry("gift", fen)
    x.posting(more, CLEARING, "available", fen)
    x.posting(x.entry("reserve", fen, authority_id=old), "available", "reserved", fen)


def signature_for_another_amount(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", amount_fen=6)


def signature_for_another_book(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", book_id=x.two)


def signature_for_another_kind(x: Direct) -> None:
    x.signed("pay", 5, "reserved", BANK, kind="reserve")


def one_person_signs(x: Direct) -> None:
    x.signed("reserve", 5, "available", "reserved", second="p1")


def signature_of_nothing(x: Direct) -> None:
    x.authority("reserve", 5, new_id())


def second_signature_for_an_entry(x: Direct) -> None:
    x.authority("reserve", 5, x.last("reserve"))


def signed_with_two_postings(x: Direct) -> None:
    x.entry("reserve", 5, posting_count=2, authority_id=1)


def no_postings(x: Direct) -> None:
    x.entry("gift", 5)


def fewer_postings_than_said(x: Direct) -> None:
    x.posting(x.entry("gift", 5, posting_count=2), CLEARING, "available", 5)


def other_amount_than_said(x: Direct) -> None:
    x.posting(x.entry("gift", 5), CLEARING, "available", 6)


def more_to_an_old_entry(x: Direct) -> None:
    old = x.value("SELECT min(id) FROM ledger_entry WHERE book_id = :b", b=x.one)
    x.posting(old, CLEARING, "available", 5, line=2)


def skipped_book_no(x: Direct) -> None:
    x.posting(x.entry("gift", 5, step=1), CLEARING, "available", 5)


def repeated_book_no(x: Direct) -> None:
    x.posting(x.entry("gift", 5, step=-1), CLEARING, "available", 5)


def closed_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2027-01"), CLEARING, "available", 5)


def no_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2026-13"), CLEARING, "available", 5)


def earlier_month(x: Direct) -> None:
    x.posting(x.entry("gift", 5, period="2026-10"), CLEARING, "available", 5)


def same_key(x: Direct) -> None:
    x.posting(x.entry("gift", 5, idempotency_key="test:1:gift"), CLEARING, "available", 5)


def other_mode(x: Direct) -> None:
    x.posting(x.entry("gift", 5, mode="real"), CLEARING, "available", 5)


def counted_as_another(x: Direct) -> None:
    x.posting(x.entry("bank_gift", 5, counts_as="money_back"), BANK, "available", 5)


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

PG = {"postgres": DENIED}
LITE = {"sqlite": NOT_AUTHORIZED}


def raw(sql: str) -> Callable[[Direct], None]:
    return lambda x: x.raw(sql)


def plain(sql: str, *, sqlite: bool = True, postgres: bool = True) -> Case:
    """One statement that only the authorizer or the missing grant refuses."""
    refused = {**(LITE if sqlite else {}), **(PG if postgres else {})}
    return Case(raw(sql), refused)


BOTH_CASES: dict[str, Case] = {
    "post across books": Case(
        across_books, *key("ledger_posting", "fk_ledger_posting_credit_account_id_book_id")
    ),
    "a posting of another book's entry": Case(
        entry_of_another_book, *key("ledger_posting", "fk_ledger_posting_entry_id_book_id")
    ),
    "below zero": Case(
        below_zero,
        {"sqlite": "guard: floor", "postgres": "ck_ledger_account_floor"},
        {
            "sqlite": [*WHOLE["sqlite"], CHECKS_OFF],
            "postgres": constraint("ledger_account", "ck_ledger_account_floor"),
        },
    ),
    "below zero, a refusal ignored": Case(
        lambda x: below_zero(x, "INSERT OR IGNORE"),
        {"sqlite": "guard: floor"},
        {"sqlite": WHOLE["sqlite"]},
    ),
    "pay without authority": Case(
        pay_unsigned, *check("ledger_entry", "ck_ledger_entry_authority_where_needed")
    ),
    "pay as if it needed none": Case(
        pay_said_to_need_no_signature, both("guard: no such kind in this database"), IN_ORDER
    ),
    "pay under another name": Case(
        pay_under_another_name, both("guard: kind does not post this"), WHOLE
    ),
    "available from nowhere": Case(
        available_from_nowhere, both("guard: kind does not post this"), WHOLE
    ),
    "a correction that pays": Case(
        correction_that_pays, both("guard: kind does not post this"), WHOLE
    ),
    "a correction of another amount": Case(
        correction_of_another_amount, both("guard: correction does not mirror"), IN_ORDER
    ),
    "corrected twice": Case(
        correction_twice,
        {"sqlite": r"UNIQUE.*ledger_entry\.corrects", "postgres": "uq_ledger_entry_corrects"},
        dropped_index("uq_ledger_entry_corrects"),
    ),
    "an authority used twice": Case(signature_used_twice, *AUTHORITY_KEY),
    "an authority for another amount": Case(signature_for_another_amount, *AUTHORITY_KEY),
    "an authority for another book": Case(
        signature_for_another_book,
        AUTHORITY_KEY[0] | {"postgres": "fk_ledger_(entry_authority|authority_entry)"},
        {
            "sqlite": [FK_OFF],
            "postgres": [
                *AUTHORITY_KEY[1]["postgres"],
                *constraint("ledger_authority", "fk_ledger_authority_entry"),
            ],
        },
    ),
    "an authority for another kind": Case(signature_for_another_kind, *AUTHORITY_KEY),
    "one person signs": Case(
        one_person_signs, *check("ledger_authority", "ck_ledger_authority_two_people")
    ),
    "an authority of no entry": Case(
        signature_of_nothing, *key("ledger_authority", "fk_ledger_authority_entry")
    ),
    "a second authority for an entry": Case(
        second_signature_for_an_entry,
        {"sqlite": r"UNIQUE.*ledger_authority\.entry_id", "postgres": "uq_ledger_authority_entry"},
        {
            "sqlite": [BARE + "ledger_authority"],
            "postgres": constraint("ledger_authority", "uq_ledger_authority_entry_id"),
        },
    ),
    "an authorized entry of two postings": Case(
        signed_with_two_postings,
        both("ck_ledger_entry_authorized_one_posting"),
        {
            "sqlite": [CHECKS_OFF, FK_OFF],
            "postgres": [
                *constraint("ledger_entry", "ck_ledger_entry_authorized_one_posting"),
                *constraint("ledger_entry", "fk_ledger_entry_authority"),
                *constraint("ledger_entry", "fk_ledger_entry_last_posting"),
            ],
        },
    ),
    "an entry without postings": Case(
        no_postings, *key("ledger_entry", "fk_ledger_entry_last_posting")
    ),
    "an entry with fewer postings than it says": Case(
        fewer_postings_than_said,
        {"sqlite": FK, "postgres": "guard: posting does not fit its entry"},
        {
            "sqlite": [FK_OFF],
            "postgres": [
                *WHOLE["postgres"],
                *constraint("ledger_entry", "fk_ledger_entry_last_posting"),
            ],
        },
    ),
    "an entry of another amount than it says": Case(
        other_amount_than_said, both("guard: posting does not fit its entry"), WHOLE
    ),
    "one more posting to an old entry": Case(
        more_to_an_old_entry, both("guard: posting does not fit its entry"), WHOLE
    ),
    "a book_no skipped": Case(skipped_book_no, both("guard: book_no out of order"), IN_ORDER),
    "a book_no twice": Case(
        repeated_book_no,
        {"sqlite": "guard: book_no out of order", "postgres": "uq_ledger_entry_book_id_book_no"},
        {
            "sqlite": [*IN_ORDER["sqlite"], BARE + "ledger_entry"],
            "postgres": [
                *IN_ORDER["postgres"],
                *constraint("ledger_entry", "uq_ledger_entry_book_id_book_no"),
            ],
        },
    ),
    "a closed month": Case(closed_month, both("guard: period closed"), IN_ORDER),
    "a month that is none": Case(no_month, both("guard: no such period"), IN_ORDER),
    "an earlier month": Case(earlier_month, both("guard: no such period"), IN_ORDER),
    "an idempotency key again": Case(
        same_key,
        {"sqlite": r"UNIQUE.*idempotency_key", "postgres": "uq_ledger_entry_idempotency_key"},
        {
            "sqlite": [BARE + "ledger_entry"],
            "postgres": constraint("ledger_entry", "uq_ledger_entry_idempotency_key"),
        },
    ),
    "real money in a test database": Case(
        other_mode, both("guard: no such kind in this database"), IN_ORDER
    ),
    "a gift that counts as another figure": Case(
        counted_as_another, *check("ledger_entry", "ck_ledger_entry_counts_as")
    ),
    "an account born with money": Case(
        lambda x: account(x, debits=5, credits=5),
        {"sqlite": "guard: account born with money", "postgres": DENIED},
        drop("ledger_account_born_empty", "ledger_account"),
    ),
    "an account with its floor off": Case(
        lambda x: account(x, code="bank:other", kind="bank", floored=False),
        {"sqlite": FK, "postgres": DENIED},
        {
            "sqlite": [FK_OFF],
            "postgres": constraint("ledger_account", "fk_ledger_account_kind_side_floored"),
        },
    ),
    "an account on its other side": Case(
        lambda x: account(x, code="bank:other", kind="bank", side="credit", floored=True),
        {"sqlite": FK, "postgres": DENIED},
        {
            "sqlite": [FK_OFF],
            "postgres": constraint("ledger_account", "fk_ledger_account_kind_side_floored"),
        },
    ),
    "an account that its book may not have": Case(
        lambda x: account(x, code="held", kind="held", side="credit", floored=True),
        {"sqlite": FK, "postgres": DENIED},
        {
            "sqlite": [FK_OFF],
            "postgres": constraint("ledger_account", "fk_ledger_account_kind_book_kind"),
        },
    ),
    "a book of no kind": Case(
        lambda x: book(x, kind="mine"),
        both("ck_ledger_book"),
        {
            "sqlite": [CHECKS_OFF],
            "postgres": [
                *constraint("ledger_book", "ck_ledger_book_kind"),
                *constraint("ledger_book", "ck_ledger_book_unit_has_campaign_and_unit"),
            ],
        },
    ),
    "a unit book without a unit": Case(
        lambda x: book(x, unit=None),
        *check("ledger_book", "ck_ledger_book_unit_has_campaign_and_unit"),
    ),
    "a second own book": Case(
        lambda x: book(x, kind="own", campaign=None, unit=None),
        {"sqlite": "UNIQUE", "postgres": "uq_ledger_book_one_per_currency"},
        dropped_index("uq_ledger_book_one_per_currency"),
    ),
    "a unit's second book": Case(
        lambda x: book(x, unit="u1"),
        {"sqlite": "UNIQUE", "postgres": "uq_ledger_book_campaign_unit_currency"},
        {
            "sqlite": [BARE + "ledger_book"],
            "postgres": constraint("ledger_book", "uq_ledger_book_campaign_unit_currency"),
        },
    ),
    "a number skipped": Case(
        lambda x: number(x, "SELECT n + 2 FROM ledger_head", UNNUMBERED + " LIMIT 1"),
        both("guard: number out of order"),
        NUMBERS,
    ),
    "a number out of its book's order": Case(
        lambda x: number(x, NEXT, UNNUMBERED + " LIMIT 1 OFFSET 1"),
        both("guard: number out of the order of its book"),
        NUMBERS,
    ),
    "a number for an entry that has one": Case(
        lambda x: number(x, NEXT, "SELECT entry_id FROM ledger_number WHERE n = 1"),
        {"sqlite": "guard: number out of the order", "postgres": "uq_ledger_number_entry_id"},
        {
            "sqlite": [*NUMBERS["sqlite"], BARE + "ledger_number"],
            "postgres": [
                *NUMBERS["postgres"],
                *constraint("ledger_number", "uq_ledger_number_entry_id"),
            ],
        },
    ),
    "totals by hand": plain("UPDATE ledger_account SET debits = debits + 1, credits = credits + 1"),
    "a floor taken away": Case(
        raw("UPDATE ledger_account SET floored = NOT floored WHERE code = 'bank:main'"),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
        {
            "sqlite": ["DROP TRIGGER ledger_account_only_totals", FK_OFF],
            "postgres": [
                "DROP TRIGGER ledger_account_only_totals ON ledger_account",
                *constraint("ledger_account", "fk_ledger_account_kind_side_floored"),
            ],
        },
    ),
    "an account deleted": Case(
        raw("DELETE FROM ledger_account WHERE code = 'clearing:spare'"),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
        drop("ledger_account_stays", "ledger_account"),
    ),
    "a book's head by hand": plain("UPDATE ledger_book_head SET last_no = last_no + 1"),
    "the head by hand": plain("UPDATE ledger_head SET n = n + 1"),
    "a numbered head by hand": plain("UPDATE ledger_numbered_head SET last_no = 0"),
    "a public figure by hand": plain("UPDATE ledger_numbered_total SET credits = credits + 1"),
    "a public figure deleted": plain("DELETE FROM ledger_numbered_total"),
    "a kind of one's own": plain("INSERT INTO ledger_kind (code, authorized) VALUES ('x', false)"),
    "a pair of one's own": plain(
        "INSERT INTO ledger_kind_pair (kind, correction, book_kind, debit, credit)"
        " VALUES ('gift', false, 'unit', 'reserved', 'bank')"
    ),
    "a line of the chart of one's own": plain(
        "INSERT INTO ledger_chart (kind, side, floored) VALUES ('x', 'debit', false)"
    ),
    "a place in the chart of one's own": plain(
        "INSERT INTO ledger_chart_book (account_kind, book_kind) VALUES ('held', 'unit')"
    ),
    "born again": Case(
        raw(
            "INSERT INTO ledger_database (id, mode, origin, born_at)"
            " VALUES (2, 'real', 'x', '2026-01-01 00:00:00')"
        ),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
        {
            "sqlite": [CHECKS_OFF],
            "postgres": constraint("ledger_database", "ck_ledger_database_one_row"),
        },
    ),
    "an upsert on an entry": Case(
        raw(
            "INSERT INTO ledger_entry SELECT * FROM ledger_entry WHERE true"
            " ON CONFLICT (id) DO UPDATE SET amount_fen = 1"
        ),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
        {
            "sqlite": ["DROP TRIGGER ledger_entry_no_update", *IN_ORDER["sqlite"], FK_OFF],
            "postgres": [
                "DROP TRIGGER ledger_entry_append_only ON ledger_entry",
                *constraint("ledger_entry", "fk_ledger_entry_authority"),
            ],
        },
    ),
    "an upsert on an account": Case(
        raw(
            "INSERT INTO ledger_account SELECT * FROM ledger_account WHERE code = 'clearing:spare'"
            " ON CONFLICT (id) DO UPDATE SET debits = 5"
        ),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
    ),
    "a trigger dropped": Case(
        lambda x: x.raw(
            "DROP TRIGGER ledger_posting_whole" + ("" if x.sqlite else " ON ledger_posting")
        ),
        {"sqlite": NOT_AUTHORIZED, "postgres": DENIED},
    ),
    "a table dropped": plain("DROP TABLE ledger_closed_period"),
    "a column added": plain("ALTER TABLE ledger_entry ADD COLUMN spare integer"),
    "a view in a table's place": plain(
        "ALTER TABLE ledger_closed_period RENAME TO ledger_closed_period_old"
    ),
}

SQLITE_CASES: dict[str, Case] = {
    "half a fen": Case(
        lambda x: x.posting(x.entry("gift", 1.5), CLEARING, "available", 1.5),
        {"sqlite": "guard: not whole fen"},
        {"sqlite": WHOLE["sqlite"] + ["DROP TRIGGER ledger_account_whole_fen"]},
    ),
    "an amount in words": Case(
        lambda x: x.posting(x.entry("gift", "five"), CLEARING, "available", "five"),
        {"sqlite": "guard: not whole fen"},
        {"sqlite": WHOLE["sqlite"]},
    ),
    "more than a whole number holds": Case(
        lambda x: [
            x.posting(x.entry("gift", 2**62), CLEARING, "available", 2**62) for _ in range(3)
        ],
        {"sqlite": "guard: not whole fen"},
        {"sqlite": ["DROP TRIGGER ledger_account_whole_fen"]},
    ),
    "an entry replaced": Case(
        raw("REPLACE INTO ledger_entry SELECT * FROM ledger_entry ORDER BY id DESC LIMIT 1"),
        {"sqlite": "guard: entry replaced"},
        {"sqlite": [*IN_ORDER["sqlite"], "DROP TRIGGER ledger_entry_no_delete", FK_OFF]},
    ),
    "an entry replaced by its key": Case(
        lambda x: x.raw(
            "REPLACE INTO ledger_entry (id, book_id, book_no, kind, counts_as, occurred_on, period,"
            " recorded_at, idempotency_key, cause_type, cause_id, prior_year, authorized,"
            " amount_fen, posting_count, mode) SELECT 1, book_id,"
            f" {x.next_no(x.one)}, kind, counts_as, occurred_on, period, recorded_at,"
            " idempotency_key, cause_type, cause_id, prior_year, authorized, amount_fen,"
            f" posting_count, mode FROM ledger_entry WHERE book_id = {x.one} AND book_no = 1"
        ),
        {"sqlite": "guard: append-only ledger_entry"},
        {"sqlite": ["DROP TRIGGER ledger_entry_no_delete", FK_OFF]},
    ),
    "a posting replaced": Case(
        raw("REPLACE INTO ledger_posting SELECT * FROM ledger_posting LIMIT 1"),
        {"sqlite": "guard: (posting does not fit|append-only)"},
        {"sqlite": [*WHOLE["sqlite"], "DROP TRIGGER ledger_posting_no_delete"]},
    ),
    "an authority replaced": Case(
        raw("REPLACE INTO ledger_authority SELECT * FROM ledger_authority LIMIT 1"),
        {"sqlite": "guard: append-only ledger_authority"},
        {"sqlite": ["DROP TRIGGER ledger_authority_no_delete"]},
    ),
    "an account replaced": Case(
        raw(
            "REPLACE INTO ledger_account (id, book_id, book_kind, code, kind, side, floored)"
            " SELECT id, book_id, book_kind, code, kind, side, floored FROM ledger_account"
            " WHERE debits > 0 LIMIT 1"
        ),
        {"sqlite": "guard: append-only ledger_account"},
        {"sqlite": ["DROP TRIGGER ledger_account_stays"]},
    ),
    "a temporary trigger": plain(
        "CREATE TEMP TRIGGER t BEFORE INSERT ON ledger_posting BEGIN SELECT RAISE(IGNORE); END",
        postgres=False,
    ),
    "a trigger of one's own": plain(
        "CREATE TRIGGER t BEFORE INSERT ON ledger_posting BEGIN SELECT RAISE(IGNORE); END",
        postgres=False,
    ),
    "a temporary table in a table's place": plain(
        "CREATE TEMP TABLE ledger_account (id)", postgres=False
    ),
    "a temporary view in a table's place": plain(
        "CREATE TEMP VIEW ledger_head AS SELECT 1 AS id, 0 AS n", postgres=False
    ),
    "the schema by hand": Case(
        raw("DELETE FROM sqlite_master WHERE type = 'trigger'"),
        {"sqlite": NOT_AUTHORIZED},
        {"sqlite": ["PRAGMA writable_schema=ON"]},
    ),
    "writable_schema": plain("PRAGMA writable_schema=ON", postgres=False),
    "recursive_triggers": plain("PRAGMA recursive_triggers=OFF", postgres=False),
    "foreign_keys": plain("PRAGMA foreign_keys=OFF", postgres=False),
    "defer_foreign_keys": plain("PRAGMA defer_foreign_keys=ON", postgres=False),
    "ignore_check_constraints": plain("PRAGMA ignore_check_constraints=ON", postgres=False),
    "journal_mode": Case(raw("PRAGMA journal_mode=OFF"), LITE, {"sqlite": [SCRATCH]}),
    "synchronous": Case(raw("PRAGMA synchronous=OFF"), LITE, {"sqlite": [SCRATCH]}),
    "trusted_schema": plain("PRAGMA trusted_schema=ON", postgres=False),
    "another file": plain("ATTACH DATABASE ':memory:' AS other", postgres=False),
}

POSTGRES_CASES: dict[str, Case] = {
    "truncated": Case(
        raw("TRUNCATE ledger_number"), PG, drop("ledger_number_append_only", "ledger_number")
    ),
    "a trigger switched off": plain(
        "ALTER TABLE ledger_posting DISABLE TRIGGER ledger_posting_whole", sqlite=False
    ),
    "a trigger of one's own": plain(
        "CREATE TRIGGER t BEFORE INSERT ON ledger_posting FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        sqlite=False,
    ),
    "a function replaced": plain(
        "CREATE OR REPLACE FUNCTION guard_postings_whole() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$",
        sqlite=False,
    ),
    "a constraint dropped": plain(
        "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_floor", sqlite=False
    ),
    # PostgreSQL only warns that nothing was granted.
    "a right granted to oneself": Case(
        lambda x: [
            x.raw("GRANT UPDATE ON ledger_head TO charity_app"),
            x.raw("UPDATE ledger_head SET n = n + 1"),
        ],
        PG,
    ),
    "an account opened by hand": Case(account, PG),
    "a book opened by hand": Case(
        lambda x: x.run(
            BOOK,
            id=1,
            kind="unit",
            currency="CNY",
            campaign="c",
            unit="u9",
            matching=False,
            opened_at=x.moment(),
        ),
        PG,
    ),
    "a row locked for ever": plain("SELECT 1 FROM ledger_entry FOR UPDATE", sqlite=False),
}
# What even the tables' owner may not do: the canary is the superuser.
POSTGRES_SUPERUSER: dict[str, str] = {
    "triggers of a replica": "SET session_replication_role = replica",
    "the owner's role": "SET ROLE charity_owner",
    "a temporary table in a table's place": "CREATE TEMP TABLE ledger_account (id int)",
    "a schema of one's own": "CREATE SCHEMA mine",
}


def _params(dialect: str) -> list[object]:
    cases = BOTH_CASES | (SQLITE_CASES if dialect == "sqlite" else POSTGRES_CASES)
    return [
        pytest.param(case, id=name.replace(" ", "-"))
        for name, case in cases.items()
        if dialect in case.refused
    ]


@dataclass
class Rig:
    app: Flask
    database: TestDatabase

    def refuse(self, attempt: Callable[[Direct], object]) -> str:
        """What the database says to the attempt with the application's rights; nothing stays."""
        with self.app.app_context():
            conn = db.engine.connect().execution_options(**{WRITE_ROOM: True})
            try:
                with conn.begin():
                    attempt(Direct(conn))
            except DBAPIError as error:
                return str(error.orig)
            finally:
                conn.close()
        pytest.fail("it went through")

    def canary(self, attempt: Callable[[Direct], object], remove: list[str]) -> None:
        """The attempt goes through for the owner with those guards removed; nothing stays."""
        if SCRATCH in remove:
            with _owner("sqlite://").connect() as conn:
                scratch = object.__new__(Direct)
                scratch.conn = conn
                attempt(scratch)
            return
        engine = _owner(self.database.owner_url)
        with engine.connect() as conn:
            if conn.dialect.name == "sqlite":
                self._sqlite_owner(conn, remove)
            else:
                for statement in remove:
                    conn.exec_driver_sql(statement)
            before = 0 if any(part.startswith(BARE) for part in remove) else _violations(conn)
            attempt(Direct(conn))
            if conn.dialect.name == "postgresql":
                conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            elif not any(part.startswith((FK_OFF, BARE)) for part in remove):
                assert _violations(conn) == before
            conn.exec_driver_sql("ROLLBACK")
        engine.dispose()

    @staticmethod
    def _sqlite_owner(conn: Connection, remove: list[str]) -> None:
        raw = conn.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA recursive_triggers=ON")
        raw.execute(f"PRAGMA foreign_keys={'OFF' if FK_OFF in remove else 'ON'}")
        if any(part.startswith(BARE) for part in remove):
            raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute(f"PRAGMA ignore_check_constraints={'ON' if CHECKS_OFF in remove else 'OFF'}")
        raw.execute("PRAGMA defer_foreign_keys=OFF")
        raw.execute("BEGIN IMMEDIATE")
        for part in remove:
            if part.startswith(BARE):
                _rebuild_bare(conn, part.removeprefix(BARE))
            elif part not in {FK_OFF, CHECKS_OFF}:
                raw.execute(part)


def _owner(url: str) -> Engine:
    """The owner's engine; on SQLite without a transaction of its own, for pragmas go before."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: sqlite3.Connection, _record: object) -> None:
            raw.isolation_level = None

    return engine


def _rebuild_bare(conn: Connection, table: str) -> None:
    """The table without its constraints; the triggers on it made again."""
    rows = conn.execute(
        text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": table}
    ).all()
    others = conn.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> :t"),
        {"t": table},
    ).all()
    for name, _ in others:
        conn.exec_driver_sql(f"DROP TRIGGER {name}")
    conn.exec_driver_sql(f"CREATE TABLE bare AS SELECT * FROM {table}")
    conn.exec_driver_sql(f"DROP TABLE {table}")
    conn.exec_driver_sql(f"ALTER TABLE bare RENAME TO {table}")
    for (sql,) in [*rows, *[(sql,) for _, sql in others]]:
        conn.exec_driver_sql(sql)


def _violations(conn: Connection) -> int:
    if conn.dialect.name != "sqlite":
        return 0
    return len(conn.exec_driver_sql("PRAGMA foreign_key_check").all())


@pytest.fixture(scope="module")
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One database for all attempts: none of them may leave anything behind."""
    folder = tmp_path_factory.mktemp("direct")
    made = make_database(str(request.param), request, folder)
    database = next(made)
    # As an upgrade does: rights on the database itself are not copied with a template.
    role = "charity_app" if database.dialect == "postgres" else None
    scripts = bundle_dir() / "migrations"
    ledger.prepare(database.owner_url, scripts, app_role=role, birth=None)
    app = create_app(make_settings(database, folder))
    with app.app_context():
        world: World = busy_day()
        world.bank_gift(world.units[0], 20_000)
        world.reserve(world.units[0], 500)
        world.number()
        world.gift(world.units[0], 500, 5)  # these two have no number yet
        with atomic():
            ledger.close_period("2027-01", actor=Actor("a", "A"))
            _open_account(world.units[0], "clearing:spare")
        db.session.remove()
    yield Rig(app, database)
    with app.app_context():
        db.engine.dispose()
    for _ in made:
        pass


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sqlite_case" in metafunc.fixturenames:
        metafunc.parametrize("sqlite_case", _params("sqlite"))
        metafunc.parametrize("rig", ["sqlite"], indirect=True)
    if "postgres_case" in metafunc.fixturenames:
        metafunc.parametrize("postgres_case", _params("postgres"))
        metafunc.parametrize(
            "rig", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
        )


def _both(rig: Rig, case: Case, dialect: str) -> None:
    said = rig.refuse(case.attempt)
    assert re.search(case.refused[dialect], said), said
    rig.canary(case.attempt, case.remove.get(dialect, []))


def test_refused_on_sqlite(rig: Rig, sqlite_case: Case) -> None:
    _both(rig, sqlite_case, "sqlite")


def test_refused_on_postgres(rig: Rig, postgres_case: Case) -> None:
    _both(rig, postgres_case, "postgres")


TABLES = append_only_tables()


@pytest.mark.parametrize("verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "rig", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_append_only(rig: Rig, table: str, verb: str) -> None:
    """Refused to the application by its rights, to the owner by the trigger; then it goes."""
    from charity.kernel.db import Base

    column = next(iter(Base.metadata.tables[table].columns)).name
    attempt = raw(verb.format(t=table, c=column))
    assert re.search(f"{NOT_AUTHORIZED}|{DENIED}", rig.refuse(attempt))
    word = verb.split(maxsplit=1)[0].lower()
    if rig.database.dialect == "sqlite":
        here, remove = [FK_OFF], [f"DROP TRIGGER {table}_no_{word}", FK_OFF]
    else:
        here, remove = [], [f"DROP TRIGGER {table}_append_only ON {table}"]
        remove += _foreign_keys_to(table, rig)
    with _owner(rig.database.owner_url).connect() as conn:
        rows = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    if rows or rig.database.dialect == "postgres":  # SQLite's triggers fire by row
        with pytest.raises(DBAPIError, match=f"guard: append-only {table}"):
            rig.canary(attempt, here)
    rig.canary(attempt, remove)


def _foreign_keys_to(table: str, rig: Rig) -> list[str]:
    """Statements that drop the foreign keys to a table, so that its rows can go."""
    with _owner(rig.database.owner_url).connect() as conn:
        rows = conn.execute(
            text(
                "SELECT conrelid::regclass, conname FROM pg_constraint"
                " WHERE contype = 'f' AND confrelid = CAST(:table AS regclass)"
            ),
            {"table": table},
        )
        return [f"ALTER TABLE {referrer} DROP CONSTRAINT {name}" for referrer, name in rows]


@pytest.mark.postgres
@pytest.mark.parametrize("rig", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "sql", POSTGRES_SUPERUSER.values(), ids=[name.replace(" ", "-") for name in POSTGRES_SUPERUSER]
)
def test_only_a_superuser(rig: Rig, sql: str) -> None:
    assert re.search(DENIED, rig.refuse(raw(sql)))
    url = rig.database.owner_url.replace("charity_owner@", "postgres@")
    engine = _owner(url)
    with engine.connect() as conn:
        conn.exec_driver_sql(sql)
        conn.rollback()
    engine.dispose()
