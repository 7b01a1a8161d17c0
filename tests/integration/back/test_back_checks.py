"""The checks of refunds, each broken on purpose by the owner, are caught."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from charity.donations import checks
from charity.kernel import migrate
from charity.kernel.db import db
from tests.back import Two, agreed, gift_of, give, send
from tests.conftest import TestDatabase
from tests.gifts import COUNTY, Place

BACK = "every gift that went back has one refund that is done, and its entry"
ENTRY = "every entry of a refund belongs to a refund that was done or failed"
LATE = "no refund is on its way or being checked for more than a day"

BREAKS = {
    "a gift that stands again by itself": (
        "UPDATE donations_gift SET status = 'settled' WHERE status = 'refunded'",
        {BACK},
    ),
    "a gift gone without a refund": (
        "UPDATE donations_gift SET status = 'refunded' WHERE status = 'settled'",
        {BACK},
    ),
    "a refund that forgets it was done": ("UPDATE donations_refund SET state = 'approved'",
                                          {BACK, ENTRY}),
    "a refund of another amount": ("UPDATE donations_refund SET amount_fen = 1", {BACK}),
    "a refund nobody asks after": (
        "UPDATE donations_refund SET state = 'unknown', sent_at = '2020-01-01 00:00:00'",
        {BACK, ENTRY, LATE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_break_is_caught(place: Place, two: Two, database: TestDatabase, name: str) -> None:
    statement, sentences = BREAKS[name]
    give((COUNTY, 500))
    agreed(gift_of(give((COUNTY, 1_000))), two)
    send()
    assert [each for each in checks.run() if not each.ok] == []
    db.session().rollback()
    owner = migrate.owner_engine(database.owner_url)
    with owner.begin() as conn:
        conn.execute(text(statement))
    owner.dispose()
    assert {each.name for each in checks.run() if not each.ok} == sentences
