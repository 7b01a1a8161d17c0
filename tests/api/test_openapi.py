"""The description of the API tells the truth: every view is in it, and answers as it says."""

from __future__ import annotations

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from charity.api.described import operation_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Not described: what providers post, and what is no JSON of ours.
OUTSIDE = {"sandbox_webhook.event", "about.description", "about.docs", "metrics.metrics"}


def test_every_api_view_is_described(site: Flask) -> None:
    views = {
        rule.endpoint
        for rule in site.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in {"api", "machine", "about", "metrics", "staff_api"}
    }
    bare = {name for name in views if operation_of(site.view_functions[name]) is None}
    assert bare <= OUTSIDE


def test_the_document_names_the_contract(site: Flask) -> None:
    answer = site.test_client().get("/openapi.json")
    document = answer.get_json()
    assert document["openapi"] == "3.1.0"
    for path in (
        "/api/v1/totals", "/api/v1/campaigns", "/api/v1/campaigns/{slug}",
        "/api/v1/campaigns/{slug}/units", "/api/v1/gifts", "/api/v1/payments/{payment_id}",
        "/api/v1/gifts/{gift_id}", "/api/v1/gifts/{gift_id}/receipt.pdf",
        "/api/v1/receipts/verify", "/api/v1/units", "/api/v1/ledger",
        "/api/v1/gifts/{gift_id}/trace", "/livez", "/readyz",
    ):  # fmt: skip
        assert path in document["paths"], path


@pytest.mark.slow
def test_answers_are_as_described(site: Flask) -> None:
    """Whatever is asked, by the rules of the description or against them."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", site)
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def asked(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        asked()


def test_metrics_are_for_monitoring_only(site: Flask) -> None:
    client = site.test_client()
    client.get("/livez")
    told = client.get("/metrics")
    assert told.status_code == 200
    assert 'charity_http_requests_total{endpoint="machine.livez"' in told.text
    assert "charity_entries" in told.text
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_overrides=stranger).status_code == 404
