"""The desk of a raising unit's people."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("unitdesk", __name__, url_prefix="/desk/unit")

from charity.web.unitdesk import (  # noqa: E402 - views register themselves
    application_steps,  # noqa: F401
    applications,  # noqa: F401
    collect,  # noqa: F401
    evidence,  # noqa: F401
    slips,  # noqa: F401
    units,  # noqa: F401
)
