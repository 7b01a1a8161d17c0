"""From a bank line to the ledger: gifts by hand are raised, and what a book owes is repaid first.

Rule: one entry for each gift, under the same key as a gift online (``gift:<id>:settle``), so that
numbers, receipts and traces find both alike. When money comes to a book that the own book lent to,
the loan is repaid from it in the same unit of work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, update

from charity.donations.hand.queries import Entered
from charity.donations.kinds import GiftStatus
from charity.donations.models import Gift
from charity.donations.settling import count_donors
from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.ids import new_id
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.recipes import Legs
from charity.ledger.services import NewEntry, Worksheet
from charity.people.queries import Signed


def post_gifts(
    gifts: Sequence[Entered],
    *,
    account: str,
    cause: str,
    day: dt.date,
    kind: EntryKind,
    by: Signed,
    first: Sequence[NewEntry] = (),
    group_id: int | None = None,
) -> None:
    """Settle these gifts from the bank account: entries, states, donors counted.

    ``kind`` is SLIP_BANK or BANK_GIFT; ``first`` are entries posted before them, of the same group
    when there is one; ``cause`` is the public id of the line.
    """
    own_id = ledger.own_book(gifts[0].currency)
    books = {gift.book_id for gift in gifts}
    sheet = ledger.worksheet(books | {own_id} | {entry.book_id for entry in first})
    for entry in first:
        sheet.add(entry)
    for gift in gifts:
        sheet.add(
            NewEntry(
                book_id=gift.book_id,
                kind=kind,
                legs=_legs(sheet, gift, kind, account),
                occurred_on=day,
                cause_type="gift",
                cause_id=gift.public_id,
                effect="settle",
                actor=by.actor,
                group_id=group_id,
            )
        )
    for book_id in sorted(books):
        repay(sheet, book_id, own_id, account=account, cause=cause, day=day, by=by)
    sheet.post()
    _mark(gifts)


def _legs(sheet: Worksheet, gift: Entered, kind: EntryKind, account: str) -> Legs:
    recipe = recipes.slip_bank if kind is EntryKind.SLIP_BANK else recipes.bank_gift
    shortfall = sheet.balance(gift.book_id, recipes.SHORTFALL)
    return recipe(account=account, fen=gift.amount_fen, shortfall=shortfall)


def repay(
    sheet: Worksheet,
    book_id: int,
    own_id: int,
    *,
    account: str,
    cause: str,
    day: dt.date,
    by: Signed,
    group_id: int | None = None,
) -> None:
    """Draft what the book can now repay of what the own book lent it, as one group."""
    lent = sheet.balance(book_id, recipes.ADVANCE)
    fen = min(lent, sheet.balance(book_id, recipes.bank(account)))
    if book_id == own_id or fen <= 0:
        return
    legs = recipes.advance_repaid(account=account, fen=fen)
    lend_or_repay(
        sheet, book_id, own_id, unit=legs.unit, own=legs.own, kind=EntryKind.ADVANCE_REPAID,
        cause=cause, day=day, by=by, group_id=group_id or new_id(),
    )  # fmt: skip


def lend_or_repay(
    sheet: Worksheet,
    book_id: int,
    own_id: int,
    *,
    unit: Legs,
    own: Legs,
    kind: EntryKind,
    cause: str,
    day: dt.date,
    by: Signed,
    group_id: int,
) -> None:
    """Draft both sides of an advance or its repayment. Raises BelowFloor."""
    # The side that gives comes first: its bank must bear it.
    sides = [(book_id, unit), (own_id, own)]
    if kind is EntryKind.ADVANCE:
        sides.reverse()
    for side_id, legs in sides:
        sheet.add(
            NewEntry(
                book_id=side_id,
                kind=kind,
                legs=legs,
                occurred_on=day,
                cause_type="bank_line",
                cause_id=cause,
                effect=f"{kind.value}:{book_id}:{'own' if side_id == own_id else 'unit'}",
                actor=by.actor,
                group_id=group_id,
            )
        )


def _mark(gifts: Sequence[Entered]) -> None:
    now = clock.now()
    table = cast("Table", Gift.__table__)
    db.session().execute(
        update(table)
        .where(among(Gift.id, [gift.id for gift in gifts]))
        .values(status=GiftStatus.SETTLED.value, settled_at=now, receipt_due=Gift.receipt_wanted)
    )
    donors = {gift.donor_id for gift in gifts if gift.donor_id is not None}
    nameless = sum(gift.donor_id is None for gift in gifts)
    count_donors(donors, nameless, now)
