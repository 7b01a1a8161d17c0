"""Production self-checks of the ledger: named sentences, each proved by a query of its own.

No query here is shared with what it checks: sums are taken from postings, entries and numbers in
plain SQL, sides, floors and permitted accounts from the chart in code. Run in one reading
snapshot. ``found`` names at most five offenders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from charity.kernel import clock
from charity.kernel.db import UTCDateTime
from charity.ledger import guards
from charity.ledger.chart import ACCOUNTS, KINDS, PAIRS
from charity.ledger.kinds import Side

NUMBERED_WITHIN = dt.timedelta(minutes=1)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence, whether it holds, and what was found against it."""

    name: str
    ok: bool
    found: str


def _list(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


_PARTS = {
    "{legs}": """(SELECT entry_id, debit_account_id AS account_id, amount_fen AS debits,
                    0 AS credits FROM ledger_posting
                  UNION ALL SELECT entry_id, credit_account_id, 0, amount_fen
                    FROM ledger_posting)""",
    "{floored_kinds}": _list(rule.kind for rule in ACCOUNTS.values() if rule.floored),
    "{debit_kinds}": _list(rule.kind for rule in ACCOUNTS.values() if rule.side is Side.DEBIT),
    "{authorized}": _list(rule.kind for rule in KINDS.values() if rule.authorized),
    "{moving}": _list(rule.kind for rule in KINDS.values() if rule.figure is not None),
}

# Each finds offenders; none is what the sentence says.
SENTENCES: dict[str, str] = {
    "every entry has its postings, as many and as much as it says": """
        SELECT e.id AS entry FROM ledger_entry e LEFT JOIN (
          SELECT entry_id, count(*) AS c, min(line) AS lo, max(line) AS hi, sum(amount_fen) AS s
          FROM ledger_posting GROUP BY entry_id) p ON p.entry_id = e.id
        WHERE p.c IS NULL OR p.c <> e.posting_count OR p.lo <> 1 OR p.hi <> p.c
          OR p.s <> e.amount_fen""",
    "every posting is between two accounts of its entry's book, of at least one whole fen": """
        SELECT p.entry_id AS entry, p.line FROM ledger_posting p
        LEFT JOIN ledger_entry e ON e.id = p.entry_id AND e.book_id = p.book_id
        LEFT JOIN ledger_account d ON d.id = p.debit_account_id AND d.book_id = p.book_id
        LEFT JOIN ledger_account c ON c.id = p.credit_account_id AND c.book_id = p.book_id
        WHERE e.id IS NULL OR d.id IS NULL OR c.id IS NULL OR d.id = c.id OR p.amount_fen < 1
          OR {fractional}""",
    "the live totals of every account are the sums of its postings": """
        SELECT a.id AS account FROM ledger_account a LEFT JOIN (
          SELECT account_id, sum(debits) AS debits, sum(credits) AS credits
          FROM {legs} legs GROUP BY account_id) s ON s.account_id = a.id
        WHERE a.debits <> coalesce(s.debits, 0) OR a.credits <> coalesce(s.credits, 0)""",
    "no account with a floor was below zero after any entry": """
        SELECT account_id AS account, book_no FROM (
          SELECT legs.account_id, e.book_no, sum(CASE WHEN a.kind IN ({debit_kinds})
              THEN legs.debits - legs.credits ELSE legs.credits - legs.debits END)
            OVER (PARTITION BY legs.account_id ORDER BY e.book_no) AS balance
          FROM {legs} legs JOIN ledger_account a ON a.id = legs.account_id
          JOIN ledger_entry e ON e.id = legs.entry_id
          WHERE a.kind IN ({floored_kinds})) b
        WHERE balance < 0""",
    "the entries of every book are 1, 2, 3 … up to its head": """
        SELECT b.id AS book FROM ledger_book b LEFT JOIN ledger_book_head h ON h.book_id = b.id
        LEFT JOIN (SELECT book_id, count(*) AS c, min(book_no) AS lo, max(book_no) AS hi
                   FROM ledger_entry GROUP BY book_id) e ON e.book_id = b.id
        WHERE h.book_id IS NULL OR h.last_no <> coalesce(e.c, 0)
          OR e.hi <> e.c OR e.lo <> 1""",
    "the numbers are 1, 2, 3 … up to the head, one for each numbered entry": """
        SELECT h.n AS head, s.c AS numbers, s.hi AS last, s.entries FROM
          (SELECT coalesce(max(n), -1) AS n FROM ledger_head) h,
          (SELECT count(*) AS c, coalesce(max(n), 0) AS hi, coalesce(min(n), 1) AS lo,
             count(DISTINCT entry_id) AS entries FROM ledger_number) s
        WHERE s.c <> s.hi OR s.lo <> 1 OR h.n <> s.hi OR s.entries <> s.c""",
    "the numbers keep the order of every book, up to its numbered head": """
        SELECT o.book_id AS book, o.book_no FROM (
          SELECT e.book_id, e.book_no, row_number() OVER (PARTITION BY e.book_id ORDER BY n.n) AS i
          FROM ledger_number n JOIN ledger_entry e ON e.id = n.entry_id) o
        WHERE o.i <> o.book_no
        UNION ALL
        SELECT h.book_id, h.last_no FROM ledger_numbered_head h LEFT JOIN (
          SELECT e.book_id, count(*) AS c FROM ledger_number n
          JOIN ledger_entry e ON e.id = n.entry_id GROUP BY e.book_id) s ON s.book_id = h.book_id
        WHERE h.last_no <> coalesce(s.c, 0)""",
    "the numbered totals are the sums of the numbered postings": """
        WITH sums AS (
          SELECT book_id, counts_as, account_id, sum(debits) AS debits, sum(credits) AS credits,
            sum(CASE WHEN debits > credits THEN 1 WHEN debits < credits THEN -1 ELSE 0 END)
              AS entries
          FROM (
            SELECT e.book_id, e.counts_as, legs.account_id, e.id, sum(legs.debits) AS debits,
              sum(legs.credits) AS credits
            FROM {legs} legs JOIN ledger_entry e ON e.id = legs.entry_id
            JOIN ledger_number n ON n.entry_id = e.id
            GROUP BY e.book_id, e.counts_as, legs.account_id, e.id) moved
          GROUP BY book_id, counts_as, account_id)
        SELECT t.book_id AS book, t.kind, t.account_id AS account FROM ledger_numbered_total t
        LEFT JOIN sums s
          ON s.book_id = t.book_id AND s.counts_as = t.kind AND s.account_id = t.account_id
        WHERE s.book_id IS NULL OR t.debits <> s.debits OR t.credits <> s.credits
          OR t.entries <> s.entries
        UNION ALL
        SELECT s.book_id, s.counts_as, s.account_id FROM sums s LEFT JOIN ledger_numbered_total t
          ON s.book_id = t.book_id AND s.counts_as = t.kind AND s.account_id = t.account_id
        WHERE t.book_id IS NULL""",
    "a group has all its numbers side by side, or none yet": """
        SELECT e.group_id AS "group" FROM ledger_entry e
        LEFT JOIN ledger_number n ON n.entry_id = e.id
        WHERE e.group_id IS NOT NULL GROUP BY e.group_id
        HAVING count(n.n) NOT IN (0, count(*)) OR max(n.n) - min(n.n) + 1 <> count(n.n)""",
    "every entry of more than a minute ago has its number": """
        SELECT e.id AS entry FROM ledger_entry e
        WHERE e.recorded_at < :due
          AND NOT EXISTS (SELECT 1 FROM ledger_number n WHERE n.entry_id = e.id)""",
    "A: what each unit book raised less what left it is what is left in it": """
        SELECT l.book_id AS book, l.moved, l.owned FROM (
          SELECT e.book_id,
            sum(CASE WHEN a.kind IN ('clearing', 'bank') AND e.counts_as IN ({moving})
                THEN legs.debits - legs.credits ELSE 0 END) AS moved,
            sum(CASE WHEN a.kind IN ('available', 'reserved', 'shortfall')
                THEN legs.credits - legs.debits ELSE 0 END) AS owned
          FROM {legs} legs JOIN ledger_entry e ON e.id = legs.entry_id
          JOIN ledger_account a ON a.id = legs.account_id
          JOIN ledger_book b ON b.id = e.book_id
          WHERE b.kind = 'unit' GROUP BY e.book_id) l
        WHERE l.moved <> l.owned""",
    "B: what each unit book holds is what it owns and owes": """
        SELECT l.book_id AS book, l.holds, l.owes FROM (
          SELECT a.book_id,
            sum(CASE WHEN a.kind IN ('clearing', 'transit', 'bank')
                THEN legs.debits - legs.credits ELSE 0 END) AS holds,
            sum(CASE WHEN a.kind IN ('available', 'reserved', 'pending_in', 'advance', 'shortfall')
                THEN legs.credits - legs.debits ELSE 0 END) AS owes
          FROM {legs} legs JOIN ledger_account a ON a.id = legs.account_id
          JOIN ledger_book b ON b.id = a.book_id
          WHERE b.kind = 'unit' GROUP BY a.book_id) l
        WHERE l.holds <> l.owes""",
    "C: the goods of each book are those that may be issued and those promised": """
        SELECT l.book_id AS book, l.holds, l.owes FROM (
          SELECT a.book_id,
            sum(CASE WHEN a.kind = 'goods' THEN legs.debits - legs.credits ELSE 0 END) AS holds,
            sum(CASE WHEN a.kind IN ('goods_available', 'goods_reserved')
                THEN legs.credits - legs.debits ELSE 0 END) AS owes
          FROM {legs} legs JOIN ledger_account a ON a.id = legs.account_id
          WHERE a.kind IN ('goods', 'goods_available', 'goods_reserved') GROUP BY a.book_id) l
        WHERE l.holds <> l.owes""",
    "what the own book has lent is what the unit books have borrowed": """
        SELECT b.currency, sum(legs.debits - legs.credits) AS difference
        FROM {legs} legs JOIN ledger_account a ON a.id = legs.account_id
        JOIN ledger_book b ON b.id = a.book_id
        WHERE a.kind IN ('advance', 'advanced') GROUP BY b.currency
        HAVING sum(legs.debits - legs.credits) <> 0""",
    "every entry that lowers a book for someone has its authority, and no other entry has one": """
        SELECT e.id AS entry FROM ledger_entry e
        LEFT JOIN ledger_authority a ON a.id = e.authority_id AND a.entry_id = e.id
          AND a.book_id = e.book_id AND a.kind = e.kind AND a.amount_fen = e.amount_fen
        WHERE (e.kind IN ({authorized})) <> (a.id IS NOT NULL)
          OR (e.authority_id IS NULL) <> (a.id IS NULL)""",
    "every authority is signed by two people and used by one entry, which points back": """
        SELECT a.id AS authority FROM ledger_authority a LEFT JOIN ledger_entry e
          ON e.id = a.entry_id AND e.authority_id = a.id
        WHERE e.id IS NULL OR trim(lower(a.first_person_id)) = trim(lower(a.second_person_id))
        UNION ALL
        SELECT min(id) FROM ledger_authority GROUP BY entry_id HAVING count(*) > 1""",
    "a correction undoes once, in its own book, what it corrects": """
        SELECT e.id AS entry FROM ledger_entry e LEFT JOIN ledger_entry o
          ON o.id = e.corrects AND o.book_id = e.book_id AND o.counts_as = e.counts_as
            AND o.amount_fen = e.amount_fen
        WHERE (e.kind = 'correction' AND o.id IS NULL)
          OR (e.kind <> 'correction' AND (e.corrects IS NOT NULL OR e.counts_as <> e.kind))
        UNION ALL
        SELECT min(id) FROM ledger_entry WHERE corrects IS NOT NULL
          GROUP BY corrects HAVING count(*) > 1
        UNION ALL
        SELECT e.id FROM (
            SELECT id, id AS part FROM ledger_entry WHERE corrects IS NOT NULL
            UNION ALL SELECT id, corrects FROM ledger_entry WHERE corrects IS NOT NULL) e
          JOIN {legs} legs ON legs.entry_id = e.part
          JOIN ledger_account a ON a.id = legs.account_id
          WHERE a.kind IN ('available', 'reserved', 'shortfall')
          GROUP BY e.id HAVING sum(legs.debits) <> sum(legs.credits)""",
    "no two entries share an idempotency key": """
        SELECT idempotency_key AS "key" FROM ledger_entry GROUP BY 1 HAVING count(*) > 1""",
    "every entry counts in a month, of its day or later, that was open": """
        SELECT e.id AS entry, e.period FROM ledger_entry e
        LEFT JOIN ledger_closed_period c ON c.period = e.period
        WHERE e.recorded_at > c.closed_at OR e.period < {month}
          OR substr(e.period, 6, 2) NOT BETWEEN '01' AND '12'""",
    "time does not run backwards in any book": """
        SELECT book_id AS book, book_no FROM (
          SELECT book_id, book_no, recorded_at,
            lag(recorded_at) OVER (PARTITION BY book_id ORDER BY book_no) AS before
          FROM ledger_entry) e
        WHERE {recorded_minute_later} < e.before""",
    "every entry is real, or every entry is test, as the database was born": """
        SELECT e.id AS entry FROM ledger_entry e
        WHERE e.mode NOT IN (SELECT mode FROM ledger_database)
        UNION ALL SELECT count(*) FROM ledger_database HAVING count(*) <> 1""",
}

_DIALECT = {
    "sqlite": {
        "{fractional}": "typeof(p.amount_fen) <> 'integer'",
        "{month}": "strftime('%Y-%m', e.occurred_on)",
        "{recorded_minute_later}": "strftime('%Y-%m-%d %H\\:%M\\:%f', e.recorded_at, '+1 minute')",
    },
    "postgresql": {
        "{fractional}": "false",
        "{month}": "to_char(e.occurred_on, 'YYYY-MM')",
        "{recorded_minute_later}": "e.recorded_at + interval '1 minute'",
    },
}


def run(session: Session) -> list[Check]:
    """Every sentence, in the session's snapshot (the reading room's; nothing is written)."""
    # A ledger that grew quickly has no statistics yet, and a planner without them loops over
    # millions of rows; every statement here reads whole tables and wants hash joins and sorts.
    whole_tables = session.get_bind().dialect.name == "postgresql"
    if whole_tables:
        session.execute(text("SET LOCAL enable_nestloop = off"))
        session.execute(text("SET LOCAL work_mem = '64MB'"))
    made = [_ask(session, name, statement) for name, statement in SENTENCES.items()]
    made += [_pairs(session), _chart(session), _guards(session)]
    if whole_tables:
        session.execute(text("SET LOCAL enable_nestloop TO DEFAULT"))
        session.execute(text("SET LOCAL work_mem TO DEFAULT"))
    return made


def sentence(session: Session, name: str) -> Check:
    """One sentence of ``SENTENCES``, by its name."""
    return _ask(session, name, SENTENCES[name])


def _ask(session: Session, name: str, statement: str) -> Check:
    parts = {**_PARTS, **_DIALECT[session.get_bind().dialect.name]}
    for placeholder, expression in parts.items():
        statement = statement.replace(placeholder, expression)
    asked = text(f"SELECT * FROM ({statement}) found LIMIT {_SHOWN}")  # noqa: S608 - our own words
    values = {}
    if ":due" in statement:
        asked = asked.bindparams(bindparam("due", type_=UTCDateTime))
        values["due"] = clock.now() - NUMBERED_WITHIN
    rows = session.execute(asked, values).mappings().all()
    return _check(
        name, [" ".join(f"{column} {value}" for column, value in row.items()) for row in rows]
    )


def _check(name: str, found: list[str]) -> Check:
    return Check(name, not found, "; ".join(found[:_SHOWN]))


def _pairs(session: Session) -> Check:
    posted = text(
        "SELECT DISTINCT e.counts_as, CASE WHEN e.kind = 'correction' THEN 1 ELSE 0 END,"
        " b.kind, d.kind, c.kind FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id"
        " JOIN ledger_account d ON d.id = p.debit_account_id"
        " JOIN ledger_account c ON c.id = p.credit_account_id"
        " JOIN ledger_book b ON b.id = e.book_id"
    )
    allowed = {(str(k), int(x), str(b), str(d), str(c)) for k, x, b, d, c in PAIRS}
    odd = sorted({tuple(row) for row in session.execute(posted)} - allowed)
    return _check(
        "every kind of entry moves only the accounts that are its to move",
        [f"{kind} {debit}→{credit} in a {book} book" for kind, _, book, debit, credit in odd],
    )


def _chart(session: Session) -> Check:
    """Accounts by the chart in code, not by the reference table that a foreign key trusts."""
    accounts = session.execute(
        text(
            "SELECT DISTINCT a.kind, a.side, CASE WHEN a.floored THEN 1 ELSE 0 END, b.kind,"
            " CASE WHEN a.code = a.kind THEN 0 ELSE 1 END"
            " FROM ledger_account a JOIN ledger_book b ON b.id = a.book_id"
        )
    )
    rules = {str(rule.kind): rule for rule in ACCOUNTS.values()}
    odd = []
    for kind, side, floored, book, named in accounts:
        rule = rules.get(kind)
        if rule is None or (rule.side, rule.floored, rule.named) != (side, floored, named):
            odd.append(f"account {kind}")
        elif book not in rule.books:
            odd.append(f"account {kind} in a {book} book")
    kinds = session.execute(
        text("SELECT code, CASE WHEN authorized THEN 1 ELSE 0 END FROM ledger_kind")
    )
    known = {str(rule.kind): rule.authorized for rule in KINDS.values()}
    odd += [f"kind {code}" for code, authorized in kinds if known.get(code) != authorized]
    return _check("every account and every kind is what the chart says", odd)


def _guards(session: Session) -> Check:
    return _check("every guard stands", guards.missing(session.connection()))
