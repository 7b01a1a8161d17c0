"""Reads of persons, sessions and grants. Whoever asks gets frozen dataclasses and public ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select

from charity.kernel import clock
from charity.kernel.db import among, db
from charity.people import channels
from charity.people.channels import mask_address
from charity.people.kinds import SECOND_FACTOR_LASTS, Channel, Role
from charity.people.models import (
    Account,
    Identity,
    OpenSession,
    Passkey,
    Person,
    RecoveryCode,
    RoleGrant,
    Totp,
)
from charity.people.rules import TOUCH_AFTER, alive
from charity.people.signed import Grant, Signed
from charity.people.tokens import LONGEST, token_hash

__all__ = [
    "Factors",
    "Found",
    "Grant",
    "PersonView",
    "SessionView",
    "Signed",
    "as_person",
    "by_token",
    "factors",
    "holders",
    "identity_indexes",
    "is_fresh",
    "known_by",
    "person",
    "persons",
    "sessions",
    "signed",
]


@dataclass(frozen=True, slots=True)
class Found:
    """A session that stands, and whether ``sessions.touch`` is due for it."""

    signed: Signed
    touch_due: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person for a desk: addresses are masked."""

    id: str
    name: str
    mails: tuple[str, ...]
    phone: str | None
    has_id_number: bool
    grants: tuple[Grant, ...]
    accounts: int
    has_second_factor: bool
    left_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One of a person's standing sessions, for the list in which they can be ended."""

    id: str
    method: str
    agent: str
    created_at: dt.datetime
    seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person can prove a second factor with."""

    totp: bool
    passkeys: tuple[tuple[str, str], ...]  # public id, label
    recovery_codes_left: int

    @property
    def any(self) -> bool:
        """Whether a second factor is set up at all."""
        return self.totp or bool(self.passkeys)


# One journey, because every request of whoever is signed in makes it: a row for each grant. Built
# once: putting it together takes longer than the database does.
_BY_TOKEN = (
    select(
        OpenSession.public_id.label("session"),
        OpenSession.created_at,
        OpenSession.seen_at,
        OpenSession.second_factor_at,
        Account.public_id.label("account"),
        Person.public_id.label("person"),
        Person.name,
        RoleGrant.role,
        RoleGrant.scope,
    )
    .join(Account, Account.id == OpenSession.account_id)
    .join(Person, Person.id == Account.person_id)
    .outerjoin(RoleGrant, and_(RoleGrant.person_id == Person.id, RoleGrant.revoked_at.is_(None)))
    .where(
        OpenSession.token_hash == bindparam("token_hash"),
        OpenSession.ended_at.is_(None),
        Account.closed_at.is_(None),
    )
    .order_by(RoleGrant.scope, RoleGrant.role)
)


def by_token(token: str) -> Found | None:
    """The session of this token; ``None`` when it ended, ran out, or never was."""
    if not token or len(token) > LONGEST:
        return None
    rows = db.session().execute(_BY_TOKEN, {"token_hash": token_hash(token)}).all()
    if not rows:
        return None
    grants = tuple(Grant(Role(row.role), row.scope or None) for row in rows if row.role is not None)
    row, now = rows[0], clock.now()
    if not alive(row.created_at, row.seen_at, now, staff=bool(grants)):
        return None
    found = Signed(row.session, row.account, row.person, row.name, grants, row.second_factor_at)
    return Found(found, now - row.seen_at >= TOUCH_AFTER)


def signed(session_id: str) -> Signed | None:
    """The same by the session's public id, for verbs that were handed it."""
    token = select(OpenSession.token_hash, Person.id, Person.public_id, Person.name)
    row = (
        db.session()
        .execute(
            token.add_columns(Account.public_id.label("account"), OpenSession.second_factor_at)
            .join(Account, Account.id == OpenSession.account_id)
            .join(Person, Person.id == Account.person_id)
            .where(OpenSession.public_id == session_id, OpenSession.ended_at.is_(None))
        )
        .first()
    )
    if row is None:
        return None
    grants = _grants([row.id]).get(row.id, ())
    return Signed(session_id, row.account, row.public_id, row.name, grants, row.second_factor_at)


