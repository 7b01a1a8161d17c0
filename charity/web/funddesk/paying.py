"""A bank line and an application, in one unit of work: the line is claimed where money is posted.

Rule: donations know bank lines, disbursements know applications, and neither knows the other; here
they meet. A payment has a name of its own (``application.times``), so of two lines for one payment
the second is refused.
"""

from __future__ import annotations

from charity.disbursements import line_queries, payments, queries
from charity.disbursements.kinds import PaymentKind
from charity.disbursements.line_queries import ForLine
from charity.disbursements.payments import PaidLine
from charity.disbursements.views import ApplicationView
from charity.donations.hand import bank
from charity.donations.hand.bank import Claimed
from charity.donations.hand.bank_queries import Candidate, LineView
from charity.donations.hand.kinds import Direction, LineUse
from charity.people.queries import Signed

USE_OF = {
    PaymentKind.PAY: LineUse.APPLICATION,
    PaymentKind.BANK_RETURN: LineUse.BANK_RETURN,
    PaymentKind.MONEY_BACK: LineUse.MONEY_BACK,
}


def pay(line_id: str, application_id: str, by: Signed) -> None:
    """The line paid the application. Raises what ``bank.claim`` and ``payments.pay`` raise."""
    view = queries.application(application_id)
    name = f"{application_id}.{_times(view) + 1}"
    line = bank.claim(line_id, LineUse.APPLICATION, name, by=by)
    bank.require_fits(line, Direction.OUT, view.amount_fen, view.currency)
    payments.pay(application_id, line=_paid(line), by=by)


def bank_returned(line_id: str, application_id: str, by: Signed) -> None:
    """The line is the payment, sent back by the payee's bank. Raises what ``payments`` raises."""
    view = queries.application(application_id)
    line = bank.claim(line_id, LineUse.BANK_RETURN, f"{application_id}.{_times(view)}", by=by)
    bank.require_fits(line, Direction.IN, view.paid_fen, view.currency)
    payments.bank_returned(application_id, line=_paid(line), by=by)


def money_back(line_id: str, application_id: str, by: Signed) -> None:
    """The line is what the unit did not need. Raises what ``payments.money_back`` raises."""
    view = queries.application(application_id)
    line = bank.claim(line_id, LineUse.MONEY_BACK, f"{application_id}.{line_id}", by=by)
    bank.require_fits(line, Direction.IN, line.amount_fen, view.currency)
    payments.money_back(application_id, fen=line.amount_fen, line=_paid(line), by=by)


def candidates(line: LineView) -> list[Candidate]:
    """Applications that an open line may be for."""
    found = line_queries.for_line(
        out=line.direction is Direction.OUT,
        fen=line.amount_fen,
        currency=line.currency,
        memo=line.memo,
    )
    return [_candidate(one) for one in found]


def _candidate(one: ForLine) -> Candidate:
    return Candidate(
        USE_OF[one.kind], one.id, one.number, one.unit_name, one.unit_name_en, one.day,
        one.amount_fen, named=one.named, fits=one.fits,
    )  # fmt: skip


def _times(view: ApplicationView) -> int:
    """How often it was paid so far."""
    return sum(each.kind is PaymentKind.PAY for each in view.payments)


def _paid(line: Claimed) -> PaidLine:
    return PaidLine(line.public_id, line.account, line.amount_fen, line.booked_on)
