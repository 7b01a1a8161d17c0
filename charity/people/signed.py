"""Who is signed in, as every face and every upper domain sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from charity.ledger.services import Actor
from charity.people.kinds import FUND_ROLES, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """One role and where it holds: ``None`` is the fund, else a unit's or organization's code."""

    role: Role
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A person at this moment, in one session. All ids are public ids."""

    session_id: str
    account_id: str
    person_id: str
    name: str
    grants: tuple[Grant, ...]
    second_factor_at: dt.datetime | None

    @property
    def actor(self) -> Actor:
        """The person as entries, signatures and the trail name them."""
        return Actor(self.person_id, self.name)

    @property
    def staff(self) -> bool:
        """Whether any role is held."""
        return bool(self.grants)

    def holds(self, roles: Role | Collection[Role], scopes: Collection[str] = ()) -> bool:
        """Whether one of ``roles`` is held: for the fund, or for one of ``scopes``.

        ``scopes`` are a unit's code and its ancestors' codes (``funds.queries.ancestors``).
        """
        wanted = {roles} if isinstance(roles, Role) else set(roles)
        return any(
            grant.role in wanted
            and (grant.scope in scopes if grant.scope is not None else grant.role in FUND_ROLES)
            for grant in self.grants
        )

    def scopes_of(self, *roles: Role) -> frozenset[str]:
        """Codes of the units or organizations for which one of ``roles`` is held."""
        return frozenset(
            grant.scope for grant in self.grants if grant.role in roles and grant.scope is not None
        )
