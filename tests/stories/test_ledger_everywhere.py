"""After the same season, page, API and a sum straight from the postings agree to the fen."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import text

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import services as ledger
from tests.factories import site
from tests.factories.ledger import World, balances
from tests.stories.test_ledger_story import live, yuan

UNITS = (site.COUNTY, site.TOWN, site.OFFICE)


def posted(book: int) -> dict[str, int]:
    """Raised, used and left of one book, from its postings and nothing else."""
    sums = {
        (kind, code): int(fen)
        for kind, code, fen in db.session().execute(
            text(
                "SELECT e.kind, a.kind, sum(CASE WHEN a.id = p.debit_account_id THEN p.amount_fen"
                " ELSE -p.amount_fen END) FROM ledger_posting p"
                " JOIN ledger_entry e ON e.id = p.entry_id JOIN ledger_account a"
                " ON a.id IN (p.debit_account_id, p.credit_account_id)"
                " WHERE p.book_id = :book GROUP BY e.kind, a.kind"
            ),
            {"book": book},
        )
    }
    has = balances()[book]
    gifts = ("gift", "clearing"), ("slip_bank", "bank"), ("bank_gift", "bank")
    return {
        "raised_fen": sum(sums.get(key, 0) for key in gifts),
        "refunded_fen": -sums.get(("refund", "clearing"), 0),
        "fees_fen": -sums.get(("fee", "clearing"), 0),
        "used_fen": -sums.get(("pay", "bank"), 0),
        "left_fen": has["available"] + has.get("reserved", 0) - has.get("shortfall", 0),
    }


def test_page_api_and_postings_agree(ctx: Flask) -> None:
    site.build()
    books = {
        unit: int(book)
        for unit, book in db.session().execute(
            text("SELECT unit, id FROM ledger_book WHERE campaign = :slug"), {"slug": site.OPEN}
        )
    }
    db.session.rollback()
    with atomic():
        world = World(
            units=[books[unit] for unit in UNITS],
            own=ledger.own_book(),
            suspense=ledger.suspense_book(),
        )
    for _ in live(world):
        world.number()
    wanted = {unit: posted(books[unit]) for unit in UNITS}
    db.session.rollback()

    client = ctx.test_client()
    answer = client.get(f"/api/v1/campaigns/{site.OPEN}/units?limit=200").get_json()
    shown = {item["code"]: item for item in answer["items"]}
    for unit, figures in wanted.items():
        assert {name: shown[unit][name] for name in figures} == figures, unit
    totals = client.get("/api/v1/totals").get_json()
    for name in next(iter(wanted.values())):
        assert totals[name] == sum(figures[name] for figures in wanted.values()), name
    assert totals["as_of_entry"] == answer["as_of_entry"] > 30
    assert totals["suspense_fen"] == 0

    page = client.get("/units").get_data(as_text=True)
    rows = {
        code: re.sub(r"<[^>]+>", " ", row)
        for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)
        for code in re.findall(rf"/campaigns/{site.OPEN}/units/([\w-]+)", row)
    }
    for unit, figures in wanted.items():
        for name in ("raised_fen", "used_fen", "left_fen"):
            assert yuan(figures[name]) in rows[unit], (unit, name)
