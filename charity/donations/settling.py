"""From stored events to the ledger: exactly once, in any order, many in one transaction.

``settle_batch`` claims events, asks of each whether it fits its intent (amount, currency, account,
mode), and writes everything with statements for the whole batch: payments, states, one entry for
each gift and one for its share of the fee. What does not fit waits for a person; an event whose
reference is unknown is tried again for a day. States only go up (``RANK``), so the order in which
events arrive does not matter; money that comes after "expired" or "declined" still settles.

An exception anywhere undoes the whole batch: ``donations.jobs`` then halves it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, select, update

from charity.donations import effects, late_fees
from charity.donations.errors import ProviderUnknown
from charity.donations.kinds import RANK, EventType, GiftStatus, PaymentStatus
from charity.donations.models import Donor, Gift, Intent, Payment, StatusEvent, Tally
from charity.donations.providers.base import Event
from charity.donations.providers.registry import known
from charity.donations.verdict import Verdict
from charity.kernel import clock, inbox
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.kernel.ids import new_id
from charity.kernel.inbox import State, Stored
from charity.kernel.money import split
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry

BATCH = 1_000
# An unknown reference: the provider may be quicker than our own commit. A day is enough for that.
GIVE_UP = dt.timedelta(days=1)
_LONGEST_PAUSE_S = 1_800
_STATUS = {
    EventType.PAID.value: PaymentStatus.PAID,
    EventType.DECLINED.value: PaymentStatus.FAILED,
    EventType.EXPIRED.value: PaymentStatus.EXPIRED,
}


@dataclass(slots=True)
class _Intent:
    id: int
    account: str
    mode: str
    amount_fen: int
    currency: str
    status: PaymentStatus
    paid_by: str | None  # the provider's object that paid it


@dataclass(slots=True)
class _Paid:
    intent: _Intent
    event: Event
    provider: str


@dataclass
class Batch:
    """What is to be written of one batch."""

    done: list[int] = field(default_factory=list)
    ignored: list[int] = field(default_factory=list)
    paid: list[_Paid] = field(default_factory=list)
    moved: dict[int, PaymentStatus] = field(default_factory=dict)
    trail: list[tuple[int, PaymentStatus]] = field(default_factory=list)
    parked: int = 0
    waiting: int = 0

    @property
    def handled(self) -> int:
        """How many events are behind us."""
        return len(self.done) + len(self.ignored) + self.parked + self.waiting


def settle_batch(events: Sequence[Stored]) -> Batch:
    """Give these claimed events their effect. Inside ``atomic()``, which claimed them."""
    require_atomic()
    batch = Batch()
    outside = _read(batch, [event for event in events if event.provider != late_fees.INTERNAL])
    alone = [each for each in outside if effects.alone(each[1])]
    many = [each for each in outside if not effects.alone(each[1])]
    intents = _intents(many)
    for stored, event in many:
        _decide(batch, stored, event, intents.get((stored.provider, event.reference)))
    if alone:
        effects.lock_books(alone, _books(batch))
    _write(batch)
    for stored, event in alone:
        _conclude(batch, stored, effects.give(stored, event))
    for late in events:
        if late.provider == late_fees.INTERNAL:
            if effects.bear(late):
                batch.done.append(late.id)
            else:
                batch.waiting += 1
    inbox.finish(batch.done, State.DONE)
    inbox.finish(batch.ignored, State.IGNORED)
    return batch


def _read(batch: Batch, events: Iterable[Stored]) -> list[tuple[Stored, Event]]:
    """Events with their bodies read; those that cannot be read are parked."""
    readable = []
    for stored in events:
        try:
            readable.append((stored, known(stored.provider).parse(stored.raw)))
        except (ValueError, ProviderUnknown):
            _park(batch, stored, "unreadable")
    return readable


def _park(batch: Batch, stored: Stored, reason: str) -> None:
    inbox.park(stored.id, reason)
    batch.parked += 1


def _intents(events: Sequence[tuple[Stored, Event]]) -> dict[tuple[str, str], _Intent]:
    """The intents of the events by provider and reference, locked in id order.

    A provider may be quicker than our own note of its reference: then our id, which it gave back,
    leads to the intent.
    """
    references: dict[str, set[str]] = defaultdict(set)
    for stored, event in events:
        references[stored.provider].add(event.reference)
    found: dict[tuple[str, str], _Intent] = {}
    for provider, names in references.items():
        for _, reference, intent in _locked(provider, among(Intent.reference, sorted(names))):
            found[provider, reference] = intent
    by_id = {intent.id: intent for intent in found.values()}
    strays: dict[str, dict[str, str]] = defaultdict(dict)
    for stored, event in events:
        if event.payment_id and (stored.provider, event.reference) not in found:
            strays[stored.provider][event.payment_id] = event.reference
    for provider, ids in strays.items():
        for public, _, intent in _locked(provider, among(Intent.public_id, sorted(ids))):
            found[provider, ids[public]] = by_id.setdefault(intent.id, intent)
    _see_payments(list(by_id.values()))
    return found


def _locked(provider: str, condition: ColumnElement[bool]) -> list[tuple[str, str, _Intent]]:
    """(public id, reference, intent) of those that meet ``condition``."""
    rows = db.session().execute(
        select(
            Intent.public_id,
            Intent.reference,
            Intent.id,
            Intent.account,
            Intent.mode,
            Intent.amount_fen,
            Intent.currency,
            Intent.status,
        )
        .where(Intent.provider == provider, condition)
        .order_by(Intent.id)
        .with_for_update()
    )
    return [(row[0], str(row[1]), _Intent(*row[2:7], PaymentStatus(row[7]), None)) for row in rows]


def _see_payments(intents: Sequence[_Intent]) -> None:
    """Fill in by which object of the provider those that are paid were paid."""
    paid = {intent.id: intent for intent in intents if intent.status is PaymentStatus.PAID}
    if paid:
        objects = select(Payment.intent_id, Payment.object_id).where(
            among(Payment.intent_id, list(paid))
        )
        for intent_id, object_id in db.session().execute(objects):
            paid[intent_id].paid_by = object_id


def _decide(batch: Batch, stored: Stored, event: Event, intent: _Intent | None) -> None:
    status = _STATUS.get(event.type)
    if status is None:
        batch.ignored.append(stored.id)
    elif intent is None:
        _wait(batch, stored, "unknown reference")
    elif wrong := _misfit(event, intent):
        _park(batch, stored, f"wrong {wrong}")
    elif status is not PaymentStatus.PAID:
        if RANK[status] > RANK[intent.status]:
            intent.status = batch.moved[intent.id] = status
            batch.trail.append((intent.id, status))
        batch.done.append(stored.id)
    elif intent.status is not PaymentStatus.PAID:
        intent.status, intent.paid_by = status, event.object_id
        batch.moved.pop(intent.id, None)
        batch.trail.append((intent.id, status))
        batch.paid.append(_Paid(intent, event, stored.provider))
        batch.done.append(stored.id)
    elif intent.paid_by == event.object_id:
        batch.done.append(stored.id)
    else:
        _park(batch, stored, "second payment of one intent")


def _misfit(event: Event, intent: _Intent) -> str | None:
    """What of the event is not as the intent has it."""
    if event.amount_fen != intent.amount_fen:
        return "amount"
    if event.currency != intent.currency:
        return "currency"
    if event.mode != intent.mode:
        return "mode"
    return "account" if event.account != intent.account else None


def _conclude(batch: Batch, stored: Stored, verdict: Verdict) -> None:
    match verdict.state:
        case State.DONE:
            batch.done.append(stored.id)
        case State.NEW:
            _wait(batch, stored, verdict.reason)
        case _:
            _park(batch, stored, verdict.reason)


def _books(batch: Batch) -> list[int]:
    """The books in which what was paid will be entered."""
    paid = [one.intent.id for one in batch.paid]
    books = select(Gift.book_id).where(among(Gift.intent_id, paid)).distinct()
    return list(db.session().scalars(books))


def _wait(batch: Batch, stored: Stored, reason: str) -> None:
    """Try again later, each time after twice as long; after a day a person is asked."""
    now = clock.now()
    if now - stored.received_at >= GIVE_UP:
        _park(batch, stored, reason)
        return
    pause = dt.timedelta(seconds=min(2 ** min(stored.attempts, 20), _LONGEST_PAUSE_S))
    inbox.wait(stored, now + pause, reason)
    batch.waiting += 1


# Tables, not classes: for a class the session would look for each row among its objects.
_INTENT, _GIFT, _DONOR = (cast("Table", model.__table__) for model in (Intent, Gift, Donor))


def _insert(model: Any, rows: Sequence[Mapping[str, object]]) -> None:
    bulk_insert(db.session(), cast("Table", model.__table__), rows)


def _write(batch: Batch) -> None:
    """All effects of the batch, each kind in one statement."""
    now = clock.now()
    by_status: dict[PaymentStatus, list[int]] = defaultdict(list)
    for intent_id, status in batch.moved.items():
        by_status[status].append(intent_id)
    by_status[PaymentStatus.PAID] = [paid.intent.id for paid in batch.paid]
    session = db.session()
    for status, ids in by_status.items():
        if ids:
            session.execute(
                update(_INTENT)
                .where(among(Intent.id, ids))
                .values(status=status.value, status_at=now)
            )
            if status is not PaymentStatus.PAID:
                session.execute(
                    update(_GIFT)
                    .where(among(Gift.intent_id, ids))
                    .values(status=GiftStatus(status.value).value)
                )
    _insert(
        StatusEvent,
        [
            {"id": new_id(), "intent_id": intent_id, "status": status.value, "at": now}
            for intent_id, status in batch.trail
        ],
    )
    if batch.paid:
        _write_paid(batch.paid, now)


def _write_paid(paid: Sequence[_Paid], now: dt.datetime) -> None:
    _insert(
        Payment,
        [
            {
                "id": new_id(),
                "intent_id": one.intent.id,
                "provider": one.provider,
                "account": one.event.account,
                "object_id": one.event.object_id,
                "amount_fen": one.event.amount_fen,
                "currency": one.event.currency,
                "fee_fen": one.event.fee_fen,
                "paid_at": one.event.at,
                "recorded_at": now,
            }
            for one in paid
        ],
    )
    ids = [one.intent.id for one in paid]
    session = db.session()
    session.execute(
        update(_GIFT)
        .where(among(Gift.intent_id, ids))
        .values(status=GiftStatus.SETTLED.value, settled_at=now, receipt_due=Gift.receipt_wanted)
    )
    rows = session.execute(
        select(Gift.intent_id, Gift.public_id, Gift.book_id, Gift.amount_fen, Gift.donor_id)
        .where(among(Gift.intent_id, ids))
        .order_by(Gift.intent_id, Gift.line)
    )
    gifts: dict[int | None, list[tuple[str, int, int]]] = defaultdict(list)
    donors: set[int] = set()
    nameless = 0
    for intent_id, public, book_id, fen, donor_id in rows:
        gifts[intent_id].append((public, book_id, fen))
        if donor_id is None:
            nameless += 1
        else:
            donors.add(donor_id)
    _post(paid, gifts, now)
    count_donors(donors, nameless, now)


def _post(
    paid: Sequence[_Paid],
    gifts: Mapping[int | None, Sequence[tuple[str, int, int]]],
    now: dt.datetime,
) -> None:
    """One entry for each gift and one for its fee share, all books of the batch on one sheet."""
    own = {one.event.currency: 0 for one in paid}
    for currency in own:
        own[currency] = ledger.own_book(currency)
    books = {book_id for lines in gifts.values() for _, book_id, _ in lines}
    sheet = ledger.worksheet(books | set(own.values()))
    for one in paid:
        lines = gifts[one.intent.id]
        # A provider's clock may run ahead; nothing is entered for a day to come.
        day = clock.local_date(min(one.event.at, now))
        shares = split(one.event.fee_fen or 0, [fen for _, _, fen in lines])
        for (public, book_id, fen), share in zip(lines, shares, strict=True):
            shortfall = sheet.balance(book_id, recipes.SHORTFALL)
            sheet.add(
                NewEntry(
                    book_id=book_id,
                    kind=EntryKind.GIFT,
                    legs=recipes.gift(provider=one.provider, fen=fen, shortfall=shortfall),
                    occurred_on=day,
                    cause_type="gift",
                    cause_id=public,
                    effect="settle",
                )
            )
            if share:
                fee = late_fees.Fee(one.provider, public, one.event.currency, share, day)
                late_fees.enter(sheet, fee, book_id=book_id, own_id=own[one.event.currency])
    sheet.post()


def count_donors(donors: set[int], nameless: int, now: dt.datetime) -> None:
    """Move the tally by donors whose first gift this is, and by gifts of nobody."""
    session = db.session()
    fresh = 0
    if donors:
        # In id order, so that two workers never wait for each other in a circle.
        ids = list(
            session.scalars(
                select(Donor.id)
                .where(among(Donor.id, sorted(donors)), Donor.settled_at.is_(None))
                .order_by(Donor.id)
                .with_for_update()
            )
        )
        fresh = len(ids)
        session.execute(update(_DONOR).where(among(Donor.id, ids)).values(settled_at=now))
    if fresh + nameless:
        session.execute(update(Tally).values(donors=Tally.donors + fresh + nameless))


def backlog() -> int:
    """How many events have had no effect yet."""
    found = db.session().scalar(
        select(func.count())
        .select_from(inbox.InboxEvent)
        .where(inbox.InboxEvent.state == State.NEW.value)
    )
    return found or 0
