"""Reads of areas: what a code means on a day, what lies below it, and its names from the top.

Rule: codes of towns and villages are longer and not held; such a code belongs to the county whose
six digits it begins with, or to the city when the city has no counties (嘉峪关).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from charity.areas.errors import UnknownArea
from charity.areas.kinds import AreaLevel
from charity.areas.models import Area
from charity.kernel import clock
from charity.kernel.db import db


@dataclass(frozen=True, slots=True)
class AreaView:
    """One area as it is on the day asked for."""

    code: str
    name: str
    name_en: str
    level: AreaLevel
    parent_code: str | None
    valid_from: dt.date
    valid_to: dt.date | None
    successor_code: str | None


def _on(day: dt.date | None) -> Select[Area]:
    day = day or clock.today()
    return select(Area).where(
        Area.valid_from <= day, or_(Area.valid_to.is_(None), Area.valid_to > day)
    )


def _view(row: Area) -> AreaView:
    return AreaView(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        level=AreaLevel(row.level),
        parent_code=row.parent_code,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        successor_code=row.successor_code,
    )


def area(code: str, on: dt.date | None = None) -> AreaView:
    """What ``code`` means on that day (today unless given). Raises ``UnknownArea``."""
    row = db.session().scalars(_on(on).where(Area.code == code)).first()
    if row is None:
        raise UnknownArea
    return _view(row)


def exists(code: str, on: dt.date | None = None) -> bool:
    """Whether ``code`` is an area on that day, or lies in a county that is one."""
    if not (code.isascii() and code.isdigit() and len(code) in (6, 9, 12)):
        return False
    try:
        _holder(code, on)
    except UnknownArea:
        return False
    return True


def _holder(code: str, on: dt.date | None) -> AreaView:
    """The area of ``code``, or the one a longer code lies in."""
    if len(code) == 6:
        return area(code, on)
    try:
        found = area(code[:6], on)
    except UnknownArea:
        city = f"{code[:4]}00"
        if children(city, on):
            raise
        found = area(city, on)
    else:
        if found.level is not AreaLevel.COUNTY:
            raise UnknownArea
    return found


def children(code: str | None = None, on: dt.date | None = None) -> list[AreaView]:
    """The areas directly below ``code`` (``None``: the provinces) on that day, by code."""
    below = Area.parent_code.is_(None) if code is None else Area.parent_code == code
    return [_view(row) for row in db.session().scalars(_on(on).where(below).order_by(Area.code))]


def everything(on: dt.date | None = None) -> list[AreaView]:
    """Every area of that day, by code: each prefecture stands before its counties."""
    return [_view(row) for row in db.session().scalars(_on(on).order_by(Area.code))]


def path(code: str, on: dt.date | None = None) -> list[AreaView]:
    """``code`` with all above it, the province first; of a longer code those it lies in.

    Raises ``UnknownArea``.
    """
    here = _holder(code, on)
    above = path(here.parent_code, on) if here.parent_code else []
    return [*above, here]


def path_name(code: str, on: dt.date | None = None) -> str:
    """``甘肃省天水市秦安县``. Raises ``UnknownArea``."""
    return "".join(each.name for each in path(code, on))


def today_of(code: str) -> AreaView:
    """The area that ``code``, which may have ended, is part of today. Raises ``UnknownArea``."""
    seen: set[str] = set()
    while code not in seen:
        seen.add(code)
        row = (
            db.session()
            .scalars(
                select(Area).where(Area.code == code).order_by(Area.valid_from.desc()).limit(1)
            )
            .first()
        )
        if row is None:
            break
        if row.valid_to is None or row.valid_to > clock.today():
            return _view(row)
        if row.successor_code is None:
            break
        code = row.successor_code
    raise UnknownArea
