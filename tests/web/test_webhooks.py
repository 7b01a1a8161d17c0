"""Events over real HTTP: signed, forged, replayed, stale, changed on the way. And the whole way of
a gift, from the form to the receipt, with the worker's own jobs in between."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.serving import make_server

from charity.app import create_app
from charity.donations import jobs as donation_jobs
from charity.donations.providers import sandbox, sandbox_wire
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.crypto import keyring
from charity.kernel.db import db
from charity.ledger import services as ledger
from charity.receipts import jobs as receipt_jobs
from tests.client import Client
from tests.conftest import TestDatabase, make_settings
from tests.factories import site as world

Send = Callable[..., int]


@contextmanager
def serving(app: Flask, port: int = 0) -> Iterator[int]:
    """The application on a loopback port of its own."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def live(database: TestDatabase, tmp_path: Path) -> Iterator[tuple[Flask, int]]:
    """A served site whose settings name the port it is served at."""
    with serving(Flask("free")) as port:
        pass
    settings = make_settings(database, tmp_path, base_url=f"http://127.0.0.1:{port}")
    app = create_app(settings)
    with app.app_context():
        world.build()
        db.session.remove()
    with serving(app, port):
        yield app, port
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def send(live: tuple[Flask, int]) -> Send:
    """Post raw bytes to the webhook with this signature header (or none); gives the status."""
    _app, port = live

    def post(raw: bytes, signature: str | None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers[sandbox.HEADER] = signature
        connection.request("POST", "/webhooks/sandbox", raw, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    return post


def event(reference: str, **changes: Any) -> bytes:
    """A paid event as the sandbox would send it, with some of it changed."""
    body = {
        "id": "evt_1",
        "type": "payment.paid",
        "created": clock.now().isoformat(),
        "account": "sandbox",
        "mode": "test",
        "data": {
            "object": "pay_1",
            "reference": reference,
            "amount_fen": 1000,
            "fee_fen": 6,
            "currency": "CNY",
        },
    }
    return json.dumps({**body, **changes}).encode()


def stored(app: Flask) -> int:
    """Events in the inbox."""
    with app.app_context():
        found = db.session.scalar(text("SELECT count(*) FROM inbox_event"))
        db.session.remove()
    return int(found or 0)


def signed(app: Flask, raw: bytes, ago_s: int = 0) -> str:
    """The header for these bytes, made ``ago_s`` seconds ago."""
    with app.app_context():
        return sandbox.sign(raw, int(clock.now().timestamp()) - ago_s)


def test_a_signed_event_is_stored_once(live: tuple[Flask, int], send: Send) -> None:
    app, _ = live
    raw = event("sbx_unknown")
    header = signed(app, raw)
    assert send(raw, header) == 200
    assert send(raw, header) == 200
    assert send(raw, signed(app, raw)) == 200
    assert stored(app) == 1
    with app.app_context():
        assert db.session.scalar(text("SELECT raw FROM inbox_event")) == raw
        db.session.remove()


def test_what_is_not_signed_by_the_provider_is_refused(live: tuple[Flask, int], send: Send) -> None:
    app, _ = live
    raw = event("sbx_unknown")
    header = signed(app, raw)
    timestamp = header.split(",")[0]
    for name, sent, signature in (
        ("none", raw, None),
        ("empty", raw, ""),
        ("no version", raw, timestamp),
        ("forged", raw, f"{timestamp},v1={'0' * 64}"),
        ("another scheme", raw, header.replace("v1=", "v0=")),
        ("another time", raw, header.replace(timestamp, "t=1")),
        ("two times", raw, f"{timestamp},{header}"),
        ("no number", raw, header.replace(timestamp, "t=now")),
        ("stale", raw, signed(app, raw, ago_s=301)),
        ("from the future", raw, signed(app, raw, ago_s=-310)),
        ("changed", raw.replace(b"1000", b"9000"), header),
        ("a byte more", raw + b" ", header),
        ("written anew", json.dumps(json.loads(raw), separators=(",", ":")).encode(), header),
        ("keys in another order", json.dumps(json.loads(raw), sort_keys=True).encode(), header),
        ("empty body", b"", signed(app, b"")),
        ("no JSON", b"{", signed(app, b"{")),
        ("no object", b"[]", signed(app, b"[]")),
        ("deep", b"[" * 50_000, signed(app, b"[" * 50_000)),
    ):
        assert send(sent, signature) == 400, name
    assert stored(app) == 0


def test_an_empty_or_public_secret_opens_nothing(
    live: tuple[Flask, int], send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = live
    raw = event("sbx_unknown")
    true_secret = sandbox_wire._secret
    for guess in (b"", b"secret", b"sandbox", b"None"):
        monkeypatch.setattr(sandbox_wire, "_secret", lambda guess=guess: guess)
        header = signed(app, raw)
        monkeypatch.setattr(sandbox_wire, "_secret", true_secret)
        assert send(raw, header) == 400
    assert stored(app) == 0
    with app.app_context():
        assert len(true_secret()) >= 32
        assert keyring() is not None


def test_another_mode_or_account_is_refused(live: tuple[Flask, int], send: Send) -> None:
    app, _ = live
    for changes in ({"mode": "real"}, {"account": "other"}):
        raw = event("sbx_unknown", **changes)
        assert send(raw, signed(app, raw)) == 400
    assert stored(app) == 0


def test_a_body_of_unknown_length_is_measured_too(live: tuple[Flask, int]) -> None:
    _app, port = live

    def status(path: str, size: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        pieces = iter([b"x" * 1000] * (size // 1000))
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
        connection.request("POST", path, pieces, headers, encode_chunked=True)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    for path in ("/webhooks/sandbox", "/api/v1/gifts"):
        assert status(path, 5_000) == 400
        assert status(path, 100_000) == 413


def test_too_large_and_wrong_method(live: tuple[Flask, int], send: Send) -> None:
    app, port = live
    raw = b"x" * 70_000
    assert send(raw, signed(app, raw)) == 413
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/webhooks/sandbox")
    assert connection.getresponse().status == 405
    connection.close()


def work(app: Flask) -> None:
    """What the worker does until nothing is left, drawing PDFs included."""
    with app.app_context():
        while donation_jobs.settle_inbox():
            pass
        with atomic():
            ledger.sequence()
        receipt_jobs.issue_receipts()
        receipt_jobs.render_missing()
        db.session.remove()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_gift_from_the_form_to_the_receipt(live: tuple[Flask, int], lang: str) -> None:
    app, _ = live
    client = Client(app, lang, world.NAMES | {"王秀花", "王*花", "王**"})
    before = client.http.get("/api/v1/totals").json
    assert before
    client.submit(
        f"/give/{world.OPEN}?unit={world.TOWN}", amount_choice="own", amount="30", action="basket"
    )
    client.submit(f"/give/{world.OPEN}?unit={world.COUNTY}", amount_choice="10", action="basket")
    to_pay = client.submit("/basket", donor_name="王秀花").response.headers["Location"]
    client.get(to_pay)
    back = client.post(to_pay, {"outcome": "paid"}).response.headers["Location"]
    assert client.get(back).all("//*[@hx-get]")
    assert stored(app) == 1
    work(app)
    page = client.get(back)
    assert not page.all("//*[@hx-get]")
    assert not page.all("//noscript")
    check_receipts(client, page.all("//main//a/@href"))
    after = client.http.get("/api/v1/totals").json
    assert after
    assert after["raised_fen"] - before["raised_fen"] == 4000
    assert after["left_fen"] == after["raised_fen"] - after["fees_fen"]
    assert after["as_of_entry"] > before["as_of_entry"]
    # Page and API say the same, and the county's row counts the town below it.
    assert "¥30.00" in client.get(f"/campaigns/{world.OPEN}/units/{world.TOWN}").text
    county = client.get(f"/campaigns/{world.OPEN}/units/{world.COUNTY}")
    assert "¥10.00" in county.text
    assert "¥40.00" in county.text
    assert "¥40.00" in client.get("/").text
    assert "¥30.00" in client.get("/units").text
    # Paid is paid: sent again, nothing moves.
    client.post(to_pay, {"outcome": "paid"})
    work(app)
    assert client.http.get("/api/v1/totals").json == after


def check_receipts(client: Client, links: list[str]) -> None:
    """Both receipts open, and each is verified by the link on its gift's page."""
    papers = [href for href in links if "receipt.pdf" in href]
    assert len(papers) == 2
    for href in papers:
        answer = client.http.get(href)
        assert answer.status_code == 200
        assert answer.mimetype == "application/pdf"
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["Cache-Control"] == "no-store"
        api = client.http.get(f"/api/v1{href}")
        assert api.data == answer.data
        gift = client.get(href.replace("/receipt.pdf", ""))
        (verify,) = [link for link in gift.all("//main//a/@href") if link.startswith("/verify?")]
        assert "T2" in client.get(verify).text
        told = client.http.get(verify.replace("/verify", "/api/v1/receipts/verify")).json
        assert told
        assert told["valid"] is True
        assert told["donor_masked"] != "王秀花"


def test_a_receipt_not_drawn_yet_says_so(
    live: tuple[Flask, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker draws it: a page after a few seconds, with Retry-After, and nothing broken."""
    app, _ = live
    client = Client(app, "zh", world.NAMES)
    to_pay = client.submit(
        f"/give/{world.OPEN}?unit={world.TOWN}", amount_choice="1", action="give"
    ).response.headers["Location"]
    back = client.post(to_pay, {"outcome": "paid"}).response.headers["Location"]
    monkeypatch.setattr(receipt_jobs, "render_missing", lambda: 0)
    work(app)
    (paper,) = [href for href in client.get(back).all("//main//a/@href") if "receipt.pdf" in href]
    ticks = iter(range(0, 10_000, 2))
    monkeypatch.setattr(clock, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    page = client.get(paper, 503)
    assert page.response.headers["Retry-After"] == "5"
    answer = client.http.get(f"/api/v1{paper}")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"


def test_the_answer_to_a_repeated_call_stays_what_it_was(live: tuple[Flask, int]) -> None:
    """Also after the gift has settled: where it is now is asked elsewhere."""
    app, _ = live
    http_client = app.test_client(use_cookies=False)
    sent = {
        "items": [{"campaign": world.OPEN, "unit": world.TOWN, "amount_fen": 100}],
        "donor": {"display": "anonymous"},
        "provider": "sandbox",
        "receipt": False,
        "bill_wish": "waived",
    }
    key = {"Idempotency-Key": "again"}
    first = http_client.post("/api/v1/gifts", json=sent, headers=key)
    assert first.json
    http_client.post(f"/sandbox/pay/{first.json['provider_reference']}", data={"outcome": "paid"})
    work(app)
    now = http_client.get(f"/api/v1/payments/{first.json['payment_id']}").json
    assert now
    assert now["status"] == "paid"
    assert now["gifts"][0]["status"] == "settled"
    again = http_client.post("/api/v1/gifts", json=sent, headers=key)
    assert again.data == first.data
    assert again.status_code == first.status_code
