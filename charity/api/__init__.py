"""JSON for machines: version 1, and the machine addresses."""

from __future__ import annotations

from flask import Flask
from flask.json.provider import DefaultJSONProvider


def init_app(app: Flask) -> None:
    """Register the API and the machine addresses; refuse to start with an endpoint unguarded."""
    from charity.api import about, disclosures, machine, metrics, staff, v1, webhooks
    from charity.extensions import csrf
    from charity.kernel.access import refuse_unguarded

    metrics.init_app(app)
    blueprints = [v1.bp, machine.bp, staff.bp, about.bp, metrics.bp, disclosures.feeds]
    for name, webhook in (("sandbox", webhooks.sandbox), ("stripe", webhooks.stripe)):
        if name in app.extensions["charity.settings"].payment_providers:
            blueprints.append(webhook)
    for blueprint in blueprints:
        # Nothing here is opened by a cookie, so no other site can send it in our name.
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    assert isinstance(app.json, DefaultJSONProvider)
    # Names are read by people too, and in the order of the contract.
    app.json.ensure_ascii = False
    app.json.sort_keys = False
    refuse_unguarded(app.view_functions)
