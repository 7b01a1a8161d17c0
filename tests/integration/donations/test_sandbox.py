"""The built-in provider: sessions, decisions, and events delivered until they are answered."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from sqlalchemy import select

from charity.donations import errors, jobs
from charity.donations.intake import receive
from charity.donations.kinds import EventType
from charity.donations.models import SandboxEvent
from charity.donations.providers import sandbox
from charity.donations.providers.base import RefundAsked
from charity.donations.secrets import payment_secret
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from tests.gifts import COUNTY, Place, create, reference

HOUR = dt.timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("place")


class Site:
    """A site that answers webhooks as told and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                site.got.append((dict(self.headers), raw))
                self.send_response(site.answer)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(ctx: Flask) -> Iterator[Site]:
    """A site at BASE_URL."""
    made = Site()
    settings = ctx.extensions["charity.settings"]
    ctx.extensions["charity.settings"] = settings.model_copy(
        update={"base_url": f"http://127.0.0.1:{made.server.server_port}"}
    )
    yield made
    made.close()


def decide(ref: str, outcome: str) -> str:
    """Decide in a unit of work of its own."""
    with atomic():
        return sandbox.decide(ref, outcome)


def test_session_leads_back_to_the_payment_page() -> None:
    made = create((COUNTY, 1_000))
    view = sandbox.session(reference(made.payment.id))
    assert (view.amount_fen, view.status) == (1_000, "open")
    assert view.return_path == f"/payments/{made.payment.id}?key={payment_secret(made.payment.id)}"
    assert made.secret == payment_secret(made.payment.id)
    with pytest.raises(errors.PaymentUnknown):
        sandbox.session("sbx_nothing")


def test_decision_is_final_but_a_declined_one_may_still_be_paid() -> None:
    ref = reference(create((COUNTY, 1_000)).payment.id)
    declined = decide(ref, "declined")
    paid = decide(ref, "paid")
    assert declined != paid
    assert decide(ref, "paid") == paid
    with pytest.raises(errors.SessionClosed):
        decide(ref, "expired")
    with pytest.raises(errors.PaymentUnknown):
        decide("sbx_nothing", "paid")


def test_event_is_delivered_signed(site: Site, place: Place) -> None:
    event_id = decide(reference(create((COUNTY, 1_000)).payment.id), "paid")
    assert sandbox.deliver(event_id)
    ((headers, raw),) = site.got
    assert receive("sandbox", headers, raw).accepted
    assert jobs.deliver_sandbox_events() == 0
    assert not sandbox.deliver("evt_nothing")


def test_event_is_sent_again_until_answered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.answer = 500
    event_id = decide(reference(create((COUNTY, 1_000)).payment.id), "paid")
    assert not sandbox.deliver(event_id)
    site.answer = 200
    later = clock.now() + dt.timedelta(seconds=20)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert jobs.deliver_sandbox_events() == 1
    assert len(site.got) == 2
    assert jobs.deliver_sandbox_events() == 0
    row = (
        db.session()
        .execute(
            select(SandboxEvent.attempts, SandboxEvent.delivered_at).where(
                SandboxEvent.id == event_id
            )
        )
        .one()
    )
    assert (row[0], row[1] is not None) == (2, True)


def test_nobody_at_home_loses_nothing(site: Site) -> None:
    event_id = decide(reference(create((COUNTY, 1_000)).payment.id), "paid")
    site.close()
    assert not sandbox.deliver(event_id)
    assert db.session().scalar(select(SandboxEvent.delivered_at)) is None


def paid() -> tuple[str, str]:
    """A payment of ten yuan made at the sandbox: its reference and the sandbox's payment."""
    ref = reference(create((COUNTY, 1_000)).payment.id)
    with atomic():
        sandbox.decide(ref, "paid")
    return ref, f"pay_{ref.removeprefix('sbx_')}"


def test_a_refund_is_one_for_its_id_and_never_more_than_was_paid() -> None:
    _, payment = paid()
    first = RefundAsked("rf1", payment, 600, "CNY")
    assert sandbox.provider.find_refund(first) is None
    answer = sandbox.provider.refund(first)
    assert answer.state == "done"
    assert sandbox.provider.refund(first) == sandbox.provider.find_refund(first) == answer
    assert sandbox.provider.refund(RefundAsked("rf2", payment, 401, "CNY")).state == "refused"
    assert sandbox.provider.refund(RefundAsked("rf3", payment, 400, "CNY")).state == "done"
    assert sandbox.provider.refund(RefundAsked("rf4", "pay_none", 1, "CNY")).state == "refused"
    told = [sandbox.parse(one.raw) for one in sandbox.provider.missed(clock.now() - HOUR)]
    back = [(one.refund_id, one.amount_fen) for one in told if one.type == EventType.REFUNDED]
    assert sorted(back) == [("rf1", 600), ("rf3", 400)]
    assert {one.payment_object for one in told} == {payment}


def test_a_session_that_is_not_paid_sends_nothing_back() -> None:
    ref = reference(create((COUNTY, 1_000)).payment.id)
    asked = RefundAsked("rf1", f"pay_{ref.removeprefix('sbx_')}", 1, "CNY")
    assert sandbox.provider.refund(asked).state == "refused"
    assert sandbox.provider.look(ref) is None


def test_who_asks_is_told_what_the_event_says() -> None:
    ref, _ = paid()
    told = sandbox.provider.look(ref)
    assert told is not None
    assert sandbox.parse(told.raw).type == EventType.PAID
    assert [one.event_id for one in sandbox.provider.missed(clock.now() - HOUR)] == [told.event_id]
    assert list(sandbox.provider.missed(clock.now() + HOUR)) == []
