"""Accounts, books, numbers, totals and kinds that the application's own rights cannot change."""

from __future__ import annotations

from tests.integration.ledger.direct import NEXT, UNNUMBERED, account, book, number
from tests.integration.ledger.direct_rig import (
    BARE,
    CHECKS_OFF,
    DENIED,
    FK,
    FK_OFF,
    IN_ORDER,
    NOT_AUTHORIZED,
    NUMBERS,
    Case,
    Rig,
    both,
    check,
    constraint,
    drop,
    dropped_index,
    plain,
    raw,
    tried,
)

CASES: dict[str, Case] = {
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


def test_refused_on_sqlite(rig: Rig, sqlite_case: Case) -> None:
    tried(rig, sqlite_case, "sqlite")


def test_refused_on_postgres(rig: Rig, postgres_case: Case) -> None:
    tried(rig, postgres_case, "postgres")
