"""Roles given and taken, and handed over when someone leaves.

Rule: a fund manager gives and takes them, never to themselves; 出纳 and 会计 are never one person;
who supervises decides nothing; taking a role ends the person's sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.errors import (
    AlreadyGranted,
    IdentityNeeded,
    LastManager,
    NotGranted,
    NotYourself,
    PersonLeft,
    ScopeUnfit,
)
from charity.people.kinds import Ended, Role
from charity.people.models import Account, Link, Person, RoleGrant
from charity.people.rules import fit_roles, fit_scope
from charity.people.services import SYSTEM, locked, require_manager, trail
from charity.people.sessions import end_all
from charity.people.signed import Grant, Signed

ScopeKnown = Callable[[Role, str], bool]
"""Whether there is a unit or organization of this code; asked of whoever lies above people."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a leaver's successor has taken, and what they had already."""

    moved: tuple[Grant, ...]
    had: tuple[Grant, ...]


def grant(
    person_id: str,
    role: Role,
    scope: str | None = None,
    *,
    by: Signed | None,
    scope_known: ScopeKnown | None = None,
) -> None:
    """Give a role to a person, for the fund or for ``scope``.

    ``by`` is another fund manager; ``None`` is the installation itself (first manager, demo).
    Raises ``NotAManager``, ``NotYourself``, ``ScopeUnfit``, ``UnknownPerson``, ``PersonLeft``,
    ``IdentityNeeded``, ``AlreadyGranted``, ``CashierOrAccountant``, ``SupervisorDecides``.
    """
    require_atomic()
    require_manager(by)
    if by is not None and by.person_id == person_id:
        raise NotYourself
    scope = fit_scope(role, scope)
    if scope is not None and scope_known is not None and not scope_known(role, scope):
        raise ScopeUnfit(field="scope")
    person = locked(person_id)
    if person.left_at is not None:
        raise PersonLeft
    if by is not None and person.phone_index is None and person.id_number_index is None:
        raise IdentityNeeded
    held = standing(person.id)
    if Grant(role, scope) in held:
        raise AlreadyGranted
    fit_roles({each.role for each in held}, role)
    _insert(person, Grant(role, scope), by)


def _insert(person: Person, given: Grant, by: Signed | None) -> None:
    db.session().add(
        RoleGrant(
            id=new_id(),
            person_id=person.id,
            role=given.role.value,
            scope=given.scope or "",
            granted_at=clock.now(),
            granted_by=by.person_id if by else SYSTEM,
            revoked_at=None,
            revoked_by=None,
        )
    )
    try:
        db.session().flush()
    except IntegrityError as error:
        raise AlreadyGranted from error
    facts = {"role": given.role.value, "scope": given.scope}
    trail("role.granted", "person", person.public_id, by, after=facts)


def standing(person_id: int) -> set[Grant]:
    """The standing grants of the person with this database id."""
    rows = db.session().execute(
        select(RoleGrant.role, RoleGrant.scope).where(
            RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None)
        )
    )
    return {Grant(Role(row.role), row.scope or None) for row in rows}


def revoke(person_id: str, role: Role, scope: str | None = None, *, by: Signed | None) -> None:
    """Take a role from a person and end their sessions.

    Raises ``NotAManager``, ``UnknownPerson``, ``NotGranted``, ``LastManager``.
    """
    require_atomic()
    require_manager(by)
    person = locked(person_id)
    if Grant(role, scope or None) not in standing(person.id):
        raise NotGranted
    _take(person, Grant(role, scope or None), by)
    end_all(person_id, Ended.REVOKED, by=by)


def _take(person: Person, taken: Grant, by: Signed | None) -> None:
    if taken.role is Role.FUND_MANAGER and len(_managers()) < 2:
        raise LastManager
    db.session().execute(
        update(RoleGrant)
        .where(
            RoleGrant.person_id == person.id,
            RoleGrant.role == taken.role.value,
            RoleGrant.scope == (taken.scope or ""),
            RoleGrant.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now(), revoked_by=by.person_id if by else SYSTEM)
    )
    facts = {"role": taken.role.value, "scope": taken.scope}
    trail("role.revoked", "person", person.public_id, by, before=facts)


def _managers() -> list[int]:
    """Fund managers' grants, locked, so that the last two cannot both be taken at once."""
    return list(
        db.session().scalars(
            select(RoleGrant.id)
            .where(
                RoleGrant.role == Role.FUND_MANAGER.value,
                RoleGrant.scope == "",
                RoleGrant.revoked_at.is_(None),
            )
            .order_by(RoleGrant.id)
            .with_for_update()
        )
    )


def hand_over(leaver_id: str, to_id: str | None, *, by: Signed | None) -> HandedOver:
    """A person leaves: every role moves to ``to_id`` (or ends, without one), accounts close.

    All or nothing: a role the successor may not hold refuses the whole. Sessions and links of the
    leaver end. What waits for the leaver is listed before by whoever lies above
    (``queries.as_person``). Raises what ``grant`` and ``revoke`` raise.
    """
    require_atomic()
    require_manager(by)
    if by is not None and to_id == by.person_id:
        raise NotYourself
    if to_id == leaver_id:
        raise PersonLeft
    people = {each: locked(each) for each in sorted(filter(None, {leaver_id, to_id}))}
    leaver = people[leaver_id]
    if leaver.left_at is not None:
        raise PersonLeft
    grants = sorted(standing(leaver.id), key=lambda each: (each.scope or "", each.role.value))
    moved: list[Grant] = []
    had: list[Grant] = []
    if to_id is not None:
        to = people[to_id]
        for each in grants:
            if each in standing(to.id):
                had.append(each)
            else:
                grant(to_id, each.role, each.scope, by=by)
                moved.append(each)
    for each in grants:
        _take(leaver, each, by)
    now = clock.now()
    leaver.left_at = now
    own = select(Account.id).where(Account.person_id == leaver.id)
    session = db.session()
    session.execute(
        update(Link).where(Link.account_id.in_(own), Link.used_at.is_(None)).values(used_at=now)
    )
    session.execute(update(Account).where(Account.person_id == leaver.id).values(closed_at=now))
    session.flush()
    end_all(leaver_id, Ended.LEFT, by=by)
    trail("person.left", "person", leaver_id, by, after={"to": to_id, "moved": len(moved)})
    return HandedOver(tuple(moved), tuple(had))
