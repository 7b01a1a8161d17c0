"""People for trying things out, one for each role, all invented and named so.

Rule: only on a database born for test money. Each has a second factor; signing in as one of them
needs no password, so the route to it exists in demo mode only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyotp
from sqlalchemy import select

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.ledger.kinds import Mode
from charity.ledger.queries import mode
from charity.people import links, roles, sessions
from charity.people.errors import NotADemo, UnknownPerson
from charity.people.kinds import FUND_ROLES, Channel, Method, Role
from charity.people.models import Person, Totp
from charity.people.services import add_person
from charity.people.signed import Grant
from charity.people.signing import SignedIn

_NAMES = {
    Role.FUND_MANAGER: "演示专项基金管理员",
    Role.APPROVER: "演示审批人",
    Role.CASHIER: "演示出纳",
    Role.ACCOUNTANT: "演示会计",
    Role.DISCLOSER: "演示信息公开专员",
    Role.SUPERVISOR: "演示监督员",
    Role.UNIT_CLERK: "演示募集经办人",
    Role.UNIT_LEADER: "演示募集负责人",
    Role.ORGANIZATION_MANAGER: "演示社会组织管理员",
}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the demonstration; ``totp_secret`` is base32, for scripts."""

    role: Role
    name: str
    person_id: str
    account_id: str
    totp_secret: str


def demo_people(scopes: Mapping[Role, str] | None = None) -> list[DemoPerson]:
    """One person for each role, made when missing; ``scopes`` has the code for a unit's roles.

    A role that needs a code and has none is left out. Safe to repeat. Raises ``NotADemo``.
    """
    require_atomic()
    _only_for_trying()
    found = []
    for role in Role:
        scope = None if role in FUND_ROLES else (scopes or {}).get(role)
        if role in FUND_ROLES or scope is not None:
            found.append(_one(role, scope))
    if scopes:
        _second_clerk(scopes)
    return found


def _one(role: Role, scope: str | None) -> DemoPerson:
    added = add_person(_NAMES[role], email=_mail(role))
    inner = db.session().scalars(select(Person.id).where(Person.public_id == added.person_id)).one()
    if Grant(role, scope) not in roles.standing(inner):
        roles.grant(added.person_id, role, scope, by=None)
    return DemoPerson(role, _NAMES[role], added.person_id, added.account_id, _authenticator(inner))


def _second_clerk(scopes: Mapping[Role, str]) -> None:
    """Whoever confirms a slip is not who entered it: a unit has two clerks."""
    scope = scopes.get(Role.UNIT_CLERK)
    if scope is None:
        return
    added = add_person("演示募集复核人", email="unit_clerk_2@demo.invalid")
    inner = db.session().scalars(select(Person.id).where(Person.public_id == added.person_id)).one()
    if Grant(Role.UNIT_CLERK, scope) not in roles.standing(inner):
        roles.grant(added.person_id, Role.UNIT_CLERK, scope, by=None)
    _authenticator(inner)


def _mail(role: Role) -> str:
    return f"{role.value}@demo.invalid"


def _authenticator(person_id: int) -> str:
    """The person's confirmed secret, made when missing."""
    row = db.session().get(Totp, person_id)
    if row is not None and row.secret is not None:
        return row.secret
    now, secret = clock.now(), pyotp.random_base32()
    if row is None:
        row = Totp(person_id=person_id, created_at=now, last_step=0, pending=None)
        db.session().add(row)
    row.secret, row.confirmed_at = secret, now
    db.session().flush()
    return secret


def roles_on_offer() -> list[Role]:
    """Roles for which there is a demo person."""
    return [role for role in Role if links.account_of(Channel.MAIL, _mail(role)) is not None]


def sign_in(role: Role, *, agent: str = "") -> SignedIn:
    """A session of this role's demo person, with the second factor proved. Inside ``atomic()``.

    Raises ``NotADemo``, ``UnknownPerson``.
    """
    require_atomic()
    _only_for_trying()
    account_id = links.account_of(Channel.MAIL, _mail(role))
    if account_id is None:
        raise UnknownPerson
    token = sessions.begin(account_id, Method.DEMO, agent=agent, second_factor_at=clock.now())
    return SignedIn(token, sessions.current(token))


def _only_for_trying() -> None:
    if mode() != Mode.TEST.value:
        raise NotADemo
