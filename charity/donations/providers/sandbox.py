"""The built-in provider of test money, a little outside world of its own.

It keeps its own sessions and events. What is decided on its page is committed as an event first,
and then delivered over HTTP to our own webhook, signed, again and again until it is answered: so
the way of a test payment is the way of a real one. It never runs on a real database.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Insert, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations import fees
from charity.donations.errors import (
    BadSignature,
    PaymentUnknown,
    SessionClosed,
    WrongAccount,
    WrongMode,
)
from charity.donations.kinds import EventType
from charity.donations.models import SandboxEvent, SandboxSession
from charity.donations.providers.base import Asked, Event, Headers, ProviderSession
from charity.donations.secrets import payment_secret
from charity.kernel import clock
from charity.kernel.atomic import atomic, require_atomic
from charity.kernel.crypto import keyring
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import public_id

NAME = "sandbox"
ACCOUNT = "sandbox"
MODE = "test"
CURRENCY = "CNY"
HEADER = "Sandbox-Signature"
TOLERANCE_S = 300
TIMEOUT_S = 3
_LEASE = dt.timedelta(seconds=10)
_LONGEST_PAUSE = dt.timedelta(hours=1)

OUTCOMES = {
    "paid": EventType.PAID,
    "declined": EventType.DECLINED,
    "expired": EventType.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session, for the sandbox's own page. ``return_path`` opens the donor's payment page."""

    reference: str
    payment_id: str
    amount_fen: int
    currency: str
    status: str
    return_path: str


class _Sandbox:
    name = NAME
    account = ACCOUNT
    currency = CURRENCY
    mode = MODE
    min_fen = 1

    def create(self, asked: Asked) -> ProviderSession:
        """Open a session in its own transaction, as a provider elsewhere would."""
        with atomic():
            session = db.session()
            session.execute(
                _insert_once(SandboxSession, "payment_id").values(
                    reference=f"sbx_{public_id(20)}",
                    payment_id=asked.payment_id,
                    amount_fen=asked.amount_fen,
                    currency=asked.currency,
                    status="open",
                    created_at=clock.now(),
                )
            )
            reference = session.scalars(
                select(SandboxSession.reference).where(
                    SandboxSession.payment_id == asked.payment_id
                )
            ).one()
        return ProviderSession(reference, pay_url(reference))

    def verify(self, headers: Headers, raw: bytes) -> Event:
        """See ``Provider.verify``."""
        _check_signature(headers.get(HEADER, ""), raw)
        try:
            event = self.parse(raw)
        except ValueError as error:
            raise BadSignature from error
        if event.mode != MODE:
            raise WrongMode
        if event.account != ACCOUNT:
            raise WrongAccount
        return event

    def parse(self, raw: bytes) -> Event:
        """See ``Provider.parse``."""
        return parse(raw)


provider = _Sandbox()


def _insert_once(model: type, column: str) -> sqlite.Insert | postgresql.Insert:
    on_postgres = db.session().get_bind().dialect.name == "postgresql"
    made = postgresql.insert(model) if on_postgres else sqlite.insert(model)
    return made.on_conflict_do_nothing(index_elements=[column])


def pay_url(reference: str) -> str:
    """Where the donor pays."""
    return f"{current_app.extensions['charity.settings'].base_url}/sandbox/pay/{reference}"


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
        )
        if any(type(text) is not str or not 0 < len(text) <= 120 for text in texts):
            raise ValueError("texts are short and not empty")
        at = dt.datetime.fromisoformat(body["created"])
        if at.tzinfo is None:
            raise ValueError("a moment without a zone")
    except (KeyError, TypeError, RecursionError, UnicodeDecodeError) as error:
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
    )


def body_of(
    event_type: EventType, *, event_id: str, reference: str, amount_fen: int, at: dt.datetime
) -> bytes:
    """The body of an event, as the sandbox sends it; the fee is the sandbox's own rule."""
    paid = event_type is EventType.PAID
    return canonical_json(
        {
            "id": event_id,
            "type": event_type.value,
            "created": at.isoformat(),
            "account": ACCOUNT,
            "mode": MODE,
            "data": {
                "object": f"pay_{reference.removeprefix('sbx_')}",
                "reference": reference,
                "amount_fen": amount_fen,
                "fee_fen": fees.estimate(NAME, amount_fen) if paid else 0,
                "currency": CURRENCY,
            },
        }
    ).encode()


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


