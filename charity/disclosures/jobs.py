"""What the worker calls: make the files of what was submitted. Safe to run twice at once."""

from __future__ import annotations

import datetime as dt

import structlog

from charity.disclosures import document, queries, services, tables
from charity.disclosures.kinds import Form
from charity.disclosures.queries import Pending
from charity.kernel import clock, files
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.files import Stored

# A report that cannot be drawn is tried again after this time, not once a second.
RETRY_AFTER = dt.timedelta(minutes=10)
_refused: dict[int, dt.datetime] = {}  # submission to when it is tried again, in this process
_log = structlog.get_logger(__name__)


def make_files(limit: int = 5) -> int:
    """PDF, CSV and XLSX of the submissions that have none; how many were made."""
    db.session().rollback()
    waiting = queries.awaiting_files(limit)
    db.session().rollback()
    made = 0
    for one in waiting:
        if _refused.get(one.submission_id, clock.now()) > clock.now():
            continue
        try:
            stored = _make(one)
            atomically(services.keep_files)(one.submission_id, stored)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            db.session().rollback()
            _refused[one.submission_id] = clock.now() + RETRY_AFTER
            kind = type(error).__name__
            _log.error("report.not_made", submission_id=one.submission_id, error=kind)
            continue
        made += 1
    return made


def _make(one: Pending) -> dict[Form, Stored]:
    """Draw outside any transaction and keep the files: a crash after it loses nothing."""
    read = document.read(one.document)
    csv = tables.write_csv(read)
    made = {
        Form.CSV: csv,
        Form.XLSX: tables.write_xlsx(read),
        Form.PDF: document.draw(read, made_at=one.drafted_at, csv=csv),
    }
    store = files.store()
    return {form: store.put(content, f".{form}") for form, content in made.items()}
