"""Self-checks of reports: named sentences, each with a query of its own.

``found`` names at most five reports and no person. ``everything`` is what ``charity check`` runs:
the checks of every domain below, and these.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from sqlalchemy import text

from charity.disclosures import rules
from charity.figures import checks as figures
from charity.figures.checks import Report
from charity.kernel import files
from charity.kernel.db import db
from charity.kernel.files import FileDamaged
from charity.ledger.checks import Check

_SHOWN = 5
# Documents and files are read whole, so only the newest are asked each time.
NEWEST = 100

SENTENCES: dict[str, str] = {
    "versions of a report are 1, 2, 3 … without gap": """
        SELECT report_id FROM disclosures_publication GROUP BY report_id
        HAVING min(version) <> 1 OR max(version) <> count(*)""",
    "three persons drafted, checked and published each version": """
        SELECT p.report_id FROM disclosures_publication p
        JOIN disclosures_submission s ON s.id = p.submission_id
        WHERE s.drafted_by_id IN (p.checked_by_id, p.published_by_id)
          OR p.checked_by_id = p.published_by_id OR s.drafted_by_id <> p.drafted_by_id""",
    "each publication was agreed to by those it names": """
        SELECT p.report_id FROM disclosures_publication p
        LEFT JOIN approvals_request r ON r.public_id = p.request_id
        WHERE r.id IS NULL OR r.kind <> 'report' OR r.facts_sha256 <> p.approved_hash
          OR (SELECT count(*) FROM approvals_decision d WHERE d.request_id = r.id AND d.approve
              AND d.person_id IN (p.checked_by_id, p.published_by_id)) <> 2""",
}


def everything() -> Report:
    """Every check of every domain, in one reading snapshot."""
    below, own = figures.everything(), run()
    return replace(
        below,
        ok=below.ok and all(check.ok for check in own),
        checks=[*below.checks, *own],
        parts={**below.parts, "disclosures": (len(own), sum(not check.ok for check in own))},
    )


def run() -> list[Check]:
    """The checks of reports."""
    return [*(_sentence(name) for name in SENTENCES), _hashes(), _sums(), _files()]


def _sentence(name: str) -> Check:
    rows = db.session().execute(text(f"{SENTENCES[name]} LIMIT {_SHOWN}")).all()
    return _check(name, [f"report {row[0]}" for row in rows])


def _newest() -> list[tuple[int, str, str]]:
    """Report, document and the hash that was agreed to, of the newest publications."""
    asked = text(
        "SELECT p.report_id, s.document, p.document_sha256 FROM disclosures_publication p"
        " JOIN disclosures_submission s ON s.id = p.submission_id"
        " ORDER BY p.published_at DESC LIMIT :newest"
    )
    rows = db.session().execute(asked, {"newest": NEWEST})
    return [(row[0], row[1], row[2]) for row in rows]


def _hashes() -> Check:
    wrong = [
        f"report {report}"
        for report, document, sha256 in _newest()
        if hashlib.sha256(document.encode("utf-8")).hexdigest() != sha256
    ]
    return _check("published documents hash to what was agreed to", wrong)


def _sums() -> Check:
    wrong = [
        f"report {report}"
        for report, document, _ in _newest()
        if rules.disagreements(json.loads(document))
    ]
    return _check("figures of published reports add up", wrong)


def _files() -> Check:
    asked = text(
        "SELECT p.report_id, f.pdf_path, f.pdf_sha256, f.csv_path, f.csv_sha256, f.xlsx_path,"
        " f.xlsx_sha256 FROM disclosures_publication p"
        " JOIN disclosures_files f ON f.submission_id = p.submission_id"
        " ORDER BY p.published_at DESC LIMIT :newest"
    )
    rows = db.session().execute(asked, {"newest": NEWEST})
    store, wrong = files.store(), []
    for report, *kept in rows:
        for path, sha256 in zip(kept[::2], kept[1::2], strict=True):
            try:
                store.get(path, sha256)
            except FileDamaged:
                wrong.append(f"report {report}")
                break
    return _check("files of published reports are kept unchanged", wrong)


def _check(name: str, found: list[str]) -> Check:
    return Check(name, not found, "; ".join(found[:_SHOWN]))
