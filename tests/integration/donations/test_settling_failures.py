"""A batch that fails: halved until the bad event is alone; the others settle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from charity.donations import checks, jobs, queries, settling
from charity.donations.kinds import GiftStatus
from charity.donations.services import Created
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.inbox import InboxEvent, Stored
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.recipes import Leg
from charity.ledger.services import NewEntry, Signature
from tests.factories.ledger import feed_own_book
from tests.gifts import COUNTY, TOWN, Place, body, create, give, give_many, settle, tell


def counted() -> dict[str, int]:
    """Events by state."""
    rows = db.session().execute(select(InboxEvent.state, func.count()).group_by(InboxEvent.state))
    return {row[0]: row[1] for row in rows}


def test_bad_event_is_parked_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    give_many(40)
    whole = settling.settle_batch
    bad = 17
    calls: list[int] = []

    def fails(events: Sequence[Stored]) -> settling.Batch:
        calls.append(len(events))
        batch = whole(events)
        if bad_id in [event.id for event in events]:
            raise ValueError("made to fail")
        return batch

    ids = list(db.session().scalars(select(InboxEvent.id).order_by(InboxEvent.id)))
    bad_id = ids[bad]
    monkeypatch.setattr(jobs, "settle_batch", fails)
    assert settle() == 40
    assert counted() == {"done": 39, "parked": 1}
    assert max(calls) == 40
    assert len(calls) <= 14
    error = db.session().scalar(select(InboxEvent.error).where(InboxEvent.id == bad_id))
    assert error == "ValueError: made to fail"
    assert all(check.ok for check in checks.run())


def test_refusal_of_the_database_is_named_and_parked(place: Place) -> None:
    made, other = create((COUNTY, 1_000)), create((TOWN, 1_000))
    with atomic():
        # The key of the one gift's entry is taken: a conflict that only posting finds.
        ledger.post(
            [
                NewEntry(
                    book_id=place.own,
                    kind=EntryKind.INTEREST,
                    legs=(Leg("bank:x", "available", 1),),
                    occurred_on=clock.today(),
                    cause_type="gift",
                    cause_id=made.payment.gifts[0].id,
                    effect="settle",
                )
            ]
        )
    tell(body(made), body(other))
    settle()
    assert counted() == {"done": 1, "parked": 1}
    assert queries.payment_by_id(other.payment.id).gifts[0].status is GiftStatus.SETTLED
    assert queries.payment_by_id(made.payment.id).gifts[0].status is GiftStatus.PENDING


def test_what_fails_once_is_tried_again_before_a_person_is_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_many(1)
    whole, failures = settling.settle_batch, [ValueError("another worker was quicker")]

    def fails_once(events: Sequence[Stored]) -> settling.Batch:
        batch = whole(events)
        if failures:
            raise failures.pop()
        return batch

    monkeypatch.setattr(jobs, "settle_batch", fails_once)
    settle()
    assert counted() == {"done": 1}


def test_trouble_of_the_database_parks_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_many(3)

    def away(events: Sequence[Stored]) -> settling.Batch:
        raise OperationalError("SELECT 1", {}, Exception("disk full"))

    with monkeypatch.context() as at:
        at.setattr(jobs, "settle_batch", away)
        with pytest.raises(OperationalError):
            jobs.settle_inbox()
    assert counted() == {"new": 3}
    settle()
    assert counted() == {"done": 3}


def indebted(place: Place) -> None:
    """The county's book gives, pays out, and is refunded: it stands with a shortfall."""
    give((COUNTY, 1_000))
    book = place.books[COUNTY]

    def entry(kind: EntryKind, leg: Leg, signature: Signature | None = None) -> None:
        with atomic():
            ledger.post(
                [
                    NewEntry(
                        book_id=book, kind=kind, legs=(leg,), occurred_on=clock.today(),
                        cause_type="test", cause_id=kind.value, effect="x", signature=signature,
                    )
                ]
            )  # fmt: skip

    signed = Signature("a", "b", "0" * 64)
    entry(EntryKind.PAYOUT, Leg("transit", "clearing:sandbox", 994))
    entry(EntryKind.PAYOUT_BANK, Leg("bank:x", "transit", 994))
    entry(EntryKind.RESERVE, Leg("available", "reserved", 994), signed)
    entry(EntryKind.PAY, Leg("reserved", "bank:x", 994), signed)
    entry(EntryKind.REFUND, Leg("shortfall", "clearing:sandbox", 1_000))


def balance(book: int, code: str) -> int:
    """Natural balance of one account."""
    with atomic():
        return ledger.worksheet([book]).balance(book, code)


def test_fee_beyond_the_book_is_borne_by_the_own_book(place: Place) -> None:
    indebted(place)
    feed_own_book(100)
    give((COUNTY, 500))
    assert balance(place.books[COUNTY], "shortfall") == 500
    assert balance(place.own, "available") == 97
    assert all(check.ok for check in checks.run())


def test_gift_settles_though_nobody_can_bear_its_fee_yet(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    indebted(place)
    made: Created = give((COUNTY, 500))
    assert queries.payment_by_id(made.payment.id).gifts[0].status is GiftStatus.SETTLED
    assert balance(place.books[COUNTY], "shortfall") == 500
    assert all(check.ok for check in checks.run())
    settle()
    assert counted() == {"done": 2, "new": 1}
    feed_own_book(100)
    now = clock.now() + dt.timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: now)
    settle()
    assert counted() == {"done": 3}
    assert balance(place.own, "available") == 97
    assert all(check.ok for check in checks.run())
