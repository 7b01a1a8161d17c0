"""Who may apply for a unit that merged or left: asked by one, decided by another, published.

Rule: a stewardship is a dated row that two people signed; the unit's books stay its own.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert, select

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.funds import unit_rules as rules
from charity.funds.models import Unit
from charity.funds.trail import trail
from charity.funds.unit_errors import (
    DayUnfit,
    NoSuchUnit,
    StewardNotNeeded,
    StewardUnfit,
    TextUnfit,
)
from charity.funds.unit_models import Steward
from charity.funds.unit_queries import UnitFull, stewards, unit_full
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.queries import Signed

REASON_LENGTH = 500
_DAYS_AHEAD = 366


def ask_steward(unit: str, steward: str | None, *, since: dt.date, reason: str, by: Signed) -> str:
    """Ask that ``steward`` (``None``: the unit itself again) may apply for ``unit``; request's id.

    Raises NoSuchUnit, StewardNotNeeded, StewardUnfit, DayUnfit, TextUnfit, and what
    ``approvals.services.request`` raises.
    """
    require_atomic()
    ended = unit_full(unit)
    text = rules.clean_text(reason, REASON_LENGTH, lines=True)
    if not text:
        raise TextUnfit(field="reason", longest=REASON_LENGTH)
    other = _checked(ended, steward, since)
    facts = _facts(ended, other, since, text)
    title = f"接续使用单位：{ended.name}（{ended.code}）→ {other.name if other else ended.name}"
    return approvals.request(Kind.STEWARD, unit, facts, by=by, title=title, note=text)


def appoint(request_id: str, by: Signed) -> None:
    """The effect of an approved request: the stewardship holds from its day on.

    Raises what ``ask_steward`` and ``approvals.services.use`` raise.
    """
    require_atomic()
    asked = approval_queries.request(request_id).facts
    since = dt.date.fromisoformat(asked["since"])
    ended = unit_full(asked["unit"])
    other = _checked(ended, asked["steward"] or None, since)
    signature = approvals.use(request_id, _facts(ended, other, since, asked["reason"]))
    codes = [ended.code, *([other.code] if other else [])]
    rows = db.session().execute(select(Unit.code, Unit.id).where(Unit.code.in_(codes)))
    ids: dict[str, int] = {row.code: row.id for row in rows}
    db.session().execute(
        insert(Steward).values(
            id=new_id(),
            unit_id=ids[ended.code],
            steward_id=ids[other.code] if other else None,
            since=since,
            reason=asked["reason"],
            request_id=request_id,
            first_person_id=signature.first_person_id,
            second_person_id=signature.second_person_id,
            recorded_at=clock.now(),
        )
    )
    after = {"steward": other.code if other else None, "since": str(since), "request": request_id}
    trail(by.actor, "unit.steward", "unit", ended.code, after)


def _checked(ended: UnitFull, steward: str | None, since: dt.date) -> UnitFull | None:
    """The steward, fit to be one."""
    if ended.closed_on is None:
        raise StewardNotNeeded
    before = max((each.since for each in stewards(ended.code)), default=ended.closed_on)
    if not before <= since <= clock.today() + dt.timedelta(days=_DAYS_AHEAD):
        raise DayUnfit(before=before)
    if steward is None:
        return None
    try:
        other = unit_full(steward)
    except NoSuchUnit:
        raise StewardUnfit from None
    if other.code == ended.code or other.closed_on is not None:
        raise StewardUnfit
    return other


def _facts(
    ended: UnitFull, other: UnitFull | None, since: dt.date, reason: str
) -> dict[str, object]:
    return {
        "unit": ended.code,
        "unit_name": ended.name,
        "steward": other.code if other else "",
        "steward_name": other.name if other else "",
        "since": since.isoformat(),
        "reason": reason,
    }
