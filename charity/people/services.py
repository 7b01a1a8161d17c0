"""Persons and their accounts.

Rule: one human is one person. Who comes with a known identity card number or phone joins the
person who has it, under the same name; what points to two persons is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from charity.audit.services import record
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people import channels, mail, queries
from charity.people.errors import (
    MailUnfit,
    NameDiffers,
    NotAManager,
    PersonLeft,
    TwoPersons,
    UnknownPerson,
)
from charity.people.kinds import Channel, Role
from charity.people.models import Account, Identity, Person
from charity.people.rules import fit_name, same_name
from charity.people.signed import Signed

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Added:
    """Who an account belongs to now; public ids."""

    person_id: str
    account_id: str
    new_person: bool
    new_account: bool


def trail(
    verb: str,
    kind: str,
    name: str,
    by: Signed | None,
    *,
    after: Mapping[str, object] | None = None,
    before: Mapping[str, object] | None = None,
) -> None:
    """One row of the trail; facts hold ids, roles and codes, never an address."""
    record(
        verb,
        kind,
        name,
        actor_id=by.person_id if by else None,
        actor_name=by.name if by else None,
        before=before,
        after=after,
    )


def require_manager(by: Signed | None) -> None:
    """Only fund managers, or the installation's own commands (``None``), manage people.

    Asked again of the database: a role may have been taken since the request began.
    """
    if by is None:
        return
    now = queries.as_person(by.person_id)
    if now is None or not now.holds(Role.FUND_MANAGER):
        raise NotAManager


def locked(person_id: str) -> Person:
    """The person's row, locked until the unit of work ends. Raises ``UnknownPerson``."""
    found = db.session().scalars(
        select(Person)
        .where(Person.public_id == person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = found.first()
    if row is None:
        raise UnknownPerson
    return row


def add_person(
    name: str,
    *,
    email: str | None = None,
    phone: str | None = None,
    id_number: str | None = None,
    by: Signed | None = None,
) -> Added:
    """An account for this human, joined to the person they already are, or to a new one.

    Found by identity card number, phone or address; the name must then be the same. Known
    addresses give the account they have. ``by`` is a fund manager, or ``None`` for the
    installation itself. Raises ``NameUnfit``, ``MailUnfit``, ``PhoneUnfit``, ``IdNumberUnfit``,
    ``TwoPersons``, ``NameDiffers``, ``PersonLeft``, ``NotAManager``.
    """
    require_atomic()
    require_manager(by)
    name = fit_name(name)
    addresses: dict[Channel, str] = {}
    if email is not None and email.strip():
        addresses[Channel.MAIL] = channels.normal_address(Channel.MAIL, email)
    if phone is not None and phone.strip():
        addresses[Channel.PHONE] = channels.normal_address(Channel.PHONE, phone)
    if not addresses:
        raise MailUnfit
    number = channels.normal_id_number(id_number) if id_number and id_number.strip() else None
    known = _known_as(addresses, number)
    if len(known) > 1:
        raise TwoPersons
    try:
        person = _joined(next(iter(known)), name) if known else _new_person(name)
        _complete(person, addresses.get(Channel.PHONE), number)
        account, fresh = _account(person, addresses)
        db.session().flush()
    except IntegrityError as error:
        # Another unit of work registered the same number or address in this very moment.
        raise TwoPersons from error
    added = Added(person.public_id, account.public_id, not known, fresh)
    if known and fresh:
        for other in set(mails_of(person.public_id)) - set(addresses.values()):
            mail.account_joined(other, person.name)
    if added.new_person or added.new_account:
        after = {"account": added.account_id, "joined": not added.new_person}
        trail("person.account_added", "person", added.person_id, by, after=after)
    return added


@dataclass(frozen=True, slots=True)
class Known:
    """Whose an address is; public ids."""

    person_id: str
    account_id: str


def find(email: str) -> Known | None:
    """The open account with this mail address. Raises ``MailUnfit``."""
    address = channels.normal_address(Channel.MAIL, email)
    row = (
        db.session()
        .execute(
            select(Person.public_id, Account.public_id.label("account"))
            .join(Account, Account.person_id == Person.id)
            .join(Identity, Identity.account_id == Account.id)
            .where(
                Identity.channel == Channel.MAIL.value,
                Identity.address_index == channels.address_index(Channel.MAIL, address),
                Account.closed_at.is_(None),
            )
        )
        .first()
    )
    return None if row is None else Known(row.public_id, row.account)


def _known_as(addresses: Mapping[Channel, str], number: str | None) -> set[int]:
    """Database ids of the persons to whom number, phone and addresses lead."""
    session = db.session()
    found: set[int] = set()
    if number is not None:
        index = channels.id_number_index(number)
        found.update(session.scalars(select(Person.id).where(Person.id_number_index == index)))
    for channel, address in addresses.items():
        index = channels.address_index(channel, address)
        if channel is Channel.PHONE:
            found.update(session.scalars(select(Person.id).where(Person.phone_index == index)))
        found.update(
            session.scalars(
                select(Account.person_id)
                .join(Identity, Identity.account_id == Account.id)
                .where(Identity.channel == channel.value, Identity.address_index == index)
            )
        )
    return found


def _joined(person_id: int, name: str) -> Person:
    person = (
        db.session().scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
    )
    if person.left_at is not None:
        raise PersonLeft
    if not same_name(person.name, name):
        raise NameDiffers
    return person


def _new_person(name: str) -> Person:
    person = Person(
        id=new_id(),
        public_id=public_id(),
        name=name,
        id_number=None,
        id_number_index=None,
        phone=None,
        phone_index=None,
        created_at=clock.now(),
        left_at=None,
    )
    db.session().add(person)
    return person


def _complete(person: Person, phone: str | None, number: str | None) -> None:
    """Register what was not known yet; another ID number than the known one is another human."""
    if number is not None:
        index = channels.id_number_index(number)
        if person.id_number_index not in (None, index):
            raise TwoPersons
        person.id_number, person.id_number_index = number, index
    if phone is not None and person.phone_index is None:
        person.phone, person.phone_index = phone, channels.address_index(Channel.PHONE, phone)


def _account(person: Person, addresses: Mapping[Channel, str]) -> tuple[Account, bool]:
    """The account that has these addresses, or a new one with those that nobody has."""
    session = db.session()
    session.flush()
    free: dict[Channel, str] = {}
    theirs: list[Account] = []
    for channel, address in addresses.items():
        account = session.scalars(
            select(Account)
            .join(Identity, Identity.account_id == Account.id)
            .where(
                Identity.channel == channel.value,
                Identity.address_index == channels.address_index(channel, address),
            )
        ).first()
        if account is None:
            free[channel] = address
        else:
            theirs.append(account)
    # The address decides; a phone alone leads to the account that has it.
    if theirs and Channel.MAIL not in free:
        account, fresh = theirs[0], False
        if account.closed_at is not None:
            raise PersonLeft
    else:
        account, fresh = new_account(person), True
    for channel, address in free.items():
        new_identity(account, channel, address)
    return account, fresh


def new_account(person: Person) -> Account:
    """Another way in for the person, without address and password; for this domain only."""
    account = Account(
        id=new_id(),
        public_id=public_id(),
        person_id=person.id,
        password_hash=None,
        password_at=None,
        created_at=clock.now(),
        closed_at=None,
    )
    db.session().add(account)
    db.session().flush()
    return account


def new_identity(account: Account, channel: Channel, address: str) -> None:
    """An address (normal) by which the account is found; for this domain only."""
    db.session().add(
        Identity(
            id=new_id(),
            account_id=account.id,
            channel=channel.value,
            address=address,
            address_index=channels.address_index(channel, address),
            created_at=clock.now(),
            verified_at=None,
        )
    )
    db.session().flush()


def set_id_number(person_id: str, id_number: str, *, by: Signed | None) -> None:
    """Register a person's identity card number. Raises ``IdNumberUnfit``, ``TwoPersons``."""
    require_atomic()
    if by is not None and by.person_id != person_id:
        require_manager(by)
    number = channels.normal_id_number(id_number)
    person = locked(person_id)
    if _known_as({}, number) - {person.id}:
        raise TwoPersons
    _complete(person, None, number)
    try:
        db.session().flush()
    except IntegrityError as error:
        raise TwoPersons from error
    trail("person.id_number_set", "person", person_id, by)


def rename(person_id: str, name: str, *, by: Signed | None) -> None:
    """Correct a person's name; entries and signatures keep the name of their day."""
    require_atomic()
    require_manager(by)
    name = fit_name(name)
    locked(person_id)
    db.session().execute(update(Person).where(Person.public_id == person_id).values(name=name))
    trail("person.renamed", "person", person_id, by)


def mails_of(person_id: str) -> list[str]:
    """The person's mail addresses, for telling them something. Raises ``UnknownPerson``."""
    session = db.session()
    inner = session.scalar(select(Person.id).where(Person.public_id == person_id))
    if inner is None:
        raise UnknownPerson
    rows = session.execute(
        select(Identity.address)
        .join(Account, Account.id == Identity.account_id)
        .where(
            Account.person_id == inner,
            Account.closed_at.is_(None),
            Identity.channel == Channel.MAIL.value,
        )
        .order_by(Identity.id)
    )
    return [row.address for row in rows]


def accounts_of(person_id: str) -> list[str]:
    """Public ids of the person's open accounts, the oldest first."""
    return list(
        db.session().scalars(
            select(Account.public_id)
            .join(Person, Person.id == Account.person_id)
            .where(Person.public_id == person_id, Account.closed_at.is_(None))
            .order_by(Account.id)
        )
    )
