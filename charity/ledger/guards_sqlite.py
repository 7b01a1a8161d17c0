"""The ledger's triggers on SQLite, and the authorizer of every application connection.

Triggers run by row. The authorizer stops what a trigger cannot: dropping a trigger, writing the
schema, changing the pragmas that make triggers fire. It binds connections of this application
only; nothing stops the file's owner, which is why the log is published.
"""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy import Connection

TRIGGERS: dict[str, str] = {
    # An account is born empty; its floor comes from the chart by foreign key.
    "ledger_account_born_empty": """
        BEFORE INSERT ON ledger_account
        WHEN NEW.debits <> 0 OR NEW.credits <> 0
        BEGIN SELECT RAISE(ABORT, 'guard: account born with money'); END""",
    "ledger_account_only_totals": """
        BEFORE UPDATE OF id, book_id, book_kind, code, kind, side, floored ON ledger_account
        BEGIN SELECT RAISE(ABORT, 'guard: append-only ledger_account'); END""",
    # SQLite turns a sum past 64 bits into a floating number: better no entry than that.
    "ledger_account_whole_fen": """
        BEFORE UPDATE OF debits, credits ON ledger_account
        WHEN typeof(NEW.debits) <> 'integer' OR typeof(NEW.credits) <> 'integer'
        BEGIN SELECT RAISE(ABORT, 'guard: not whole fen'); END""",
    "ledger_account_stays": """
        BEFORE DELETE ON ledger_account
        BEGIN SELECT RAISE(ABORT, 'guard: append-only ledger_account'); END""",
    "ledger_book_gets_head": """
        AFTER INSERT ON ledger_book BEGIN
          INSERT INTO ledger_book_head (book_id, last_no) VALUES (NEW.id, 0);
          INSERT INTO ledger_numbered_head (book_id, last_no) VALUES (NEW.id, 0);
        END""",
    "ledger_entry_in_order": """
        BEFORE INSERT ON ledger_entry BEGIN
          SELECT RAISE(ABORT, 'guard: entry replaced')
            WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id);
          SELECT RAISE(ABORT, 'guard: book_no out of order')
            WHERE NOT EXISTS (SELECT 1 FROM ledger_book_head
                              WHERE book_id = NEW.book_id AND last_no = NEW.book_no - 1);
          SELECT RAISE(ABORT, 'guard: no such kind in this database')
            WHERE NOT EXISTS (SELECT 1 FROM ledger_kind k, ledger_database d
              WHERE k.code = NEW.kind AND k.authorized = NEW.authorized AND d.mode = NEW.mode);
          SELECT RAISE(ABORT, 'guard: correction does not mirror')
            WHERE NEW.corrects IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM ledger_entry WHERE id = NEW.corrects AND book_id = NEW.book_id
                AND counts_as = NEW.counts_as AND amount_fen = NEW.amount_fen);
          SELECT RAISE(ABORT, 'guard: no such period')
            WHERE NEW.period NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'
              OR substr(NEW.period, 6) NOT BETWEEN '01' AND '12'
              OR NEW.period < strftime('%Y-%m', NEW.occurred_on)
              OR strftime('%Y-%m', NEW.occurred_on) IS NULL;
          SELECT RAISE(ABORT, 'guard: period closed')
            WHERE EXISTS (SELECT 1 FROM ledger_closed_period WHERE period = NEW.period);
        END""",
    "ledger_entry_moves_head": """
        AFTER INSERT ON ledger_entry BEGIN
          UPDATE ledger_book_head SET last_no = NEW.book_no WHERE book_id = NEW.book_id;
        END""",
    # Lines come in order, and the last one makes the entry whole. The floor stands here too,
    # beside the CHECK on totals: the policy of INSERT OR IGNORE reaches into the trigger below,
    # which would then skip the refused update and keep the posting.
    "ledger_posting_whole": """
        BEFORE INSERT ON ledger_posting BEGIN
          SELECT RAISE(ABORT, 'guard: not whole fen') WHERE typeof(NEW.amount_fen) <> 'integer';
          SELECT RAISE(ABORT, 'guard: kind does not post this') WHERE NOT EXISTS (
            SELECT 1 FROM ledger_entry e
            JOIN ledger_account d ON d.id = NEW.debit_account_id
            JOIN ledger_account c ON c.id = NEW.credit_account_id
            JOIN ledger_kind_pair p ON p.kind = e.counts_as
              AND p.correction = (e.kind = 'correction')
              AND p.book_kind = d.book_kind AND p.debit = d.kind AND p.credit = c.kind
            WHERE e.id = NEW.entry_id);
          SELECT RAISE(ABORT, 'guard: posting does not fit its entry')
            FROM ledger_entry e WHERE e.id = NEW.entry_id AND (
              NEW.line > e.posting_count
              OR NEW.line - 1 <> (SELECT count(*) FROM ledger_posting p
                                  WHERE p.entry_id = NEW.entry_id)
              OR (NEW.line = e.posting_count AND e.amount_fen <> NEW.amount_fen
                  + (SELECT coalesce(sum(p.amount_fen), 0) FROM ledger_posting p
                     WHERE p.entry_id = NEW.entry_id)));
          SELECT RAISE(ABORT, 'guard: floor') FROM ledger_account a WHERE a.floored AND (
            (a.id = NEW.debit_account_id AND a.side = 'credit'
              AND a.credits - a.debits < NEW.amount_fen)
            OR (a.id = NEW.credit_account_id AND a.side = 'debit'
              AND a.debits - a.credits < NEW.amount_fen));
        END""",
    "ledger_posting_moves_totals": """
        AFTER INSERT ON ledger_posting BEGIN
          UPDATE ledger_account SET debits = debits + NEW.amount_fen
            WHERE id = NEW.debit_account_id;
          UPDATE ledger_account SET credits = credits + NEW.amount_fen
            WHERE id = NEW.credit_account_id;
        END""",
    "ledger_number_in_order": """
        BEFORE INSERT ON ledger_number BEGIN
          SELECT RAISE(ABORT, 'guard: number out of order')
            WHERE NEW.n <> 1 + (SELECT n FROM ledger_head);
          SELECT RAISE(ABORT, 'guard: number out of the order of its book')
            WHERE NOT EXISTS (
              SELECT 1 FROM ledger_entry e JOIN ledger_numbered_head h ON h.book_id = e.book_id
              WHERE e.id = NEW.entry_id AND e.book_no = h.last_no + 1);
        END""",
    "ledger_number_moves_totals": """
        AFTER INSERT ON ledger_number BEGIN
          UPDATE ledger_head SET n = NEW.n;
          UPDATE ledger_numbered_head SET last_no = last_no + 1
            WHERE book_id = (SELECT book_id FROM ledger_entry WHERE id = NEW.entry_id);
          INSERT INTO ledger_numbered_total (book_id, kind, account_id, debits, credits, entries)
            SELECT e.book_id, e.counts_as, side.account_id,
                   sum(side.debits), sum(side.credits),
                   (sum(side.debits) > sum(side.credits)) - (sum(side.debits) < sum(side.credits))
            FROM ledger_entry e JOIN (
              SELECT entry_id, debit_account_id AS account_id, amount_fen AS debits, 0 AS credits
                FROM ledger_posting WHERE entry_id = NEW.entry_id
              UNION ALL
              SELECT entry_id, credit_account_id, 0, amount_fen
                FROM ledger_posting WHERE entry_id = NEW.entry_id
            ) side ON side.entry_id = e.id
            WHERE e.id = NEW.entry_id
            GROUP BY e.book_id, e.counts_as, side.account_id
            ON CONFLICT (book_id, kind, account_id) DO UPDATE SET
              debits = debits + excluded.debits, credits = credits + excluded.credits,
              entries = entries + excluded.entries;
        END""",
}

