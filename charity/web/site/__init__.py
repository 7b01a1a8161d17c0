"""The public site: what donors and the public read, and the way of a gift."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("site", __name__)

from charity.web.site import gifts, giving, pages, receipts  # noqa: E402, F401 - views register themselves
