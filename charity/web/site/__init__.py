"""The public site: what donors and the public read, and the way of a gift."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("site", __name__)

# Views register themselves.
from charity.web.site import campaigns, gifts, giving, pages, receipts, units  # noqa: E402, F401
