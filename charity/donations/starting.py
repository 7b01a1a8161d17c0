"""From an intent to a page to pay on, or a code to scan; and what becomes of it when nobody pays.

Rule: the intent is committed before the provider is called, and the provider is called under the
intent's id: a call whose answer was lost is made again, and is one payment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from flask import current_app
from sqlalchemy import Table, select, update

from charity.donations.errors import PaymentUnknown, ProviderOff
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.models import Gift, Intent, StatusEvent
from charity.donations.providers.base import Asked, ProviderSession
from charity.donations.providers.registry import provider as provider_on
from charity.donations.secrets import payment_secret
from charity.funds import provider_queries as switched
from charity.kernel import clock
from charity.kernel.atomic import atomically, require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.kernel.ids import new_id

# A payment that is quiet so long is asked after at the provider (``sweeping``).
LOOK_AFTER = dt.timedelta(minutes=10)
_OPEN = (PaymentStatus.CREATED.value, PaymentStatus.PENDING.value)


def start(payment_id: str) -> str:
    """Tell the provider, and return where the donor pays. Outside ``atomic()``; safe to repeat.

    That is the provider's page; where the donor scans a code instead, our own page that shows it.
    A provider that a campaign of it takes no longer is not told of it any more. Raises
    PaymentUnknown, ProviderUnknown, ProviderOff, ProviderRefused, ProviderUnsure.
    """
    found = db.session().execute(
        select(
            Intent.id,
            Intent.provider,
            Intent.amount_fen,
            Intent.currency,
            Intent.expires_at,
            Intent.reference,
            Intent.pay_url,
        ).where(Intent.public_id == payment_id)
    )
    row = found.first()
    if row is None:
        raise PaymentUnknown
    own_page = f"/payments/{payment_id}?key={payment_secret(payment_id)}"
    if row.reference is not None:
        return str(row.pay_url or own_page)
    _require_taken(row.id, row.provider)
    db.session().rollback()  # no transaction stays open while the provider answers
    base_url = current_app.extensions["charity.settings"].base_url
    asked = Asked(
        payment_id,
        row.amount_fen,
        row.currency,
        return_url=f"{base_url}{own_page}",
        expires_at=row.expires_at,
    )
    made = provider_on(row.provider).create(asked)
    atomically(_keep)({payment_id: made})
    return made.pay_url or own_page


def _require_taken(intent_id: int, provider: str) -> None:
    """Refuse what was asked for before the provider was switched off. Raises ProviderOff."""
    units = db.session().scalars(select(Gift.campaign_unit_id).where(Gift.intent_id == intent_id))
    by_all = switched.taken_by_all(switched.campaigns_of(list(units)))
    if by_all is not None and provider not in by_all:
        raise ProviderOff


def provider_least(name: str) -> int:
    """The least one payment by this provider may be, in fen. Raises ProviderUnknown."""
    return provider_on(name).min_fen


def pay_origins(names: Sequence[str]) -> tuple[str, ...]:
    """Origins to which giving by these providers leads a donor. Raises ProviderUnknown."""
    return tuple(origin for name in names for origin in provider_on(name).pay_origins)


def record_started(sessions: Sequence[tuple[str, str, str]]) -> None:
    """Keep (payment id, provider's reference, pay address) of intents; they are pending now.

    Inside ``atomic()``. An intent that has a reference keeps it.
    """
    _keep({payment: ProviderSession(reference, url) for payment, reference, url in sessions})


def _keep(sessions: dict[str, ProviderSession]) -> None:
    require_atomic()
    now = clock.now()
    rows = db.session().execute(
        select(Intent.id, Intent.public_id)
        .where(among(Intent.public_id, list(sessions)), Intent.reference.is_(None))
        .order_by(Intent.id)
        .with_for_update()
    )
    fresh = [(row.id, sessions[row.public_id]) for row in rows]
    if not fresh:
        return
    db.session().execute(
        update(Intent),
        [
            {
                "id": intent_id,
                "reference": made.reference,
                "pay_url": made.pay_url or None,
                "scan": made.scan or None,
            }
            for intent_id, made in fresh
        ],
    )
    ids = [intent_id for intent_id, _ in fresh]
    _move(ids, (PaymentStatus.CREATED,), PaymentStatus.PENDING, now)


def _move(
    ids: Sequence[int], earlier: Sequence[PaymentStatus], to: PaymentStatus, now: dt.datetime
) -> int:
    """Take those of the intents that are in an earlier state, and their gifts, to ``to``."""
    session = db.session()
    moving = list(
        session.scalars(
            select(Intent.id)
            .where(among(Intent.id, ids), Intent.status.in_([each.value for each in earlier]))
            .order_by(Intent.id)
            .with_for_update()
        )
    )
    if not moving:
        return 0
    session.execute(
        update(Intent).where(among(Intent.id, moving)).values(status=to.value, status_at=now)
    )
    session.execute(
        update(Gift).where(among(Gift.intent_id, moving)).values(status=GiftStatus(to.value).value)
    )
    table = cast("Table", StatusEvent.__table__)
    bulk_insert(session, table, [status_row(intent_id, to) for intent_id in moving])
    return len(moving)


def expire_quiet(limit: int = 500) -> int:
    """Intents past their time expire; how many. Money that comes later still settles."""
    require_atomic()
    now = clock.now()
    ids = list(
        db.session().scalars(
            select(Intent.id)
            .where(Intent.expires_at < now, Intent.status.in_(_OPEN))
            .order_by(Intent.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    open_states = (PaymentStatus.CREATED, PaymentStatus.PENDING)
    return _move(ids, open_states, PaymentStatus.EXPIRED, now)


def status_row(intent_id: int, status: PaymentStatus) -> dict[str, object]:
    """A row of the trail: the intent came to this state now."""
    return {
        "id": new_id(),
        "intent_id": intent_id,
        "status": status.value,
        "at": clock.now(),
    }
