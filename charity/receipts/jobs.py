"""What the worker calls: issue what is owed, draw what is asked for. Safe to run twice at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog

from charity.donations import queries as donations
from charity.kernel import clock, files, pdf
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.ledger import queries as ledger
from charity.receipts import document, queries, services

BATCH = 500
# A gift that cannot be printed is tried again after this time, not twice a second.
RETRY_AFTER = dt.timedelta(minutes=10)
_refused: dict[int, dt.datetime] = {}  # gift id to when it is tried again, in this process
_log = structlog.get_logger(__name__)


def issue_receipts() -> int:
    """Issue the receipts that settled and numbered gifts are owed; how many were issued.

    A gift whose facts cannot be printed stays on the list, and in ``charity check``, until a person
    mends it; it does not keep the others waiting.
    """
    pdf.missing_glyphs("")  # the fonts' tables are read before the unit of work, not inside
    after = issued = 0
    while True:
        db.session().rollback()
        owed = donations.gifts_awaiting_receipt(BATCH, after)
        if not owed:
            return issued
        after = owed[-1].id
        keys = {f"gift:{gift.public_id}:settle": gift.id for gift in owed}
        now = clock.now()
        numbered = sorted(
            gift_id
            for gift_id in (keys[key] for key in ledger.entry_numbers(list(keys)))
            if _refused.get(gift_id, now) <= now
        )
        if not numbered:
            continue
        made = atomically(services.issue_batch)(numbered)
        for gift_id, error in made.refused:
            _refused[gift_id] = now + RETRY_AFTER
            _log.error("receipt.refused", gift_id=gift_id, code=error.code)
        issued += len(made.receipt_ids)


def render_requested(limit: int = 20) -> int:
    """Draw the PDFs that somebody waits for; how many were drawn."""
    db.session().rollback()
    drawn = 0
    for receipt_id in queries.requested(limit):
        try:
            drawn += _render([receipt_id], processes=1)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            db.session().rollback()
            kind = type(error).__name__
            _log.error("receipt.not_drawn", receipt_id=receipt_id, error=kind)
    return drawn


def render_missing(*, processes: int = 1, limit: int | None = None) -> int:
    """Draw the PDFs of all receipts that have none, in bulk; how many were drawn."""
    drawn = after = 0
    while limit is None or drawn < limit:
        db.session().rollback()
        size = BATCH if limit is None else min(BATCH, limit - drawn)
        wanted = queries.not_drawn(size, after)
        if not wanted:
            break
        drawn += _render(wanted, processes=processes)
        after = wanted[-1]
    return drawn


def _render(receipt_ids: Sequence[int], *, processes: int) -> int:
    """Draw outside any transaction, keep the file, then note it: a crash between loses nothing."""
    printed = queries.facts(receipt_ids)
    db.session().rollback()
    store = files.store()
    drawn = 0
    documents = document.render_many(printed.values(), processes)
    for receipt_id, made in zip(printed, documents, strict=True):
        atomically(services.keep_pdf)(receipt_id, store.put(made, ".pdf"))
        drawn += 1
    return drawn
