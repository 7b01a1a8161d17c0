"""The desk of a raising unit's people."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("unitdesk", __name__, url_prefix="/desk/unit")

# The views stand on the blueprint once their modules are read.
from charity.web.unitdesk import collect, slips, units  # noqa: E402, F401
