"""Work in bulk that a person starts, not the clock."""

from __future__ import annotations

from charity.disclosures import jobs as disclosures
from charity.donations import jobs as donations
from charity.figures import jobs as figures
from charity.jobs.schedule import sequence_entries
from charity.receipts import jobs as receipts


def settle_all(batch: int) -> int:
    """Settle and number all that is due now, ``batch`` events a transaction; how many events."""
    settled = 0
    while done := donations.settle_inbox(batch):
        settled += done
    sequence_entries()
    return settled


def follow_all() -> int:
    """Bring lines and the public list up to the last number; how many numbers were followed."""
    return figures.follow_entries()


def render_missing(*, processes: int, limit: int | None) -> int:
    """Draw the PDFs of all receipts that have none; how many were drawn."""
    return receipts.render_missing(processes=processes, limit=limit)


def make_report_files() -> int:
    """Make the files of all reports that were frozen and have none; how many were made."""
    made = 0
    while done := disclosures.make_files():
        made += done
    return made
