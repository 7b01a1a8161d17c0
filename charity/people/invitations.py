"""Inviting people: one by one, or by a list in XLSX.

Rule: a list is taken whole or not at all; what is wrong is said row by row. A list is data: files
with formulas, macros, links or entities are refused before anything is read from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people import links, mail, returning, roles
from charity.people.errors import ListUnfit
from charity.people.kinds import LinkPurpose
from charity.people.roles import ScopeKnown
from charity.people.rosters import Row
from charity.people.rules import LINK_LASTS, fit_name
from charity.people.services import Added, add_person, locked, require_manager, trail
from charity.people.signed import Grant, Signed


@dataclass(frozen=True, slots=True)
class Invited:
    """Who was invited; ``link`` is their one-time link, never shown again."""

    person_id: str
    account_id: str
    link: str


def invite(
    name: str,
    grants: Sequence[Grant],
    *,
    email: str,
    phone: str | None = None,
    id_number: str | None = None,
    by: Signed | None,
    scope_known: ScopeKnown | None = None,
) -> Invited:
    """Add the person with an account, give the roles and send a one-time link.

    Raises what ``services.add_person`` and ``roles.grant`` raise.
    """
    require_atomic()
    added = add_person(name, email=email, phone=phone, id_number=id_number, by=by)
    for each in grants:
        roles.grant(added.person_id, each.role, each.scope, by=by, scope_known=scope_known)
    return _send(added, name, by)


def invite_again(
    person_id: str,
    grants: Sequence[Grant],
    *,
    email: str,
    by: Signed | None,
    scope_known: ScopeKnown | None = None,
) -> Invited:
    """Take somebody who left back (``returning``), give the roles and send a one-time link.

    Raises what ``returning.take_back`` and ``roles.grant`` raise.
    """
    require_atomic()
    added = returning.take_back(person_id, email=email, by=by)
    for each in grants:
        roles.grant(person_id, each.role, each.scope, by=by, scope_known=scope_known)
    return _send(added, locked(person_id).name, by)


def _send(added: Added, name: str, by: Signed | None) -> Invited:
    token, address = links.make(added.account_id, LinkPurpose.INVITE)
    link = links.address_of(token)
    mail.invitation(address, fit_name(name), link, days=LINK_LASTS[LinkPurpose.INVITE].days)
    trail("person.invited", "person", added.person_id, by, after={"account": added.account_id})
    return Invited(added.person_id, added.account_id, link)


def invite_all(
    rows: Sequence[Row], *, by: Signed, scope_known: ScopeKnown | None = None
) -> list[Invited]:
    """Invite everyone of a list (``rosters.read``), with one link for each account.

    Raises ``NotAManager``; ``ListUnfit`` with a sentence for each row that cannot stand: the
    caller's unit of work is then undone, and nobody was invited.
    """
    require_atomic()
    require_manager(by)
    wrong: list[tuple[int, str]] = []
    added: dict[str, tuple[Added, str]] = {}
    for row in rows:
        try:
            # What one row leaves half done must not stand when the next is looked at.
            with db.session().begin_nested():
                one = add_person(row.name, email=row.email, phone=row.phone, by=by)
                roles.grant(one.person_id, row.role, row.scope, by=by, scope_known=scope_known)
        except RuleBroken as error:
            wrong.append((row.number, error.sentence()))
        else:
            added.setdefault(one.account_id, (one, row.name))
    if wrong:
        raise ListUnfit(wrong)
    return [_send(one, name, by) for one, name in added.values()]
