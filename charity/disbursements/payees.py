"""Payees: the accounts a unit may have money paid to.

Rule: a payee is never changed, another account is another payee; its number is sealed and must have
its check digit right; an organization has its credit code, a person a phone or identity card by
which we know when it is one of us.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from charity.audit.services import record
from charity.disbursements import access
from charity.disbursements.errors import (
    AccountDigitWrong,
    AccountUnfit,
    IdentityNeeded,
    NoSuchPayee,
    NotForYou,
    PayeeNameUnfit,
    PayeeTaken,
    TextUnfit,
    UsccUnfit,
)
from charity.disbursements.kinds import PayeeKind
from charity.disbursements.models import Payee
from charity.disbursements.rules import text
from charity.funds import queries as funds
from charity.kernel import bank_card, clock, credit_code
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index, mask_name
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people import queries as people
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed

NAME = 120
BANK = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeeFacts:
    """An account as it is written down. A person has a phone or identity card number."""

    unit: str
    kind: PayeeKind
    name: str
    bank_name: str
    account_number: str
    uscc: str | None = None
    phone: str | None = None
    id_number: str | None = None


def add(facts: PayeeFacts, *, by: Signed) -> str:
    """Put an account on a unit's list; return the payee's public id.

    Raises what ``access.scopes_to_apply`` raises, PayeeNameUnfit, TextUnfit, AccountUnfit,
    AccountDigitWrong, UsccUnfit, IdentityNeeded, PhoneUnfit, IdNumberUnfit, PayeeTaken.
    """
    require_atomic()
    access.scopes_to_apply(facts.unit, by)
    name = _name(facts.name)
    number = _number(facts.account_number, facts.kind)
    bank_name = text(facts.bank_name, "bank_name", BANK)
    if not bank_name:
        raise TextUnfit(field="bank_name", longest=BANK)
    person = facts.kind is PayeeKind.PERSON
    uscc = None if person else credit_code.clean(facts.uscc or "")
    if not person and uscc is None:
        raise UsccUnfit
    phone, id_number = (
        people.identity_indexes(phone=facts.phone, id_number=facts.id_number)
        if person
        else (None, None)
    )
    if person and phone is None and id_number is None:
        raise IdentityNeeded
    account_index = blind_index(number, "disbursements.account")
    units = funds.units().subquery()
    unit_id = db.session().scalar(select(units.c.id).where(units.c.code == facts.unit))
    _refuse_taken(unit_id, account_index)
    payee_id = public_id()
    db.session().execute(
        insert(Payee).values(
            id=new_id(),
            public_id=payee_id,
            unit_id=unit_id,
            kind=facts.kind.value,
            name=name,
            name_index=name_index(name),
            shown=mask_name(name) if person else name,
            uscc=uscc,
            bank_name=bank_name,
            account=number,
            account_index=account_index,
            tail=number[-4:],
            phone_index=phone,
            id_number_index=id_number,
            same_index=blind_index(uscc or id_number or phone or "", "disbursements.payee"),
            by_id=by.person_id,
            by_name=by.name,
            added_at=clock.now(),
        )
    )
    _trail("payee.added", payee_id, by, {"unit": facts.unit, "kind": facts.kind.value})
    return payee_id


def retire(payee_id: str, *, by: Signed) -> None:
    """Take a payee off its unit's list; a second time changes nothing. What was asked for stays.

    Raises NoSuchPayee, and what ``access.scopes_to_apply`` raises.
    """
    require_atomic()
    units = funds.units().subquery()
    row = (
        db.session()
        .execute(
            select(Payee.id, Payee.retired_at, units.c.code)
            .join(units, units.c.id == Payee.unit_id)
            .where(Payee.public_id == payee_id)
        )
        .first()
    )
    if row is None:
        raise NoSuchPayee
    access.scopes_to_apply(row.code, by)
    if row.retired_at is None:
        db.session().execute(
            update(Payee)
            .where(Payee.id == row.id)
            .values(retired_at=clock.now(), retired_by_id=by.person_id)
        )
        _trail("payee.retired", payee_id, by, {})


def reveal(payee_id: str, *, purpose: str, by: Signed) -> tuple[str, str]:
    """Name and account number in full, for whoever pays or approves; the look is recorded.

    Raises NotForYou, NoSuchPayee, TextUnfit without a purpose.
    """
    require_atomic()
    if not by.holds((Role.CASHIER, Role.APPROVER, Role.FUND_MANAGER, Role.ACCOUNTANT)):
        raise NotForYou
    why = text(purpose, "purpose", 200)
    if not why:
        raise TextUnfit(field="purpose", longest=200)
    row = db.session().execute(select(Payee.name, Payee.account).where(Payee.public_id == payee_id))
    found = row.first()
    if found is None:
        raise NoSuchPayee
    _trail("payee.revealed", payee_id, by, {"purpose": why})
    return found.name, found.account


def name_index(name: str) -> str:
    """The same for every spelling of a name: blanks, points, width and case aside."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return blind_index("".join(s for s in folded if s.isalnum()), "disbursements.payee_name")


def is_person(row: Payee, signed_id: str, name: str) -> bool:
    """Whether this payee is that person: the one known by phone or card, or of the same name."""
    if row.kind != PayeeKind.PERSON.value:
        return False
    return row.name_index == name_index(name) or signed_id in _persons(row)


def concerned(row: Payee) -> set[str]:
    """Person ids of those who may not decide about money for this payee.

    Who wrote it down, whom its phone or card belongs to, and staff of the fund of its very name.
    """
    found = {row.by_id, *_persons(row)}
    if row.kind == PayeeKind.PERSON.value:
        staff = people.holders(FUND_ROLES)
        found |= {one.person_id for one in staff if name_index(one.name) == row.name_index}
    return found


def _persons(row: Payee) -> set[str]:
    return people.known_by(phone_index=row.phone_index, id_number_index=row.id_number_index)


def _name(name: str) -> str:
    try:
        clean = text(name, "name", NAME)
    except TextUnfit:
        raise PayeeNameUnfit from None
    if not any(sign.isalpha() for sign in clean):
        raise PayeeNameUnfit
    return clean


def _number(typed: str, kind: PayeeKind) -> str:
    """A person's number is a card's; an organization's may be one. Raises AccountDigitWrong too."""
    number = bank_card.digits(typed)
    if number is None or (kind is PayeeKind.PERSON and not bank_card.is_card(number)):
        raise AccountUnfit
    card = kind is PayeeKind.PERSON or bank_card.is_unionpay(number)
    if card and not bank_card.checks(number):
        raise AccountDigitWrong
    return number


def _refuse_taken(unit_id: int | None, account_index: str) -> None:
    taken = select(Payee.id).where(
        Payee.unit_id == unit_id,
        Payee.account_index == account_index,
        Payee.retired_at.is_(None),
    )
    if db.session().scalar(taken) is not None:
        raise PayeeTaken


def _trail(verb: str, payee_id: str, by: Signed, after: dict[str, object]) -> None:
    record(verb, "payee", payee_id, actor_id=by.person_id, actor_name=by.name, after=after)
