"""The built-in provider of test money, a little outside world of its own.

It keeps its own sessions, refunds and events. What is decided on its page is committed as an event
first, and then delivered over HTTP to our own webhook, signed, again and again until it is
answered: so the way of a test payment is the way of a real one. It never runs on a real database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations.errors import PaymentUnknown, SessionClosed
from charity.donations.kinds import EventType
from charity.donations.models import SandboxEvent, SandboxRefund, SandboxSession
from charity.donations.providers.base import (
    Asked,
    Event,
    Headers,
    ProviderSession,
    RefundAnswer,
    RefundAsked,
    Told,
)
from charity.donations.providers.sandbox_post import LEASE, TIMEOUT_S, deliver, deliver_due
from charity.donations.providers.sandbox_wire import (
    ACCOUNT,
    CURRENCY,
    HEADER,
    MODE,
    NAME,
    TOLERANCE_S,
    body_of,
    parse,
    sign,
    verified,
)
from charity.donations.secrets import payment_secret
from charity.kernel import clock
from charity.kernel.atomic import atomic, require_atomic
from charity.kernel.db import db
from charity.kernel.ids import public_id

__all__ = [
    "ACCOUNT",
    "CURRENCY",
    "HEADER",
    "MODE",
    "NAME",
    "OUTCOMES",
    "TIMEOUT_S",
    "TOLERANCE_S",
    "SessionView",
    "body_of",
    "decide",
    "deliver",
    "deliver_due",
    "parse",
    "pay_url",
    "provider",
    "session",
    "sign",
]

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
    pay_origins: tuple[str, ...] = ()

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
        return verified(headers, raw)

    def parse(self, raw: bytes) -> Event:
        """See ``Provider.parse``."""
        return parse(raw)

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """Money goes back at once, as far as the payment was paid; the event of it follows."""
        with atomic():
            return _refund(asked)

    def find_refund(self, asked: RefundAsked) -> RefundAnswer | None:
        """See ``Provider.find_refund``."""
        reference = db.session().scalar(
            select(SandboxRefund.reference).where(SandboxRefund.refund_id == asked.refund_id)
        )
        db.session().rollback()
        return None if reference is None else RefundAnswer("done", reference)

    def look(self, reference: str) -> Told | None:
        """See ``Provider.look``."""
        rows = db.session().execute(
            select(SandboxEvent.type, SandboxEvent.id, SandboxEvent.body).where(
                SandboxEvent.object_id == reference
            )
        )
        found = {row.type: Told(row.id, row.body) for row in rows}
        db.session().rollback()
        for event_type in OUTCOMES.values():
            if event_type.value in found:
                return found[event_type.value]
        return None

    def missed(self, since: dt.datetime) -> Iterable[Told]:
        """See ``Provider.missed``."""
        rows = db.session().execute(
            select(SandboxEvent.id, SandboxEvent.body)
            .where(SandboxEvent.created_at >= since)
            .order_by(SandboxEvent.created_at)
        )
        found = [Told(row.id, row.body) for row in rows]
        db.session().rollback()
        return found

    def inquire(self, inquiry: str, object_id: str) -> Iterable[Told]:
        """The sandbox states everything in its events."""
        return ()


provider = _Sandbox()


def _insert_once(model: type, column: str) -> sqlite.Insert | postgresql.Insert:
    on_postgres = db.session().get_bind().dialect.name == "postgresql"
    made = postgresql.insert(model) if on_postgres else sqlite.insert(model)
    return made.on_conflict_do_nothing(index_elements=[column])


def pay_url(reference: str) -> str:
    """Where the donor pays."""
    return f"{current_app.extensions['charity.settings'].base_url}/sandbox/pay/{reference}"


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
    row = _locked(reference)
    if row is None:
        raise PaymentUnknown
    status, amount_fen = row
    earlier = db.session().scalar(
        select(SandboxEvent.id).where(
            SandboxEvent.object_id == reference, SandboxEvent.type == event_type.value
        )
    )
    if earlier is not None:
        return earlier
    if status not in ("open", "declined"):
        raise SessionClosed
    db.session().execute(
        update(SandboxSession).where(SandboxSession.reference == reference).values(status=outcome)
    )
    return _tell(event_type, reference, amount_fen)


def _locked(reference: str) -> tuple[str, int] | None:
    """Status and amount of a session, which nobody else decides meanwhile."""
    row = db.session().execute(
        select(SandboxSession.status, SandboxSession.amount_fen)
        .where(SandboxSession.reference == reference)
        .with_for_update()
    )
    found = row.first()
    return None if found is None else (found[0], found[1])


def _tell(
    event_type: EventType,
    reference: str,
    amount_fen: int,
    refund: tuple[str, str] | None = None,
) -> str:
    """Commit to an event; the post delivers it."""
    now = clock.now()
    event_id = f"evt_{public_id(24)}"
    db.session().execute(
        insert(SandboxEvent).values(
            id=event_id,
            reference=reference,
            object_id=refund[0] if refund else reference,
            type=event_type.value,
            body=body_of(
                event_type,
                event_id=event_id,
                reference=reference,
                amount_fen=amount_fen,
                at=now,
                refund=refund,
            ),
            created_at=now,
            attempts=0,
            next_at=now + LEASE,
        )
    )
    return event_id


def _refund(asked: RefundAsked) -> RefundAnswer:
    """Once for each refund id; never more than was paid. The session's row is the lock."""
    reference = f"sbx_{asked.object_id.removeprefix('pay_')}"
    row = _locked(reference)
    db_session = db.session()
    earlier = db_session.scalar(
        select(SandboxRefund.reference).where(SandboxRefund.refund_id == asked.refund_id)
    )
    if earlier is not None:
        return RefundAnswer("done", earlier)
    back = db_session.scalar(
        select(func.coalesce(func.sum(SandboxRefund.amount_fen), 0)).where(
            SandboxRefund.session_reference == reference
        )
    )
    if row is None or row[0] != "paid" or int(back or 0) + asked.amount_fen > row[1]:
        return RefundAnswer("refused", "")
    refund = f"sbr_{public_id(20)}"
    db_session.execute(
        insert(SandboxRefund).values(
            reference=refund,
            refund_id=asked.refund_id,
            session_reference=reference,
            amount_fen=asked.amount_fen,
            created_at=clock.now(),
        )
    )
    _tell(EventType.REFUNDED, reference, asked.amount_fen, (refund, asked.refund_id))
    return RefundAnswer("done", refund)
