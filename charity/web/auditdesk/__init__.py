"""The read-only desk of supervisors."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auditdesk", __name__, url_prefix="/desk/audit")
