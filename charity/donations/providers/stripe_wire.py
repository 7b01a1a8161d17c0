"""Stripe's bodies, read: what of them concerns us, in our words.

Two kinds of body are read: events, as webhooks bring them and the list of events gives them; and
statements, which are Stripe's own objects as it answered when asked, kept in the same inbox. Of
each only fields are read that have kept their meaning over Stripe's versions. What is not ours, or
of a type that says nothing to us, comes out with Stripe's own type and is ignored.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from charity.donations.kinds import EventType
from charity.donations.providers.base import Event, PayoutLine, Told
from charity.kernel.db import canonical_json

#: The events that concern us: what the webhook is subscribed to, and what is listed when missed.
TYPES = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.updated",
    "charge.refunded",
    "refund.updated",
    "refund.failed",
    "payout.paid",
    "payout.failed",
)
FEE, REFUNDS, PAYOUT = "fee", "refunds", "payout"  # what can be inquired

_LINE_KINDS = {
    "charge": "payment",
    "payment": "payment",
    "refund": "refund",
    "payment_refund": "refund",
    "stripe_fee": "fee",
}
_LONGEST = 120
_MOST = 10**15
Json = Mapping[str, Any]


def statement(kind: str, name: str, data: Json, *, livemode: bool, created: int) -> Told:
    """What Stripe answered, as a body of its own; the same answer has the same id for ever."""
    event_id = f"{kind}:{name}"
    body = {
        "object": "statement",
        "id": event_id,
        "type": f"statement.{kind}",
        "created": created,
        "livemode": livemode,
        "data": {"object": data},
    }
    return Told(event_id, body_of(body))


def body_of(event: Json) -> bytes:
    """An event or statement as stored."""
    return canonical_json(event).encode()


def parse(raw: bytes, account: str) -> Event:
    """Read a body of our account. Raises ValueError on anything that is not one."""
    try:
        body = json.loads(raw)
        if body["object"] not in ("event", "statement"):
            raise ValueError("neither event nor statement")
        if type(body["livemode"]) is not bool:
            raise ValueError("mode is yes or no")
        found = _Reader(body, _text(body.get("account") or account))
        read = _READERS.get(_text(body["type"]), _Reader.other)
        return read(found, body["data"]["object"])
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("not an event") from error


def _text(value: object) -> str:
    if type(value) is not str or not 0 < len(value) <= _LONGEST:
        raise ValueError("texts are short and not empty")
    return value


def _fen(value: object) -> int:
    if type(value) is not int or not -_MOST < value < _MOST:
        raise ValueError("amounts are whole fen")
    return value


def _id(value: object) -> str:
    """The id of an object, which may be expanded in its place; empty when there is none."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return "" if value is None else _text(value)


def _ours(data: Json, name: str) -> str:
    """One of our ids in an object's metadata; empty when the object is not ours."""
    value = (data.get("metadata") or {}).get(name)
    return "" if not value else _text(value)


def _moment(seconds: object) -> dt.datetime:
    if type(seconds) is not int or not 0 <= seconds < 10**11:
        raise ValueError("a moment is whole seconds")
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


