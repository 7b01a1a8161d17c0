"""The built-in provider's pay page. Test money only; registered only while it is a provider.

Rule: deciding makes an event that is delivered to our own webhook like any provider's; nothing
here touches a payment.
"""

from __future__ import annotations

import threading

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import UnprocessableEntity
from werkzeug.wrappers import Response as Answer

from charity.donations.providers import sandbox
from charity.kernel.atomic import atomically
from charity.web.forms import refuse_doubled_fields
from charity.web.guards import sandbox_page

OUTCOMES = ("paid", "declined", "expired")

_DELIVERIES = threading.BoundedSemaphore(3)

bp = Blueprint("sandbox", __name__)


@bp.get("/sandbox/pay/<reference>")
@sandbox_page
def pay(reference: str) -> str:
    """The pay page of one session."""
    seen = sandbox.session(reference)
    return render_template(
        "site/sandbox_pay.html", reference=seen.reference, amount_fen=seen.amount_fen
    )


@bp.post("/sandbox/pay/<reference>")
@sandbox_page
def decide(reference: str) -> Answer:
    """Decide the outcome, deliver the event, and send the donor back to the payment's page."""
    refuse_doubled_fields()
    outcome = request.form.get("outcome", "")
    if outcome not in OUTCOMES:
        raise UnprocessableEntity
    event_id = atomically(sandbox.decide)(reference, outcome)
    # Each delivery comes back to this very server as a request. Were all threads delivering, none
    # would be left to receive; what is not delivered here the worker delivers.
    if _DELIVERIES.acquire(blocking=False):
        try:
            sandbox.deliver(event_id)
        finally:
            _DELIVERIES.release()
    return redirect(sandbox.session(reference).return_path, 303)
