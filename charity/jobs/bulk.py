"""Work in bulk that a person starts, not the clock."""

from __future__ import annotations

from charity.receipts import jobs as receipts


def render_missing(*, processes: int, limit: int | None) -> int:
    """Draw the PDFs of all receipts that have none; how many were drawn."""
    return receipts.render_missing(processes=processes, limit=limit)
