"""Reads of payments and gifts. A payment's page opens with its key only; the API's public answers
show no person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, select

from charity.donations.back.kinds import effect
from charity.donations.errors import GiftUnknown, PaymentUnknown
from charity.donations.kinds import FINAL, NOBODY, Display, GiftStatus, PaymentStatus
from charity.donations.models import Donor, Fee, Gift, Intent, Payment, StatusEvent, Tally
from charity.donations.secrets import opens, payment_secret
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.crypto import mask_name
from charity.kernel.db import among, db
from charity.ledger import queries as ledger


@dataclass(frozen=True, slots=True)
class GiftView:
    """One gift. ``donor_shown`` is what the public sees; ``None`` where no donor is told.

    A gift entered by hand has no payment.
    """

    id: str
    payment_id: str | None
    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    team: str | None
    amount_fen: int
    currency: str
    status: GiftStatus
    entry_number: int | None
    log_index: int | None
    receipt_number: str | None
    receipt_wanted: bool
    settled_at: dt.datetime | None
    donor_shown: str | None
    is_final: bool


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment with its gifts. ``fee_fen`` is known once the provider has stated it.

    The donor pays at ``pay_url``, or scans the code ``scan``.
    """

    id: str
    status: PaymentStatus
    amount_fen: int
    currency: str
    fee_fen: int | None
    created_at: dt.datetime
    provider: str
    provider_reference: str | None
    pay_url: str | None
    scan: str | None
    gifts: tuple[GiftView, ...]
    stages: tuple[tuple[PaymentStatus, dt.datetime], ...]


@dataclass(frozen=True, slots=True)
class GiftForReceipt:
    """A settled gift whose receipt is due, with what a receipt says. ``id`` is the database's."""

    id: int
    public_id: str
    amount_fen: int
    currency: str
    donor_name: str | None
    organization_name: str | None
    organization_uscc: str | None
    display: Display
    donor_shown: str
    bill_wish: str
    campaign_slug: str
    campaign_name: str
    filing_number: str
    unit_code: str
    unit_name: str
    given_on: dt.date
    status: GiftStatus


def shown(display: str, name: str | None, organization: str | None) -> str:
    """How a donor appears in public, as they chose."""
    full = organization or name
    if full is None or display == Display.ANONYMOUS:
        return NOBODY
    return full if display == Display.NAME else mask_name(full)


def settle_key(gift: str, moved: int) -> str:
    """The key of the entry by which this gift stands in its book."""
    return f"gift:{gift}:{effect('settle', moved)}"


def _gifts() -> Select[*tuple[Any, ...]]:
    place = funds.unit_books().subquery("place")
    return (
        select(
            Gift.id,
            Gift.public_id,
            Gift.team,
            Gift.moved,
            Gift.amount_fen,
            Gift.status,
            Gift.display,
            Gift.receipt_wanted,
            Gift.bill_wish,
            Gift.settled_at,
            Intent.public_id.label("payment_id"),
            place.c.currency,
            Donor.name.label("donor_name"),
            Donor.organization_name,
            Donor.organization_uscc,
            place.c.slug,
            place.c.campaign_name,
            place.c.campaign_name_en,
            place.c.filing_number,
            place.c.code,
            place.c.name,
            place.c.name_en,
        )
        .outerjoin(Intent, Intent.id == Gift.intent_id)
        .join(place, place.c.campaign_unit_id == Gift.campaign_unit_id)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
    )


def _views(rows: list[Any]) -> tuple[GiftView, ...]:
    keys = {row.public_id: settle_key(row.public_id, row.moved) for row in rows}
    numbers = ledger.entry_numbers(list(keys.values()))
    return tuple(
        GiftView(
            id=row.public_id,
            payment_id=row.payment_id,
            campaign_slug=row.slug,
            campaign_name=row.campaign_name,
            campaign_name_en=row.campaign_name_en,
            unit_code=row.code,
            unit_name=row.name,
            unit_name_en=row.name_en,
            team=row.team,
            amount_fen=row.amount_fen,
            currency=row.currency,
            status=GiftStatus(row.status),
            entry_number=numbers.get(keys[row.public_id]),
            log_index=None,
            receipt_number=None,
            receipt_wanted=row.receipt_wanted,
            settled_at=row.settled_at,
            donor_shown=shown(row.display, row.donor_name, row.organization_name),
            is_final=row.status in FINAL,
        )
        for row in rows
    )


def payment_by_id(payment_id: str) -> PaymentView:
    """The payment, for callers who may see it. Raises PaymentUnknown."""
    session = db.session()
    found = session.execute(
        select(
            Intent.id,
            Intent.public_id,
            Intent.status,
            Intent.amount_fen,
            Intent.currency,
            func.coalesce(Payment.fee_fen, Fee.amount_fen).label("fee_fen"),
            Intent.created_at,
            Intent.provider,
            Intent.reference,
            Intent.pay_url,
            Intent.scan,
        )
        .outerjoin(Payment, Payment.intent_id == Intent.id)
        .outerjoin(Fee, Fee.payment_id == Payment.id)
        .where(Intent.public_id == payment_id)
    )
    row = found.first()
    if row is None:
        raise PaymentUnknown
    gifts = session.execute(_gifts().where(Gift.intent_id == row.id).order_by(Gift.line)).all()
    stages = session.execute(
        select(StatusEvent.status, StatusEvent.at)
        .where(StatusEvent.intent_id == row.id)
        .order_by(StatusEvent.id)
    )
    return PaymentView(
        id=row.public_id,
        status=PaymentStatus(row.status),
        amount_fen=row.amount_fen,
        currency=row.currency,
        fee_fen=row.fee_fen,
        created_at=row.created_at,
        provider=row.provider,
        provider_reference=row.reference,
        pay_url=row.pay_url,
        scan=row.scan,
        gifts=_views(list(gifts)),
        stages=tuple((PaymentStatus(status), at) for status, at in stages),
    )


