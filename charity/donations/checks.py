"""Production self-checks of donations: each sentence has a query of its own that finds offenders.

Plain SQL on stored rows, so that no code is shared with what is checked. Run in one reading
snapshot. The invariants are those of the ledger's door: each payment once, each gift once, the
fee shares whole.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, text

from charity.donations.hand import checks as hand_checks
from charity.kernel import clock
from charity.kernel.db import UTCDateTime, db
from charity.ledger.checks import Check

SETTLED_WITHIN = dt.timedelta(minutes=15)
FEE_BORNE_WITHIN = dt.timedelta(days=1)
_SHOWN = 5
_IN_LEDGER = "('settled', 'partly_refunded', 'refunded', 'disputed')"

SENTENCES: dict[str, str] = {
    "every settled gift has exactly its entry: same amount, same book": """
        SELECT g.public_id AS gift FROM donations_gift g
        LEFT JOIN ledger_entry e ON e.idempotency_key = 'gift:' || g.public_id || '\\:settle'
          || CASE WHEN g.moved = 0 THEN '' ELSE '-' || CAST(g.moved AS TEXT) END
        WHERE g.status IN {in_ledger}
          AND (e.id IS NULL OR e.kind NOT IN ('gift', 'bank_gift', 'slip_bank')
               OR e.book_id <> g.book_id
               OR e.amount_fen <> g.amount_fen * CASE e.kind WHEN 'slip_bank' THEN 2 ELSE 1 END)""",
    "every gift that went back has one refund that is done, and its entry": """
        SELECT g.public_id AS gift FROM donations_gift g
        LEFT JOIN donations_refund r ON r.gift_id = g.id AND r.state = 'done'
        LEFT JOIN ledger_entry e ON e.idempotency_key = 'refund:' || r.public_id || '\\:refund'
        WHERE (g.status = 'refunded') <> (r.id IS NOT NULL)
           OR (r.id IS NOT NULL AND (e.id IS NULL OR e.kind <> 'refund'
               OR e.book_id <> g.book_id OR e.amount_fen <> r.amount_fen
               OR r.amount_fen <> g.amount_fen))""",
    "every entry of a refund belongs to a refund that was done or failed": """
        SELECT e.id AS entry FROM ledger_entry e
        LEFT JOIN donations_refund r ON r.public_id = e.cause_id
        WHERE e.cause_type = 'refund' AND (r.id IS NULL OR r.state NOT IN ('done', 'failed'))""",
    "no refund is on its way or being checked for more than a day": """
        SELECT public_id AS refund FROM donations_refund
        WHERE state IN ('sent', 'unknown') AND sent_at < :fee_due""",
    "every entry of an online gift belongs to a settled gift": """
        SELECT e.id AS entry FROM ledger_entry e
        LEFT JOIN donations_gift g ON g.public_id = e.cause_id
        WHERE e.kind = 'gift' AND e.cause_type = 'gift'
          AND (g.id IS NULL OR g.status NOT IN {in_ledger})""",
    "every paid intent has one payment as it asked for, and no other has one": """
        SELECT i.public_id AS payment FROM donations_intent i
        LEFT JOIN donations_payment p ON p.intent_id = i.id
        WHERE (i.status = 'paid') <> (p.id IS NOT NULL)
           OR p.amount_fen <> i.amount_fen OR p.currency <> i.currency
           OR p.provider <> i.provider OR p.account <> i.account""",
    "the gifts of a payment sum to it and are in the same state": """
        SELECT i.public_id AS payment FROM donations_intent i
        LEFT JOIN (SELECT intent_id, sum(amount_fen) AS fen,
                     sum(CASE WHEN status IN {in_ledger} THEN 1 ELSE 0 END) AS settled,
                     count(*) AS gifts
                   FROM donations_gift GROUP BY intent_id) g ON g.intent_id = i.id
        WHERE g.fen IS NULL OR g.fen <> i.amount_fen
           OR g.settled <> CASE WHEN i.status = 'paid' THEN g.gifts ELSE 0 END""",
    "the fee shares of a payment sum to its fee": """
        SELECT p.intent_id AS intent FROM (
          SELECT p.intent_id, coalesce(p.fee_fen, s.amount_fen, 0) AS fee_fen
          FROM donations_payment p LEFT JOIN donations_fee s ON s.payment_id = p.id) p
        LEFT JOIN (SELECT g.intent_id, sum(e.amount_fen) AS fen FROM donations_gift g
                   JOIN ledger_entry e ON e.cause_id = g.public_id AND e.cause_type = 'gift'
                     AND e.kind IN ('fee', 'fee_borne') AND e.corrects IS NULL
                     AND (g.moved = 0 OR NOT EXISTS (
                       SELECT 1 FROM ledger_entry c WHERE c.corrects = e.id))
                   GROUP BY g.intent_id) f ON f.intent_id = p.intent_id
        WHERE p.fee_fen <> coalesce(f.fen, 0)
          AND (p.fee_fen < coalesce(f.fen, 0) OR NOT EXISTS (
            SELECT 1 FROM donations_gift g JOIN inbox_event w ON w.provider = 'internal'
              AND w.account = 'fees' AND w.event_id = 'fee:' || g.public_id
            WHERE g.intent_id = p.intent_id AND w.state <> 'done'))""",
    "a gift's book is its campaign and unit's book": """
        SELECT g.public_id AS gift FROM donations_gift g
        JOIN funds_campaign_unit cu ON cu.id = g.campaign_unit_id
        JOIN funds_campaign c ON c.id = cu.campaign_id JOIN funds_unit u ON u.id = cu.unit_id
        JOIN ledger_book b ON b.id = g.book_id
        WHERE cu.book_id <> g.book_id OR b.campaign <> c.slug OR b.unit <> u.code""",
    "every intent and payment is of this database's kind of money": """
        SELECT i.public_id AS payment FROM donations_intent i
        WHERE i.mode NOT IN (SELECT mode FROM ledger_database)""",
    "the number of donors is the number of donors with a settled gift": """
        SELECT t.donors AS kept, x.counted FROM donations_tally t, (
          SELECT (SELECT count(DISTINCT donor_id) FROM donations_gift
                  WHERE status IN {in_ledger})
               + (SELECT count(*) FROM donations_gift
                  WHERE status IN {in_ledger} AND donor_id IS NULL) AS counted) x
        WHERE t.donors <> x.counted""",
    "no event waits to be settled for more than 15 minutes": """
        SELECT count(*) AS events FROM inbox_event
        WHERE state = 'new' AND retry_at IS NULL AND received_at < :settled_due
        HAVING count(*) > 0""",
    "every payout is entered whole: its books' parts sum to it and are what its group posted": """
        SELECT p.object_id AS payout FROM donations_payout p
        LEFT JOIN (SELECT payout_id, sum(net_fen) AS fen, sum(abs(net_fen)) AS moved
                   FROM donations_payout_book GROUP BY payout_id) b ON b.payout_id = p.id
        LEFT JOIN (SELECT group_id, sum(amount_fen) AS moved FROM ledger_entry
                   WHERE kind = 'payout' AND corrects IS NULL GROUP BY group_id) e
          ON e.group_id = p.group_id
        WHERE coalesce(b.fen, 0) <> p.amount_fen OR coalesce(b.moved, 0) <> coalesce(e.moved, 0)""",
    "no question to a provider about a fee or a payout waits for more than a day": """
        SELECT inquiry, object_id FROM donations_inquiry
        WHERE done_at IS NULL AND inquiry <> 'refunds' AND asked_at < :fee_due""",
    "no fee waits for the own book for more than a day": """
        SELECT event_id AS fee FROM inbox_event
        WHERE state = 'new' AND provider = 'internal' AND received_at < :fee_due""",
    **hand_checks.SENTENCES,
}
_DUE = {
    "settled_due": SETTLED_WITHIN,
    "fee_due": FEE_BORNE_WITHIN,
    "line_due": hand_checks.LINE_USED_WITHIN,
}


def run() -> list[Check]:
    """Every sentence, in the reading snapshot of the caller."""
    return [_ask(name, statement) for name, statement in SENTENCES.items()]


def _ask(name: str, statement: str) -> Check:
    statement = statement.replace("{in_ledger}", _IN_LEDGER)
    asked = text(f"{statement} LIMIT {_SHOWN}")
    values = {}
    now = clock.now()
    for placeholder, due in _DUE.items():
        if f":{placeholder}" in statement:
            asked = asked.bindparams(bindparam(placeholder, type_=UTCDateTime))
            values[placeholder] = now - due
    rows = db.session().execute(asked, values).mappings().all()
    found = [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    return Check(name, not found, "; ".join(found))
