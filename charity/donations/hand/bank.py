"""The charity's bank accounts, the lines of their statements, and what each line was for.

Rule: what a book has in the bank moves only with a line. A line is written down once (account and
serial number), has one effect, and settles exactly what is as much as itself; all of it or nothing.
What nobody knows waits in suspense (``suspense``), and is never raised by guessing.

``claim`` is also how another domain takes a line for something of its own, such as a payment out:
it claims the line in the unit of work in which it posts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations.hand import queries as hand_queries
from charity.donations.hand import rules as hand_rules
from charity.donations.hand import slip_queries
from charity.donations.hand.errors import (
    AccountCodeUnfit,
    AccountTaken,
    AccountUnknown,
    BeforeAccount,
    LineTaken,
    LineUnknown,
    NotForYou,
    NotReady,
    OwnBookShort,
    OwnEntry,
    SerialTaken,
    TargetTaken,
    WrongCurrency,
    WrongDirection,
    WrongSum,
)
from charity.donations.hand.kinds import Direction, LineUse, Method, SlipStatus
from charity.donations.hand.models import BankAccount, BankLine, LineEffect, Sheet, Slip
from charity.donations.hand.settling import post_gifts
from charity.donations.hand.sheets import trail
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.kernel.money import yuan
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry
from charity.people.kinds import Role
from charity.people.queries import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAsked:
    """A bank account in the charity's own name; ``code`` names it in the ledger, for ever."""

    code: str
    bank_name: str
    holder: str
    number: str
    opened_on: dt.date
    currency: str = "CNY"


def add_account(asked: AccountAsked, *, by: Signed) -> None:
    """Put an account on the list. Its number is sealed; only the last four signs are ever shown.

    Raises NotForYou, AccountUnfit, AccountCodeUnfit, AccountTaken, TextUnfit, FutureDay.
    """
    require_atomic()
    if not by.holds((Role.FUND_MANAGER, Role.ACCOUNTANT)):
        raise NotForYou
    number = hand_rules.fit_account_number(asked.number)
    code = hand_rules.fit_account_code(asked.code)
    hand_rules.fit_day(asked.opened_on, today=clock.today(), closed=False, field="opened_on")
    index = blind_index(number, "bank-account")
    session = db.session()
    if session.scalar(select(BankAccount.id).where(BankAccount.code == code)) is not None:
        raise AccountCodeUnfit
    if session.scalar(select(BankAccount.id).where(BankAccount.number_index == index)) is not None:
        raise AccountTaken
    session.execute(
        insert(BankAccount).values(
            id=new_id(),
            code=code,
            bank_name=hand_rules.fit_words(asked.bank_name, "bank_name", 120) or "",
            holder=hand_rules.fit_words(asked.holder, "holder", 120) or "",
            number=number,
            number_index=index,
            tail=number[-4:],
            currency=asked.currency,
            opened_on=asked.opened_on,
            created_at=clock.now(),
        )
    )
    trail("bank.account_added", "bank_account", code, by, {"tail": number[-4:]})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAsked:
    """A line as the statement prints it, in whole fen."""

    account: str
    serial: str
    booked_on: dt.date
    direction: Direction
    amount_fen: int
    memo: str | None = None
    counterparty: str | None = None


def enter_line(asked: LineAsked, *, by: Signed) -> str:
    """Write a line down; return its public id. Nothing is posted yet.

    Raises NotForYou, AccountUnknown, SerialUnfit, SerialTaken, LineAmountUnfit, FutureDay,
    MonthClosed, BeforeAccount, TextUnfit.
    """
    require_atomic()
    _require_cashier(by)
    session = db.session()
    account = session.scalars(select(BankAccount).where(BankAccount.code == asked.account)).first()
    if account is None:
        raise AccountUnknown
    closed = ledger_queries.month_closed(asked.booked_on)
    hand_rules.fit_day(asked.booked_on, today=clock.today(), closed=closed, field="booked_on")
    if asked.booked_on < account.opened_on:
        raise BeforeAccount(field="booked_on")
    row = {
        "id": new_id(),
        "public_id": public_id(),
        "account_id": account.id,
        "serial": hand_rules.fit_serial(asked.serial),
        "booked_on": asked.booked_on,
        "direction": asked.direction.value,
        "amount_fen": hand_rules.fit_line_amount(asked.amount_fen),
        "memo": hand_rules.fit_words(asked.memo, "memo", hand_rules.MEMO_LENGTH),
        "counterparty": hand_rules.fit_words(
            asked.counterparty, "counterparty", hand_rules.COUNTERPARTY_LENGTH
        ),
        "entered_by_id": by.person_id,
        "entered_by_name": by.name,
        "entered_at": clock.now(),
    }
    if not _insert_once(BankLine, row, ["account_id", "serial"], BankLine.id):
        raise SerialTaken
    line_id = str(row["public_id"])
    facts = {"account": asked.account, "amount_fen": asked.amount_fen}
    trail("bank.line_entered", "bank_line", line_id, by, {**facts, "way": asked.direction.value})
    return line_id


def _insert_once(model: type, row: dict[str, object], on: list[str] | None, key: object) -> bool:
    """Insert unless a unique key has it already; whether it was inserted."""
    on_postgres = db.session().get_bind().dialect.name == "postgresql"
    insert_ = postgresql.insert if on_postgres else sqlite.insert
    statement = insert_(model).values(**row).on_conflict_do_nothing(index_elements=on)
    return db.session().scalar(statement.returning(key)) is not None  # type: ignore[call-overload] # a column of any model


def _require_cashier(by: Signed) -> None:
    if not by.holds(Role.CASHIER):
        raise NotForYou


