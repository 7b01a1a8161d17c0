"""Stripe: Checkout Sessions for cards, WeChat Pay and Alipay, by Stripe's own library.

Rule: every call that changes something carries an idempotency key made of our id, so a call whose
answer was lost is made again under the same key and has its effect once. The library's own
retries are off: ours are few, short and under that key, and then the outcome is *not known*.
Money is told in whole fen; what Stripe takes is never guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import stripe
import structlog
from flask import current_app

from charity.config import STRIPE_API_VERSION, Settings
from charity.donations.errors import (
    BadSignature,
    ProviderRefused,
    ProviderUnsure,
    WrongAccount,
    WrongMode,
)
from charity.donations.providers import stripe_wire as wire
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

T = TypeVar("T")

NAME = "stripe"
CURRENCY = "CNY"
HEADER = "Stripe-Signature"
METHODS = ("card", "wechat_pay", "alipay")
#: Stripe takes no less than about half a US dollar, in whatever currency.
MIN_FEN = 400
TOLERANCE_S = 300
CHECKOUT = "https://checkout.stripe.com"
TIMEOUT_S = (3, 6)  # to connect, to answer
PAUSES_S = (1, 2)
_PAGE = 100
# Stripe closes a session between half an hour and a day after it was made.
_LEAST_LIFE = dt.timedelta(minutes=31)
_SLACK = dt.timedelta(minutes=10)
_SHOWN = "慈善捐赠 Donation"
_log = structlog.get_logger(__name__)


class _Stripe:
    name = NAME
    currency = CURRENCY
    min_fen = MIN_FEN

    @property
    def account(self) -> str:
        """Our account, as the settings name it."""
        return _settings().stripe_account

    @property
    def mode(self) -> str:
        """As the key says."""
        return "real" if "_live_" in _settings().stripe_secret_key else "test"

    @property
    def pay_origins(self) -> tuple[str, ...]:
        """Stripe's checkout, or where the settings have another Stripe."""
        return (_settings().stripe_api_base or CHECKOUT,)

    def create(self, asked: Asked) -> ProviderSession:
        """See ``Provider.create``. A session lives as long as the intent."""
        ends = (asked.expires_at or clock.now() + dt.timedelta(hours=23)) - _SLACK
        if ends - clock.now() < _LEAST_LIFE:
            raise ProviderRefused
        made = _ask(
            lambda client: client.v1.checkout.sessions.create(
                cast("Any", _session_facts(asked, ends)),
                {"idempotency_key": f"checkout:{asked.payment_id}"},
            )
        )
        if not made.url:
            raise ProviderUnsure
        return ProviderSession(made.id, made.url)

    def verify(self, headers: Headers, raw: bytes) -> Event:
        """See ``Provider.verify``."""
        header = headers.get(HEADER, "")
        if not any(_signed(raw, header, secret) for secret in _settings().stripe_webhook_secrets):
            raise BadSignature
        try:
            event = self.parse(raw)
        except ValueError as error:
            raise BadSignature from error
        if event.mode != self.mode:
            raise WrongMode
        if event.account != self.account:
            raise WrongAccount
        return event

    def parse(self, raw: bytes) -> Event:
        """See ``Provider.parse``."""
        return wire.parse(raw, self.account)

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """See ``Provider.refund``."""
        try:
            made = _ask(
                lambda client: client.v1.refunds.create(
                    {
                        "payment_intent": asked.object_id,
                        "amount": asked.amount_fen,
                        "metadata": {"refund_id": asked.refund_id},
                    },
                    {"idempotency_key": f"refund:{asked.refund_id}"},
                )
            )
        except ProviderRefused:
            return RefundAnswer("refused", "")
        return _refund_answer(made)

    def find_refund(self, asked: RefundAsked) -> RefundAnswer | None:
        """See ``Provider.find_refund``."""
        for found in _refunds(asked.object_id):
            ours = found.to_dict().get("metadata") or {}
            if ours.get("refund_id") == asked.refund_id:
                return _refund_answer(found)
        return None

    def look(self, reference: str) -> Told | None:
        """See ``Provider.look``."""
        found = _ask(
            lambda client: client.v1.checkout.sessions.retrieve(
                reference, {"expand": ["payment_intent"]}
            )
        ).to_dict(for_json=True)
        payment = found.get("payment_intent") or {}
        given_up = found["status"] == "complete" and payment.get("status") in (
            "requires_payment_method",
            "canceled",
        )
        if found["payment_status"] == "paid":
            decided = "paid"
        elif found["status"] == "expired" or given_up:
            decided = "unpaid"
        else:
            return None
        kept = ("id", "status", "payment_status", "amount_total", "currency", "metadata")
        facts = {**_only(found, *kept), "payment_intent": payment.get("id")}
        return _stated("look", f"{reference}:{decided}", facts, found)

    def missed(self, since: dt.datetime) -> Iterable[Told]:
        """See ``Provider.missed``. Stripe keeps events for thirty days."""
        after: dict[str, Any] = {}
        while True:
            asked = {
                "created": {"gte": int(since.timestamp())},
                "types": list(wire.TYPES),
                "limit": _PAGE,
                **after,
            }
            page = _ask(lambda client, asked=asked: client.v1.events.list(cast("Any", asked)))  # type: ignore[misc] # a lambda's default has no type
            for event in page.data:
                yield Told(event.id, wire.body_of(event.to_dict(for_json=True)))
            if not page.has_more or not page.data:
                return
            after = {"starting_after": page.data[-1].id}

    def inquire(self, inquiry: str, object_id: str) -> Iterable[Told]:
        """See ``Provider.inquire``."""
        return {wire.FEE: _fee, wire.REFUNDS: _refunded, wire.PAYOUT: _payout}[inquiry](object_id)


