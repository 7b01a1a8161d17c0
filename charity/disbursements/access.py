"""Who may apply for a unit's money: its own people, or those of its steward.

Rule: whoever raises it uses it. A unit that merged or left is applied for by the unit that two
people named in its place, and by nobody else.
"""

from __future__ import annotations

from charity.disbursements.errors import HasSteward, NotYourBook, StewardNeeded
from charity.funds import queries as funds
from charity.funds import unit_queries as units
from charity.kernel import clock
from charity.people.kinds import UNIT_ROLES
from charity.people.queries import Signed


def scopes_to_apply(unit_code: str, by: Signed) -> tuple[str, ...]:
    """Codes of the unit that applies and those above it, by which ``by`` may ask.

    Raises NoSuchUnit, NotYourBook, HasSteward, StewardNeeded.
    """
    unit = units.unit_full(unit_code)
    own = funds.ancestors(unit_code)
    steward = None if unit.is_open else units.steward(unit_code)
    if steward is not None and steward.code is not None:
        scopes = funds.ancestors(steward.code)
        if by.holds(UNIT_ROLES, scopes):
            return scopes
        if by.holds(UNIT_ROLES, own):
            raise HasSteward(unit=unit.name, steward=steward.name)
        raise NotYourBook(unit=unit.name)
    if not by.holds(UNIT_ROLES, own):
        raise NotYourBook(unit=unit.name)
    today = clock.today()
    if not unit.is_open and all(each.since > today for each in units.stewards(unit_code)):
        raise StewardNeeded(unit=unit.name)
    return own


def may_apply(unit_code: str, by: Signed) -> bool:
    """Whether this person may apply for the unit's money today."""
    try:
        scopes_to_apply(unit_code, by)
    except (NotYourBook, HasSteward, StewardNeeded):
        return False
    return True
