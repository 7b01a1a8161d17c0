"""Registering raising units: one, or a list of them, all or none.

Rule: a code is permanent and never used again; it is not the area's code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, select

from charity.areas import queries as areas
from charity.areas.errors import UnknownArea
from charity.funds import unit_rules as rules
from charity.funds.errors import CodeTaken, CodeUnfit
from charity.funds.kinds import UnitLevel
from charity.funds.models import Unit
from charity.funds.trail import trail
from charity.funds.unit_errors import (
    CodeTwice,
    DayUnfit,
    InACircle,
    LevelUnfit,
    NameUnfit,
    ParentClosed,
    ParentUnknown,
    TooDeep,
)
from charity.funds.unit_models import UnitArea, UnitName, UnitParent
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.kernel.errors import RuleBroken
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """A unit to register. Without ``area_name`` the area's own name is taken."""

    code: str
    name: str
    name_en: str
    level: UnitLevel
    area_code: str
    area_name: str | None = None
    parent: str | None = None
    since: dt.date | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What a new unit is checked against."""

    id: int
    level: UnitLevel
    depth: int
    closed: bool


class _Register:
    """Checks one unit after another, each against those before it. Looks each thing up once."""

    def __init__(self, facts: Sequence[UnitFacts]) -> None:
        self.today = clock.today()
        codes = {each.code for each in facts} | {each.parent for each in facts if each.parent}
        rows = db.session().execute(
            select(Unit.code, Unit.id, Unit.level, Unit.depth, Unit.closed_on).where(
                among(Unit.code, sorted(codes))
            )
        )
        self.known = {
            row.code: _Known(row.id, UnitLevel(row.level), row.depth, row.closed_on is not None)
            for row in rows
        }
        self.listed: set[str] = set()
        self.areas: dict[tuple[str, dt.date], bool] = {}

    def add(self, facts: UnitFacts) -> list[dict[str, object]]:
        """The rows of a unit: itself, its name, its area, its parent. Raises RuleBroken."""
        if rules.CODE.fullmatch(facts.code) is None:
            raise CodeUnfit(field="code")
        if facts.code in self.listed:
            raise CodeTwice
        self.listed.add(facts.code)
        if facts.code in self.known:
            raise CodeTaken(field="code")
        name, name_en = fit_names(facts.name, facts.name_en)
        since = facts.since or self.today
        if since > self.today:
            raise DayUnfit(before="—")
        area_name = self._area(facts, since)
        parent = self._parent(facts)
        unit_id, now = new_id(), clock.now()
        depth = parent.depth + 1 if parent else 0
        if depth > rules.DEEPEST:
            raise TooDeep
        self.known[facts.code] = _Known(unit_id, facts.level, depth, closed=False)
        dated = {"unit_id": unit_id, "valid_from": since, "recorded_at": now}
        parent_id = parent.id if parent else None
        return [
            {
                "id": unit_id,
                "code": facts.code,
                "name": name,
                "name_en": name_en,
                "level": facts.level.value,
                "area_code": facts.area_code,
                "area_name": area_name,
                "parent_id": parent_id,
                "parent_depth": parent.depth if parent else None,
                "depth": depth,
                "created_at": now,
            },
            {"id": new_id(), **dated, "name": name, "name_en": name_en},
            {"id": new_id(), **dated, "area_code": facts.area_code, "area_name": area_name},
            {"id": new_id(), **dated, "parent_id": parent_id},
        ]

    def _area(self, facts: UnitFacts, since: dt.date) -> str:
        return fit_area(facts.area_code, facts.area_name, since, self.areas)

    def _parent(self, facts: UnitFacts) -> _Known | None:
        if facts.parent is None:
            return None
        parent = self.known.get(facts.parent)
        if facts.parent == facts.code:
            raise InACircle
        if parent is None:
            raise ParentUnknown
        if parent.closed:
            raise ParentClosed
        if not rules.stands_below(facts.level, parent.level):
            raise LevelUnfit
        return parent


def fit_names(name: str, name_en: str) -> tuple[str, str]:
    """Both names as they are kept. Raises NameUnfit."""
    clean = rules.clean_text(name, rules.NAME_LENGTH)
    english = rules.clean_text(name_en, rules.NAME_EN_LENGTH)
    if not clean:
        raise NameUnfit
    if english is None:
        raise NameUnfit(field="name_en")
    return clean, english


def fit_area(
    code: str,
    name: str | None,
    since: dt.date,
    known: dict[tuple[str, dt.date], bool] | None = None,
) -> str:
    """The area's name as it is kept; a town or village is named by who enters it.

    Raises UnknownArea, NameUnfit.
    """
    if rules.AREA_CODE.fullmatch(code) is None:
        raise UnknownArea
    seen = known if known is not None else {}
    key = (code[:6], since)
    if key not in seen:
        # What lies in a county is known by the county; before our areas begin, by today's.
        seen[key] = areas.exists(code, since) or areas.exists(code)
    if not seen[key]:
        raise UnknownArea
    if not (name or "").strip():
        return areas.path_name(code)
    clean = rules.clean_text(name or "", rules.NAME_LENGTH)
    if not clean:
        raise NameUnfit(field="area_name")
    return clean


def faults_of(facts: Sequence[UnitFacts]) -> list[tuple[int, RuleBroken]]:
    """What is wrong with each unit of a list, by its place in the list; writes nothing."""
    register = _Register(facts)
    found: list[tuple[int, RuleBroken]] = []
    for place, each in enumerate(facts):
        try:
            register.add(each)
        except RuleBroken as error:
            found.append((place, error))
    return found


def create_units(facts: Sequence[UnitFacts], *, actor: Actor | None = None) -> None:
    """Register many units, parents before what stands below them; all or none.

    Raises what ``create_unit`` raises.
    """
    require_atomic()
    register = _Register(facts)
    made = [register.add(each) for each in facts]
    session = db.session()
    for place, model in enumerate((Unit, UnitName, UnitArea, UnitParent)):
        bulk_insert(session, cast("Table", model.__table__), [rows[place] for rows in made])
    for each in facts:
        trail(actor, "unit.created", "unit", each.code, {"name": each.name, "parent": each.parent})


def create_unit(
    code: str,
    name: str,
    name_en: str,
    *,
    level: UnitLevel,
    area_code: str,
    area_name: str | None = None,
    parent: str | None = None,
    since: dt.date | None = None,
    actor: Actor | None = None,
) -> int:
    """Register a raising unit below ``parent`` (its code), from ``since`` on; return its id.

    Raises CodeTaken, CodeUnfit, NameUnfit, UnknownArea, ParentUnknown, ParentClosed, LevelUnfit,
    TooDeep, DayUnfit.
    """
    facts = UnitFacts(
        code=code, name=name, name_en=name_en, level=level, area_code=area_code,
        area_name=area_name, parent=parent, since=since,
    )  # fmt: skip
    create_units([facts], actor=actor)
    return db.session().scalars(select(Unit.id).where(Unit.code == code)).one()
