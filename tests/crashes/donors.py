"""Donors who keep count of what they were told.

A donor's every request ends in one of three ways: *acknowledged*, *refused* or *unknown* (no
answer, or a 5xx).
"""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import random
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Any

from flask import Flask
from lxml import html

from charity.donations.kinds import EventType
from charity.donations.providers import sandbox
from charity.kernel import clock
from charity.kernel.ids import public_id
from tests.factories import site as world

UNITS = (world.COUNTY, world.TOWN, world.VILLAGE, None)


class Verdict(StrEnum):
    """How a request ended, as its sender knows."""

    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass
class Wish:
    """One gift somebody wants to make, and what they know of it."""

    key: str
    unit: str | None
    fen: int
    form: bool  # through the form, or through the API
    page: bool  # paid on the sandbox's page, or told by a provider elsewhere
    made: Verdict = Verdict.UNKNOWN
    paid: Verdict = Verdict.UNKNOWN
    reference: str = ""
    gift_id: str = ""
    secret: str = ""
    event_id: str = field(default_factory=lambda: f"evt_{public_id()}")
    asked: bool = False  # for the receipt's PDF
    paper: bytes | None = None
    sent: dict[str, str] | None = None  # the filled form
    browser: urllib.request.OpenerDirector | None = None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Answers with a redirect are answers."""

    def redirect_request(self, *_args: object, **_kw: object) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; status 0 when there was none."""

    status: int
    headers: Any
    body: bytes

    @property
    def verdict(self) -> Verdict:
        """What the sender may conclude."""
        if 200 <= self.status < 400:
            return Verdict.ACKNOWLEDGED
        return Verdict.REFUSED if 400 <= self.status < 500 else Verdict.UNKNOWN


class Donors:
    """Everybody who gives at one site, and the provider that carries their money."""

    def __init__(self, base: str, app: Flask) -> None:
        self.base, self.app = base, app
        self.wishes: list[Wish] = []
        self.refusals: list[tuple[str, Answer]] = []
        self.lock = threading.Lock()

    def send(
        self,
        path: str,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        browser: urllib.request.OpenerDirector | None = None,
    ) -> Answer:
        """One request, never followed by another; each comes from somewhere else."""
        somewhere = {"X-Forwarded-For": str(IPv4Address(0x0A000000 + random.getrandbits(24)))}
        request = urllib.request.Request(f"{self.base}{path}", data, somewhere | (headers or {}))
        opener = browser or urllib.request.build_opener(_Stay())
        try:
            with opener.open(request, timeout=15) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            return Answer(0, {}, b"")

    def wish(self, seed: random.Random) -> Wish:
        """Somebody new wants to give."""
        made = Wish(
            key=public_id(),
            unit=seed.choice(UNITS),
            fen=seed.randint(100, 50_000),
            form=seed.random() < 0.4,
            page=seed.random() < 0.4,
        )
        with self.lock:
            self.wishes.append(made)
        return made

    def try_to_make(self, wish: Wish) -> None:
        """Ask once for the gift; the same key and the same facts each time."""
        (self._by_form if wish.form else self._by_api)(wish)

    def _by_api(self, wish: Wish) -> None:
        body = {
            "items": [{"campaign": world.OPEN, "unit": wish.unit, "amount_fen": wish.fen}],
            "donor": {"name": "王秀花", "display": "masked"},
            "provider": "sandbox",
            "receipt": True,
            "bill_wish": "waived",
        }
        headers = {"Content-Type": "application/json", "Idempotency-Key": wish.key}
        answer = self.send("/api/v1/gifts", json.dumps(body).encode(), headers)
        wish.made = answer.verdict
        if wish.made is Verdict.ACKNOWLEDGED:
            made = json.loads(answer.body)
            assert wish.reference in ("", made["provider_reference"])
            wish.reference = made["provider_reference"]
            wish.gift_id, wish.secret = made["gifts"][0]["id"], made["secret"]

    def _by_form(self, wish: Wish) -> None:
        path = f"/give/{world.OPEN}" + (f"?unit={wish.unit}" if wish.unit else "")
        if wish.sent is None:
            jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            wish.browser = urllib.request.build_opener(jar, _Stay())
            page = self.send(path, browser=wish.browser)
            if page.status != 200:
                return
            tree = html.document_fromstring(page.body.decode())
            token = tree.xpath("//main//input[@name='csrf_token']/@value")[0]
            wish.key = tree.xpath("//main//input[@name='form_id']/@value")[0]
            wish.sent = {
                "csrf_token": token, "form_id": wish.key, "provider": "sandbox",
                "amount_choice": "own", "amount": f"{wish.fen // 100}.{wish.fen % 100:02d}",
                "display": "masked", "receipt": "y", "bill_wish": "waived", "action": "give",
            }  # fmt: skip
        data = urllib.parse.urlencode(wish.sent).encode()
        answer = self.send(path, data, browser=wish.browser)
        wish.made = answer.verdict
        if wish.made is Verdict.ACKNOWLEDGED:
            found = re.fullmatch(r"/sandbox/pay/(\w+)", answer.headers["Location"])
            assert found, answer.headers["Location"]
            assert wish.reference in ("", found[1])
            wish.reference = found[1]

    def try_to_pay(self, wish: Wish) -> None:
        """Pay once: on the sandbox's page, or by a provider's event with its own id."""
        if wish.page:
            answer = self.send(f"/sandbox/pay/{wish.reference}", b"outcome=paid")
        else:
            raw = sandbox.body_of(
                EventType.PAID,
                event_id=wish.event_id,
                reference=wish.reference,
                amount_fen=wish.fen,
                at=clock.now(),
            )
            answer = self._tell(raw)
        wish.paid = answer.verdict

    def _tell(self, raw: bytes, *, forged: bool = False) -> Answer:
        with self.app.app_context():
            signature = sandbox.sign(raw, int(clock.now().timestamp()) - (900 if forged else 0))
        headers = {"Content-Type": "application/json", sandbox.HEADER: signature}
        return self.send("/webhooks/sandbox", raw, headers)

    def ask_for_paper(self, wish: Wish) -> None:
        """Ask once for the receipt's PDF."""
        wish.asked = True
        path = f"/api/v1/gifts/{wish.gift_id}/receipt.pdf?key={wish.secret}"
        answer = self.send(path)
        if answer.status == 200:
            assert wish.paper in (None, answer.body), "the same receipt with other bytes"
            wish.paper = answer.body

    def bad_requests(self) -> None:
        """What must be refused and leave nothing."""
        key, event = public_id(), f"evt_{public_id()}"
        body = {"items": [], "provider": "sandbox"}
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        answer = self.send("/api/v1/gifts", json.dumps(body).encode(), headers)
        raw = sandbox.body_of(
            EventType.PAID, event_id=event, reference="sbx_x", amount_fen=1, at=clock.now()
        )
        forged = self._tell(raw, forged=True)
        self.refusals += [(key, answer), (event, forged)]