@dataclass(frozen=True, slots=True)
class Claimed:
    """A line that is ours to give its effect, in this unit of work. ``id`` is the database's."""

    id: int
    public_id: str
    account: str
    currency: str
    booked_on: dt.date
    direction: Direction
    amount_fen: int


def look(line_id: str) -> Claimed:
    """The line, as it was written down. Raises LineUnknown."""
    row = (
        db.session()
        .execute(
            select(
                BankLine.id,
                BankLine.public_id,
                BankAccount.code,
                BankAccount.currency,
                BankLine.booked_on,
                BankLine.direction,
                BankLine.amount_fen,
            )
            .join(BankAccount, BankAccount.id == BankLine.account_id)
            .where(BankLine.public_id == line_id)
        )
        .first()
    )
    if row is None:
        raise LineUnknown
    return Claimed(row[0], row[1], row[2], row[3], row[4], Direction(row[5]), row[6])


def claim(line_id: str, use: str, target: str, *, by: Signed) -> Claimed:
    """Take the line for ``target``: from now on it has this effect and no other.

    Of two at one instant the second waits and is refused. Raises NotForYou, LineUnknown,
    LineTaken, TargetTaken.
    """
    require_atomic()
    _require_cashier(by)
    line = look(line_id)
    row = {
        "line_id": line.id,
        "use": use,
        "target": target,
        "by_id": by.person_id,
        "by_name": by.name,
        "at": clock.now(),
    }
    if not _insert_once(LineEffect, row, None, LineEffect.line_id):
        taken = select(LineEffect.line_id).where(LineEffect.line_id == line.id)
        raise LineTaken if db.session().scalar(taken) is not None else TargetTaken
    trail("bank.line_used", "bank_line", line_id, by, {"use": use, "target": target})
    return line


def require_fits(line: Claimed, way: Direction, fen: int, currency: str) -> None:
    """The line moves exactly this. Raises WrongDirection, WrongSum, WrongCurrency."""
    if line.direction is not way:
        raise WrongDirection
    if line.currency != currency:
        raise WrongCurrency
    if line.amount_fen != fen:
        raise WrongSum(line=yuan(line.amount_fen), target=yuan(fen))


def settle_slip(line_id: str, number: str, *, by: Signed) -> None:
    """The line is the slip's money: its gifts are raised, usable, and receipted from now on.

    Raises what ``claim`` and ``require_fits`` raise, SlipUnknown, NotReady, OwnEntry.
    """
    line = claim(line_id, LineUse.SLIP, number, by=by)
    session = db.session()
    slip = session.scalars(select(Slip).where(Slip.number == number).with_for_update()).first()
    if slip is None or slip.status != SlipStatus.CONFIRMED.value:
        raise NotReady
    facts = slip_queries.slip_facts(slip.id)
    if by.person_id in {slip.closed_by_id, *(gift.entered_by_id for gift in facts.gifts)}:
        raise OwnEntry
    total = sum(gift.amount_fen for gift in facts.gifts)
    require_fits(line, Direction.IN, total, facts.gifts[0].currency)
    post_gifts(
        facts.gifts, account=line.account, cause=line.public_id, day=line.booked_on,
        kind=EntryKind.SLIP_BANK, by=by,
    )  # fmt: skip
    session.execute(
        update(Slip)
        .where(Slip.id == slip.id)
        .values(status=SlipStatus.SETTLED.value, settled_at=clock.now())
    )


def settle_sheet(line_id: str, sheet_id: str, *, by: Signed) -> None:
    """The line is the transfer that a unit's clerk had entered.

    Raises what ``claim`` and ``require_fits`` raise, NotReady, OwnEntry.
    """
    line = claim(line_id, LineUse.SHEET, sheet_id, by=by)
    sheet = db.session().execute(
        select(Sheet.id)
        .where(Sheet.public_id == sheet_id, Sheet.method == Method.BANK.value)
        .with_for_update()
    )
    row = sheet.first()
    gifts = hand_queries.open_transfer(row.id) if row else []
    if not gifts:
        raise NotReady
    if by.person_id in {gift.entered_by_id for gift in gifts}:
        raise OwnEntry
    total = sum(gift.amount_fen for gift in gifts)
    require_fits(line, Direction.IN, total, gifts[0].currency)
    post_gifts(
        gifts, account=line.account, cause=line.public_id, day=line.booked_on,
        kind=EntryKind.BANK_GIFT, by=by,
    )  # fmt: skip


def enter_interest(line_id: str, *, by: Signed) -> None:
    """The line is the bank's interest: the own book's. Raises what ``claim`` raises, and more."""
    _own(line_id, LineUse.INTEREST, Direction.IN, by=by)


def enter_charge(line_id: str, *, by: Signed) -> None:
    """The line is the bank's charge: the own book bears it, no unit's. Raises OwnBookShort too."""
    _own(line_id, LineUse.CHARGE, Direction.OUT, by=by)


def _own(line_id: str, use: LineUse, way: Direction, *, by: Signed) -> None:
    line = claim(line_id, use, line_id, by=by)
    require_fits(line, way, line.amount_fen, line.currency)
    kind, legs = (
        (EntryKind.INTEREST, recipes.interest(account=line.account, fen=line.amount_fen))
        if use is LineUse.INTEREST
        else (EntryKind.BANK_CHARGE, recipes.bank_charge(account=line.account, fen=line.amount_fen))
    )
    try:
        ledger.post(
            [
                NewEntry(
                    book_id=ledger.own_book(line.currency),
                    kind=kind,
                    legs=legs,
                    occurred_on=line.booked_on,
                    cause_type="bank_line",
                    cause_id=line.public_id,
                    effect=use.value,
                    actor=by.actor,
                )
            ]
        )
    except BelowFloor:
        raise OwnBookShort from None