def session(reference: str) -> SessionView:
    """The session of ``reference``. Raises PaymentUnknown."""
    row = db.session().execute(
        select(
            SandboxSession.reference,
            SandboxSession.payment_id,
            SandboxSession.amount_fen,
            SandboxSession.currency,
            SandboxSession.status,
        ).where(SandboxSession.reference == reference)
    )
    found = row.first()
    if found is None:
        raise PaymentUnknown
    # The key is made anew, not stored: whoever has the reference is the donor sent there to pay.
    path = f"/payments/{found.payment_id}?key={payment_secret(found.payment_id)}"
    return SessionView(*found, return_path=path)


def decide(reference: str, outcome: str) -> str:
    """Decide a session and commit to its event; return the event's id. Inside ``atomic()``.

    The same outcome again gives the same event. A declined session may still be paid, as a donor
    tries another card. Raises PaymentUnknown, SessionClosed; KeyError on another outcome.
    """
    require_atomic()
    event_type = OUTCOMES[outcome]
    found = db.session().execute(
        select(SandboxSession.status, SandboxSession.amount_fen)
        .where(SandboxSession.reference == reference)
        .with_for_update()
    )
    row = found.first()
    if row is None:
        raise PaymentUnknown
    earlier = db.session().scalar(
        select(SandboxEvent.id).where(
            SandboxEvent.reference == reference, SandboxEvent.type == event_type.value
        )
    )
    if earlier is not None:
        return earlier
    if row.status not in ("open", "declined"):
        raise SessionClosed
    now = clock.now()
    event_id = f"evt_{public_id(24)}"
    db.session().execute(
        update(SandboxSession).where(SandboxSession.reference == reference).values(status=outcome)
    )
    statement: Insert = insert(SandboxEvent)
    db.session().execute(
        statement.values(
            id=event_id,
            reference=reference,
            type=event_type.value,
            body=body_of(
                event_type,
                event_id=event_id,
                reference=reference,
                amount_fen=row.amount_fen,
                at=now,
            ),
            created_at=now,
            attempts=0,
            next_at=now + _LEASE,
        )
    )
    return event_id


def deliver(event_id: str) -> bool:
    """Send one event to our webhook; whether it was answered with 200.

    Outside ``atomic()``: it waits for the network, at most three seconds. What was not answered
    is sent again by ``deliver_due``.
    """
    row = (
        db.session()
        .execute(
            select(SandboxEvent.body, SandboxEvent.attempts).where(SandboxEvent.id == event_id)
        )
        .first()
    )
    if row is None:
        return False
    db.session().rollback()
    answered = _post(row.body)
    now = clock.now()
    pause = min(dt.timedelta(seconds=2 ** min(row.attempts, 12)), _LONGEST_PAUSE)
    values = {"delivered_at": now} if answered else {"next_at": now + pause}
    with atomic():
        db.session().execute(
            update(SandboxEvent)
            .where(SandboxEvent.id == event_id)
            .values(attempts=min(row.attempts + 1, 30_000), **values)
        )
    return answered


def _post(raw: bytes) -> bool:
    base = current_app.extensions["charity.settings"].base_url
    request = urllib.request.Request(  # noqa: S310 - the scheme of BASE_URL is checked at start
        f"{base}/webhooks/{NAME}",
        data=raw,
        headers={
            "Content-Type": "application/json",
            HEADER: sign(raw, int(clock.now().timestamp())),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - see above
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def deliver_due(limit: int = 20) -> int:
    """Deliver events that were not answered yet; how many were tried. Outside ``atomic()``."""
    now = clock.now()
    due = (
        select(SandboxEvent.id)
        .where(
            SandboxEvent.delivered_at.is_(None),
            SandboxEvent.next_at <= now,
        )
        .order_by(SandboxEvent.next_at)
        .limit(limit)
    )
    if db.session().scalar(due.limit(1)) is None:
        return 0
    with atomic():
        # Leased before it is sent, so that two workers do not send the same one at once.
        ids = list(db.session().scalars(due.with_for_update(skip_locked=True)))
        db.session().execute(
            update(SandboxEvent).where(SandboxEvent.id.in_(ids)).values(next_at=now + _LEASE)
        )
    for event_id in ids:
        deliver(event_id)
    return len(ids)
