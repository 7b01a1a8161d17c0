"""Giving by Stripe, and below its least, over pages; its webhook; a provider of codes to scan."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import segno
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask
from sqlalchemy import text

from charity.donations import fees, intake, jobs
from charity.donations.errors import BadSignature
from charity.donations.intake import Intake, Outcome
from charity.donations.kinds import EventType
from charity.donations.providers import registry, sandbox, stripe
from charity.donations.providers.base import (
    Asked,
    Event,
    Headers,
    ProviderSession,
    RefundAnswer,
    RefundAsked,
    Told,
)
from charity.kernel import clock
from charity.kernel.db import db
from charity.ledger import queries as ledger
from tests.client import Client
from tests.conftest import TestDatabase
from tests.factories import site as world
from tests.fakes.stripe.hooks import signature
from tests.fakes.stripe.server import FakeStripe, serving
from tests.stripe_rig import KEY, OLD_SECRET, SECRET, event, session, stripe_app, switch_on

GIVE = f"/give/{world.OPEN}?unit={world.COUNTY}"


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A fake Stripe of its own."""
    with serving(FakeStripe(key=KEY)) as made:
        yield made


@pytest.fixture
def stripe_site(database: TestDatabase, tmp_path: Path, fake: FakeStripe) -> Iterator[Flask]:
    """The small site with Stripe first and the sandbox beside it."""
    changes = {"stripe_api_base": fake.url, "payment_providers": ("stripe", "sandbox")}
    with stripe_app(database, tmp_path, **changes) as app:
        world.build()
        switch_on()
        db.session.remove()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def donor(stripe_site: Flask) -> Client:
    """A reader of Chinese."""
    return Client(stripe_site, "zh", world.NAMES)


def policy(response: Any) -> str:
    """Where forms of this page may lead."""
    parts = response.headers["Content-Security-Policy"].split("; ")
    return next(part for part in parts if part.startswith("form-action"))


def stored(app: Flask) -> int:
    """How many events are in the inbox."""
    with app.app_context():
        found = db.session.scalar(text("SELECT count(*) FROM inbox_event"))
        db.session.remove()
    return int(found or 0)


# --- giving -------------------------------------------------------------------------------------


def test_a_gift_goes_to_stripes_page_which_the_form_may_lead_to(
    donor: Client, fake: FakeStripe
) -> None:
    page = donor.get(GIVE)
    assert policy(page.response) == f"form-action 'self' {fake.url}"
    assert page.all("//input[@name='provider'][@checked]/@value") == ["stripe"]
    answer = donor.submit(GIVE, amount_choice="50", action="give").response
    assert answer.headers["Location"].startswith(f"{fake.url}/c/pay/cs_test_")
    # No other page's forms lead anywhere else.
    assert policy(donor.get("/").response) == "form-action 'self'"
    (made,) = fake.world.objects["checkout.session"].values()
    assert made["amount_total"] == 5_000


def test_a_pay_page_elsewhere_is_reached_by_a_link(
    donor: Client, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "url", "https://pay.charity.example.org")
    answer = donor.submit(GIVE, amount_choice="50", action="give").response
    page = donor.get(answer.headers["Location"])
    (link,) = page.all("//a[@id='go-pay']/@href")
    assert link.startswith("https://pay.charity.example.org/c/pay/cs_test_")


def test_below_the_least_the_form_proposes_other_ways(donor: Client, fake: FakeStripe) -> None:
    page = donor.submit(GIVE, 422, amount_choice="1", action="give")
    assert "¥4.00" in page.error_of("amount")
    buttons = page.all("//*[@id='instead']//button/@value")
    assert buttons == ["basket", "days-30", "days-365", "via-sandbox"]
    assert "¥30.00" in page.text
    assert "¥365.00" in page.text
    # The first button of the form is still the plain one: Enter does not choose a proposal.
    assert page.all("//main//form//button[@type='submit']/@value")[0] == "give"
    assert fake.world.objects["checkout.session"] == {}