class _Reader:
    """What every body has, and how each type is read."""

    def __init__(self, body: Json, account: str) -> None:
        self.event_id = _text(body["id"])
        self.type = _text(body["type"])
        self.account = account
        self.mode = "real" if body["livemode"] else "test"
        self.at = _moment(body["created"])

    def event(self, event_type: str, object_id: str, **facts: Any) -> Event:
        """An event with these facts."""
        return Event(
            event_id=self.event_id,
            type=event_type,
            object_id=object_id,
            reference=facts.pop("reference", ""),
            amount_fen=facts.pop("amount_fen", 0),
            fee_fen=facts.pop("fee_fen", None),
            currency=facts.pop("currency", ""),
            account=self.account,
            mode=self.mode,
            at=self.at,
            **facts,
        )

    def other(self, data: Json) -> Event:
        """Nothing to us: kept under its own type."""
        return self.event(self.type, _id(data) or "-")

    def session(self, data: Json) -> Event:
        """A checkout session. Only ``paid`` is a gift; not every completed one is."""
        payment_id = _ours(data, "payment_id")
        event_type: str = {
            "checkout.session.async_payment_failed": EventType.DECLINED,
            "checkout.session.expired": EventType.EXPIRED,
        }.get(self.type, self.type)
        if self.type in _MAY_BE_PAID and data["payment_status"] == "paid":
            event_type = EventType.PAID
        if not payment_id or event_type == self.type:
            return self.other(data)
        payment = _id(data.get("payment_intent"))
        return self.event(
            event_type,
            payment if event_type == EventType.PAID else payment or _id(data),
            reference=_id(data),
            amount_fen=_fen(data["amount_total"]),
            currency=_text(data["currency"]).upper(),
            payment_id=payment_id,
            payment_object=payment,
        )

    def looked(self, data: Json) -> Event:
        """A session as it stood when it was asked about."""
        if data["status"] == "expired":
            self.type = "checkout.session.expired"
        elif data["payment_status"] == "paid":
            self.type = "checkout.session.completed"
        else:
            self.type = "checkout.session.async_payment_failed"
        return self.session(data)

    def charge(self, data: Json) -> Event:
        """A charge changed: when it has its balance transaction, that states the fee."""
        payment_id = _ours(data, "payment_id")
        if not payment_id or not data.get("balance_transaction"):
            return self.other(data)
        return self.event(
            EventType.INQUIRE,
            _id(data),
            inquiry=FEE,
            payment_id=payment_id,
            payment_object=_id(data.get("payment_intent")),
        )

    def charge_refunded(self, data: Json) -> Event:
        """A charge went back, in part or whole; by which refunds must be asked."""
        if not _ours(data, "payment_id"):
            return self.other(data)
        return self.event(EventType.INQUIRE, _id(data["payment_intent"]), inquiry=REFUNDS)

    def fee(self, data: Json) -> Event:
        """A charge with its balance transaction in it."""
        line = data["balance_transaction"]
        return self.event(
            EventType.FEE,
            _id(line),
            amount_fen=_fen(line["amount"]),
            fee_fen=_fen(line["fee"]),
            currency=_text(line["currency"]).upper(),
            payment_id=_ours(data, "payment_id"),
            payment_object=_id(data["payment_intent"]),
        )

    def refund(self, data: Json) -> Event:
        """A refund came to an end, or is still on its way."""
        event_type = REFUND_STATES.get(data["status"])
        if event_type is None:
            return self.other(data)
        return self.event(
            event_type,
            _id(data),
            amount_fen=_fen(data["amount"]),
            currency=_text(data["currency"]).upper(),
            refund_id=_ours(data, "refund_id"),
            payment_id=_ours(data, "payment_id"),
            payment_object=_id(data.get("payment_intent")),
        )

    def payout_told(self, data: Json) -> Event:
        """A payout; which lines it has must be asked."""
        return self.event(EventType.INQUIRE, _id(data), inquiry=PAYOUT)

    def payout_failed(self, data: Json) -> Event:
        """The bank sent a payout back."""
        return self.event(EventType.PAYOUT_FAILED, _id(data), amount_fen=_fen(data["amount"]))

    def payout(self, data: Json) -> Event:
        """A payout with all its lines but the one that is the payout itself."""
        currencies = {_text(line["currency"]).upper() for line in data["lines"]}
        currency = _text(data["currency"]).upper()
        return self.event(
            EventType.PAYOUT,
            _id(data),
            amount_fen=_fen(data["amount"]),
            # A line in other money makes the whole payout other money: it waits for a person.
            currency=currency if currencies <= {currency} else "+".join(sorted(currencies))[:9],
            lines=tuple(_line(line) for line in data["lines"] if line["type"] != "payout"),
        )


def _line(line: Json) -> PayoutLine:
    source = line.get("source")
    whole: Json = source if isinstance(source, Mapping) else {}
    kind = _text(line["type"])
    return PayoutLine(
        id=_id(line),
        kind=_LINE_KINDS.get(kind, kind),
        net_fen=_fen(line["net"]),
        fee_fen=_fen(line["fee"]),
        payment_object=_id(whole.get("payment_intent")),
        refund_id=_ours(whole, "refund_id"),
    )


REFUND_STATES: Mapping[str, EventType] = {
    "succeeded": EventType.REFUNDED,
    "failed": EventType.REFUND_FAILED,
    "canceled": EventType.REFUND_FAILED,
}
_MAY_BE_PAID = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_READERS: Mapping[str, Callable[[_Reader, Json], Event]] = {
    "checkout.session.completed": _Reader.session,
    "checkout.session.async_payment_succeeded": _Reader.session,
    "checkout.session.async_payment_failed": _Reader.session,
    "checkout.session.expired": _Reader.session,
    "charge.updated": _Reader.charge,
    "charge.succeeded": _Reader.charge,
    "charge.refunded": _Reader.charge_refunded,
    "refund.created": _Reader.refund,
    "refund.updated": _Reader.refund,
    "refund.failed": _Reader.refund,
    "payout.paid": _Reader.payout_told,
    "payout.failed": _Reader.payout_failed,
    "statement.look": _Reader.looked,
    "statement.fee": _Reader.fee,
    "statement.refund": _Reader.refund,
    "statement.payout": _Reader.payout,
}
