"""No row of an append-only table is changed or deleted, by whatever rights."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from charity.kernel.db import Base
from charity.ledger.guards import append_only_tables
from tests.integration.ledger.direct_rig import (
    DENIED,
    FK_OFF,
    NOT_AUTHORIZED,
    Rig,
    owner,
    raw,
)

TABLES = append_only_tables()


@pytest.mark.parametrize("verb", ["UPDATE {t} SET {c} = {c}", "DELETE FROM {t}"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "rig", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_append_only(rig: Rig, table: str, verb: str) -> None:
    """Refused to the application by its rights, to the owner by the trigger; then it goes."""
    column = next(iter(Base.metadata.tables[table].columns)).name
    attempt = raw(verb.format(t=table, c=column))
    assert re.search(f"{NOT_AUTHORIZED}|{DENIED}", rig.refuse(attempt))
    word = verb.split(maxsplit=1)[0].lower()
    if rig.database.dialect == "sqlite":
        here, remove = [FK_OFF], [f"DROP TRIGGER {table}_no_{word}", FK_OFF]
    else:
        here, remove = [], [f"DROP TRIGGER {table}_append_only ON {table}"]
        remove += _foreign_keys_to(table, rig)
    with owner(rig.database.owner_url).connect() as conn:
        rows = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    if rows or rig.database.dialect == "postgres":  # SQLite's triggers fire by row
        with pytest.raises(DBAPIError, match=f"guard: append-only {table}"):
            rig.canary(attempt, here)
    rig.canary(attempt, remove)


def _foreign_keys_to(table: str, rig: Rig) -> list[str]:
    """Statements that drop the foreign keys to a table, so that its rows can go."""
    with owner(rig.database.owner_url).connect() as conn:
        rows = conn.execute(
            text(
                "SELECT conrelid::regclass, conname FROM pg_constraint"
                " WHERE contype = 'f' AND confrelid = CAST(:table AS regclass)"
            ),
            {"table": table},
        )
        return [f"ALTER TABLE {referrer} DROP CONSTRAINT {name}" for referrer, name in rows]