@pytest.mark.parametrize(("action", "fen"), [("days-30", 3_000), ("days-365", 36_500)])
def test_days_in_advance_are_one_gift_in_one_press(
    donor: Client, fake: FakeStripe, action: str, fen: int
) -> None:
    donor.submit(GIVE, amount_choice="1", action=action)
    (made,) = fake.world.objects["checkout.session"].values()
    assert made["amount_total"] == fen


def test_another_provider_takes_one_yuan(donor: Client) -> None:
    answer = donor.submit(GIVE, amount_choice="1", action="via-sandbox").response
    assert answer.headers["Location"].startswith("/sandbox/pay/")


def test_small_gifts_fill_a_basket_that_is_paid_when_it_is_enough(
    donor: Client, fake: FakeStripe
) -> None:
    for _ in range(3):
        donor.submit(GIVE, amount_choice="1", action="basket")
    page = donor.submit("/basket", 422, action="give")
    assert "¥4.00" in page.summary
    assert page.all("//*[@id='instead']//button/@value") == ["via-sandbox"]
    donor.submit(GIVE, amount_choice="1", action="basket")
    donor.submit("/basket", action="give")
    (made,) = fake.world.objects["checkout.session"].values()
    assert made["amount_total"] == 400


MADE_UP = ["days-0", "days-31", "days--1", "days-1e3", "via-nobody", "via-"]


@pytest.mark.parametrize("action", MADE_UP)
def test_a_made_up_action_gives_nothing_else(donor: Client, fake: FakeStripe, action: str) -> None:
    status = 422 if action.startswith("via-") and action != "via-" else 303
    donor.submit(GIVE, status, amount_choice="50", action=action)
    totals = [one["amount_total"] for one in fake.world.objects["checkout.session"].values()]
    assert totals == ([] if status == 422 else [5_000])


def test_an_unanswering_stripe_says_so_and_the_same_form_goes_on_later(
    donor: Client, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe, "PAUSES_S", (0,))
    key, fake.key = fake.key, "another"
    sent = {"amount_choice": "50", "action": "give"}
    page = donor.submit(GIVE, 503, **sent)
    assert "不必重复支付" in page.summary
    fake.key = key
    form_id = page.value("form_id")
    answer = donor.submit(GIVE, **sent, form_id=form_id).response
    assert answer.headers["Location"].startswith(fake.url)
    assert len(fake.world.objects["checkout.session"]) == 1


# --- the webhook --------------------------------------------------------------------------------


