"""The fake Stripe over HTTP: the calls our site makes, the donor's pay page, and its faults."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.stripe.faults import Fault, Faults, Posting
from tests.fakes.stripe.hooks import Hooks
from tests.fakes.stripe.world import Json, Refused, World

_PART = re.compile(r"[^\[\]]+")
_METHODS = {"card": "银行卡 Card", "wechat_pay": "微信支付 WeChat Pay", "alipay": "支付宝 Alipay"}
_OUTCOMES = {
    "paid": "支付 Pay",
    "later": "支付，稍后到账 Pay, money comes later",
    "expired": "放弃 Give up",
}


def unflatten(form: Iterable[tuple[str, str]]) -> Json:
    """Stripe's ``a[b][0][c]=…`` as what it means."""
    found: Json = {}
    for name, value in form:
        *path, last = _PART.findall(name)
        at: Any = found
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return {name: _lists(value) for name, value in found.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    read = {name: _lists(inner) for name, inner in value.items()}
    if read and all(name.isdigit() for name in read):
        return [read[name] for name in sorted(read, key=int)]
    return read


@dataclass
class _Kept:
    facts: str
    status: int
    body: bytes


@dataclass
class FakeStripe:
    """The whole of it: a world, its faults, its webhooks, and a WSGI application."""

    key: str = "sk_test_fake"
    world: World = field(default_factory=World)
    faults: Faults = field(default_factory=Faults)
    hooks: Hooks | None = None
    url: str = ""
    calls: int = 0

    def __post_init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._under_way: set[str] = set()
        self.refund_pending = False

    def connect(self, url: str, secret: str, posting: Posting | None = None) -> Hooks:
        """Send events to this endpoint from now on."""
        self.hooks = Hooks(url, secret, posting)
        self.world.tell = self.hooks.tell
        return self.hooks

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            if request.path.startswith("/v1/"):
                response = self._api(request)
            elif request.path.startswith("/c/pay/"):
                response = self._pay_page(request)
            elif request.path == "/fake/payout" and request.method == "POST":
                made = self.world.pay_out()
                response = _json(made or {"error": "nothing to send on"})
            else:
                response = Response("fake Stripe", mimetype="text/plain")
        except Refused as refused:
            response = _json(refused.body, refused.status)
        return response(environ, start_response)

    # --- the API ----------------------------------------------------------------------------------

    def _api(self, request: Request) -> Response:
        self.calls += 1
        if request.headers.get("Authorization") not in (f"Bearer {self.key}", self._basic()):
            return _json({"error": {"type": "invalid_request_error", "message": "Bad key"}}, 401)
        fault = self.faults.draw()
        if fault is Fault.ERROR_BEFORE:
            return _json({"error": {"type": "api_error", "message": "Something broke"}}, 500)
        if fault is Fault.BUSY:
            return _json({"error": {"type": "rate_limit_error", "message": "Too many"}}, 429)
        if fault is Fault.DROP_BEFORE:
            raise ConnectionResetError
        response = self._once(request)
        if fault is Fault.ERROR_AFTER:
            return _json({"error": {"type": "api_error", "message": "Something broke"}}, 500)
        if fault is Fault.LOST_AFTER:
            raise ConnectionResetError
        if fault is Fault.SLOW_AFTER:
            time.sleep(self.faults.slow_s)
        if fault is Fault.BROKEN_AFTER:
            raw = response.get_data()
            return Response(raw[: len(raw) // 2], response.status_code, mimetype="application/json")
        return response

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.key}:".encode()).decode()

    def _once(self, request: Request) -> Response:
        """A call under an idempotency key is done once; the same key gives the same answer."""
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or not key:
            return self._answer(request)
        facts = f"{request.path}?{sorted(request.form.items(multi=True))}"
        with self.world.lock:
            if key in self._under_way:
                return _json({"error": {"type": "api_error", "code": "lock_timeout"}}, 409)
            kept = self._kept.get(key)
            if kept is not None and kept.facts != facts:
                message = "Keys for idempotent requests can only be used with the same parameters"
                error = {"type": "idempotency_error", "message": message}
                return _json({"error": error}, 400)
            if kept is not None:
                return Response(kept.body, kept.status, mimetype="application/json",
                                headers={"Idempotent-Replayed": "true"})  # fmt: skip
            self._under_way.add(key)
        try:
            response = self._answer(request)
            with self.world.lock:
                self._kept[key] = _Kept(facts, response.status_code, response.get_data())
            return response
        finally:
            with self.world.lock:
                self._under_way.discard(key)

    def _answer(self, request: Request) -> Response:
        try:
            with self.world.lock:
                return _json(self._call(request))
        except Refused as refused:
            return _json(refused.body, refused.status)

    def _call(self, request: Request) -> Json:
        world, asked = self.world, unflatten(request.form.items(multi=True))
        expand = set(unflatten(request.args.items(multi=True)).get("expand") or ())
        match [request.method, *request.path.removeprefix("/v1/").split("/")]:
            case ["POST", "checkout", "sessions"]:
                return _public(world.create_session(asked, self.url))
            case ["GET", "checkout", "sessions", name]:
                return self._expanded(
                    world.get("checkout.session", name), expand, payment_intent="payment_intent"
                )
            case ["GET", "charges", name]:
                return self._expanded(
                    world.get("charge", name), expand, balance_transaction="balance_transaction"
                )
            case ["POST", "refunds"]:
                return _public(world.refund(asked, pending=self.refund_pending))
            case ["GET", "refunds"]:
                wanted = request.args["payment_intent"]
                found = world.objects["refund"].values()
                return self._page(request, [r for r in found if r["payment_intent"] == wanted])
            case ["GET", "payouts", name]:
                return _public(world.get("payout", name))
            case ["GET", "balance_transactions"]:
                wanted = request.args["payout"]
                lines = world.objects["balance_transaction"].values()
                rows = [self._with_source(one) for one in lines if one["_payout"] == wanted]
                return self._page(request, rows)
            case ["GET", "events"]:
                return self._events(request)
        raise Refused(f"Unrecognized request URL ({request.path})", status=404)

    def _events(self, request: Request) -> Json:
        since = int(request.args.get("created[gte]", 0))
        types = set(unflatten(request.args.items(multi=True)).get("types") or ())
        rows = [
            event
            for event in reversed(self.world.events)
            if event["created"] >= since and (not types or event["type"] in types)
        ]
        return self._page(request, rows)

    def _expanded(self, found: Json, expand: set[str], **kinds: str) -> Json:
        shown = _public(found)
        for name, kind in kinds.items():
            if name in expand and shown.get(name):
                shown[name] = _public(self.world.get(kind, shown[name]))
        return shown

    def _with_source(self, line: Json) -> Json:
        shown, source = _public(line), line["source"]
        for kind in ("charge", "refund", "payout"):
            if source in self.world.objects[kind]:
                shown["source"] = _public(self.world.objects[kind][source])
        return shown

    def _page(self, request: Request, rows: list[Json]) -> Json:
        limit = int(request.args.get("limit", 10))
        after = request.args.get("starting_after")
        if after:
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(after) + 1 :]
        return {
            "object": "list",
            "url": request.path,
            "has_more": len(rows) > limit,
            "data": [_public(row) for row in rows[:limit]],
        }

    # --- the donor's page -------------------------------------------------------------------------

    def _pay_page(self, request: Request) -> Response:
        session = self.world.get("checkout.session", request.path.removeprefix("/c/pay/"))
        if request.method == "POST" and session["status"] == "open":
            outcome, method = request.form.get("outcome", ""), request.form.get("method", "card")
            if outcome == "expired":
                self.world.expire(session["id"])
            elif outcome in _OUTCOMES:
                self.world.pay(session["id"], method, later=outcome == "later")
                if outcome == "later":
                    threading.Timer(3, self.world.money_came, [session["id"]]).start()
        if session["status"] != "open":
            return Response(status=303, headers={"Location": session["success_url"]})
        return Response(_page_of(session), mimetype="text/html")


def _page_of(session: Json) -> str:
    amount = f"¥{session['amount_total'] / 100:.2f}"
    methods = "".join(
        f'<p><label><input type="radio" name="method" value="{name}"'
        f"{' checked' if name == 'card' else ''}> {_METHODS.get(name, name)}</label></p>"
        for name in session["payment_method_types"]
    )
    buttons = "".join(
        f'<p><button name="outcome" value="{name}">{label}</button></p>'
        for name, label in _OUTCOMES.items()
    )
    back = html.escape(session["cancel_url"] or "/")
    return (
        '<!doctype html><html lang="zh"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Stripe (test)</title>'
        "<h1>Stripe 的替身，测试用</h1><p>Not Stripe. No money moves here.</p>"
        f'<h2 id="amount">{amount}</h2><form method="post">{methods}{buttons}</form>'
        f'<p><a href="{back}">返回 Back</a></p></html>'
    )


def _public(found: Json) -> Json:
    return {name: value for name, value in found.items() if not name.startswith("_")}


def _json(body: Json, status: int = 200) -> Response:
    headers = {"Request-Id": "req_fake"}
    return Response(json.dumps(body), status, mimetype="application/json", headers=headers)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        pass


@contextmanager
def serving(fake: FakeStripe, port: int = 0) -> Iterator[FakeStripe]:
    """Serve it on loopback; its address is in ``url``."""
    server = make_server("127.0.0.1", port, fake, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="fake-stripe")
    thread.start()
    try:
        yield fake
    finally:
        if fake.hooks is not None:
            fake.hooks.stop()
        server.shutdown()
        thread.join(10)
        server.server_close()
