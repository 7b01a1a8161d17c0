"""Machine addresses: probes, and what providers tell us.

Rule: a webhook's raw body is verified and stored, nothing more; the worker gives it its effect.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, jsonify, make_response, request
from sqlalchemy.exc import SQLAlchemyError

from charity.api.guards import probe, webhook_signed
from charity.api.reading import LARGEST
from charity.donations import intake
from charity.kernel import readiness
from charity.kernel.errors import RuleBroken

bp = Blueprint("machine", __name__)
_log = structlog.get_logger(__name__)


@bp.get("/livez")
@probe
def livez() -> Response:
    """The process answers. Asks nothing of the database."""
    return jsonify(status="ok")


@bp.get("/readyz")
@probe
def readyz() -> Response:
    """200 when traffic may come, else 503 with what does not stand."""
    try:
        found = readiness.state()
    except SQLAlchemyError as error:
        _log.warning("readyz.database", kind=type(error).__name__)
        return make_response(jsonify(ready=False, writes=False), 503)
    body = jsonify(
        ready=found.ready,
        writes=found.writes,
        migrated=found.migrated,
        queue_age_s=found.queue_age_s,
    )
    return make_response(body, 200 if found.ready else 503)


@bp.post("/webhooks/sandbox")
@webhook_signed
def sandbox_event() -> Response:
    """An event of the built-in provider: 200 stored or already stored, 400 refused."""
    request.max_content_length = LARGEST
    raw = request.get_data(cache=False)
    outcome = intake.receive("sandbox", dict(request.headers), raw)
    if not outcome.accepted:
        _log.warning("webhook.refused", provider="sandbox", reason=outcome.reason)
        raise EventRefused
    return jsonify(status=outcome.kind.value)


class EventRefused(RuleBroken):
    """Bad signature, mode or account; which one is for our log, not for the sender."""

    code = "event_refused"
    status = 400
