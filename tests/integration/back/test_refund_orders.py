"""Our call's answer and the provider's events in every order, each also doubled: one outcome.

The canary lets a refund forget where it stood and must then see money go back twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from sqlalchemy import select

from charity.donations.back import refunds
from charity.donations.back.kinds import RefundState
from charity.donations.back.models import Refund
from charity.donations.kinds import EventType, GiftStatus
from charity.donations.providers.base import RefundAnswer
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from tests.back import Two, agreed, balance, due_now, event, gift_of, give, state, status, store
from tests.gifts import COUNTY, Place, settle
from tests.integration.back.test_refunds import all_checks_hold, entries_of

STEPS = ("answer", "event", "doubled", "failed")
ORDERS = [
    order for size in range(1, 5) for order in itertools.permutations(STEPS, size)
    if "doubled" not in order or "event" in order
]  # fmt: skip


def step_of(name: str, refund: str, told: bytes, failed: bytes) -> Callable[[], None]:
    """One step of a story."""

    def answer() -> None:
        row = select(Refund.id).where(Refund.public_id == refund)
        with atomic():
            refunds.answered(db.session().scalars(row).one(), RefundAnswer("done", "re_1"))

    def says(raw: bytes) -> Callable[[], None]:
        def tell() -> None:
            store(raw)
            settle()

        return tell

    return {
        "answer": answer,
        "event": says(told),
        "doubled": says(event(refund)),
        "failed": says(failed),
    }[name]


def test_every_order_comes_to_the_same_end(place: Place, two: Two) -> None:
    book = place.books[COUNTY]
    before = balance(book, "available"), balance(place.own, "available")
    for order in ORDERS:
        gift = gift_of(give((COUNTY, 1_000)))
        refund = agreed(gift, two)
        due_now()
        told, failed = event(refund), event(refund, EventType.REFUND_FAILED)
        for name in order:
            step_of(name, refund, told, failed)()
        if "failed" in order:
            assert state(refund) is RefundState.FAILED, order
            assert status(gift) == GiftStatus.SETTLED, order
            before = before[0] + 994, before[1]
        else:
            assert state(refund) is RefundState.DONE, order
            assert status(gift) == GiftStatus.REFUNDED, order
            before = before[0], before[1] - 6
        assert (balance(book, "available"), balance(place.own, "available")) == before, order
        assert balance(book, "shortfall") == 0, order
    all_checks_hold()


def test_canary_a_refund_that_forgets_goes_back_twice(
    place: Place, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charity.donations.back import entries as refund_entries

    gift = gift_of(give((COUNTY, 1_000)))
    refund = agreed(gift, two)
    give((COUNTY, 5_000))
    counter = itertools.count()
    whole = refund_entries._Sheet.add

    def fresh(made: refund_entries._Sheet, *args: object, group: int | None = None) -> None:
        book, kind, legs, name = args
        whole(made, book, kind, legs, f"{name}-{next(counter)}", group=group)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(refund_entries._Sheet, "add", fresh)
    monkeypatch.setattr(refunds, "MOVING", frozenset(RefundState))
    for _ in range(2):
        store(event(refund))
        settle()
    assert entries_of("refund") == 2