provider = _Stripe()


def _settings() -> Settings:
    found: Settings = current_app.extensions["charity.settings"]
    return found


def _client() -> stripe.StripeClient:
    """One client for the application; its connections are one pool for each thread."""
    kept: dict[str, Any] = current_app.extensions
    if "charity.stripe" not in kept:
        settings = _settings()
        base = settings.stripe_api_base
        kept["charity.stripe"] = stripe.StripeClient(
            settings.stripe_secret_key,
            stripe_version=STRIPE_API_VERSION,
            base_addresses={"api": base} if base else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
        )
    return cast("stripe.StripeClient", kept["charity.stripe"])


def _ask(call: Callable[[stripe.StripeClient], T]) -> T:
    """Call Stripe, again under the same key while the outcome is not known.

    Raises ProviderRefused when Stripe said no, ProviderUnsure when it did not say.
    """
    client = _client()
    for pause in (*PAUSES_S, None):
        try:
            return call(client)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            _log.warning("stripe.refused", code=error.code, request=error.request_id)
            raise ProviderRefused from error
        except stripe.StripeError as error:
            # Also a wrong key or a forbidden call: whatever we asked for may have been done before.
            _log.warning("stripe.unsure", kind=type(error).__name__, request=error.request_id)
            if pause is None or not _may_pass(error):
                raise ProviderUnsure from error
            clock.sleep(pause)
    raise AssertionError("unreachable")


def _may_pass(error: stripe.StripeError) -> bool:
    return isinstance(error, stripe.APIConnectionError | stripe.APIError | stripe.RateLimitError)


def _session_facts(asked: Asked, ends: dt.datetime) -> dict[str, Any]:
    """The same for the same intent, whenever it is asked: the idempotency key demands it."""
    ours = {"payment_id": asked.payment_id}
    return {
        "mode": "payment",
        "submit_type": "donate",
        "payment_method_types": list(METHODS),
        "payment_method_options": {"wechat_pay": {"client": "web"}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": asked.currency.lower(),
                    "unit_amount": asked.amount_fen,
                    "product_data": {"name": _SHOWN},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},  # what is asked in yuan is paid in yuan
        "client_reference_id": asked.payment_id,
        "metadata": ours,
        "payment_intent_data": {"metadata": ours},
        "success_url": asked.return_url,
        "cancel_url": asked.return_url,
        "expires_at": int(ends.timestamp()),
    }


