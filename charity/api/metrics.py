"""Figures for monitoring, in Prometheus' text: this process, and what the database says.

Rule: no label and no value names a person, a unit or a sum of money. Only the networks and the
token of the settings may read them; others are answered as if there were nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from charity.api.guards import metrics_reader
from charity.kernel import clock, heartbeat, inbox, outbox
from charity.ledger import queries as ledger

bp = Blueprint("metrics", __name__)
_KEPT = "charity.metrics"


class _Database:
    """Asked anew at each reading."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        now = clock.now()
        yield GaugeMetricFamily("charity_entries", "Numbered entries.", value=ledger.head())
        events = GaugeMetricFamily(
            "charity_inbox_events", "Events that had no effect yet, by state.", labels=["state"]
        )
        for state, count in inbox.counts().items():
            events.add_metric([state], count)
        yield events
        oldest = inbox.oldest_due()
        yield GaugeMetricFamily(
            "charity_inbox_oldest_seconds", "Age of the oldest event that is due.",
            value=(now - oldest).total_seconds() if oldest else 0,
        )  # fmt: skip
        ages = GaugeMetricFamily(
            "charity_job_age_seconds", "Since a job last said that it lives.", labels=["job"]
        )
        well = GaugeMetricFamily(
            "charity_job_ok", "1 when a job's last run was well.", labels=["job"]
        )
        for run in heartbeat.all_runs():
            ages.add_metric([run.name], (now - run.finished).total_seconds())
            well.add_metric([run.name], int(run.ok))
        yield ages
        yield well
        messages = GaugeMetricFamily(
            "charity_outbox_messages", "Messages not sent yet, by state.", labels=["state"]
        )
        for state, count in outbox.counts().items():
            messages.add_metric([state], count)
        yield messages


class _Process:
    """Counters of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["endpoint", "method", "status"]
        self.requests = Counter(
            "charity_http_requests", "Answered requests.", labels, registry=self.registry
        )
        self.seconds = Histogram(
            "charity_http_request_seconds", "Time to answer.", ["endpoint"],
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(_Database())


def init_app(app: Flask) -> None:
    """Count every answered request of pages and API."""
    app.extensions[_KEPT] = _Process()
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.begun = clock.monotonic()


def _count(response: Response) -> Response:
    if request.endpoint is not None and not request.path.startswith("/webhooks/"):
        kept: _Process = current_app.extensions[_KEPT]
        kept.requests.labels(request.endpoint, request.method, response.status_code).inc()
        if "begun" in g:
            kept.seconds.labels(request.endpoint).observe(clock.monotonic() - g.begun)
    return response


@bp.get("/metrics")
@metrics_reader
def metrics() -> Response:
    """Prometheus' text format."""
    kept: _Process = current_app.extensions[_KEPT]
    return Response(generate_latest(kept.registry), content_type=CONTENT_TYPE_LATEST)
