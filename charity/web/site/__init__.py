"""The public site: what donors and the public read, and the way of a gift."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("site", __name__)

# Views register themselves.
from charity.web.site import (  # noqa: E402
    campaigns,  # noqa: F401
    disclosures,  # noqa: F401
    evidence,  # noqa: F401
    exports,  # noqa: F401
    gifts,  # noqa: F401
    giving,  # noqa: F401
    ledger,  # noqa: F401
    pages,  # noqa: F401
    receipts,  # noqa: F401
    trace,  # noqa: F401
    units,  # noqa: F401
)