def send(app: Flask, raw: bytes, header: str | None) -> int:
    """Post an event to the webhook."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if header is not None:
        headers["Stripe-Signature"] = header
    return app.test_client().post("/webhooks/stripe", data=raw, headers=headers).status_code


RAW = event("checkout.session.completed", session("unknown", 1_000), "evt_1")


def test_the_webhook_takes_either_secret_once(stripe_site: Flask) -> None:
    assert send(stripe_site, RAW, signature(RAW, SECRET)) == 200
    assert send(stripe_site, RAW, signature(RAW, OLD_SECRET)) == 200
    assert stored(stripe_site) == 1


def forgeries() -> dict[str, tuple[bytes, str | None]]:
    """What is refused, by name."""
    changed = RAW.replace(b"1000", b"9000")
    again = json.dumps(json.loads(RAW), separators=(",", ":")).encode()
    now = int(time.time())
    right = signature(RAW, SECRET)
    live = event("checkout.session.completed", session("x", 1_000), "evt_2", livemode=True)
    foreign = event("checkout.session.completed", session("x", 1_000), "evt_3", account="acct_9")
    statement = RAW.replace(b'"object": "event"', b'"object": "charge"', 1)
    return {
        "no header": (RAW, None),
        "empty header": (RAW, ""),
        "no such scheme": (RAW, right.replace("v1=", "v0=")),
        "wrong signature": (RAW, f"t={now},v1={'0' * 64}"),
        "not a number": (RAW, f"t=x,v1={'0' * 64}"),
        "no ASCII": (RAW, f"t={now},v1=é"),
        "an empty secret": (RAW, signature(RAW, "")),
        "a public secret": (RAW, signature(RAW, "whsec_")),
        "the API key as secret": (RAW, signature(RAW, KEY)),
        "another body": (changed, right),
        "the same JSON written otherwise": (again, right),
        "too old": (RAW, signature(RAW, SECRET, now - 301)),
        "no text": (b"\xff\xfe", signature_of_bytes(b"\xff\xfe")),
        "no event": (b"{}", signature(b"{}", SECRET)),
        "no JSON": (b"x", signature(b"x", SECRET)),
        "an object": (statement, signature(statement, SECRET)),
        "live money": (live, signature(live, SECRET)),
        "another account": (foreign, signature(foreign, SECRET)),
        "deep": (b"[" * 50_000, signature(b"[" * 50_000, SECRET)),
    }


def signature_of_bytes(raw: bytes) -> str:
    """A right signature of what is no text."""
    return signature(raw, SECRET)


def test_the_webhook_refuses_every_forgery(stripe_site: Flask) -> None:
    for name, (raw, header) in forgeries().items():
        assert send(stripe_site, raw, header) == 400, name
    assert stored(stripe_site) == 0


def test_an_empty_secret_in_our_own_settings_opens_nothing(stripe_site: Flask) -> None:
    settings = stripe_site.extensions["charity.settings"]
    for secrets in ((), ("",), ("", " ")):
        changed = settings.model_copy(update={"stripe_webhook_secrets": secrets})
        stripe_site.extensions["charity.settings"] = changed
        for secret in ("", " "):
            assert send(stripe_site, RAW, signature(RAW, secret)) == 400
    assert stored(stripe_site) == 0


def test_unknown_types_are_kept_and_ignored(stripe_site: Flask) -> None:
    raw = event("customer.created", {"id": "cus_1", "object": "customer"}, "evt_c")
    foreign = event("charge.updated", {"id": "ch_1", "balance_transaction": "txn_1"}, "evt_d")
    for one in (raw, foreign):
        assert send(stripe_site, one, signature(one, SECRET)) == 200
    with stripe_site.app_context():
        assert jobs.settle_inbox() == 2
        states = db.session.scalars(text("SELECT state FROM inbox_event")).all()
        db.session.remove()
    assert states == ["ignored", "ignored"]


# --- the second shape ---------------------------------------------------------------------------

API_KEY = os.urandom(32)
PLATFORM = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Scan:
    """A merchant API as WeChat Pay's third version: a code to scan, an encrypted notice."""

    name: str = "wechatpay"
    account: str = "1900000001"
    currency: str = "CNY"
    mode: str = "test"
    min_fen: int = 1
    pay_origins: tuple[str, ...] = ()

    def create(self, asked: Asked) -> ProviderSession:
        """The reference is ours; what comes back is a code, no page."""
        return ProviderSession(
            asked.payment_id, scan=f"weixin://wxpay/bizpayurl?pr={asked.payment_id}"
        )

    def verify(self, headers: Headers, raw: bytes) -> Event:
        """Signed by the platform's key over time, nonce and body."""
        stamp, nonce = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Nonce", "")
        try:
            PLATFORM.public_key().verify(
                base64.b64decode(headers.get("Wechatpay-Signature", "")),
                f"{stamp}\n{nonce}\n".encode() + raw + b"\n",
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
            return self.parse(raw)
        except (InvalidSignature, ValueError) as error:
            raise BadSignature from error

    def parse(self, raw: bytes) -> Event:
        """Opened with the merchant's key; stored as it came, sealed."""
        try:
            body = json.loads(raw)
            part = body["resource"]
            opened = AESGCM(API_KEY).decrypt(
                part["nonce"].encode(),
                base64.b64decode(part["ciphertext"]),
                part["associated_data"].encode(),
            )
            facts = json.loads(opened)
        except (KeyError, TypeError, InvalidTag) as error:
            raise ValueError("not a notice") from error
        return Event(
            event_id=body["id"],
            type=EventType.PAID if facts["trade_state"] == "SUCCESS" else facts["trade_state"],
            object_id=facts["transaction_id"],
            reference=facts["out_trade_no"],
            amount_fen=facts["amount"]["total"],
            fee_fen=None,
            currency=facts["amount"]["currency"],
            account=facts["mchid"],
            mode=self.mode,
            at=clock.now(),
        )

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """Not of this test."""
        return RefundAnswer("pending", asked.refund_id)

    def find_refund(self, asked: RefundAsked) -> RefundAnswer | None:
        """Not of this test."""
        return None

    def look(self, reference: str) -> Told | None:
        """Not of this test."""
        return None

    def missed(self, since: object) -> list[Told]:
        """It keeps no list."""
        return []

    def inquire(self, inquiry: str, object_id: str) -> list[Told]:
        """Nothing to ask."""
        return []


def notice(payment: str, fen: int) -> tuple[bytes, dict[str, str]]:
    """A notice of success with its headers."""
    facts = {
        "mchid": "1900000001", "out_trade_no": payment, "transaction_id": f"42000{payment}",
        "trade_state": "SUCCESS", "amount": {"total": fen, "currency": "CNY"},
    }  # fmt: skip
    nonce = base64.b64encode(os.urandom(9)).decode()
    sealed = AESGCM(API_KEY).encrypt(nonce.encode(), json.dumps(facts).encode(), b"transaction")
    raw = json.dumps(
        {
            "id": f"EV-{payment}",
            "event_type": "TRANSACTION.SUCCESS",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce,
                "associated_data": "transaction",
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }
    ).encode()  # fmt: skip
    stamp, word = str(int(time.time())), "n0nce"
    signed = PLATFORM.sign(
        f"{stamp}\n{word}\n".encode() + raw + b"\n", padding.PKCS1v15(), hashes.SHA256()
    )
    return raw, {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": word,
        "Wechatpay-Signature": base64.b64encode(signed).decode(),
    }


def test_a_provider_of_codes_and_sealed_notices_fits(
    stripe_site: Flask, donor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = Scan()
    monkeypatch.setitem(registry._ALL, scan.name, lambda: scan)
    rule = replace(fees.FEES[0], provider=scan.name)
    monkeypatch.setattr(fees, "FEES", (*fees.FEES, rule))
    settings = stripe_site.extensions["charity.settings"]
    only = settings.model_copy(update={"payment_providers": (scan.name,)})
    monkeypatch.setitem(stripe_site.extensions, "charity.settings", only)
    with stripe_site.app_context():
        switch_on(scan.name)
        db.session.remove()

    answer = donor.submit(GIVE, amount_choice="1", action="give").response
    where = answer.headers["Location"]
    assert where.startswith("/payments/")
    payment = where.split("/")[2].partition("?")[0]
    page = donor.get(where)
    code = f"weixin://wxpay/bizpayurl?pr={payment}"
    drawn = segno.make(code, error="m", micro=False).svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff"
    )
    (shown,) = page.all("//*[@class='pay-code__drawing']//*[name()='path'][last()]/@d")
    assert shown in drawn
    raw, headers = notice(payment, 100)
    with stripe_site.app_context():
        broken = {**headers, "Wechatpay-Nonce": "other"}
        refused = Outcome(Intake.REFUSED, "signature")
        assert intake.receive(scan.name, broken, raw) == refused
        assert intake.receive(scan.name, headers, raw) == Outcome(Intake.STORED)
        assert intake.receive(scan.name, headers, raw) == Outcome(Intake.REPEATED)
        assert jobs.settle_inbox() == 1
        assert ledger.unnumbered()
        db.session.remove()
    page = donor.get(where)
    assert "weixin://" not in page.response.text
    assert "支付成功" in page.text
    assert sandbox.NAME not in where
