"""Payments: each on its own bank line, under what two people signed.

Rule: what is paid hashes as what was approved, from the book that raised it, when that book has it
in the bank and nobody stopped it. The page claims the line in the same unit of work, so one line is
one payment; whoever asked or approved does not book it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import insert, select

from charity.approvals import services as approvals
from charity.disbursements import payees, promises, store
from charity.disbursements.errors import BookHasShortfall, NotForYou
from charity.disbursements.kinds import (
    ApplicationStatus,
    Function,
    HoldReason,
    PaymentKind,
    Step,
)
from charity.disbursements.models import Application, Hold, Payment
from charity.disbursements.payment_errors import (
    HOLD_WORDS,
    ApprovalOver,
    ConcernedHere,
    HoldStands,
    LineBefore,
    MoreThanPaid,
    NotInBank,
    NotWhatWasApproved,
    PartCameBack,
    ReservationTaken,
    WrongAmount,
)
from charity.disbursements.use_queries import pay_key
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.kernel.money import yuan
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Signature, Worksheet
from charity.parameters import queries as parameters
from charity.people.kinds import Role
from charity.people.queries import Signed

S = ApplicationStatus
EVIDENCE_DAYS = "disbursements.evidence_days"
_KINDS = {
    (PaymentKind.PAY, Function.PROGRAMME): EntryKind.PAY,
    (PaymentKind.PAY, Function.FUNDRAISING): EntryKind.COST_PAY,
    (PaymentKind.BANK_RETURN, Function.PROGRAMME): EntryKind.BANK_RETURN,
    (PaymentKind.BANK_RETURN, Function.FUNDRAISING): EntryKind.COST_RETURN,
    (PaymentKind.MONEY_BACK, Function.PROGRAMME): EntryKind.MONEY_BACK,
    (PaymentKind.MONEY_BACK, Function.FUNDRAISING): EntryKind.COST_BACK,
}


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A bank line that was claimed in this unit of work: public id, account code, whole fen."""

    id: str
    account: str
    amount_fen: int
    booked_on: dt.date


def pay(application_id: str, *, line: PaidLine, by: Signed) -> None:
    """The bank paid: ``reserved→bank``. The application is paid; its evidence is due.

    Raises NoSuchApplication, NotForYou, ConcernedHere, ApprovalOver, NotNow, HoldStands,
    NotWhatWasApproved, WrongAmount, LineBefore, BookHasShortfall, ReservationTaken, NotInBank.
    """
    row = _for_cashier(application_id, by)
    if store.status_of(row) is S.LAPSED:
        raise ApprovalOver
    store.require(row, S.APPROVED)
    assert row.approved_hash is not None
    assert row.expires_on is not None
    assert row.approved_at is not None
    _refuse_concerned(row, by)
    _refuse_held(row)
    if line.booked_on > row.expires_on:
        raise ApprovalOver
    digest = approvals.facts_hash(store.facts_of(row))
    if digest != row.approved_hash:
        raise NotWhatWasApproved
    _require_amount(line, row.amount_fen)
    if line.booked_on < clock.local_date(row.approved_at):
        raise LineBefore
    sheet = ledger.worksheet([row.book_id])
    _refuse_uncovered(row, sheet, line.account)
    signature = Signature(str(row.first_person_id), str(row.second_person_id), digest)
    times = row.paid_times + 1
    legs = recipes.pay(account=line.account, fen=row.amount_fen)
    made = _entry(row, PaymentKind.PAY, legs, _effect(row, times), line, by, signature)
    _keep(row, PaymentKind.PAY, line, sheet, made, by, digest)
    days = parameters.value(EVIDENCE_DAYS, line.booked_on)
    store.move(
        row,
        S.PAID,
        Step.PAID,
        by=by.actor,
        fen=row.amount_fen,
        paid_times=times,
        paid_on=line.booked_on,
        paid_fen=row.amount_fen,
        evidence_due_on=store.last_day(days, max(line.booked_on, row.ends_on)),
    )


def bank_returned(application_id: str, *, line: PaidLine, by: Signed) -> None:
    """The payee's bank sent all of it back: ``bank→reserved``; it may be paid again.

    Raises NoSuchApplication, NotForYou, NotNow, PartCameBack, WrongAmount, LineBefore.
    """
    row = _for_cashier(application_id, by)
    store.require(row, S.PAID)
    if row.returned_fen:
        raise PartCameBack
    _require_amount(line, row.paid_fen)
    _require_after(row, line)
    sheet = ledger.worksheet([row.book_id])
    legs = recipes.bank_return(account=line.account, fen=row.paid_fen)
    effect = f"bank_return-{row.paid_times}"
    made = _entry(row, PaymentKind.BANK_RETURN, legs, effect, line, by)
    _keep(row, PaymentKind.BANK_RETURN, line, sheet, made, by)
    days = parameters.value(promises.RESERVE_DAYS, clock.today())
    store.move(
        row,
        S.APPROVED,
        Step.BANK_RETURNED,
        by=by.actor,
        fen=row.paid_fen,
        paid_on=None,
        paid_fen=0,
        evidence_due_on=None,
        expires_on=store.last_day(days, clock.today()),
    )


