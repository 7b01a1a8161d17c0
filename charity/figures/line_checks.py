"""Self-checks of the lines and of the public list: all of it follows from numbered entries.

Plain SQL on stored rows, so that no code is shared with what wrote them.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, text

from charity.kernel import clock
from charity.kernel.db import UTCDateTime, db
from charity.ledger.chart import KINDS
from charity.ledger.checks import Check
from charity.ledger.kinds import Figure

FOLLOWED_WITHIN = dt.timedelta(minutes=15)
_SHOWN = 5


def _kinds(*figures: Figure) -> str:
    return ", ".join(f"'{rule.kind.value}'" for rule in KINDS.values() if rule.figure in figures)


_PARTS = {
    # What each numbered entry of a unit book did to what the book has left, up to the lines' head.
    "{changes}": """
        SELECT n.n, e.book_id, b.campaign, b.unit, e.kind, e.counts_as, e.cause_type, e.cause_id,
          sum(CASE WHEN c.kind IN ('available', 'reserved', 'shortfall')
              THEN p.amount_fen ELSE 0 END)
          - sum(CASE WHEN d.kind IN ('available', 'reserved', 'shortfall')
              THEN p.amount_fen ELSE 0 END) AS fen
        FROM ledger_number n JOIN ledger_entry e ON e.id = n.entry_id
        JOIN ledger_book b ON b.id = e.book_id AND b.kind = 'unit'
        JOIN ledger_posting p ON p.entry_id = e.id
        JOIN ledger_account d ON d.id = p.debit_account_id
        JOIN ledger_account c ON c.id = p.credit_account_id
        WHERE n.n <= (SELECT n FROM figures_line_head)
        GROUP BY n.n, e.book_id, b.campaign, b.unit, e.kind, e.counts_as, e.cause_type, e.cause_id
    """,
    "{out}": _kinds(Figure.USED, Figure.COSTS),
    "{given}": _kinds(Figure.RAISED, Figure.REFUNDED, Figure.DISPUTED),
}

SENTENCES: dict[str, str] = {
    "every line of a book comes to what the entries about it posted": """
        SELECT book_id AS book, side, name, sum(fen) AS differs FROM (
          SELECT book_id, side, name, fen FROM figures_line
          UNION ALL
          SELECT c.book_id, CASE WHEN c.counts_as IN ({out}) THEN 'out' ELSE 'in' END,
            CASE WHEN c.cause_type IN ('gift', 'application') THEN c.cause_id
              WHEN g.public_id IS NOT NULL THEN g.public_id
              ELSE c.cause_type || '\\:' || c.cause_id END,
            CASE WHEN c.counts_as IN ({out}) THEN c.fen ELSE -c.fen END
          FROM ({changes}) c
          LEFT JOIN donations_refund r
            ON c.cause_type = 'refund' AND r.public_id = c.cause_id
          LEFT JOIN donations_gift g ON g.id = r.gift_id
        ) both_sides GROUP BY 1, 2, 3 HAVING sum(fen) <> 0""",
    "the lines of a book stand in the order of their entries, without a gap": """
        SELECT book_id AS book, side, no FROM (
          SELECT book_id, side, no, n,
            lag(n) OVER (PARTITION BY book_id, side ORDER BY no) AS n_before,
            lag(no) OVER (PARTITION BY book_id, side ORDER BY no) AS no_before
          FROM figures_line) l
        WHERE (n_before IS NULL AND no <> 0) OR n <= n_before OR no <> no_before + 1""",
    "the sums of a hundred, ten thousand and a million lines are those of their lines": """
        SELECT book_id AS book, side, level, block FROM (
          SELECT book_id, side, level, block, fen FROM figures_line_sum
          UNION ALL SELECT book_id, side, 1, no / 100, -fen FROM figures_line
          UNION ALL SELECT book_id, side, 2, no / 10000, -fen FROM figures_line
          UNION ALL SELECT book_id, side, 3, no / 1000000, -fen FROM figures_line
          UNION ALL SELECT book_id, side, 0, 0, fen FROM figures_line_book
          UNION ALL SELECT book_id, side, 0, 0, -fen FROM figures_line
        ) sums GROUP BY 1, 2, 3, 4 HAVING sum(fen) <> 0""",
    "the days of the public list sum to what was raised, given back and disputed": """
        SELECT campaign, unit FROM (
          SELECT campaign, unit, CASE kind WHEN 'back' THEN -fen ELSE fen END AS fen
          FROM figures_day WHERE unit <> ''
          UNION ALL
          SELECT campaign, unit, -fen FROM ({changes}) c WHERE c.counts_as IN ({given})
        ) both_sides GROUP BY 1, 2 HAVING sum(fen) <> 0""",
    "groups of fewer than three stand in the public list only together": """
        SELECT campaign, kind, day FROM (
          SELECT campaign, kind, day, entries, fen FROM figures_day WHERE unit = ''
          UNION ALL
          SELECT campaign, kind, day, -entries, -fen FROM figures_day
          WHERE unit <> '' AND entries < 3
        ) rest GROUP BY 1, 2, 3 HAVING sum(fen) <> 0 OR sum(entries) <> 0
        UNION ALL
        SELECT campaign, kind, day FROM figures_day
        WHERE unit <> '' AND shown <> (entries >= 3)""",
    "the lines follow new numbers within minutes": """
        SELECT n.n FROM ledger_number n JOIN ledger_entry e ON e.id = n.entry_id
        WHERE n.n = (SELECT n + 1 FROM figures_line_head) AND e.recorded_at < :due""",
}


def run() -> list[Check]:
    """Every sentence, in the caller's snapshot."""
    return [_ask(name, statement) for name, statement in SENTENCES.items()]


def _ask(name: str, statement: str) -> Check:
    for placeholder, expression in _PARTS.items():
        statement = statement.replace(placeholder, expression)
    asked = text(f"SELECT * FROM ({statement}) found LIMIT {_SHOWN}")  # noqa: S608 - our own words
    values = {}
    if ":due" in statement:
        asked = asked.bindparams(bindparam("due", type_=UTCDateTime))
        values["due"] = clock.now() - FOLLOWED_WITHIN
    rows = db.session().execute(asked, values).mappings().all()
    found = [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    return Check(name, not found, "; ".join(found))
