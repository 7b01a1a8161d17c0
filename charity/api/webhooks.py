"""What providers tell us.

Rule: the raw body is verified and stored, nothing more; the worker gives it its effect.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, json, request

from charity.api.errors import EventRefused
from charity.api.guards import webhook_signed
from charity.api.reading import raw_body
from charity.donations import intake
from charity.donations.intake import Intake

sandbox = Blueprint("sandbox_webhook", __name__)
stripe = Blueprint("stripe_webhook", __name__)
# A provider sends many at a time, and there is little to say.
_SAID = {kind: json.dumps({"status": kind.value}).encode() for kind in Intake}
_log = structlog.get_logger(__name__)


@sandbox.post("/webhooks/sandbox")
@webhook_signed
def event() -> Response:
    """An event of the built-in provider: 200 stored or already stored, 400 refused."""
    return _receive("sandbox")


@stripe.post("/webhooks/stripe")
@webhook_signed
def stripe_event() -> Response:
    """An event of Stripe: 200 stored or already stored, 400 refused."""
    return _receive("stripe")


def _receive(provider: str) -> Response:
    outcome = intake.receive(provider, request.headers, raw_body())
    if not outcome.accepted:
        _log.warning("webhook.refused", provider=provider, reason=outcome.reason)
        raise EventRefused
    return Response(_SAID[outcome.kind], mimetype="application/json")