# Tables whose rows change, but only inside the triggers above.
_TRIGGER_ONLY = {
    "ledger_account": {sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE},
    "ledger_book_head": {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE},
    "ledger_head": {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE},
    "ledger_numbered_head": {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE},
    "ledger_numbered_total": {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE},
}
# Reference rows come with an upgrade, which runs without the authorizer.
_NO_INSERT = {
    "ledger_chart",
    "ledger_chart_book",
    "ledger_kind",
    "ledger_kind_pair",
    "ledger_database",
}
_PRAGMAS = {
    "query_only",
    "table_info",
    "table_xinfo",
    "table_list",
    "foreign_key_list",
    "foreign_key_check",
    "index_list",
    "index_info",
    "integrity_check",
    "quick_check",
    "wal_checkpoint",
    "data_version",
    "busy_timeout",
    "journal_mode",
    "page_count",
    "page_size",
}
_DENIED = {
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_TEMP_INDEX,
    sqlite3.SQLITE_CREATE_TEMP_TABLE,
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
    sqlite3.SQLITE_CREATE_TEMP_VIEW,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_CREATE_VTABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_TEMP_INDEX,
    sqlite3.SQLITE_DROP_TEMP_TABLE,
    sqlite3.SQLITE_DROP_TEMP_TRIGGER,
    sqlite3.SQLITE_DROP_TEMP_VIEW,
    sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_DROP_VIEW,
    sqlite3.SQLITE_DROP_VTABLE,
    sqlite3.SQLITE_REINDEX,
}
_WRITES = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_SCHEMA_TABLES = {"sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_sequence"}


