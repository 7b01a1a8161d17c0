"""Who asks, who decides, and who may not because of who they are. Pure.

Rule: everybody who has a part in a request is another person: the requester, those it concerns,
each who decides, and each in whose place somebody decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from charity.approvals.errors import (
    AlreadyDecided,
    Concerned,
    DelegatorConcerned,
    MayNotDecide,
    OwnRequest,
)
from charity.approvals.kinds import Kind
from charity.people.kinds import FUND_ROLES, UNIT_ROLES, Role

WORDS = 500
DAYS_KEY = "approvals.days."
DELEGATION_DAYS_KEY = "approvals.delegation_days"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may ask, who may decide, how many must agree besides the requester, and by what word.

    How many days a request waits is a dated figure: parameter ``approvals.days.<kind>``.
    """

    ask: tuple[Role, ...]
    decide: tuple[Role, ...]
    decisions: int
    source: str


_OFFICE = (Role.APPROVER, Role.FUND_MANAGER)
_TWO = "own rule: two people, design rule 7 (nobody approves their own request)"

RULES: Mapping[Kind, Rule] = {
    Kind.REFUND: Rule((Role.FUND_MANAGER,), _OFFICE, 1, _TWO),
    Kind.SLIP: Rule(
        (Role.UNIT_CLERK, Role.UNIT_LEADER),
        (Role.UNIT_LEADER, Role.CASHIER, Role.ACCOUNTANT),
        1,
        "own rule: cash is confirmed from its slip by another person than who took it",
    ),
    Kind.OPEN_BOOK: Rule((Role.FUND_MANAGER,), _OFFICE, 1, "慈善法第二十六条; " + _TWO),
    Kind.SWITCH_PROVIDER: Rule((Role.FUND_MANAGER,), _OFFICE, 1, _TWO),
    Kind.PARAMETER: Rule((Role.FUND_MANAGER, Role.ACCOUNTANT), _OFFICE, 1, _TWO),
    Kind.CORRECTION: Rule((Role.FUND_MANAGER, Role.ACCOUNTANT, Role.CASHIER), _OFFICE, 1, _TWO),
    Kind.RESET_FACTOR: Rule((Role.FUND_MANAGER,), _OFFICE, 1, _TWO),
    Kind.SUSPENSE: Rule((Role.CASHIER, Role.ACCOUNTANT), (Role.ACCOUNTANT, *_OFFICE), 1, _TWO),
    Kind.CAMPAIGN_BACK: Rule((Role.FUND_MANAGER,), _OFFICE, 1, _TWO),
    Kind.STEWARD: Rule((Role.FUND_MANAGER,), _OFFICE, 1, _TWO),
    # At least two besides the requester; who asks says how many more its amount needs.
    Kind.APPLICATION: Rule((Role.UNIT_CLERK, Role.UNIT_LEADER), _OFFICE, 2, _TWO),
    # The first who agrees has checked it, the second publishes it.
    Kind.REPORT: Rule(
        (Role.DISCLOSER,),
        (Role.DISCLOSER, Role.ACCOUNTANT, *_OFFICE),
        2,
        "own rule: whoever drafts a report, checks it and publishes it are three persons",
    ),
}

DECIDING = frozenset(role for rule in RULES.values() for role in rule.decide)


@dataclass(frozen=True, slots=True)
class Right:
    """One role's deciding, for the fund (no scope) or a unit; one's own, or somebody else's."""

    role: Role
    scope: str | None
    for_id: str | None = None
    for_name: str | None = None

    def covers(self, kind: Kind, scopes: Collection[str]) -> bool:
        """Whether this role, in this place, decides requests of ``kind`` within ``scopes``."""
        return self.role in RULES[kind].decide and (self.scope is None or self.scope in scopes)


def standing(
    kind: Kind,
    *,
    person: str,
    rights: Iterable[Right],
    scopes: Collection[str],
    requester: str,
    concerned: Collection[str] = (),
    counted: Collection[str] = (),
) -> Right:
    """By which right ``person`` decides; an own one before one handed over.

    ``counted`` are those who decided already and those in whose place that was. Raises
    ``OwnRequest``, ``Concerned``, ``AlreadyDecided``, ``MayNotDecide``, ``DelegatorConcerned``.
    """
    if person == requester:
        raise OwnRequest
    if person in concerned:
        raise Concerned
    if person in counted:
        raise AlreadyDecided
    fitting = [right for right in rights if right.covers(kind, scopes)]
    if not fitting:
        raise MayNotDecide
    taken = {requester, person, *concerned, *counted}
    for right in sorted(fitting, key=lambda each: each.for_id is not None):
        if right.for_id is None or right.for_id not in taken:
            return right
    raise DelegatorConcerned


def may_stand_in(role: Role, held: Collection[Role]) -> bool:
    """Whether somebody with the roles ``held`` can have the deciding of ``role`` handed over.

    A role of the fund goes to people of the fund's office, a unit's to people of units or of the
    office; a supervisor changes nothing, so never to one who is only that.
    """
    office = (FUND_ROLES - {Role.SUPERVISOR}).intersection(held)
    return bool(office or (role in UNIT_ROLES and UNIT_ROLES.intersection(held)))


def canonical(facts: Mapping[str, object]) -> str:
    """The facts as the one text that is hashed. Raises TypeError for what has no one text."""
    _refuse_unfit(dict(facts))
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """SHA-256 of the canonical text, 64 hex signs."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _refuse_unfit(value: object) -> None:
    """Text, whole numbers, yes and no, nothing, lists and maps of them; never a float."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{key!r} is no name of a fact")
            _refuse_unfit(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_unfit(inner)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} is no fact: write it as text or a whole number")
