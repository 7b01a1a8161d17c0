"""What is tried in SQLite's own ways: loose types, REPLACE, temporary things, pragmas."""

from __future__ import annotations

from tests.integration.ledger.direct_rig import (
    CLEARING,
    FK_OFF,
    IN_ORDER,
    LITE,
    NOT_AUTHORIZED,
    SCRATCH,
    WHOLE,
    Case,
    Rig,
    plain,
    raw,
    tried,
)

CASES: dict[str, Case] = {
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


def test_refused_on_sqlite(rig: Rig, sqlite_case: Case) -> None:
    tried(rig, sqlite_case, "sqlite")
