"""Handing one role's deciding to another person for some days, and taking it back.

Rule: only deciding is handed over, never asking; only by who holds the role, so it goes no further
than one person; and whoever may not decide a request cannot have it decided in their place.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import and_, insert, or_, select, update

from charity.approvals import dated, rules
from charity.approvals.errors import (
    DatesUnfit,
    DelegateUnfit,
    DelegationOverlaps,
    NoSuchDelegation,
    RoleNotHeld,
)
from charity.approvals.models import Delegation
from charity.audit.services import record
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.kernel.turns import one_at_a_time
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed, as_person


def delegate(
    role: Role,
    scope: str | None,
    to_person: str,
    starts_on: dt.date,
    ends_on: dt.date,
    *,
    by: Signed,
) -> str:
    """Hand the deciding of ``role`` to another person; return the delegation's public id.

    ``scope`` is None for a role of the fund, else the unit's code. Raises ``RoleNotHeld``,
    ``DelegateUnfit``, ``DatesUnfit``, ``DelegationOverlaps``.
    """
    require_atomic()
    if role not in rules.DECIDING or Grant(role, scope) not in by.grants:
        raise RoleNotHeld
    other = as_person(to_person)
    if other is None or other.person_id == by.person_id:
        raise DelegateUnfit
    if not rules.may_stand_in(role, {grant.role for grant in other.grants}):
        raise DelegateUnfit
    today = clock.today()
    most = dated.value(rules.DELEGATION_DAYS_KEY, today)
    if starts_on < today or not 0 <= (ends_on - starts_on).days < most:
        raise DatesUnfit(days=most)
    one_at_a_time(f"approvals.delegation {by.person_id}")
    same = and_(
        Delegation.from_id == by.person_id,
        Delegation.to_id == to_person,
        Delegation.role == role.value,
        Delegation.scope.is_(None) if scope is None else Delegation.scope == scope,
        Delegation.revoked_at.is_(None),
        Delegation.starts_on <= ends_on,
        Delegation.ends_on >= starts_on,
    )
    if db.session().scalar(select(Delegation.id).where(same).limit(1)) is not None:
        raise DelegationOverlaps
    name = public_id()
    db.session().execute(
        insert(Delegation).values(
            id=new_id(),
            public_id=name,
            role=role.value,
            scope=scope,
            from_id=by.person_id,
            from_name=by.name,
            to_id=other.person_id,
            to_name=other.name,
            starts_on=starts_on,
            ends_on=ends_on,
            made_at=clock.now(),
        )
    )
    after: dict[str, object] = {
        "role": role.value,
        "scope": scope,
        "to": other.person_id,
        "starts_on": str(starts_on),
        "ends_on": str(ends_on),
    }
    _trail("delegation.made", name, by, after)
    return name


def revoke(delegation_id: str, *, by: Signed) -> None:
    """Take a delegation of one's own back at once; a second time changes nothing.

    What was decided by it stands. Raises ``NoSuchDelegation`` (also when it is another's).
    """
    require_atomic()
    session = db.session()
    mine = and_(Delegation.public_id == delegation_id, Delegation.from_id == by.person_id)
    row = session.execute(select(Delegation.id, Delegation.revoked_at).where(mine)).first()
    if row is None:
        raise NoSuchDelegation
    if row.revoked_at is None:
        session.execute(
            update(Delegation).where(Delegation.id == row.id).values(revoked_at=clock.now())
        )
        _trail("delegation.revoked", delegation_id, by, {})


def end_of(person_id: str, *, by: Signed) -> int:
    """End what a person who leaves handed over or was handed; how many delegations that were."""
    require_atomic()
    session = db.session()
    standing = and_(
        or_(Delegation.from_id == person_id, Delegation.to_id == person_id),
        Delegation.revoked_at.is_(None),
        Delegation.ends_on >= clock.today(),
    )
    rows = session.execute(select(Delegation.id, Delegation.public_id).where(standing)).all()
    for row in rows:
        session.execute(
            update(Delegation).where(Delegation.id == row.id).values(revoked_at=clock.now())
        )
        _trail("delegation.revoked", row.public_id, by, {"left": person_id})
    return len(rows)


def _trail(verb: str, name: str, by: Signed, after: dict[str, object]) -> None:
    record(verb, "delegation", name, actor_id=by.person_id, actor_name=by.name, after=after)