def money_back(application_id: str, *, fen: int, line: PaidLine, by: Signed) -> None:
    """What was not needed came back: ``bank→available``, a shortfall of the book first.

    When nothing is left of the payment the application is closed. Raises NoSuchApplication,
    NotForYou, NotNow, WrongAmount, MoreThanPaid, LineBefore.
    """
    row = _for_cashier(application_id, by)
    store.require(row, S.PAID, S.PROVED)
    _require_amount(line, fen)
    left = row.paid_fen - row.returned_fen
    if not 1 <= fen <= left:
        raise MoreThanPaid(asked=yuan(fen), left=yuan(left))
    _require_after(row, line)
    sheet = ledger.worksheet([row.book_id])
    shortfall = sheet.balance(row.book_id, recipes.SHORTFALL)
    legs = recipes.money_back(account=line.account, fen=fen, shortfall=shortfall)
    made = _entry(row, PaymentKind.MONEY_BACK, legs, f"money_back-{line.id}", line, by)
    _keep(row, PaymentKind.MONEY_BACK, line, sheet, made, by)
    all_of_it = fen == left
    store.move(
        row,
        S.LAPSED if all_of_it else store.status_of(row),
        Step.MONEY_BACK,
        by=by.actor,
        fen=fen,
        returned_fen=row.returned_fen + fen,
        proved_at=None if all_of_it else row.proved_at,
    )


def _for_cashier(application_id: str, by: Signed) -> Application:
    require_atomic()
    if not by.holds(Role.CASHIER):
        raise NotForYou
    return store.locked(application_id)


def _refuse_concerned(row: Application, by: Signed) -> None:
    """Whoever has another part in it does not book its payment."""
    payee = store.payee_of(row)
    parts = {row.asked_by_id, row.written_by_id, row.first_person_id, row.second_person_id}
    if payee is not None:
        parts |= payees.concerned(payee)
    if by.person_id in parts or by.person_id in approvals.agreed(str(row.request_id)):
        raise ConcernedHere


def _refuse_held(row: Application) -> None:
    standing = select(Hold.reason).where(Hold.application_id == row.id, Hold.released_at.is_(None))
    reason = db.session().scalar(standing.order_by(Hold.id).limit(1))
    if reason is not None:
        raise HoldStands(reason=HOLD_WORDS[HoldReason(reason)])


def _refuse_uncovered(row: Application, sheet: Worksheet, account: str) -> None:
    """The book owes nothing, the promise is whole, and the money lies in this bank account."""
    shortfall = sheet.balance(row.book_id, recipes.SHORTFALL)
    if shortfall:
        raise BookHasShortfall(shortfall=yuan(shortfall))
    if promises.promised(row) < row.amount_fen:
        raise ReservationTaken
    in_bank = sheet.balance(row.book_id, recipes.bank(account))
    if in_bank < row.amount_fen:
        has = sheet.books[row.book_id].balances
        on_way = sum(
            fen for code, fen in has.items() if code.partition(":")[0] in {"clearing", "transit"}
        )
        raise NotInBank(
            in_bank=yuan(in_bank), on_way=yuan(max(on_way, 0)), amount=yuan(row.amount_fen)
        )


def _require_amount(line: PaidLine, fen: int) -> None:
    if line.amount_fen != fen:
        raise WrongAmount(line=yuan(line.amount_fen), wanted=yuan(fen))


def _require_after(row: Application, line: PaidLine) -> None:
    if row.paid_on is None or line.booked_on < row.paid_on:
        raise LineBefore


def _effect(row: Application, times: int) -> str:
    """The end of the payment's idempotency key."""
    return pay_key(row.public_id, times).rpartition(":")[2]


def _entry(  # noqa: PLR0917 - one entry's facts, each different from the next
    row: Application,
    kind: PaymentKind,
    legs: recipes.Legs,
    effect: str,
    line: PaidLine,
    by: Signed,
    signature: Signature | None = None,
) -> NewEntry:
    return promises.entry(
        row,
        _KINDS[kind, Function(row.function)],
        legs,
        effect,
        by=by.actor,
        signature=signature,
        on=line.booked_on,
    )


def _keep(  # noqa: PLR0917 - see above
    row: Application,
    kind: PaymentKind,
    line: PaidLine,
    sheet: Worksheet,
    made: NewEntry,
    by: Signed,
    digest: str | None = None,
) -> None:
    """Post the entry and keep the movement with its line."""
    entry_id = sheet.add(made)
    sheet.post()
    db.session().execute(
        insert(Payment).values(
            id=new_id(),
            application_id=row.id,
            kind=kind.value,
            line_id=line.id,
            account=line.account,
            amount_fen=line.amount_fen,
            booked_on=line.booked_on,
            facts_sha256=digest,
            entry_id=entry_id,
            by_id=by.person_id,
            by_name=by.name,
            at=clock.now(),
        )
    )
    after: dict[str, object] = {"line": line.id, "fen": line.amount_fen}
    store.trail(f"payment.{kind.value}", row.public_id, by.actor, after=after)
