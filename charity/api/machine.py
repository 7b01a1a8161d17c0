"""Machine addresses: probes, and what providers tell us.

Rule: a webhook's raw body is verified and stored, nothing more; the worker gives it its effect.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from charity.api.guards import probe, webhook_signed
from charity.api.reading import LARGEST
from charity.donations import intake
from charity.donations.intake import Outcome
from charity.kernel import readiness
from charity.kernel.errors import NotFound

bp = Blueprint("machine", __name__)
_log = structlog.get_logger(__name__)


@bp.get("/livez")
@probe
def livez() -> Response:
    """The process answers. Asks nothing of the database."""
    return jsonify(status="ok")