def as_person(person_id: str) -> Signed | None:
    """What this person would be if signed in, without a session: to list what waits for them."""
    row = (
        db.session()
        .execute(select(Person.id, Person.name).where(Person.public_id == person_id))
        .first()
    )
    if row is None:
        return None
    return Signed("", "", person_id, row.name, _grants([row.id]).get(row.id, ()), None)


def is_fresh(signed: Signed) -> bool:
    """Whether the session's second factor is recent enough for deciding about money."""
    at = signed.second_factor_at
    return at is not None and clock.now() - at < SECOND_FACTOR_LASTS


def _grants(person_ids: Iterable[int]) -> dict[int, tuple[Grant, ...]]:
    """Standing grants by person (database ids), fund roles first, then by scope."""
    rows = db.session().execute(
        select(RoleGrant.person_id, RoleGrant.role, RoleGrant.scope)
        .where(among(RoleGrant.person_id, person_ids), RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.scope, RoleGrant.role)
    )
    found: dict[int, list[Grant]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(Grant(Role(row.role), row.scope or None))
    return {person_id: tuple(grants) for person_id, grants in found.items()}


def holders(roles: Collection[Role], scopes: Collection[str] = ()) -> list[Signed]:
    """Persons who hold one of ``roles`` for the fund or for one of ``scopes``, by name."""
    rows = db.session().execute(
        select(Person.id, Person.public_id, Person.name)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(
            among(RoleGrant.role, [role.value for role in roles]),
            among(RoleGrant.scope, ["", *scopes]),
            RoleGrant.revoked_at.is_(None),
            Person.left_at.is_(None),
        )
        .distinct()
        .order_by(Person.name, Person.id)
    )
    found = rows.all()
    grants = _grants([row.id for row in found])
    return [Signed("", "", row.public_id, row.name, grants[row.id], None) for row in found]


def identity_indexes(
    *, phone: str | None = None, id_number: str | None = None
) -> tuple[str | None, str | None]:
    """Blind indexes of a phone and an identity card number, as persons are found by them.

    Empty ones are ``None``. Raises ``PhoneUnfit``, ``IdNumberUnfit``.
    """
    phone_index = number_index = None
    if phone and phone.strip():
        normal = channels.normal_address(Channel.PHONE, phone)
        phone_index = channels.address_index(Channel.PHONE, normal)
    if id_number and id_number.strip():
        number_index = channels.id_number_index(channels.normal_id_number(id_number))
    return phone_index, number_index


def known_by(*, phone_index: str | None, id_number_index: str | None) -> set[str]:
    """Public ids of the persons who have this phone, as a way in too, or this card."""
    session, found = db.session(), set[str]()
    if id_number_index is not None:
        same_card = Person.id_number_index == id_number_index
        found.update(session.scalars(select(Person.public_id).where(same_card)))
    if phone_index is not None:
        found.update(
            session.scalars(select(Person.public_id).where(Person.phone_index == phone_index))
        )
        found.update(
            session.scalars(
                select(Person.public_id)
                .join(Account, Account.person_id == Person.id)
                .join(Identity, Identity.account_id == Account.id)
                .where(
                    Identity.channel == Channel.PHONE.value,
                    Identity.address_index == phone_index,
                )
            )
        )
    return found


def factors(person_id: str) -> Factors:
    """What second factors the person with this public id has."""
    session = db.session()
    inner = select(Person.id).where(Person.public_id == person_id).scalar_subquery()
    totp = session.scalar(
        select(Totp.person_id).where(Totp.person_id == inner, Totp.confirmed_at.is_not(None))
    )
    passkeys = session.execute(
        select(Passkey.public_id, Passkey.label)
        .where(Passkey.person_id == inner)
        .order_by(Passkey.id)
    )
    codes = session.scalars(
        select(RecoveryCode.id).where(
            RecoveryCode.person_id == inner, RecoveryCode.used_at.is_(None)
        )
    )
    return Factors(totp is not None, tuple((row[0], row[1]) for row in passkeys), len(codes.all()))


def person(person_id: str) -> PersonView | None:
    """One person by public id."""
    found = _views([person_id])
    return found[0] if found else None


def persons(*, after: str | None = None, limit: int = 100, left: bool = False) -> list[PersonView]:
    """Persons with a role, or those who ``left``, oldest first.

    ``after`` is the public id of the last one seen.
    """
    held = select(RoleGrant.id).where(
        RoleGrant.person_id == Person.id, RoleGrant.revoked_at.is_(None)
    )
    wanted = (
        select(Person.public_id)
        .where(Person.left_at.is_not(None) if left else held.exists())
        .order_by(Person.id)
        .limit(limit)
    )
    if after is not None:
        last = select(Person.id).where(Person.public_id == after).scalar_subquery()
        wanted = wanted.where(Person.id > last)
    return _views(list(db.session().scalars(wanted)))


def _views(public_ids: list[str]) -> list[PersonView]:
    session = db.session()
    rows = session.scalars(
        select(Person).where(among(Person.public_id, public_ids)).order_by(Person.id)
    ).all()
    ids = [row.id for row in rows]
    grants = _grants(ids)
    mails: dict[int, list[str]] = {}
    accounts: dict[int, set[int]] = {}
    for found in session.execute(
        select(Account.person_id, Account.id, Identity.channel, Identity.address)
        .outerjoin(Identity, Identity.account_id == Account.id)
        .where(among(Account.person_id, ids), Account.closed_at.is_(None))
        .order_by(Account.id, Identity.id)
    ):
        accounts.setdefault(found.person_id, set()).add(found.id)
        if found.channel == Channel.MAIL.value:
            mails.setdefault(found.person_id, []).append(mask_address(Channel.MAIL, found.address))
    strong = set(
        session.scalars(
            select(Totp.person_id).where(among(Totp.person_id, ids), Totp.confirmed_at.is_not(None))
        )
    ) | set(session.scalars(select(Passkey.person_id).where(among(Passkey.person_id, ids))))
    return [
        PersonView(
            id=row.public_id,
            name=row.name,
            mails=tuple(mails.get(row.id, ())),
            phone=mask_address(Channel.PHONE, row.phone) if row.phone else None,
            has_id_number=row.id_number is not None,
            grants=grants.get(row.id, ()),
            accounts=len(accounts.get(row.id, ())),
            has_second_factor=row.id in strong,
            left_at=row.left_at,
        )
        for row in rows
    ]


def sessions(person_id: str) -> list[SessionView]:
    """The person's standing sessions over all accounts, last seen first."""
    rows = db.session().execute(
        select(
            OpenSession.public_id,
            OpenSession.method,
            OpenSession.agent,
            OpenSession.created_at,
            OpenSession.seen_at,
        )
        .join(Account, Account.id == OpenSession.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(Person.public_id == person_id, OpenSession.ended_at.is_(None))
        .order_by(OpenSession.seen_at.desc(), OpenSession.id)
    )
    held = _grants_of(person_id)
    now = clock.now()
    return [
        SessionView(*row)
        for row in rows
        if alive(row.created_at, row.seen_at, now, staff=bool(held))
    ]


def _grants_of(person_id: str) -> tuple[Grant, ...]:
    found = as_person(person_id)
    return found.grants if found else ()


def names(person_ids: Collection[str]) -> dict[str, str]:
    """Names by public id, for signatures that keep the id alone."""
    rows = db.session().execute(
        select(Person.public_id, Person.name).where(among(Person.public_id, sorted(person_ids)))
    )
    return {row.public_id: row.name for row in rows}


def named(words: str) -> tuple[str, ...]:
    """Public ids of whom these words mean: an id, or a name written in full."""
    rows = db.session().scalars(
        select(Person.public_id)
        .where((Person.public_id == words) | (Person.name == words))
        .order_by(Person.id)
        .limit(50)
    )
    return tuple(rows)
