"""What a refund enters in the ledger, and how that is taken back when the money comes back to us.

The order matters: the fee the provider keeps is taken over by the charity's own book first, so it
never becomes the unit's shortfall; then the gift goes, from what is available, from promises not
yet paid, and the rest is owed by the unit.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from charity.audit.services import record
from charity.donations import late_fees
from charity.donations.back.kinds import RefundState, effect
from charity.donations.back.models import Refund
from charity.kernel import clock, inbox
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import new_id
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.queries import EntryView
from charity.ledger.recipes import Leg, Legs
from charity.ledger.services import Actor, NewEntry, Worksheet

# The account of our own inbox under which a fee waits until the own book can bear it.
LATE = "refund-fees"
_LATE_PAUSE = dt.timedelta(minutes=10)


def trail(verb: str, refund: str, by: Actor | None, **facts: object) -> None:
    """One row about a refund; no actor means the system."""
    actor_id, name = (by.id, by.name) if by else (None, None)
    record(verb, "refund", refund, actor_id=actor_id, actor_name=name, after=facts)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A refund at its two books, locked; ``on`` is the day the money went."""

    row: Refund
    book_id: int
    own_id: int
    on: dt.date
    sheet: Worksheet

    def add(
        self, book_id: int, kind: EntryKind, legs: Legs, name: str, *, group: int | None = None
    ) -> None:
        """Draft one entry of the refund; ``name`` is its effect, unique for ever."""
        self.sheet.add(
            NewEntry(
                book_id=book_id,
                kind=kind,
                legs=legs,
                occurred_on=self.on,
                cause_type="refund",
                cause_id=self.row.public_id,
                effect=name,
                actor=Actor(self.row.asked_by_id, self.row.asked_by_name),
                group_id=group,
            )
        )

    def take_over(self, fen: int) -> bool:
        """The own book takes over the fee the provider keeps; False when it cannot."""
        shortfall = self.sheet.balance(self.book_id, recipes.SHORTFALL)
        split = recipes.fee_borne(provider=str(self.row.provider), fen=fen, shortfall=shortfall)
        group = new_id()
        try:
            self.add(self.own_id, EntryKind.FEE_BORNE, split.own, "fee_own", group=group)
        except BelowFloor:
            return False
        self.add(self.book_id, EntryKind.FEE_BORNE, split.unit, "fee_unit", group=group)
        return True

    def lend(self, account: str) -> None:
        """What the book's share of the bank cannot bear, the own book lends. Raises BelowFloor."""
        missing = self.row.amount_fen - self.sheet.balance(self.book_id, recipes.bank(account))
        if missing <= 0:
            return
        lent, group = recipes.advance(account=account, fen=missing), new_id()
        self.add(self.own_id, EntryKind.ADVANCE, lent.own, "lent_own", group=group)
        self.add(self.book_id, EntryKind.ADVANCE, lent.unit, "lent_unit", group=group)


def _sheet(row: Refund, book_id: int, on: dt.date) -> _Sheet:
    own_id = ledger.own_book(row.currency)
    return _Sheet(row, book_id, own_id, on, ledger.worksheet({own_id, book_id}))


def post(row: Refund, gift: Any, on: dt.date, account: str | None) -> None:
    """Available, then reservations, then shortfall; the fee first, so that it is no shortfall.

    ``account`` is the code of the bank account by which the money went; None: the provider.
    """
    book_id = int(gift.book_id)
    made = _sheet(row, book_id, on)
    if account is None:
        asset = recipes.clearing(str(row.provider))
        fee = ledger_queries.entry(f"gift:{gift.public_id}:{effect('fee', gift.moved)}")
        if fee is not None and fee.book_id == book_id and not made.take_over(fee.fen):
            _keep(row, book_id, fee.fen, on)
    else:
        asset = recipes.bank(account)
        made.lend(account)
    taken = recipes.take_back(
        asset=asset,
        fen=row.amount_fen,
        available=made.sheet.balance(book_id, recipes.AVAILABLE),
        reservations=ledger_queries.reservations(book_id),
    )
    made.add(book_id, EntryKind.REFUND, taken.legs, "refund")
    made.sheet.post()
    if taken.reservations:
        # Whoever keeps applications sends these back to their approver.
        parts = [{"application": name, "fen": fen} for name, fen in taken.reservations]
        trail("refund.took_reservations", row.public_id, None, book=book_id, taken=parts)


def _keep(row: Refund, book_id: int, fen: int, on: dt.date) -> None:
    """The fee waits in our own inbox until the own book can bear it."""
    late = {"refund": row.public_id, "fen": fen, "book": str(book_id), "day": on.isoformat()}
    raw = canonical_json(late).encode()
    inbox.store(late_fees.INTERNAL, LATE, f"refund-fee:{row.public_id}", raw)


def bear_late(stored: inbox.Stored) -> bool:
    """Let the own book take over a fee it could not before; False when it still cannot."""
    facts = json.loads(stored.raw)
    wanted = select(Refund).where(Refund.public_id == facts["refund"])
    row = db.session().scalars(wanted.with_for_update()).one()
    if row.state != RefundState.DONE.value:
        return True  # the money came back to us meanwhile, and the fee with it
    made = _sheet(row, int(facts["book"]), dt.date.fromisoformat(facts["day"]))
    if not made.take_over(facts["fen"]):
        inbox.wait(stored, clock.now() + _LATE_PAUSE, "the own book cannot bear the fee")
        return False
    made.sheet.post()
    return True


def mirror(row: Refund, gift: Any) -> None:
    """The money came back to us: each entry of the refund is turned round, once."""
    today, own_id, book_id = clock.today(), ledger.own_book(row.currency), int(gift.book_id)
    sheet = ledger.worksheet({own_id, book_id})
    group = new_id()
    for name in ("refund", "fee_unit", "fee_own"):
        made = ledger_queries.entry(f"refund:{row.public_id}:{name}")
        if made is None:
            continue
        back = recipes.correction(
            _owned(made),
            available=sheet.balance(made.book_id, recipes.AVAILABLE),
            shortfall=sheet.balance(made.book_id, recipes.SHORTFALL),
            reservations=ledger_queries.reservations(made.book_id),
        )
        sheet.add(
            NewEntry(
                book_id=made.book_id,
                kind=EntryKind.CORRECTION,
                legs=back.legs,
                occurred_on=today,
                cause_type="refund",
                cause_id=row.public_id,
                effect=f"{name}_undone",
                corrects=made.id,
                group_id=group,
            )
        )
    sheet.post()


def _owned(made: EntryView) -> Legs:
    """The entry's legs; what it took of promises comes back free: the promise was given up."""
    return tuple(
        Leg(recipes.AVAILABLE if leg.debit == recipes.RESERVED else leg.debit, leg.credit, leg.fen)
        for leg in made.legs
    )
