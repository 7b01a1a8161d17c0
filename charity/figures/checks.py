"""All self-checks together, and those of figures: what pages show is what is posted."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import text

from charity.donations import checks as donations
from charity.figures import queries as figures
from charity.funds import checks as funds
from charity.kernel.db import db
from charity.ledger import checks as ledger
from charity.ledger import queries
from charity.ledger.checks import Check
from charity.ledger.queries import Figures
from charity.receipts import checks as receipts


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on one snapshot; ``entries`` is the last number it covers."""

    ok: bool
    entries: int
    checks: list[Check]


def everything() -> Report:
    """Every check of every domain, in one reading snapshot."""
    checks = [
        *ledger.run(db.session()),
        *funds.run(db.session()),
        *donations.run(),
        *receipts.run(db.session()),
        *run(),
    ]
    return Report(all(check.ok for check in checks), queries.head(), checks)


def run() -> list[Check]:
    """The checks of figures."""
    return [_left(), _sums()]


def _left() -> Check:
    """Left over all unit books, summed from the postings of numbered entries."""
    posted = text(
        "SELECT coalesce(sum(CASE WHEN c.kind IN ('available', 'reserved', 'shortfall')"
        "   THEN p.amount_fen ELSE 0 END), 0)"
        " - coalesce(sum(CASE WHEN d.kind IN ('available', 'reserved', 'shortfall')"
        "   THEN p.amount_fen ELSE 0 END), 0)"
        " FROM ledger_posting p JOIN ledger_number n ON n.entry_id = p.entry_id"
        " JOIN ledger_book b ON b.id = p.book_id AND b.kind = 'unit'"
        " JOIN ledger_account d ON d.id = p.debit_account_id"
        " JOIN ledger_account c ON c.id = p.credit_account_id"
    )
    wanted = int(db.session().scalar(posted) or 0)
    shown = figures.totals().figures.left_fen
    found = "" if wanted == shown else f"posted {wanted} shown {shown}"
    return Check("what pages show as left is what the postings leave", not found, found)


def _sums() -> Check:
    """Totals are the sums of the campaigns' figures, to the fen."""
    totals, parts = figures.totals().figures, figures.campaign_figures().values()
    wrong = [
        field.name
        for field in fields(Figures)
        if getattr(totals, field.name) != sum(getattr(part, field.name) for part in parts)
    ]
    return Check("totals are the sums of the campaigns", not wrong, ", ".join(wrong))