def _signed(raw: bytes, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(raw, header, secret, TOLERANCE_S))
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        # Not signed so, or a body or header that is no text at all.
        return False


def _refund_answer(found: stripe.Refund) -> RefundAnswer:
    if found.status == "succeeded":
        return RefundAnswer("done", found.id)
    if found.status in ("failed", "canceled"):
        return RefundAnswer("refused", found.id)
    return RefundAnswer("pending", found.id)


def _refunds(payment: str) -> list[stripe.Refund]:
    return _all(
        lambda client, after: client.v1.refunds.list(
            cast("Any", {"payment_intent": payment, "limit": _PAGE, **after})
        )
    )


def _all(page_of: Callable[[stripe.StripeClient, dict[str, str]], Any]) -> list[Any]:
    """All pages of a list, each asked for like any other call."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = _ask(lambda client, after=after: page_of(client, after))  # type: ignore[misc] # a lambda's default has no type
        found += page.data
        if not page.has_more or not page.data:
            return found
        after = {"starting_after": page.data[-1].id}


def _only(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """These fields: nothing of the person who paid is kept with what we asked about."""
    return {name: data.get(name) for name in names}


def _stated(kind: str, name: str, facts: dict[str, Any], found: Mapping[str, Any]) -> Told:
    livemode, created = bool(found["livemode"]), int(found["created"])
    return wire.statement(kind, name, facts, livemode=livemode, created=created)


def _fee(charge_id: str) -> Iterable[Told]:
    """What Stripe took for one charge; nothing yet while it has not worked it out."""
    found = _ask(
        lambda client: client.v1.charges.retrieve(charge_id, {"expand": ["balance_transaction"]})
    ).to_dict(for_json=True)
    line = found.get("balance_transaction")
    if not isinstance(line, Mapping):
        return
    facts = _only(found, "id", "metadata", "payment_intent")
    facts["balance_transaction"] = _only(line, "id", "amount", "fee", "net", "currency", "type")
    yield _stated("fee", str(line["id"]), facts, found)


def _refunded(payment: str) -> Iterable[Told]:
    """Every refund of one payment that has come to an end."""
    livemode = provider.mode == "real"  # a refund does not say it of itself
    for refund in _refunds(payment):
        found = refund.to_dict(for_json=True)
        if found["status"] in wire.REFUND_STATES:
            kept = ("id", "status", "amount", "currency", "metadata", "payment_intent")
            name = f"{found['id']}:{found['status']}"
            yield _stated("refund", name, _only(found, *kept), {**found, "livemode": livemode})


def _payout(payout_id: str) -> Iterable[Told]:
    """A payout with its lines."""
    found = _ask(lambda client: client.v1.payouts.retrieve(payout_id)).to_dict(for_json=True)
    lines = _all(
        lambda client, after: client.v1.balance_transactions.list(
            cast(
                "Any",
                {"payout": payout_id, "limit": _PAGE, "expand": ["data.source"], **after},
            )
        )
    )
    facts = _only(found, "id", "amount", "currency", "status")
    facts["lines"] = [_payout_line(line.to_dict(for_json=True)) for line in lines]
    yield _stated("payout", payout_id, facts, found)


def _payout_line(line: Mapping[str, Any]) -> dict[str, Any]:
    kept = _only(line, "id", "type", "amount", "fee", "net", "currency")
    source = line.get("source")
    if isinstance(source, Mapping):
        kept["source"] = _only(source, "id", "payment_intent", "metadata")
    return kept
