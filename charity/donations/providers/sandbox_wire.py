"""The sandbox's events as they travel: their bodies, and the signature over them."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json

from charity.donations import fees
from charity.donations.errors import BadSignature, WrongAccount, WrongMode
from charity.donations.kinds import EventType
from charity.donations.providers.base import Event, Headers
from charity.kernel import clock
from charity.kernel.crypto import keyring
from charity.kernel.db import canonical_json

NAME = "sandbox"
ACCOUNT = "sandbox"
MODE = "test"
CURRENCY = "CNY"
HEADER = "Sandbox-Signature"
TOLERANCE_S = 300


def parse(raw: bytes) -> Event:
    """Read a body. Raises ValueError on anything that is not an event."""
    try:
        body = json.loads(raw)
        data = body["data"]
        amounts = (data["amount_fen"], data["fee_fen"])
        if any(type(value) is not int or not 0 <= value < 10**15 for value in amounts):
            raise ValueError("amounts are whole fen")
        texts = (
            body["id"],
            body["type"],
            data["object"],
            data["reference"],
            data["currency"],
            body["account"],
            body["mode"],
            data.get("refund_id", "-"),
        )
        if any(type(text) is not str or not 0 < len(text) <= 120 for text in texts):
            raise ValueError("texts are short and not empty")
        at = dt.datetime.fromisoformat(body["created"])
        if at.tzinfo is None:
            raise ValueError("a moment without a zone")
    except (KeyError, TypeError, AttributeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError("not an event") from error
    return Event(
        event_id=texts[0],
        type=texts[1],
        object_id=texts[2],
        reference=texts[3],
        amount_fen=amounts[0],
        fee_fen=amounts[1],
        currency=texts[4],
        account=texts[5],
        mode=texts[6],
        at=at,
        payment_object=payment_object(texts[3]),
        refund_id="" if texts[7] == "-" else texts[7],
    )


def payment_object(reference: str) -> str:
    """The sandbox's payment of a session."""
    return f"pay_{reference.removeprefix('sbx_')}"


def body_of(
    event_type: EventType,
    *,
    event_id: str,
    reference: str,
    amount_fen: int,
    at: dt.datetime,
    refund: tuple[str, str] | None = None,
) -> bytes:
    """The body of an event, as the sandbox sends it; the fee is the sandbox's own rule.

    ``refund`` is the sandbox's and our own id of a refund, for events of one.
    """
    paid = event_type is EventType.PAID
    data: dict[str, object] = {
        "object": refund[0] if refund else payment_object(reference),
        "reference": reference,
        "amount_fen": amount_fen,
        "fee_fen": fees.estimate(NAME, amount_fen) if paid else 0,
        "currency": CURRENCY,
    }
    if refund:
        data["refund_id"] = refund[1]
    return canonical_json(
        {
            "id": event_id,
            "type": event_type.value,
            "created": at.isoformat(),
            "account": ACCOUNT,
            "mode": MODE,
            "data": data,
        }
    ).encode()


def verified(headers: Headers, raw: bytes) -> Event:
    """See ``Provider.verify``."""
    _check_signature(headers.get(HEADER, ""), raw)
    try:
        event = parse(raw)
    except ValueError as error:
        raise BadSignature from error
    if event.mode != MODE:
        raise WrongMode
    if event.account != ACCOUNT:
        raise WrongAccount
    return event


def _secret() -> bytes:
    """Of this installation, made from its keys: nothing to configure, nothing to leak."""
    return keyring().blind_index("sandbox", "webhook-secret").encode()


def sign(raw: bytes, timestamp: int) -> str:
    """The value of the signature header for ``raw`` at ``timestamp`` (seconds since 1970)."""
    digest = hmac.new(_secret(), f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _check_signature(header: str, raw: bytes) -> None:
    pairs = [part.split("=", 1) for part in header.split(",") if "=" in part][:8]
    times = [value for name, value in pairs if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 13):
        raise BadSignature
    timestamp = int(times[0])
    now = int(clock.now().timestamp())
    if abs(now - timestamp) > TOLERANCE_S:
        raise BadSignature
    wanted = sign(raw, timestamp).partition("v1=")[2]
    given = [value.encode() for name, value in pairs if name == "v1"]
    if not any(hmac.compare_digest(wanted.encode(), value) for value in given):
        raise BadSignature
