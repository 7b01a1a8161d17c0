"""Reads of raising units as such: the tree, what held on a day, teams, stewards, admissions.

What a unit raises in a campaign is ``queries``'; figures are figures'.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from charity.funds import unit_rules as rules
from charity.funds.kinds import UnitClosing, UnitLevel
from charity.funds.models import Campaign, CampaignUnit, Unit
from charity.funds.unit_errors import NoSuchTeam, NoSuchUnit
from charity.funds.unit_models import (
    Steward,
    Team,
    TeamName,
    UnitArea,
    UnitName,
    UnitParent,
)
from charity.funds.unit_tree import subtree
from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit

_Parent = aliased(Unit, name="above")
_Other = aliased(Unit, name="other")
_Moved = aliased(Team, name="moved")
_CURSOR = re.compile(r"([0-9]{6,12})~([A-Za-z0-9-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnitFull:
    """A raising unit as it is today, whatever it raises in."""

    code: str
    name: str
    name_en: str
    level: UnitLevel
    area_code: str
    area_name: str
    depth: int
    parent_code: str | None
    parent_name: str | None
    parent_name_en: str | None
    closed_on: dt.date | None
    closed_why: UnitClosing | None
    successor_code: str | None
    successor_name: str | None
    successor_name_en: str | None

    @property
    def is_open(self) -> bool:
        """Whether it raises today."""
        return rules.is_open(None, self.closed_on, clock.today())


@dataclass(frozen=True, slots=True)
class UnitList:
    """A page of units; ``next_cursor`` is ``None`` on the last."""

    items: list[UnitFull]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UnitOn:
    """A unit as it was on a day."""

    code: str
    name: str
    name_en: str
    area_code: str
    area_name: str
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One dated row: what kind, from when, and the words for it."""

    kind: str  # name, area or parent
    valid_from: dt.date
    text: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team of a unit."""

    code: str
    name: str
    unit_code: str
    opened_on: dt.date
    closed_on: dt.date | None
    moved_to: str | None

    @property
    def is_open(self) -> bool:
        """Whether it takes gifts today."""
        return rules.is_open(self.opened_on, self.closed_on, clock.today())


@dataclass(frozen=True, slots=True)
class StewardView:
    """Who may apply for a unit from a day on; no code: the unit itself again."""

    code: str | None
    name: str | None
    name_en: str | None
    since: dt.date
    reason: str


def _units() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Unit.code,
            Unit.name,
            Unit.name_en,
            Unit.level,
            Unit.area_code,
            Unit.area_name,
            Unit.depth,
            _Parent.code,
            _Parent.name,
            _Parent.name_en,
            Unit.closed_on,
            Unit.closed_why,
            _Other.code,
            _Other.name,
            _Other.name_en,
        )
        .outerjoin(_Parent, _Parent.id == Unit.parent_id)
        .outerjoin(_Other, _Other.id == Unit.successor_id)
    )


def _full(row: Any) -> UnitFull:
    values = list(row)
    values[3] = UnitLevel(values[3])
    values[11] = UnitClosing(values[11]) if values[11] else None
    return UnitFull(*values)


def unit_full(code: str) -> UnitFull:
    """One unit. Raises NoSuchUnit."""
    row = db.session().execute(_units().where(Unit.code == code)).first()
    if row is None:
        raise NoSuchUnit
    return _full(row)


def units_by_code(codes: Iterable[str]) -> dict[str, UnitFull]:
    """Those of the units that are there, by code."""
    rows = db.session().execute(_units().where(among(Unit.code, codes)))
    return {row[0]: _full(row) for row in rows}


def list_units(
    *,
    q: str = "",
    level: str = "",
    area: str = "",
    below: str = "",
    campaign: str = "",
    state: str = "",
    cursor: str = "",
    limit: int = 50,
) -> UnitList:
    """Units in area order, ``limit`` from ``cursor`` on, narrowed by what is given.

    ``q`` looks in names, code and area; ``area`` is the beginning of an area code, ``below`` a
    unit's code, ``campaign`` a slug; ``state`` is ``open`` or ``ended``. Raises CursorUnfit.
    """
    page = _units()
    if q:
        columns = (Unit.name, Unit.name_en, Unit.code, Unit.area_name)
        page = page.where(or_(*(column.icontains(q, autoescape=True) for column in columns)))
    if level:
        page = page.where(Unit.level == level)
    if area:
        page = page.where(Unit.area_code.startswith(_stem(area), autoescape=True))
    if below:
        page = page.where(among(Unit.code, subtree(below)))
    if campaign:
        raising = (
            select(CampaignUnit.unit_id)
            .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
            .where(Campaign.slug == campaign)
        )
        page = page.where(Unit.id.in_(raising))
    if state == "open":
        page = page.where(Unit.closed_on.is_(None))
    elif state == "ended":
        page = page.where(Unit.closed_on.is_not(None))
    if cursor:
        at = _CURSOR.fullmatch(cursor)
        if at is None:
            raise CursorUnfit
        page = page.where(tuple_(Unit.area_code, Unit.code) > tuple_(*at.groups()))
    rows = db.session().execute(page.order_by(Unit.area_code, Unit.code).limit(limit + 1)).all()
    found = [_full(row) for row in rows[:limit]]
    more = f"{found[-1].area_code}~{found[-1].code}" if len(rows) > limit else None
    return UnitList(found, more)


def _stem(area: str) -> str:
    """The digits that all codes within an area begin with: 620500 is 6205, 620000 is 62."""
    if len(area) != 6:
        return area
    return area.removesuffix("00").removesuffix("00")


def _on(model: Any, unit_id: int, day: dt.date) -> Any:
    """The dated row that held on a day, or the first one when it begins later."""
    rows = select(model).where(model.unit_id == unit_id)
    held = rows.where(model.valid_from <= day).order_by(model.valid_from.desc(), model.id.desc())
    found = db.session().scalars(held.limit(1)).first()
    return found or db.session().scalars(rows.order_by(model.valid_from, model.id).limit(1)).one()


def unit_on(code: str, day: dt.date) -> UnitOn:
    """Name, area and parent as they were on ``day``. Raises NoSuchUnit."""
    unit_id = db.session().scalar(select(Unit.id).where(Unit.code == code))
    if unit_id is None:
        raise NoSuchUnit
    name, area = _on(UnitName, unit_id, day), _on(UnitArea, unit_id, day)
    above = _on(UnitParent, unit_id, day).parent_id
    parent = db.session().scalar(select(Unit.code).where(Unit.id == above)) if above else None
    return UnitOn(code, name.name, name.name_en, area.area_code, area.area_name, parent)


def history(code: str) -> list[Change]:
    """Every dated row of a unit, the newest first."""
    session = db.session()
    names = session.execute(
        select(UnitName.valid_from, UnitName.name, UnitName.recorded_at, UnitName.id)
        .join(Unit, Unit.id == UnitName.unit_id)
        .where(Unit.code == code)
    )
    found = [(row[3], Change("name", row[0], row[1], row[2])) for row in names]
    areas = session.execute(
        select(
            UnitArea.valid_from, UnitArea.area_code, UnitArea.area_name, UnitArea.recorded_at,
            UnitArea.id,
        )
        .join(Unit, Unit.id == UnitArea.unit_id)
        .where(Unit.code == code)
    )  # fmt: skip
    found += [(row[4], Change("area", row[0], f"{row[2]}（{row[1]}）", row[3])) for row in areas]
    parents = session.execute(
        select(
            UnitParent.valid_from, _Parent.name, _Parent.code, UnitParent.recorded_at,
            UnitParent.id,
        )
        .join(Unit, Unit.id == UnitParent.unit_id)
        .outerjoin(_Parent, _Parent.id == UnitParent.parent_id)
        .where(Unit.code == code)
    )  # fmt: skip
    for row in parents:
        text = f"{row[1]}（{row[2]}）" if row[2] else ""
        found.append((row[4], Change("parent", row[0], text, row[3])))
    ordered = sorted(found, key=lambda each: (each[1].valid_from, each[0]), reverse=True)
    return [change for _, change in ordered]


def names_between(code: str, first: dt.date, last: dt.date) -> list[str]:
    """The names the unit bore from ``first`` to ``last``, in order; for papers of a period."""
    changes = [each for each in reversed(history(code)) if each.kind == "name"]
    inside = [each.text for each in changes if first < each.valid_from <= last]
    return list(dict.fromkeys([unit_on(code, first).name, *inside]))


def _teams() -> Select[*tuple[Any, ...]]:
    return (
        select(Team.code, Team.name, Unit.code, Team.opened_on, Team.closed_on, _Moved.code)
        .join(Unit, Unit.id == Team.unit_id)
        .outerjoin(_Moved, _Moved.id == Team.moved_to_id)
    )


def teams(unit: str) -> list[TeamView]:
    """The teams of a unit by code, closed ones among them."""
    rows = db.session().execute(_teams().where(Unit.code == unit).order_by(Team.code))
    return [TeamView(*row) for row in rows]


def open_teams(unit: str) -> list[TeamView]:
    """The teams that take gifts today."""
    return [each for each in teams(unit) if each.is_open]


def team(code: str) -> TeamView:
    """One team. Raises NoSuchTeam."""
    row = db.session().execute(_teams().where(Team.code == code)).first()
    if row is None:
        raise NoSuchTeam
    return TeamView(*row)


def team_names(code: str) -> list[tuple[dt.date, str]]:
    """The names of a team with their first days, oldest first."""
    rows = db.session().execute(
        select(TeamName.valid_from, TeamName.name)
        .join(Team, Team.id == TeamName.team_id)
        .where(Team.code == code)
        .order_by(TeamName.valid_from, TeamName.id)
    )
    return [(row[0], row[1]) for row in rows]


def stewards(code: str) -> list[StewardView]:
    """Every stewardship of a unit, the newest first."""
    above = aliased(Unit, name="steward")
    rows = db.session().execute(
        select(above.code, above.name, above.name_en, Steward.since, Steward.reason)
        .join(Unit, Unit.id == Steward.unit_id)
        .outerjoin(above, above.id == Steward.steward_id)
        .where(Unit.code == code)
        .order_by(Steward.since.desc(), Steward.id.desc())
    )
    return [StewardView(*row) for row in rows]


def steward(code: str, on: dt.date | None = None) -> StewardView | None:
    """Who may apply in the unit's place on that day (today unless given); ``None``: itself."""
    day = on or clock.today()
    held = next((each for each in stewards(code) if each.since <= day), None)
    return held if held is not None and held.code is not None else None


def stewarded(code: str) -> tuple[str, ...]:
    """Codes of the units that this one applies for today in their place, in order."""
    above = aliased(Unit, name="steward")
    named = db.session().scalars(
        select(Unit.code)
        .distinct()
        .join(Steward, Steward.unit_id == Unit.id)
        .join(above, above.id == Steward.steward_id)
        .where(above.code == code)
        .order_by(Unit.code)
    )
    held = [(each, steward(each)) for each in named.all()]
    return tuple(each for each, now in held if now is not None and now.code == code)


def unit_count() -> int:
    """How many raising units there are."""
    return db.session().scalar(select(func.count(Unit.id))) or 0
