"""A provider's payout is on the bank line: each book's net moves from transit to the bank.

Rule: one line, one payout, one group. What a book's bank cannot bear the own book lends in the same
unit of work, and is repaid first when money comes; if the own book cannot, nothing is posted and
the line waits, which ``charity check`` tells of. No other unit's book is touched.
"""

from __future__ import annotations

from sqlalchemy import select

from charity.donations.hand.bank import Claimed, claim, require_fits
from charity.donations.hand.errors import NotReady, OwnBookShort
from charity.donations.hand.kinds import Direction, LineUse
from charity.donations.hand.settling import lend_or_repay, repay
from charity.donations.models import Payout, PayoutBook
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Worksheet
from charity.people.queries import Signed


def settle_payout(line_id: str, payout_id: str, *, by: Signed) -> None:
    """The line is the provider's payout (its database id as text); negative ones go out.

    Raises what ``bank.claim`` and ``bank.require_fits`` raise, NotReady, OwnBookShort.
    """
    line = claim(line_id, LineUse.PAYOUT, payout_id, by=by)
    payout = db.session().get(Payout, int(payout_id)) if payout_id.isdecimal() else None
    if payout is None:
        raise NotReady
    way = Direction.IN if payout.amount_fen > 0 else Direction.OUT
    require_fits(line, way, abs(payout.amount_fen), payout.currency)
    rows = db.session().execute(
        select(PayoutBook.book_id, PayoutBook.net_fen).where(PayoutBook.payout_id == payout.id)
    )
    nets = dict(rows.all())
    if sum(nets.values()) != payout.amount_fen:
        raise NotReady
    own_id = ledger.own_book(payout.currency)
    sheet = ledger.worksheet({*nets, own_id})
    try:
        _draft(sheet, nets, own_id, line, by)
    except BelowFloor:
        raise OwnBookShort from None
    sheet.post()


def _draft(sheet: Worksheet, nets: dict[int, int], own_id: int, line: Claimed, by: Signed) -> None:
    """Money in before money out, so that only what is truly missing is lent."""
    group_id, account = new_id(), recipes.bank(line.account)
    coming = sorted(book_id for book_id, net in nets.items() if net > 0)
    going = sorted(book_id for book_id, net in nets.items() if net < 0)
    for book_id in coming:
        _move(sheet, book_id, nets[book_id], line=line, group_id=group_id, by=by)
    for book_id in coming:
        repay(
            sheet, book_id, own_id, account=line.account, cause=line.public_id,
            day=line.booked_on, by=by, group_id=group_id,
        )  # fmt: skip
    # The own book's own part first: it lends only what it has left.
    for book_id in sorted(going, key=lambda each: each != own_id):
        missing = -nets[book_id] - sheet.balance(book_id, account)
        if missing > 0 and book_id != own_id:
            legs = recipes.advance(account=line.account, fen=missing)
            lend_or_repay(
                sheet, book_id, own_id, unit=legs.unit, own=legs.own, kind=EntryKind.ADVANCE,
                cause=line.public_id, day=line.booked_on, by=by, group_id=group_id,
            )  # fmt: skip
        _move(sheet, book_id, nets[book_id], line=line, group_id=group_id, by=by)


def _move(
    sheet: Worksheet, book_id: int, net: int, *, line: Claimed, group_id: int, by: Signed
) -> None:
    sheet.add(
        NewEntry(
            book_id=book_id,
            kind=EntryKind.PAYOUT_BANK,
            legs=recipes.payout_bank(account=line.account, net=net),
            occurred_on=line.booked_on,
            cause_type="bank_line",
            cause_id=line.public_id,
            effect=f"payout:{book_id}",
            actor=by.actor,
            group_id=group_id,
        )
    )
