"""The desk of a raising unit's people."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("unitdesk", __name__, url_prefix="/desk/unit")