class _Authorizer:
    def __init__(self, append_only: list[str]) -> None:
        self.append_only = frozenset(append_only)

    def __call__(
        self,
        action: int,
        first: str | None,
        second: str | None,
        _database: str | None,
        trigger: str | None,
    ) -> int:
        if action in _DENIED:
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA:
            # query_only is how the rooms are told apart; the rest only reads.
            known = (first or "").lower() in _PRAGMAS
            harmless = second is None or (first or "").lower() in _PRAGMAS - {
                "journal_mode",
                "busy_timeout",
                "page_size",
            }
            return sqlite3.SQLITE_OK if known and harmless else sqlite3.SQLITE_DENY
        if action in _WRITES:
            return self._write(action, (first or "").lower(), trigger)
        return sqlite3.SQLITE_OK

    def _write(self, action: int, table: str, trigger: str | None) -> int:
        if table in _SCHEMA_TABLES:
            return sqlite3.SQLITE_DENY
        if table in self.append_only and action != sqlite3.SQLITE_INSERT:
            return sqlite3.SQLITE_DENY
        if table in _NO_INSERT:
            return sqlite3.SQLITE_DENY
        if action in _TRIGGER_ONLY.get(table, ()) and trigger not in TRIGGERS:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK


def authorizer(append_only: list[str]) -> _Authorizer:
    """The authorizer for application connections; migrations run without it."""
    return _Authorizer(append_only)


def _append_only_triggers(tables: list[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            wanted[f"{table}_no_{verb.lower()}"] = (
                f"BEFORE {verb} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, 'guard: append-only {table}'); END"
            )
    return wanted


def _wanted(tables: list[str]) -> dict[str, str]:
    return {
        name: f"CREATE TRIGGER {name} {' '.join(body.split())}"
        for name, body in {**TRIGGERS, **_append_only_triggers(tables)}.items()
    }


def _standing(conn: Connection) -> dict[str, str]:
    rows = conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {row[0]: row[1] for row in rows}


def install(conn: Connection, tables: list[str]) -> None:
    """Make every trigger anew."""
    for name in _standing(conn):
        conn.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for statement in _wanted(tables).values():
        conn.exec_driver_sql(statement)


def missing(conn: Connection, tables: list[str]) -> list[str]:
    """Triggers that are gone, changed, or not of our list."""
    standing, wanted = _standing(conn), _wanted(tables)
    gone = [name for name, statement in wanted.items() if standing.get(name) != statement]
    return sorted(gone + [name for name in standing if name not in wanted])


def constraints(conn: Connection) -> set[str]:
    """Names of the constraints and indexes that stand, read from the tables' own text."""
    found: set[str] = set()
    rows = conn.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    )
    for name, sql in rows:
        found.add(name)
        found.update(re.findall(r'CONSTRAINT "?(\w+)"?', sql))
    return found
