"""``charity doctor`` tries the ways around the ledger, and would see one that goes through."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.ledger import doctor
from tests.conftest import TestDatabase
from tests.factories.ledger import busy_day, owner

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def through(database: TestDatabase, *, authorizer: bool = True) -> set[str]:
    tried = doctor.run(database.url, authorizer=authorizer)
    assert len(tried) >= 11
    return {check.name for check in tried if not check.ok}


def test_every_way_is_refused(database: TestDatabase, dialect: str) -> None:
    assert through(database) == set()


def test_on_a_used_ledger_too(ctx: Flask, database: TestDatabase, dialect: str) -> None:
    busy_day()
    assert through(database) == set()


def test_without_the_authorizer_some_go_through(database: TestDatabase, dialect: str) -> None:
    found = through(database, authorizer=False)
    assert {
        "drop a trigger",
        "change a balance",
        "silence inserts by a temporary trigger",
        "switch writable_schema on",
        "reach another file",
        "add a kind of entry",
    } <= found
    assert not {"edit an entry", "delete a posting", "post half a fen"} & found


@pytest.mark.parametrize(
    ("triggers", "way"),
    [
        (["ledger_posting_whole", "ledger_account_whole_fen"], "post half a fen"),
        (["ledger_account_born_empty"], "open an account with money in it"),
        (["ledger_number_in_order"], "number out of order"),
    ],
)
def test_a_trigger_that_is_gone_is_seen(
    database: TestDatabase, dialect: str, triggers: list[str], way: str
) -> None:
    with owner(database.owner_url) as conn:
        for trigger in triggers:
            conn.exec_driver_sql(f"DROP TRIGGER {trigger}")
    assert way in through(database)
