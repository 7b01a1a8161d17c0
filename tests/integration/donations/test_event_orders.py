"""Every order of every set of up to six events about one payment, each also told twice under
another id: one final state, one ledger. One database, one payment for each order.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, text

from charity.donations import checks, jobs, settling
from charity.donations.back.kinds import RefundState
from charity.donations.back.models import Refund
from charity.donations.kinds import PaymentStatus
from charity.donations.models import Gift, Intent
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import among, db
from charity.kernel.ids import new_id
from charity.ledger import checks as ledger_checks
from tests.conftest import TestDatabase
from tests.factories.ledger import feed_own_book
from tests.gifts import COUNTY, make_place, settle
from tests.stripe_rig import asked, event, fee_statement, refund, session, stripe_app, tell

FEN, FEE = 1_000, 254
Maker = Callable[[str, str], bytes]

EVENTS: dict[str, Maker] = {
    "paid": lambda p, n: event("checkout.session.completed", session(p, FEN), f"evt_p{n}{p}"),
    "declined": lambda p, n: event(
        "checkout.session.async_payment_failed", session(p, FEN, paid=False), f"evt_d{n}{p}"
    ),
    "expired": lambda p, n: event(
        "checkout.session.expired", session(p, FEN, paid=False), f"evt_x{n}{p}"
    ),
    "fee": lambda p, n: fee_statement(p, FEN, FEE).raw.replace(
        b'"fee:txn_', f'"fee{n}:txn_'.encode()
    ),
    "refunded": lambda p, n: event("refund.updated", refund(p, f"rf{p}", FEN), f"evt_r{n}{p}"),
    "unpaid": lambda p, n: event(
        "checkout.session.completed", session(p, FEN, paid=False), f"evt_u{n}{p}"
    ),
}
Order = tuple[str, ...]


@pytest.fixture
def ctx(database: TestDatabase, tmp_path: Path) -> Iterator[Flask]:
    """An application with Stripe, and a place to give to."""
    with stripe_app(database, tmp_path) as app:
        make_place()
        _feed_own_book()
        yield app


def _feed_own_book() -> None:
    """The own book can bear what it is asked to."""
    feed_own_book(10**9)


def orders() -> list[Order]:
    """Every order of every set of up to six of them."""
    return [order for size in range(1, 7) for order in itertools.permutations(EVENTS, size)]


def _refunds(payments: Iterable[str]) -> None:
    """A refund of each payment, sent to the provider, whose news is to come."""
    rows = db.session().execute(
        select(Gift.id, Intent.public_id)
        .join(Intent, Intent.id == Gift.intent_id)
        .where(among(Intent.public_id, list(payments)))
    )
    now = clock.now()
    made = [
        {
            "id": new_id(), "public_id": f"rf{payment}", "gift_id": gift, "amount_fen": FEN,
            "currency": "CNY", "route": "provider", "provider": "stripe",
            "object_id": f"pi_{payment}", "reason": "duplicate", "note": "",
            "state": RefundState.SENT.value, "state_at": now, "request_id": f"rq{payment}"[:32],
            "asked_by_id": "p1", "asked_by_name": "甲", "asked_at": now, "sent_at": now,
            "attempts": 1,
        }
        for gift, payment in rows
    ]  # fmt: skip
    with atomic():
        db.session().execute(insert(Refund), made)


def run(
    told: Sequence[Order], monkeypatch: pytest.MonkeyPatch, *, again: bool = False
) -> list[dict[Order, str]]:
    """Tell each payment its events in its order, and give what became of each.

    ``again``: then all of it once more under other ids, backwards; and what became of it then.
    """
    payments = asked(COUNTY, FEN, len(told))
    _refunds(payments)
    _tell(payments, told, monkeypatch)
    ends = [dict(zip(told, _ends(payments), strict=True))]
    if again:
        _tell(payments, [order[::-1] for order in told], monkeypatch, copy="again")
        ends.append(dict(zip(told, _ends(payments), strict=True)))
    return ends


def _tell(
    payments: Sequence[str],
    told: Sequence[Order],
    monkeypatch: pytest.MonkeyPatch,
    copy: str = "",
) -> None:
    for position in range(max(map(len, told))):
        batch = []
        for payment, order in zip(payments, told, strict=True):
            if position < len(order):
                number = order[:position].count(order[position])
                batch.append(EVENTS[order[position]](payment, f"{copy}{number}"))
        tell(*batch)
        settle()
    # What waited for its payment is tried again.
    later = clock.now() + dt.timedelta(hours=1)
    with monkeypatch.context() as at:
        at.setattr(clock, "now", lambda: later)
        settle()


def _ends(payments: Sequence[str]) -> list[str]:
    """State and ledger of each payment, as text without ids and moments."""
    lines: dict[str, list[str]] = defaultdict(list)
    rows = db.session().execute(
        text(
            "SELECT i.public_id, i.status, g.status, r.state, p.amount_fen, f.amount_fen"
            " FROM donations_intent i JOIN donations_gift g ON g.intent_id = i.id"
            " JOIN donations_refund r ON r.gift_id = g.id"
            " LEFT JOIN donations_payment p ON p.intent_id = i.id"
            " LEFT JOIN donations_fee f ON f.payment_id = p.id"
        )
    )
    for payment, *facts in rows:
        lines[payment].append(" ".join(map(str, facts)))
    entries = db.session().execute(
        text(
            "SELECT x.payment, e.kind, b.kind, d.code, c.code, o.amount_fen, x.effect FROM ("
            " SELECT e.id, i.public_id AS payment,"
            "   substr(e.idempotency_key, length(e.cause_type || e.cause_id) + 3) AS effect"
            "   FROM ledger_entry e JOIN donations_gift g ON g.public_id = e.cause_id"
            "   JOIN donations_intent i ON i.id = g.intent_id WHERE e.cause_type = 'gift'"
            " UNION ALL SELECT e.id, substr(e.cause_id, 3),"
            "   substr(e.idempotency_key, length(e.cause_type || e.cause_id) + 3)"
            "   FROM ledger_entry e WHERE e.cause_type = 'refund') x"
            " JOIN ledger_entry e ON e.id = x.id JOIN ledger_posting o ON o.entry_id = e.id"
            " JOIN ledger_book b ON b.id = e.book_id"
            " JOIN ledger_account d ON d.id = o.debit_account_id"
            " JOIN ledger_account c ON c.id = o.credit_account_id"
        )
    )
    for payment, *facts in entries:
        lines[payment].append(" ".join(map(str, facts)))
    return ["\n".join(sorted(lines[payment])) for payment in payments]


def by_set(ends: dict[Order, str]) -> dict[frozenset[str], set[str]]:
    """The different ends that each set of events came to."""
    found: dict[frozenset[str], set[str]] = defaultdict(set)
    for order, end in ends.items():
        found[frozenset(order)].add(end)
    return found


def _check(ends: dict[Order, str]) -> None:
    for names, found in by_set(ends).items():
        assert len(found) == 1, f"{sorted(names)}: {len(found)} ends\n" + "\n--\n".join(found)
        end = next(iter(found))
        paid = "paid" in names
        assert ("gift unit clearing:stripe available 1000 settle" in end) == paid
        assert ("fee unit available clearing:stripe 254 fee" in end) == (paid and "fee" in names)
        assert ("refunded done" in end) == (paid and "refunded" in names)
        # A fee stays borne by the charity's own book when the gift went back.
        assert ("fee_borne own available clearing:stripe 254 fee_own" in end) == (
            {"paid", "fee", "refunded"} <= names
        )
    assert all(check.ok for check in checks.run()), [c for c in checks.run() if not c.ok]
    assert all(check.ok for check in ledger_checks.run(db.session()))


def doubled(order: Order) -> Order:
    """Each event again, right after itself or after all the others, under another id."""
    again = list(order)
    for index, name in enumerate(order):
        at = again.index(name) + 1 if index % 2 else len(again)
        again.insert(at, name)
    return tuple(again)


@pytest.mark.slow
def test_every_order_of_every_set_told_once_and_twice_ends_the_same(
    ctx: Flask, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = orders()
    assert len(told) == 1_956
    if dialect == "postgres":
        told = random.Random(7).sample(told, 120)
    once, twice = run(told, monkeypatch, again=True)
    _check(once)
    assert once == twice


def test_copies_among_the_others_end_the_same(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    told = random.Random(8).sample(orders(), 80)
    (ends,) = run([doubled(order) for order in told], monkeypatch)
    _check(ends)


def test_order_would_matter_without_ranks(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: when any later news wins, the same orders come to different ends."""

    class AnyWins(dict[PaymentStatus, int]):
        """Every status above the one compared with it."""

        count = 0

        def __getitem__(self, _status: PaymentStatus) -> int:
            self.count -= 1
            return self.count

    monkeypatch.setattr(settling, "RANK", AnyWins())
    names = ("paid", "declined", "expired")
    (found,) = run(list(itertools.permutations(names)), monkeypatch)
    ends = by_set(found)
    assert len(ends[frozenset(names)]) > 1
    assert jobs.settle_inbox() == 0
