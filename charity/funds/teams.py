"""The verbs of teams: open, rename, close, move.

Rule: a team's code is permanent and it belongs to one unit for ever: one that moves is closed and a
new one, with a new code, is opened below the other unit. A gift keeps the team it was given to.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from charity.funds import unit_rules as rules
from charity.funds.errors import CodeTaken, CodeUnfit
from charity.funds.models import Unit
from charity.funds.trail import trail
from charity.funds.unit_errors import (
    DayUnfit,
    NameUnfit,
    NoSuchTeam,
    NothingChanged,
    TeamNotTaking,
)
from charity.funds.unit_models import Team, TeamName
from charity.funds.units import locked
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


def open_team(
    unit: str,
    code: str,
    name: str,
    *,
    since: dt.date | None = None,
    actor: Actor | None = None,
) -> int:
    """Open a team below ``unit`` from ``since`` (today) on; return its id.

    Raises NoSuchUnit, UnitClosed, CodeUnfit, CodeTaken, NameUnfit, DayUnfit.
    """
    require_atomic()
    if rules.CODE.fullmatch(code) is None:
        raise CodeUnfit(field="code")
    above, since = locked(unit), since or clock.today()
    session = db.session()
    # Units and teams share one room of codes: a code on a paper means one thing.
    if (
        session.scalar(select(Team.id).where(Team.code == code)) is not None
        or session.scalar(select(Unit.id).where(Unit.code == code)) is not None
    ):
        raise CodeTaken(field="code")
    clean = rules.clean_text(name, rules.NAME_LENGTH)
    if not clean:
        raise NameUnfit
    if since > clock.today():
        raise DayUnfit(before="—")
    team_id, now = new_id(), clock.now()
    session.execute(
        insert(Team).values(
            id=team_id, unit_id=above.id, code=code, name=clean, opened_on=since, created_at=now
        )
    )
    session.execute(
        insert(TeamName).values(
            id=new_id(), team_id=team_id, valid_from=since, name=clean, recorded_at=now
        )
    )
    trail(actor, "team.opened", "team", code, {"unit": unit, "name": clean, "since": str(since)})
    return team_id


def rename_team(
    code: str, name: str, *, since: dt.date | None = None, actor: Actor | None = None
) -> None:
    """The team has another name from ``since`` (today) on.

    Raises NoSuchTeam, TeamNotTaking (closed), NameUnfit, NothingChanged, DayUnfit.
    """
    require_atomic()
    row, since = _locked(code), since or clock.today()
    clean = rules.clean_text(name, rules.NAME_LENGTH)
    if not clean:
        raise NameUnfit
    if clean == row.name:
        raise NothingChanged
    session = db.session()
    before = session.scalar(select(func.max(TeamName.valid_from)).where(TeamName.team_id == row.id))
    if not rules.fits_day(since, clock.today(), before):
        raise DayUnfit(before=before or "—")
    session.execute(
        insert(TeamName).values(
            id=new_id(), team_id=row.id, valid_from=since, name=clean, recorded_at=clock.now()
        )
    )
    session.execute(update(Team).where(Team.id == row.id).values(name=clean))
    after = {"name": clean, "since": str(since)}
    trail(actor, "team.renamed", "team", code, after, before={"name": row.name})


def close_team(code: str, *, on: dt.date | None = None, actor: Actor | None = None) -> None:
    """The team takes no gifts from ``on`` (today) on.

    Raises NoSuchTeam, TeamNotTaking, DayUnfit.
    """
    require_atomic()
    row, on = _locked(code), on or clock.today()
    if not rules.fits_day(on, clock.today(), row.opened_on):
        raise DayUnfit(before=row.opened_on, field="on")
    db.session().execute(update(Team).where(Team.id == row.id).values(closed_on=on))
    trail(actor, "team.closed", "team", code, {"on": str(on)})


def move_team(code: str, unit: str, new_code: str, *, actor: Actor | None = None) -> int:
    """Close the team today and open a new one of its name below ``unit``; the new one's id.

    Raises what ``close_team`` and ``open_team`` raise, and NothingChanged when it is there already.
    """
    require_atomic()
    row = _locked(code)
    if row.unit_code == unit:
        raise NothingChanged(field="unit")
    close_team(code, actor=actor)
    moved = open_team(unit, new_code, row.name, actor=actor)
    db.session().execute(update(Team).where(Team.id == row.id).values(moved_to_id=moved))
    trail(actor, "team.moved", "team", code, {"unit": unit, "code": new_code})
    return moved


def _locked(code: str) -> Row[*tuple[Any, ...]]:
    """An open team's row, locked. Raises NoSuchTeam, TeamNotTaking."""
    row = (
        db.session()
        .execute(
            select(Team.id, Team.name, Team.opened_on, Team.closed_on, Unit.code.label("unit_code"))
            .join(Unit, Unit.id == Team.unit_id)
            .where(Team.code == code)
            .with_for_update(of=Team)
        )
        .first()
    )
    if row is None:
        raise NoSuchTeam
    if row.closed_on is not None:
        raise TeamNotTaking
    return row
