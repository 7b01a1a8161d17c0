"""Every sentence of the donations' checks, broken on purpose by the owner, is caught."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from charity.donations import checks
from charity.kernel import migrate
from charity.kernel.db import db
from charity.ledger import guards, guards_postgres, guards_sqlite
from tests.conftest import TestDatabase
from tests.gifts import COUNTY, TOWN, Place, create, give, tell
from tests.gifts import body as event

GIFT = "every settled gift has exactly its entry: same amount, same book"
ENTRY = "every entry of an online gift belongs to a settled gift"
PAYMENT = "every paid intent has one payment as it asked for, and no other has one"
SUM = "the gifts of a payment sum to it and are in the same state"
FEE = "the fee shares of a payment sum to its fee"
BOOK = "a gift's book is its campaign and unit's book"
MODE = "every intent and payment is of this database's kind of money"
DONORS = "the number of donors is the number of donors with a settled gift"
LATE = "no event waits to be settled for more than 15 minutes"
LATE_FEE = "no fee waits for the own book for more than a day"

BREAKS = {
    "gift changed its amount": (
        "UPDATE donations_gift SET amount_fen = 999 WHERE status = 'settled'",
        {GIFT, SUM},
    ),
    "gift settled without entry": (
        "UPDATE donations_gift SET status = 'settled' WHERE status = 'pending'",
        {GIFT, SUM},
    ),
    "settled gift taken back to pending": (
        "UPDATE donations_gift SET status = 'pending' WHERE status = 'settled'",
        {ENTRY, SUM, DONORS},
    ),
    "payment vanished": ("DELETE FROM donations_payment", {PAYMENT}),
    "payment of another amount": ("UPDATE donations_payment SET amount_fen = 1", {PAYMENT}),
    "fee of another amount": ("UPDATE donations_payment SET fee_fen = fee_fen + 1", {FEE}),
    "gift moved to another book": (
        (
            "UPDATE donations_gift SET book_id = (SELECT max(book_id) FROM funds_campaign_unit"
            " WHERE book_id <> donations_gift.book_id) WHERE status = 'settled'"
        ),
        {GIFT, BOOK},
    ),
    "real money here": ("UPDATE donations_intent SET mode = 'real'", {MODE}),
    "a donor too many": ("UPDATE donations_tally SET donors = donors + 1", {DONORS}),
    "event forgotten": (
        (
            "UPDATE inbox_event SET state = 'new', received_at = '2020-01-01 00:00:00'"
            " WHERE event_id = 'evt_waits'"
        ),
        {LATE},
    ),
    "fee forgotten": (
        (
            "UPDATE inbox_event SET provider = 'internal', received_at = '2020-01-01 00:00:00'"
            " WHERE event_id = 'evt_waits'"
        ),
        {LATE, LATE_FEE},
    ),
}


def caught() -> set[str]:
    """Sentences that do not hold."""
    db.session().rollback()
    return {check.name for check in checks.run() if not check.ok}


def test_whole_house_has_nothing_to_tell(place: Place) -> None:
    give((COUNTY, 1_000), (TOWN, 500))
    create((TOWN, 100))
    assert caught() == set()


@pytest.mark.parametrize("name", BREAKS)
def test_break_is_caught(place: Place, database: TestDatabase, name: str) -> None:
    statement, sentences = BREAKS[name]
    give((COUNTY, 1_000))
    tell(event(create((TOWN, 100)), event_id="evt_waits"))
    db.session().rollback()
    owner = migrate.owner_engine(database.owner_url)
    with owner.begin() as conn:
        _without_guards(conn.dialect.name, conn)
        conn.execute(text(statement))
    owner.dispose()
    assert caught() == sentences


def _without_guards(dialect: str, conn: object) -> None:
    """Triggers off, and on PostgreSQL foreign keys too: what only an owner can do."""
    execute = conn.exec_driver_sql  # type: ignore[attr-defined]
    if dialect == "sqlite":
        for trigger in guards_sqlite._wanted(guards.append_only_tables()):
            execute(f"DROP TRIGGER {trigger}")
        return
    tables = {
        guards_postgres._table_of(statement)
        for statement in guards_postgres._wanted_triggers(guards.append_only_tables()).values()
    }
    for table in sorted(tables):
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    execute("ALTER TABLE donations_gift DROP CONSTRAINT fk_donations_gift_campaign_unit_id_book_id")
