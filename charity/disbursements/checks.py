"""Production self-checks of the use of money: each sentence has a query that finds offenders.

Plain SQL on stored rows, so that no code is shared with what is checked; run in one reading
snapshot. What needs bank lines too is asked by ``figures.checks``.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Date, bindparam, text

from charity.disbursements.evidence_checks import SENTENCES as EVIDENCE
from charity.kernel import clock
from charity.kernel.db import UTCDateTime, db
from charity.ledger.checks import Check

FOLLOWED_WITHIN = dt.timedelta(minutes=15)
EXPIRED_WITHIN = dt.timedelta(days=1)
_SHOWN = 5
_MOVES = "('pay', 'bank_return', 'money_back', 'cost_pay', 'cost_return', 'cost_back')"

SENTENCES: dict[str, str] = {
    "every promise and payment has its application, in its book, signed by two who agreed": """
        SELECT e.id AS entry, e.kind FROM ledger_entry e
        LEFT JOIN ledger_authority a ON a.entry_id = e.id
        LEFT JOIN disbursements_application x
          ON e.cause_type = 'application' AND x.public_id = e.cause_id AND x.book_id = e.book_id
        WHERE e.kind IN ('reserve', 'pay', 'cost_pay') AND (x.id IS NULL OR a.id IS NULL
          OR NOT EXISTS (SELECT 1 FROM approvals_request r
            JOIN approvals_state s ON s.request_id = r.id AND s.status = 'used'
            JOIN approvals_decision d1 ON d1.request_id = r.id AND d1.approve
              AND d1.person_id = a.first_person_id
            JOIN approvals_decision d2 ON d2.request_id = r.id AND d2.approve
              AND d2.person_id = a.second_person_id
            WHERE r.kind = 'application' AND r.subject_id = x.public_id
              AND r.facts_sha256 = a.approved_hash))""",
    "every approved application has its promise, its size": """
        SELECT x.number FROM disbursements_application x
        LEFT JOIN ledger_entry e ON e.idempotency_key = 'application:' || x.public_id
          || '\\:reserve-' || CAST(x.reserved_times AS TEXT)
        LEFT JOIN ledger_authority a ON a.entry_id = e.id
        WHERE x.status IN ('approved', 'paid', 'proved') AND (e.id IS NULL OR a.id IS NULL
          OR e.amount_fen <> x.amount_fen OR a.approved_hash <> x.approved_hash
          OR a.first_person_id <> x.first_person_id
          OR a.second_person_id <> x.second_person_id)""",
    "no book has more reserved than its approved applications ask for": """
        SELECT c.book_id AS book FROM ledger_account c
        LEFT JOIN (SELECT book_id, sum(amount_fen) AS fen FROM disbursements_application
          WHERE status = 'approved' GROUP BY book_id) x ON x.book_id = c.book_id
        WHERE c.kind = 'reserved' AND c.credits - c.debits > coalesce(x.fen, 0)""",
    "no approved application lacks its promise for more than 15 minutes": """
        SELECT x.book_id AS book FROM (SELECT book_id, sum(amount_fen) AS fen,
            max(status_at) AS since FROM disbursements_application WHERE status = 'approved'
          GROUP BY book_id) x
        LEFT JOIN ledger_account c ON c.book_id = x.book_id AND c.kind = 'reserved'
        WHERE coalesce(c.credits - c.debits, 0) < x.fen AND x.since < :followed_due
          AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.book_id = x.book_id
            AND e.recorded_at >= :followed_due
            AND e.kind IN ('refund', 'dispute', 'correction'))""",
    "every payment has its entry: same book, same amount, same kind; and no other entry is one": """
        SELECT p.line_id AS line FROM disbursements_payment p
        JOIN disbursements_application x ON x.id = p.application_id
        LEFT JOIN ledger_entry e ON e.id = p.entry_id
        WHERE e.id IS NULL OR e.book_id <> x.book_id OR e.amount_fen <> p.amount_fen
          OR e.cause_id <> x.public_id OR e.occurred_on <> p.booked_on
          OR e.kind <> CASE x.function WHEN 'programme' THEN p.kind ELSE CASE p.kind
            WHEN 'pay' THEN 'cost_pay' WHEN 'bank_return' THEN 'cost_return' ELSE 'cost_back' END
            END
        UNION ALL
        SELECT CAST(e.id AS TEXT) FROM ledger_entry e
        LEFT JOIN disbursements_payment p ON p.entry_id = e.id
        WHERE e.kind IN {moves} AND p.id IS NULL""",
    "what was paid hashes as what was approved": """
        SELECT p.line_id AS line FROM disbursements_payment p
        JOIN disbursements_application x ON x.id = p.application_id
        LEFT JOIN ledger_authority a ON a.entry_id = p.entry_id
        WHERE p.kind = 'pay' AND (a.id IS NULL OR p.facts_sha256 <> a.approved_hash
          OR NOT EXISTS (SELECT 1 FROM approvals_request r WHERE r.kind = 'application'
            AND r.subject_id = x.public_id AND r.facts_sha256 = p.facts_sha256))""",
    "an application is paid, and handed back, as its payments say": """
        SELECT x.number FROM disbursements_application x
        LEFT JOIN (SELECT application_id,
            sum(CASE kind WHEN 'pay' THEN amount_fen WHEN 'bank_return' THEN -amount_fen ELSE 0
              END) AS paid,
            sum(CASE kind WHEN 'money_back' THEN amount_fen ELSE 0 END) AS back
          FROM disbursements_payment GROUP BY application_id) p ON p.application_id = x.id
        WHERE coalesce(p.paid, 0) <> x.paid_fen OR coalesce(p.back, 0) <> x.returned_fen
          OR (x.paid_fen > 0 AND x.paid_fen <> x.amount_fen)""",
    "the budget of what was asked for sums to it": """
        SELECT x.number FROM disbursements_application x
        LEFT JOIN (SELECT application_id, sum(amount_fen) AS fen FROM disbursements_budget_line
          GROUP BY application_id) b ON b.application_id = x.id
        WHERE x.status NOT IN ('draft', 'withdrawn') AND coalesce(b.fen, 0) <> x.amount_fen""",
    "nobody agreed to money that they asked for or whose payee they wrote down": """
        SELECT x.number FROM disbursements_application x
        JOIN disbursements_payee p ON p.id = x.payee_id
        JOIN approvals_request r ON r.public_id = x.request_id
        JOIN approvals_decision d ON d.request_id = r.id AND d.approve
        WHERE x.status IN ('approved', 'paid', 'proved')
          AND (d.person_id IN (x.asked_by_id, p.by_id)
            OR d.for_id IN (x.asked_by_id, p.by_id))""",
    "no approved application is unpaid for more than a day after its last day": """
        SELECT number FROM disbursements_application
        WHERE status = 'approved' AND expires_on < :expired_due""",
    **EVIDENCE,
}


def run() -> list[Check]:
    """Every sentence, in the reading snapshot of the caller."""
    return [_ask(name, statement) for name, statement in SENTENCES.items()]


def _ask(name: str, statement: str) -> Check:
    asked = text(f"{statement.replace('{moves}', _MOVES)} LIMIT {_SHOWN}")
    values: dict[str, object] = {}
    if ":followed_due" in statement:
        asked = asked.bindparams(bindparam("followed_due", type_=UTCDateTime))
        values["followed_due"] = clock.now() - FOLLOWED_WITHIN
    if ":expired_due" in statement:
        asked = asked.bindparams(bindparam("expired_due", type_=Date))
        values["expired_due"] = clock.local_date(clock.now() - EXPIRED_WITHIN)
    rows = db.session().execute(asked, values).mappings().all()
    found = [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    return Check(name, not found, "; ".join(found))
