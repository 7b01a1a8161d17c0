"""What the fake Stripe knows: sessions, payments, charges, refunds, payouts, and its events.

Rule: an object is made from Stripe's own example of it, so a field that is always there is there.
Everything happens under one lock, one thing after the other.
"""

from __future__ import annotations

import copy
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

EXAMPLES: dict[str, Json] = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
API_VERSION = "2026-10-28.endive"


class Refused(Exception):
    """A request that Stripe answers with 4xx."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": "invalid_request_error", "message": message, "code": code}}


@dataclass
class Fees:
    """What is taken of a charge: per ten thousand, and a fixed part, in the smallest unit."""

    permyriad: int = 340
    fixed: int = 220

    def of(self, amount: int) -> int:
        """The fee, rounded half up."""
        return (amount * self.permyriad + 5_000) // 10_000 + self.fixed


class World:
    """All there is. ``tell`` is called with each event, under the lock."""

    def __init__(self, *, seed: int = 0, livemode: bool = False) -> None:
        self.lock = threading.RLock()
        self.random = random.Random(seed)
        self.livemode = livemode
        self.fees = Fees()
        self.settles_in = "cny"
        self.objects: dict[str, dict[str, Json]] = {
            kind: {}
            for kind in ("checkout.session", "payment_intent", "charge", "refund", "payout",
                         "balance_transaction")
        }  # fmt: skip
        self.events: list[Json] = []
        self.tell: Callable[[Json], None] = lambda _event: None
        self.now: Callable[[], int] = lambda: int(time.time())

    def new_id(self, prefix: str) -> str:
        """An id as Stripe's look."""
        return f"{prefix}_{self.random.getrandbits(96):024x}"

    def make(self, kind: str, prefix: str, **values: object) -> Json:
        """A new object from Stripe's example."""
        made = copy.deepcopy(EXAMPLES[kind])
        made.update(id=self.new_id(prefix), created=self.now())
        if "livemode" in made:
            made["livemode"] = self.livemode
        made.update(values)
        self.objects[kind][made["id"]] = made
        return made

    def get(self, kind: str, object_id: str) -> Json:
        """An object. Raises Refused with 404."""
        found = self.objects[kind].get(object_id)
        if found is None:
            raise Refused(f"No such {kind}: '{object_id}'", status=404, code="resource_missing")
        return found

    def event(self, event_type: str, data: Json) -> Json:
        """Something happened: kept for the list of events, and told."""
        made = copy.deepcopy(EXAMPLES["event"])
        made.update(
            id=self.new_id("evt"),
            created=self.now(),
            type=event_type,
            api_version=API_VERSION,
            livemode=self.livemode,
            data={"object": copy.deepcopy(data)},
        )
        self.events.append(made)
        self.tell(made)
        return made

    # --- sessions -------------------------------------------------------------------------------

    def create_session(self, asked: Json, pay_base: str) -> Json:
        """``POST /v1/checkout/sessions``."""
        items = asked.get("line_items") or []
        if asked.get("mode") != "payment" or not items:
            raise Refused("Missing required param: line_items")
        currency = items[0]["price_data"]["currency"]
        total = sum(
            int(item["price_data"]["unit_amount"]) * int(item["quantity"]) for item in items
        )
        if currency == "cny" and total < 400:
            raise Refused("The Checkout Session's total amount due must add up to at least ¥4.00",
                          code="amount_too_small")  # fmt: skip
        left = int(asked["expires_at"]) - self.now()
        if not 30 * 60 <= left <= 24 * 3600:
            raise Refused("expires_at must be between 30 minutes and 24 hours from now")
        made = self.make(
            "checkout.session",
            "cs_live" if self.livemode else "cs_test",
            amount_subtotal=total,
            amount_total=total,
            currency=currency,
            client_reference_id=asked.get("client_reference_id"),
            metadata=asked.get("metadata", {}),
            payment_method_types=asked.get("payment_method_types", ["card"]),
            success_url=asked["success_url"],
            cancel_url=asked.get("cancel_url"),
            expires_at=int(asked["expires_at"]),
            payment_intent=None,
            payment_status="unpaid",
            status="open",
            shipping_cost=None,
        )
        made["url"] = f"{pay_base}/c/pay/{made['id']}"
        made["_intent_metadata"] = asked.get("payment_intent_data", {}).get("metadata", {})
        return made

    def pay(self, session_id: str, method: str = "card", *, later: bool = False) -> Json:
        """The donor pays. ``later``: completed now, the money comes or fails afterwards."""
        with self.lock:
            session = self.get("checkout.session", session_id)
            if session["status"] != "open":
                raise Refused("This Checkout Session is not open")
            intent = self.make(
                "payment_intent",
                "pi",
                amount=session["amount_total"],
                currency=session["currency"],
                metadata=dict(session["_intent_metadata"]),
                payment_method_types=[method],
                status="processing" if later else "succeeded",
                amount_received=0 if later else session["amount_total"],
            )
            session.update(status="complete", payment_intent=intent["id"])
            if later:
                self.event("checkout.session.completed", _shown(session))
                return session
            self._charge(intent, method)
            session["payment_status"] = "paid"
            self.event("checkout.session.completed", _shown(session))
            self._state_fee(intent)
            return session

    def money_came(self, session_id: str) -> None:
        """A payment that was to come later has come."""
        with self.lock:
            session = self.get("checkout.session", session_id)
            intent = self.get("payment_intent", session["payment_intent"])
            intent.update(status="succeeded", amount_received=intent["amount"])
            self._charge(intent, "alipay")
            session["payment_status"] = "paid"
            self.event("checkout.session.async_payment_succeeded", _shown(session))
            self._state_fee(intent)

    def money_failed(self, session_id: str) -> None:
        """A payment that was to come later will not."""
        with self.lock:
            session = self.get("checkout.session", session_id)
            self.get("payment_intent", session["payment_intent"])["status"] = (
                "requires_payment_method"
            )
            self.event("checkout.session.async_payment_failed", _shown(session))

    def expire(self, session_id: str) -> None:
        """Nobody paid in time."""
        with self.lock:
            session = self.get("checkout.session", session_id)
            if session["status"] != "open":
                raise Refused("This Checkout Session is not open")
            session["status"] = "expired"
            self.event("checkout.session.expired", _shown(session))

    def _charge(self, intent: Json, method: str) -> None:
        charge = self.make(
            "charge",
            "ch" if method == "card" else "py",
            amount=intent["amount"],
            amount_captured=intent["amount"],
            captured=True,
            currency=intent["currency"],
            metadata=dict(intent["metadata"]),
            payment_intent=intent["id"],
            balance_transaction=None,  # worked out afterwards; then the charge is updated
            billing_details={"name": "Jenny Rosen", "email": None, "phone": None, "address": None},
        )
        intent["latest_charge"] = charge["id"]

    def _state_fee(self, intent: Json) -> None:
        """Stripe has worked out what it takes of a charge."""
        charge = self.objects["charge"][intent["latest_charge"]]
        rate = 1 if self.settles_in == charge["currency"] else 8
        amount = charge["amount"] // rate
        fee = self.fees.of(amount)
        line = self._line(
            "charge" if charge["id"].startswith("ch") else "payment", amount, fee, charge["id"]
        )
        charge["balance_transaction"] = line["id"]
        self.event("charge.updated", charge)

    def _line(self, kind: str, amount: int, fee: int, source: str) -> Json:
        return self.make(
            "balance_transaction",
            "txn",
            amount=amount,
            fee=fee,
            net=amount - fee,
            currency=self.settles_in,
            type=kind,
            reporting_category=kind,
            source=source,
            _payout=None,
        )

    # --- back, and out ----------------------------------------------------------------------------

    def refund(self, asked: Json, *, pending: bool = False) -> Json:
        """``POST /v1/refunds``."""
        intent = self.get("payment_intent", asked["payment_intent"])
        if not intent["latest_charge"]:
            raise Refused("This PaymentIntent has no successful charge to refund.")
        charge = self.objects["charge"][intent["latest_charge"]]
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(asked.get("amount", left))
        if left == 0:
            raise Refused("Charge has already been refunded.", code="charge_already_refunded")
        if not 0 < amount <= left:
            raise Refused("Refund amount is greater than unrefunded amount on charge")
        made = self.make(
            "refund",
            "re",
            amount=amount,
            charge=charge["id"],
            payment_intent=intent["id"],
            currency=charge["currency"],
            metadata=asked.get("metadata", {}),
            status="pending",
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.event("refund.created", made)
        if not pending:
            self.refund_done(made["id"])
        return made

    def refund_done(self, refund_id: str) -> None:
        """The money is back with the donor."""
        with self.lock:
            made = self.get("refund", refund_id)
            made["status"] = "succeeded"
            if made["balance_transaction"] is None:
                line = self._line("refund", -made["amount"], 0, made["id"])
                made["balance_transaction"] = line["id"]
            self.event("refund.updated", made)
            self.event("charge.refunded", self.objects["charge"][made["charge"]])

    def refund_failed(self, refund_id: str) -> None:
        """The money could not be sent back, or came back to us."""
        with self.lock:
            made = self.get("refund", refund_id)
            charge = self.objects["charge"][made["charge"]]
            charge["amount_refunded"] -= made["amount"]
            charge["refunded"] = False
            if made["status"] == "succeeded":
                self._line("refund_failure", made["amount"], 0, made["id"])
            made.update(status="failed", failure_reason="expired_or_canceled_card")
            self.event("refund.failed", made)

    def pay_out(self, *, charge: int = 0) -> Json | None:
        """Everything not yet sent on is sent on; ``charge`` is one more charge of no gift."""
        with self.lock:
            if charge:
                line = self._line("stripe_fee", -charge, 0, "")
                line["source"] = None
            lines = [
                line
                for line in self.objects["balance_transaction"].values()
                if line["_payout"] is None
            ]
            if not lines:
                return None
            total = sum(line["net"] for line in lines)
            made = self.make(
                "payout", "po", amount=total, currency=self.settles_in, status="paid",
            )  # fmt: skip
            own = self._line("payout", -total, 0, made["id"])
            made["balance_transaction"] = own["id"]
            for line in (*lines, own):
                line["_payout"] = made["id"]
            self.event("payout.paid", made)
            return made


def _shown(session: Json) -> Json:
    """The session as told: without what only this world knows."""
    return {name: value for name, value in session.items() if not name.startswith("_")}
