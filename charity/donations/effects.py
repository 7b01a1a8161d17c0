"""Events that are given their effect alone, and who gives it to them.

What settles gifts goes many at a time (``settling``); fees, refunds, payouts and questions come
one by one, after the gifts of their batch, so that a fee beside its gift finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select

from charity.donations import inquiries, late_fees, payouts, stated_fees
from charity.donations.back import entries as refund_entries
from charity.donations.back import refunds
from charity.donations.kinds import EventType
from charity.donations.models import Gift, Payment
from charity.donations.providers.base import Event
from charity.donations.verdict import DONE, Verdict, for_person, later
from charity.kernel.db import among, db
from charity.kernel.inbox import Stored
from charity.ledger import services as ledger

Given = tuple[Stored, Event]


def _refund(provider: str, event: Event) -> Verdict:
    if event.payment_object and not _paid(provider, event):
        # After a restore the refund's news may come again before the payment's.
        return later("unknown payment")
    reason = refunds.settle_event(provider, event)
    return DONE if reason is None else for_person(reason)


def _paid(provider: str, event: Event) -> bool:
    found = select(Payment.id).where(
        Payment.provider == provider,
        Payment.account == event.account,
        Payment.object_id == event.payment_object,
    )
    return db.session().scalar(found) is not None


_EFFECTS: Mapping[str, Callable[[str, Event], Verdict]] = {
    EventType.FEE.value: stated_fees.settle,
    EventType.REFUNDED.value: _refund,
    EventType.REFUND_FAILED.value: _refund,
    EventType.PAYOUT.value: payouts.settle,
    EventType.PAYOUT_FAILED.value: payouts.failed,
    EventType.INQUIRE.value: inquiries.note,
}


def alone(event: Event) -> bool:
    """Whether the event is given its effect alone."""
    return event.type in _EFFECTS


def give(stored: Stored, event: Event) -> Verdict:
    """Give one such event its effect. Inside ``atomic()``."""
    return _EFFECTS[event.type](stored.provider, event)


def bear(late: Stored) -> bool:
    """Let the own book bear a fee it could not; False when it still cannot."""
    if late.account == refund_entries.LATE:
        return refund_entries.bear_late(late)
    return late_fees.bear(late)


def lock_books(events: Sequence[Given], more: Sequence[int]) -> None:
    """Take the locks of every book these events and ``more`` (database ids) will touch.

    Taken together and in id order: two workers whose events touch the same books one after the
    other would else wait for each other in a circle.
    """
    objects = {event.payment_object for _, event in events} | {
        line.payment_object for _, event in events for line in event.lines
    }
    books = db.session().scalars(
        select(Gift.book_id)
        .join(Payment, Payment.intent_id == Gift.intent_id)
        .where(among(Payment.object_id, sorted(objects - {""})))
        .distinct()
    )
    ledger.worksheet({ledger.own_book(), *books, *more})
