"""Every sentence about slips, lines and suspense, broken on purpose by the owner, is caught."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from charity.donations.hand import checks as hand_checks
from charity.donations.hand.kinds import Direction
from charity.kernel import migrate
from charity.kernel.db import db
from charity.ledger import guards, guards_postgres, guards_sqlite
from tests import hand
from tests.conftest import TestDatabase
from tests.gifts import SLUG, TOWN, Place

LINE = "every settled slip and transfer has its bank line, and no other has one"
SUM = "the gifts of a slip sum to it and are as far as it is"
PENDING = "a gift by hand is pending in once, from when its slip is confirmed"
OWN = "nobody confirmed a slip with a gift they entered or counted"
BANK = "what the books have in each bank account is what its lines moved"
HELD = "what waits in suspense is what the suspense book holds of each bank account"
CAUSE = "every entry that a bank line caused has that line"
LATE = "no bank line waits for more than seven days to be said what it was for"

BREAKS = {
    "a line's use forgotten": (
        "DELETE FROM donations_line_effect WHERE use = 'slip'",
        {LINE, BANK},
    ),
    "a line of another sum": (
        (
            "UPDATE donations_bank_line SET amount_fen = amount_fen + 1 WHERE id IN"
            " (SELECT line_id FROM donations_line_effect WHERE use = 'slip')"
        ),
        {LINE, BANK},
    ),
    "a slip of another sum": (
        "UPDATE donations_slip SET amount_fen = amount_fen + 1 WHERE status = 'confirmed'",
        {SUM},
    ),
    "a confirmed slip back to waiting": (
        (
            "UPDATE donations_slip SET status = 'waiting', confirmed_by_id = NULL"
            " WHERE status = 'confirmed'"
        ),
        {SUM, PENDING},
    ),
    "confirmed by who entered": (
        (
            "UPDATE donations_sheet SET entered_by_id = (SELECT max(confirmed_by_id)"
            " FROM donations_slip WHERE status = 'confirmed')"
        ),
        {OWN},
    ),
    "held money forgotten": ("DELETE FROM donations_suspense", {HELD}),
    "an entry of an invented line": (
        (
            "UPDATE ledger_entry SET cause_id = 'nobody'"
            " WHERE id = (SELECT min(id) FROM ledger_entry WHERE cause_type = 'bank_line')"
        ),
        {CAUSE},
    ),
    "a line forgotten": (
        "UPDATE donations_bank_line SET entered_at = '2020-01-01 00:00:00'",
        {LATE},
    ),
}


def caught() -> set[str]:
    """Sentences of this file that do not hold."""
    return hand.broken() & set(hand_checks.SENTENCES)


def _without_guards(conn: Connection) -> None:
    tables = guards.append_only_tables()
    if conn.dialect.name == "sqlite":
        for trigger in guards_sqlite._wanted(tables):
            conn.exec_driver_sql(f"DROP TRIGGER {trigger}")
        return
    wanted = guards_postgres._wanted_triggers(tables).values()
    for table in sorted({guards_postgres._table_of(statement) for statement in wanted}):
        conn.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def test_every_sentence_has_its_break() -> None:
    assert {name for _, names in BREAKS.values() for name in names} == set(hand_checks.SENTENCES)


@pytest.mark.parametrize("name", BREAKS)
def test_break_is_caught(place: Place, database: TestDatabase, name: str) -> None:
    crew = hand.make_crew(TOWN)
    hand.settled_slip(crew, TOWN, SLUG, 1_000)
    hand.enter(crew, hand.asked(TOWN, SLUG, 500))
    hand.confirm(hand.close(crew, TOWN, 500), crew.leader)
    hand.hold(crew, hand.line(crew, 300))
    hand.line(crew, 40, Direction.OUT)
    assert caught() == set()
    statement, sentences = BREAKS[name]
    owner = migrate.owner_engine(database.owner_url)
    with owner.begin() as conn:
        _without_guards(conn)
        conn.execute(text(statement))
    owner.dispose()
    db.session().rollback()
    assert caught() == sentences
