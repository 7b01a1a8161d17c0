"""All self-checks together, and those of figures: what pages show is what is posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sqlalchemy import text

from charity.disbursements import checks as disbursements
from charity.donations import checks as donations
from charity.figures import line_checks, use_checks
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
    """The verdict on one snapshot; ``entries`` is the last number it covers.

    ``parts``: of each domain, how many checks there are and how many found something.
    """

    ok: bool
    entries: int
    checks: list[Check]
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def everything() -> Report:
    """Every check of every domain, in one reading snapshot."""
    by_domain = {
        "ledger": ledger.run(db.session()),
        "funds": funds.run(db.session()),
        "donations": donations.run(),
        "disbursements": [*disbursements.run(), *use_checks.run()],
        "receipts": receipts.run(db.session()),
        "figures": run(),
    }
    checks = [check for each in by_domain.values() for check in each]
    parts = {
        name: (len(each), sum(not check.ok for check in each)) for name, each in by_domain.items()
    }
    return Report(all(check.ok for check in checks), queries.head(), checks, parts)


def run() -> list[Check]:
    """The checks of figures."""
    return [_left(), _sums(), _proved(), *line_checks.run()]


def _proved() -> Check:
    """Proved over all books: what was paid, less what came back, for uses whose evidence holds."""
    stored = text(
        "SELECT coalesce(sum(CASE p.kind WHEN 'pay' THEN p.amount_fen ELSE -p.amount_fen END), 0)"
        " FROM disbursements_payment p JOIN ledger_number n ON n.entry_id = p.entry_id"
        " JOIN disbursements_application a ON a.id = p.application_id"
        " WHERE a.status = 'proved' AND a.function = 'programme'"
    )
    wanted = int(db.session().scalar(stored) or 0)
    shown = figures.totals().figures
    found = "" if wanted == shown.proved_fen else f"stored {wanted} shown {shown.proved_fen}"
    if shown.proved_fen > shown.used_fen:
        found = f"proved {shown.proved_fen} of {shown.used_fen} used"
    return Check("what pages show as proved was paid and its evidence accepted", not found, found)


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
