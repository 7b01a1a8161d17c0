"""Self-checks of the use of money that need bank lines as well: each payment has its own line.

Plain SQL on stored rows, so that no code is shared with what wrote them.
"""

from __future__ import annotations

from sqlalchemy import text

from charity.kernel.db import db
from charity.ledger.checks import Check

_SHOWN = 5

SENTENCES: dict[str, str] = {
    "every payment and return of an application has its bank line: amount, day, account, way": """
        SELECT p.line_id AS line FROM disbursements_payment p
        LEFT JOIN donations_bank_line l ON l.public_id = p.line_id
        LEFT JOIN donations_bank_account a ON a.id = l.account_id
        LEFT JOIN donations_line_effect x ON x.line_id = l.id
        JOIN disbursements_application d ON d.id = p.application_id
        WHERE l.id IS NULL OR x.line_id IS NULL OR l.amount_fen <> p.amount_fen
          OR l.booked_on <> p.booked_on OR a.code <> p.account OR a.currency <> d.currency
          OR l.direction <> CASE p.kind WHEN 'pay' THEN 'out' ELSE 'in' END
          OR x.use <> CASE p.kind WHEN 'pay' THEN 'application' ELSE p.kind END
          OR x.target NOT LIKE d.public_id || '.%'""",
    "every bank line that is said to be an application's is one of its payments": """
        SELECT l.serial AS line FROM donations_line_effect x
        JOIN donations_bank_line l ON l.id = x.line_id
        LEFT JOIN disbursements_payment p ON p.line_id = l.public_id
        WHERE x.use IN ('application', 'bank_return', 'money_back') AND p.id IS NULL""",
}


def run() -> list[Check]:
    """Every sentence, in the reading snapshot of the caller."""
    return [_ask(name, statement) for name, statement in SENTENCES.items()]


def _ask(name: str, statement: str) -> Check:
    rows = db.session().execute(text(f"{statement} LIMIT {_SHOWN}")).mappings().all()
    found = [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    return Check(name, not found, "; ".join(found))
