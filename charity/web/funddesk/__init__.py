"""The desk of the fund's managers and office."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("funddesk", __name__, url_prefix="/desk/fund")
