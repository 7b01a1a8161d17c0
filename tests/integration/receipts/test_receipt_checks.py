"""Each check of receipts finds what it is there to find."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from charity.kernel import files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.receipts import checks, jobs, services
from charity.receipts.services import Person
from tests.conftest import TestDatabase
from tests.factories import gifts, site
from tests.factories.ledger import owner

FORGED: dict[str, str] = {
    "receipt numbers of a series and year are 1, 2, 3 … without gap or double": (
        "UPDATE receipts_receipt SET seq = 9 WHERE seq = 2"
    ),
    "no receipt number was taken without a receipt": "UPDATE serial SET last = last + 1",
    "a receipt's number says its series, year and place": (
        "UPDATE receipts_receipt SET number = 'T2026-00000077' WHERE seq = 1"
    ),
    "receipts belong to what this database was born as": (
        "UPDATE receipts_receipt SET mode = 'real', series = 'R' WHERE seq = 1"
    ),
    "a gift has at most one receipt that counts": "DELETE FROM receipts_void",
    "a receipt that was replaced is void and of the same gift": "DELETE FROM receipts_void",
    "a receipt is for its gift's amount": "UPDATE donations_gift SET amount_fen = 7",
    "a settled gift that wants a receipt has one within an hour": (
        "UPDATE donations_gift SET receipt_due = true, settled_at = '2020-01-01 00:00:00'"
        " WHERE id NOT IN (SELECT gift_id FROM receipts_receipt)"
    ),
    "the facts of the newest receipts are as they were frozen": (
        "UPDATE receipts_receipt SET amount_fen = 7 WHERE seq = 1"
    ),
}


@pytest.fixture
def some(ctx: Flask) -> None:
    site.build()
    gifts.settled(*[gifts.person(f"捐赠人{n}") for n in range(3)])
    jobs.issue_receipts()
    db.session().rollback()
    first = db.session().execute(text("SELECT id FROM receipts_receipt WHERE seq = 1")).scalar_one()
    with atomic():
        services.reissue(first, reason="更正", person=Person("p", "甲"))
        services.request_pdf(first)
    jobs.render_requested()
    gifts.settled(gifts.person("𠮷田"))
    db.session().rollback()


def failing() -> set[str]:
    db.session().rollback()
    return {check.name for check in checks.run(db.session()) if not check.ok}


@pytest.mark.usefixtures("some")
def test_nothing_is_found_when_all_is_well() -> None:
    assert failing() == set()


def break_it(database: TestDatabase, statement: str) -> None:
    """As somebody with the owner's rights who switched every guard off."""
    with owner(database.owner_url) as conn:
        if database.dialect == "sqlite":
            names = conn.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars()
            for name in list(names):
                conn.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            for table in ("receipts_receipt", "receipts_void", "donations_gift", "serial"):
                conn.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for table, name in (
                ("receipts_receipt", "fk_receipts_receipt_replaces_void"),
                ("receipts_receipt", "fk_receipts_receipt_mode"),
            ):
                conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        conn.exec_driver_sql(statement)


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("name", FORGED)
def test_each_finds_its_forgery(name: str, database: TestDatabase) -> None:
    db.session().rollback()
    break_it(database, FORGED[name])
    assert name in failing()


@pytest.mark.usefixtures("some")
def test_a_damaged_pdf_is_found() -> None:
    (pdf,) = files.store().root.rglob("*.pdf")
    pdf.write_bytes(b"%PDF-")
    assert failing() == {"the newest receipts' PDFs are kept unchanged"}


def test_every_sentence_is_tried() -> None:
    named = {*FORGED, "the newest receipts' PDFs are kept unchanged"}
    assert set(checks.SENTENCES) <= named
