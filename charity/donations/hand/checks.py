"""The sentences of gifts by hand and of the bank's lines; ``checks`` asks them with the others.

Plain SQL on stored rows, none of it shared with what is checked.
"""

from __future__ import annotations

import datetime as dt

LINE_USED_WITHIN = dt.timedelta(days=7)

SENTENCES: dict[str, str] = {
    "every settled slip and transfer has its bank line, and no other has one": """
        SELECT s.number AS slip FROM donations_slip s
        LEFT JOIN donations_line_effect x ON x.use = 'slip' AND x.target = s.number
        LEFT JOIN donations_bank_line l ON l.id = x.line_id
        WHERE (s.status = 'settled') <> (x.line_id IS NOT NULL)
          OR l.amount_fen <> s.amount_fen OR l.direction <> 'in'
        UNION ALL
        SELECT h.public_id FROM donations_sheet h
        JOIN donations_gift g ON g.sheet_id = h.id
        LEFT JOIN donations_line_effect x ON x.use = 'sheet' AND x.target = h.public_id
        LEFT JOIN donations_suspense p ON p.sheet_id = h.id AND p.status = 'given'
        WHERE h.method = 'bank'
        GROUP BY h.id, h.public_id, x.line_id, p.line_id
        HAVING (sum(CASE WHEN g.settled_at IS NOT NULL THEN 1 ELSE 0 END) > 0)
          <> (x.line_id IS NOT NULL OR p.line_id IS NOT NULL)""",
    "the gifts of a slip sum to it and are as far as it is": """
        SELECT s.number AS slip FROM donations_slip s
        LEFT JOIN (SELECT h.slip_id, sum(g.amount_fen) AS fen, count(*) AS gifts,
            sum(CASE WHEN g.status = 'created' THEN 1 ELSE 0 END) AS created,
            sum(CASE WHEN g.status = 'pending' THEN 1 ELSE 0 END) AS pending,
            sum(CASE WHEN g.settled_at IS NOT NULL THEN 1 ELSE 0 END) AS settled
          FROM donations_hand_gift h JOIN donations_gift g ON g.id = h.gift_id
          WHERE h.slip_id IS NOT NULL GROUP BY h.slip_id) g ON g.slip_id = s.id
        WHERE (s.status = 'withdrawn' AND g.gifts IS NOT NULL)
          OR (s.status <> 'withdrawn' AND (g.gifts IS NULL OR g.gifts <> s.gifts
            OR g.fen <> s.amount_fen OR g.gifts <> CASE s.status WHEN 'waiting' THEN g.created
              WHEN 'confirmed' THEN g.pending ELSE g.settled END))""",
    "a gift by hand is pending in once, from when its slip is confirmed": """
        SELECT g.public_id AS gift FROM donations_hand_gift h
        JOIN donations_gift g ON g.id = h.gift_id
        LEFT JOIN donations_slip s ON s.id = h.slip_id
        LEFT JOIN ledger_entry e ON e.idempotency_key = 'gift:' || g.public_id || '\\:slip'
        WHERE (coalesce(s.status, '') IN ('confirmed', 'settled')) <> (e.id IS NOT NULL)
          OR e.kind <> 'slip' OR e.amount_fen <> g.amount_fen""",
    "nobody confirmed a slip with a gift they entered or counted": """
        SELECT s.number AS slip FROM donations_slip s
        JOIN donations_hand_gift h ON h.slip_id = s.id
        JOIN donations_gift g ON g.id = h.gift_id JOIN donations_sheet t ON t.id = g.sheet_id
        WHERE s.confirmed_by_id IN (t.entered_by_id, s.closed_by_id)""",
    "what the books have in each bank account is what its lines moved": """
        SELECT a.code AS account, l.fen AS lines, b.fen AS books FROM donations_bank_account a
        LEFT JOIN (SELECT l.account_id,
            sum(CASE l.direction WHEN 'in' THEN l.amount_fen ELSE -l.amount_fen END) AS fen
          FROM donations_bank_line l JOIN donations_line_effect x ON x.line_id = l.id
          GROUP BY l.account_id) l ON l.account_id = a.id
        LEFT JOIN (SELECT code, sum(debits - credits) AS fen FROM ledger_account
          WHERE kind = 'bank' GROUP BY code) b ON b.code = 'bank:' || a.code
        WHERE coalesce(l.fen, 0) <> coalesce(b.fen, 0)""",
    "what waits in suspense is what the suspense book holds of each bank account": """
        SELECT a.code AS account, w.fen AS waits, b.fen AS held FROM donations_bank_account a
        LEFT JOIN (SELECT l.account_id, sum(l.amount_fen) AS fen FROM donations_suspense p
          JOIN donations_bank_line l ON l.id = p.line_id
          WHERE p.status IN ('held', 'asked', 'returning') GROUP BY l.account_id) w
          ON w.account_id = a.id
        LEFT JOIN (SELECT c.code, sum(c.debits - c.credits) AS fen FROM ledger_account c
          WHERE c.kind = 'bank' AND c.book_kind = 'suspense' GROUP BY c.code) b
          ON b.code = 'bank:' || a.code
        WHERE coalesce(w.fen, 0) <> coalesce(b.fen, 0)""",
    "every entry that a bank line caused has that line": """
        SELECT e.id AS entry, e.cause_id AS line FROM ledger_entry e
        LEFT JOIN donations_bank_line l ON l.public_id = e.cause_id
        WHERE e.cause_type = 'bank_line' AND l.id IS NULL""",
    "no bank line waits for more than seven days to be said what it was for": """
        SELECT l.serial AS line FROM donations_bank_line l
        LEFT JOIN donations_line_effect x ON x.line_id = l.id
        WHERE x.line_id IS NULL AND l.entered_at < :line_due""",
}
