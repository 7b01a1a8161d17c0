"""What is tried in PostgreSQL's own ways: TRUNCATE, triggers off, grants, other roles."""

from __future__ import annotations

import re

import pytest

from tests.integration.ledger.direct import BOOK, account
from tests.integration.ledger.direct_rig import (
    DENIED,
    PG,
    Case,
    Rig,
    drop,
    owner,
    plain,
    raw,
    tried,
)

CASES: dict[str, Case] = {
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


def test_refused_on_postgres(rig: Rig, postgres_case: Case) -> None:
    tried(rig, postgres_case, "postgres")


@pytest.mark.postgres
@pytest.mark.parametrize("rig", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "sql", POSTGRES_SUPERUSER.values(), ids=[name.replace(" ", "-") for name in POSTGRES_SUPERUSER]
)
def test_only_a_superuser(rig: Rig, sql: str) -> None:
    assert re.search(DENIED, rig.refuse(raw(sql)))
    url = rig.database.owner_url.replace("charity_owner@", "postgres@")
    engine = owner(url)
    with engine.connect() as conn:
        conn.exec_driver_sql(sql)
        conn.rollback()
    engine.dispose()
