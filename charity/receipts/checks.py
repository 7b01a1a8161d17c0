"""Production self-checks of receipts: named sentences, each with a query of its own.

Plain SQL over the tables, none of it shared with what it checks. ``run`` reads one snapshot and
writes nothing; ``found`` names at most five offenders and no person.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from charity.kernel import clock, files
from charity.kernel.crypto import Unsealable
from charity.kernel.db import UTCDateTime
from charity.kernel.files import FileDamaged
from charity.ledger.checks import Check
from charity.receipts import queries, rules
from charity.receipts.models import Receipt, ReceiptFile

ISSUED_WITHIN = dt.timedelta(hours=1)
# Facts and files are read whole, so only the newest are asked each time.
NEWEST = 2_000
_SHOWN = 5

SENTENCES: dict[str, str] = {
    "receipt numbers of a series and year are 1, 2, 3 … without gap or double": """
        SELECT series, year, count(*) AS receipts, max(seq) AS last FROM receipts_receipt
        GROUP BY series, year
        HAVING min(seq) <> 1 OR max(seq) <> count(*) OR count(DISTINCT seq) <> count(*)""",
    "no receipt number was taken without a receipt": """
        SELECT s.scope, s.last FROM serial s LEFT JOIN (
          SELECT 'receipt:' || series || ':' || CAST(year AS TEXT) AS scope, max(seq) AS last
          FROM receipts_receipt GROUP BY series, year) r ON r.scope = s.scope
        WHERE s.scope LIKE 'receipt:%' AND s.last <> coalesce(r.last, 0)""",
    "a receipt's number says its series, year and place": """
        SELECT id AS receipt, number FROM receipts_receipt
        WHERE number <> series || CAST(year AS TEXT) || '-'
          || substr('00000000' || CAST(seq AS TEXT), length(CAST(seq AS TEXT)) + 1)""",
    "receipts belong to what this database was born as": """
        SELECT r.id AS receipt FROM receipts_receipt r
        WHERE r.mode NOT IN (SELECT mode FROM ledger_database)
          OR (r.mode = 'test') <> (r.series = 'T')""",
    "a gift has at most one receipt that counts": """
        SELECT r.gift_id AS gift, count(*) AS receipts FROM receipts_receipt r
        WHERE NOT EXISTS (SELECT 1 FROM receipts_void v WHERE v.receipt_id = r.id)
        GROUP BY r.gift_id HAVING count(*) > 1""",
    "a receipt that was replaced is void and of the same gift": """
        SELECT n.id AS receipt FROM receipts_receipt n
        LEFT JOIN receipts_receipt o ON o.id = n.replaces_id
        LEFT JOIN receipts_void v ON v.receipt_id = n.replaces_id
        WHERE n.replaces_id IS NOT NULL
          AND (v.receipt_id IS NULL OR o.gift_id <> n.gift_id OR o.version + 1 <> n.version)""",
    "a receipt is for its gift's amount": """
        SELECT r.id AS receipt FROM receipts_receipt r
        JOIN donations_gift g ON g.id = r.gift_id WHERE r.amount_fen <> g.amount_fen""",
    "a settled gift that wants a receipt has one within an hour": """
        SELECT g.id AS gift FROM donations_gift g
        WHERE g.receipt_due AND g.status = 'settled' AND g.settled_at < :due
          AND NOT EXISTS (SELECT 1 FROM receipts_receipt r WHERE r.gift_id = g.id)""",
}


def run(session: Session) -> list[Check]:
    """Every sentence, in the session's snapshot."""
    made = [sentence(session, name) for name in SENTENCES]
    return [*made, facts_unchanged(session), files_unchanged(session)]


def sentence(session: Session, name: str) -> Check:
    """One sentence of ``SENTENCES``, by its name."""
    statement = SENTENCES[name]
    asked = text(f"SELECT * FROM ({statement}) found LIMIT {_SHOWN}")  # noqa: S608 - our own words
    values = {}
    if ":due" in statement:
        asked = asked.bindparams(bindparam("due", type_=UTCDateTime))
        values["due"] = clock.now() - ISSUED_WITHIN
    rows = session.execute(asked, values).mappings().all()
    return _check(
        name, [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    )


def facts_unchanged(session: Session) -> Check:
    """The newest rows still hash to what was frozen."""
    newest = select(Receipt.id, Receipt.facts_sha256).order_by(Receipt.id.desc()).limit(NEWEST)
    hashes = {row.id: row.facts_sha256 for row in session.execute(newest)}
    found = []
    try:
        for receipt_id, facts in queries.facts(hashes).items():
            if rules.facts_hash(facts) != hashes[receipt_id]:
                found.append(f"receipt {receipt_id}")
    except Unsealable as error:
        found.append(str(error))
    return _check("the facts of the newest receipts are as they were frozen", found)


def files_unchanged(session: Session) -> Check:
    """The newest PDFs are where they were kept, with the same bytes."""
    newest = (
        select(ReceiptFile.receipt_id, ReceiptFile.path, ReceiptFile.sha256)
        .order_by(ReceiptFile.receipt_id.desc())
        .limit(NEWEST // 10)
    )
    store = files.store()
    found = []
    for row in session.execute(newest):
        try:
            store.get(row.path, row.sha256)
        except FileDamaged:
            found.append(f"receipt {row.receipt_id}")
    return _check("the newest receipts' PDFs are kept unchanged", found)


def _check(name: str, found: list[str]) -> Check:
    return Check(name, not found, "; ".join(found[:_SHOWN]))
