"""Somebody who left comes back: the same person, with nothing left of the old way in.

Rule: a fund manager takes them back, under the same person, so that one human is never two. Old
passwords, second factors, sessions and programs' tokens are gone; only roles given anew hold.
"""

from __future__ import annotations

from sqlalchemy import select, update

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.people.channels import address_index, normal_address
from charity.people.errors import NotLeft, NotYourself, TwoPersons
from charity.people.factors import reset_factor
from charity.people.kinds import Channel
from charity.people.models import Account, ApiToken, Identity, Person
from charity.people.services import (
    Added,
    locked,
    new_account,
    new_identity,
    require_manager,
    trail,
)
from charity.people.signed import Signed


def take_back(person_id: str, *, email: str, by: Signed | None) -> Added:
    """Open an account at ``email`` for a person who left: the one they had there, or a new one.

    Their other accounts stay closed. Raises ``NotAManager``, ``NotYourself``, ``UnknownPerson``,
    ``NotLeft``, ``MailUnfit``, ``TwoPersons`` (the address is another's).
    """
    require_atomic()
    require_manager(by)
    if by is not None and by.person_id == person_id:
        raise NotYourself
    address = normal_address(Channel.MAIL, email)
    person = locked(person_id)
    if person.left_at is None:
        raise NotLeft
    # While every account is closed, so that no letter about it goes out.
    reset_factor(person_id, by=by)
    person.left_at = None
    account, fresh = _account(person, address)
    account.closed_at = account.password_hash = account.password_at = None
    session = db.session()
    session.flush()
    session.execute(
        update(ApiToken)
        .where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )
    trail("person.returned", "person", person_id, by, after={"account": account.public_id})
    return Added(person_id, account.public_id, new_person=False, new_account=fresh)


def _account(person: Person, address: str) -> tuple[Account, bool]:
    """The account of the person with this address, whatever became of it, or a new one."""
    account = (
        db.session()
        .scalars(
            select(Account)
            .join(Identity, Identity.account_id == Account.id)
            .where(
                Identity.channel == Channel.MAIL.value,
                Identity.address_index == address_index(Channel.MAIL, address),
            )
        )
        .first()
    )
    if account is None:
        account = new_account(person)
        new_identity(account, Channel.MAIL, address)
        return account, True
    if account.person_id != person.id:
        raise TwoPersons
    return account, False