def payment(payment_id: str, secret: str) -> PaymentView:
    """The payment, opened with its key. Raises PaymentUnknown, also for a wrong key."""
    if not opens(payment_id, secret):
        raise PaymentUnknown
    return payment_by_id(payment_id)


def payment_public(payment_id: str) -> PaymentView:
    """The payment without what only its donor may see: no pay address, no names."""
    return _without_person(payment_by_id(payment_id))


def _without_person(view: PaymentView) -> PaymentView:
    gifts = tuple(replace(gift, donor_shown=None) for gift in view.gifts)
    return replace(view, pay_url=None, scan=None, provider_reference=None, gifts=gifts)


def _gift(gift_id: str) -> GiftView:
    rows = db.session().execute(_gifts().where(Gift.public_id == gift_id)).all()
    if not rows:
        raise GiftUnknown
    return _views(list(rows))[0]


def gift(gift_id: str, secret: str) -> GiftView:
    """The gift, opened with its payment's key (by hand: its own). Raises GiftUnknown, also for a
    wrong key.
    """
    view = _gift(gift_id)
    if not opens(view.payment_id or view.id, secret):
        raise GiftUnknown
    return view


def gift_public(gift_id: str) -> GiftView:
    """The gift without its donor. Raises GiftUnknown."""
    return replace(_gift(gift_id), donor_shown=None)


@dataclass(frozen=True, slots=True)
class RecentRow:
    """A settled gift in a public list: no amount beside a name."""

    gift: str
    donor_shown: str
    on: dt.date


def recent(book_id: int, limit: int) -> list[RecentRow]:
    """The gifts that settled last in a book."""
    rows = db.session().execute(
        select(Gift.public_id, Gift.display, Gift.settled_at, Donor.name, Donor.organization_name)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(Gift.book_id == book_id, Gift.settled_at.is_not(None))
        .order_by(Gift.settled_at.desc())
        .limit(limit)
    )
    return [
        RecentRow(row[0], shown(row[1], row[3], row[4]), clock.local_date(row[2]))
        for row in rows
        if row[2] is not None
    ]


def donors() -> int:
    """Donor records with a settled gift, each nameless gift counted once. One row is read."""
    return db.session().scalar(select(Tally.donors)) or 0


def gifts_awaiting_receipt(limit: int, after: int = 0) -> list[GiftForReceipt]:
    """Settled gifts past database id ``after`` whose receipt is wanted and not issued yet.

    ``donations.services.receipt_issued`` takes them off this list.
    """
    rows = db.session().execute(
        _gifts().where(Gift.receipt_due, Gift.id > after).order_by(Gift.id).limit(limit)
    )
    return [
        GiftForReceipt(
            id=row.id,
            public_id=row.public_id,
            amount_fen=row.amount_fen,
            currency=row.currency,
            donor_name=row.donor_name,
            organization_name=row.organization_name,
            organization_uscc=row.organization_uscc,
            display=Display(row.display),
            donor_shown=shown(row.display, row.donor_name, row.organization_name),
            bill_wish=row.bill_wish,
            campaign_slug=row.slug,
            campaign_name=row.campaign_name,
            filing_number=row.filing_number,
            unit_code=row.code,
            unit_name=row.name,
            given_on=clock.local_date(row.settled_at),
            status=GiftStatus(row.status),
        )
        for row in rows
    ]


def gift_states() -> Select[*tuple[Any, ...]]:
    """Every gift's ``id``, ``public_id`` and ``status``, for an upper domain's own reads."""
    return select(Gift.id, Gift.public_id, Gift.status)


def gift_status(gift_id: int) -> GiftStatus | None:
    """State of a gift by its database id, as it is now; ``None`` when there is none."""
    found = db.session().scalar(select(Gift.status).where(Gift.id == gift_id))
    return None if found is None else GiftStatus(found)


def count_of_channel(channel: str) -> int:
    """How many payments were asked for through a channel."""
    found = db.session().scalar(
        select(func.count()).select_from(Intent).where(Intent.channel == channel)
    )
    return found or 0


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom to tell about a gift, in which language, and the path of the page it opens for them.

    ``about`` is the payment, or the gift itself when it was entered by hand.
    """

    gift: str
    about: str
    email: str
    language: str
    path: str


def addressees(gift_ids: Sequence[int]) -> list[Addressee]:
    """The donors of these gifts (database ids) who left an address, in the gifts' order."""
    rows = db.session().execute(
        select(Gift.public_id, Intent.public_id.label("payment"), Donor.email, Gift.language)
        .join(Donor, Donor.id == Gift.donor_id)
        .outerjoin(Intent, Intent.id == Gift.intent_id)
        .where(among(Gift.id, gift_ids), Donor.email.is_not(None))
        .order_by(Gift.id)
    )
    found = []
    for gift, payment, email, language in rows:
        page = f"/payments/{payment}" if payment else f"/gifts/{gift}"
        path = f"{page}?key={payment_secret(payment or gift)}&lang={language}"
        found.append(Addressee(gift, payment or gift, email or "", language, path))
    return found
