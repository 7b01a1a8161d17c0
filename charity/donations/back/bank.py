"""The bank's part of refunds: the outgoing line says that the money is back.

A gift that came by hand goes back by the charity's bank. Two people agreed; the cashier pays, and
the line of the statement settles the refund, once.
"""

from __future__ import annotations

from charity.donations.back import queries as back_queries
from charity.donations.back import refunds
from charity.donations.hand import bank
from charity.donations.hand.kinds import Direction
from charity.people.queries import Signed

USE = "refund"


def settle(line_id: str, refund: str, *, by: Signed) -> None:
    """The line is the money of this refund. Inside ``atomic()``.

    Raises RefundUnknown, WrongLine, BelowFloor, and what ``bank.claim`` and ``bank.require_fits``
    raise.
    """
    view = back_queries.refund(refund)
    line = bank.claim(line_id, USE, refund, by=by)
    bank.require_fits(line, Direction.OUT, view.amount_fen, view.currency)
    refunds.back_by_bank(refund, account=line.account, on=line.booked_on)
