"""The verbs of raising units after they are registered: rename, place, move, end.

Rule: a code is permanent; a name, an area and a parent are dated rows, and the unit's own row says
what holds today, kept by the same verb. A unit that ends keeps its books.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from charity.funds import unit_rules as rules
from charity.funds.kinds import CampaignStatus, UnitClosing, UnitLevel
from charity.funds.models import Campaign, Unit
from charity.funds.trail import trail
from charity.funds.unit_errors import (
    DayUnfit,
    HasSubUnits,
    InACircle,
    LevelUnfit,
    NoSuchUnit,
    NothingChanged,
    OfficeStays,
    ParentClosed,
    ParentUnknown,
    SuccessorUnfit,
    TooDeep,
    UnitClosed,
)
from charity.funds.unit_models import Team, UnitArea, UnitName, UnitParent
from charity.funds.unit_register import fit_area, fit_names
from charity.funds.unit_tree import ancestors, subtree
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


def locked(code: str) -> Row[*tuple[Any, ...]]:
    """The unit's row, locked. Raises NoSuchUnit, UnitClosed."""
    row = (
        db.session()
        .execute(
            select(
                Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.level, Unit.area_code,
                Unit.area_name, Unit.parent_id, Unit.depth, Unit.closed_on,
            )
            .where(Unit.code == code)
            .with_for_update()
        )
        .first()
    )  # fmt: skip
    if row is None:
        raise NoSuchUnit
    if row.closed_on is not None:
        raise UnitClosed
    return row


def _dated(model: Any, unit_id: int, since: dt.date, **values: object) -> None:
    """A row of what holds from ``since`` on. Raises DayUnfit."""
    before = db.session().scalar(select(func.max(model.valid_from)).where(model.unit_id == unit_id))
    if not rules.fits_day(since, clock.today(), before):
        raise DayUnfit(before=before or "—")
    db.session().execute(
        insert(model).values(
            id=new_id(), unit_id=unit_id, valid_from=since, recorded_at=clock.now(), **values
        )
    )


def rename_unit(
    code: str,
    name: str,
    name_en: str,
    *,
    since: dt.date | None = None,
    actor: Actor | None = None,
) -> None:
    """The unit has another name from ``since`` (today) on.

    Raises NoSuchUnit, UnitClosed, NameUnfit, NothingChanged, DayUnfit.
    """
    require_atomic()
    row, since = locked(code), since or clock.today()
    name, name_en = fit_names(name, name_en)
    if (name, name_en) == (row.name, row.name_en):
        raise NothingChanged
    _dated(UnitName, row.id, since, name=name, name_en=name_en)
    db.session().execute(update(Unit).where(Unit.id == row.id).values(name=name, name_en=name_en))
    after = {"name": name, "name_en": name_en, "since": str(since)}
    trail(
        actor,
        "unit.renamed",
        "unit",
        code,
        after,
        before={"name": row.name, "name_en": row.name_en},
    )


def place_unit(
    code: str,
    area_code: str,
    area_name: str | None = None,
    *,
    since: dt.date | None = None,
    actor: Actor | None = None,
) -> None:
    """The unit lies in another area, or its area has another code, from ``since`` (today) on.

    Raises NoSuchUnit, UnitClosed, UnknownArea, NothingChanged, DayUnfit.
    """
    require_atomic()
    row, since = locked(code), since or clock.today()
    area_name = fit_area(area_code, area_name, since)
    if (area_code, area_name) == (row.area_code, row.area_name):
        raise NothingChanged
    values = {"area_code": area_code, "area_name": area_name}
    _dated(UnitArea, row.id, since, **values)
    db.session().execute(update(Unit).where(Unit.id == row.id).values(**values))
    before = {"area_code": row.area_code, "area_name": row.area_name}
    trail(actor, "unit.placed", "unit", code, {**values, "since": str(since)}, before=before)


def move_unit(code: str, parent: str | None, *, actor: Actor | None = None) -> None:
    """The unit, with all below it, stands below ``parent`` (``None``: at the top) from today on.

    Never from an earlier day: so the tree has no circle on any day. Raises NoSuchUnit, UnitClosed,
    ParentUnknown, ParentClosed, InACircle, LevelUnfit, TooDeep, NothingChanged.
    """
    require_atomic()
    # In code order, so that two moves at once never wait for each other in a circle.
    rows = {each: _locked_any(each) for each in sorted({code, *([parent] if parent else [])})}
    row, above = rows[code], rows.get(parent or "")
    if row is None:
        raise NoSuchUnit
    if row.closed_on is not None:
        raise UnitClosed
    if parent is not None and above is None:
        raise ParentUnknown
    if (above.id if above else None) == row.parent_id:
        raise NothingChanged(field="parent")
    if above is not None:
        if above.closed_on is not None:
            raise ParentClosed
        if code in ancestors(above.code):
            raise InACircle
        if not rules.stands_below(UnitLevel(row.level), UnitLevel(above.level)):
            raise LevelUnfit
    depth = above.depth + 1 if above else 0
    _shift(row, above, depth)
    _dated(UnitParent, row.id, clock.today(), parent_id=above.id if above else None)
    before = {"parent_id": str(row.parent_id)}
    trail(actor, "unit.moved", "unit", code, {"parent": parent}, before=before)


def _locked_any(code: str) -> Row[*tuple[Any, ...]] | None:
    return (
        db.session()
        .execute(
            select(Unit.id, Unit.code, Unit.level, Unit.parent_id, Unit.depth, Unit.closed_on)
            .where(Unit.code == code)
            .with_for_update()
        )
        .first()
    )


def _shift(row: Row[*tuple[Any, ...]], above: Row[*tuple[Any, ...]] | None, depth: int) -> None:
    """Hang the unit below ``above`` and give all below it their new depth."""
    session, by = db.session(), depth - row.depth
    below = [each for each in subtree(row.code) if each != row.code]
    lowest = session.scalar(select(func.max(Unit.depth)).where(among(Unit.code, below)))
    if max(depth, (lowest or 0) + by) > rules.DEEPEST:
        raise TooDeep
    session.execute(
        update(Unit)
        .where(Unit.id == row.id)
        .values(
            parent_id=above.id if above else None,
            parent_depth=above.depth if above else None,
            depth=depth,
        )
    )
    if by and below:
        session.execute(
            update(Unit)
            .where(among(Unit.code, below))
            .values(depth=Unit.depth + by, parent_depth=Unit.parent_depth + by)
        )


def end_unit(
    code: str,
    why: UnitClosing,
    *,
    successor: str | None = None,
    on: dt.date | None = None,
    actor: Actor | None = None,
) -> None:
    """The unit takes no gifts from ``on`` (today) on; its teams close with it, its books stay.

    Who may apply for what it raised is a steward's matter. Raises NoSuchUnit, UnitClosed,
    HasSubUnits, OfficeStays, SuccessorUnfit, DayUnfit.
    """
    require_atomic()
    session = db.session()
    row, on = locked(code), on or clock.today()
    first = session.scalar(select(func.min(UnitName.valid_from)).where(UnitName.unit_id == row.id))
    if not rules.fits_day(on, clock.today(), first):
        raise DayUnfit(before=first or "—", field="on")
    below = session.scalar(
        select(func.count()).where(Unit.parent_id == row.id, Unit.closed_on.is_(None))
    )
    if below:
        raise HasSubUnits(count=below)
    office = select(Campaign.id).where(
        Campaign.office_unit_id == row.id, Campaign.status != CampaignStatus.CLOSED.value
    )
    if session.scalar(office.limit(1)) is not None:
        raise OfficeStays
    successor_id = None
    if why is UnitClosing.MERGED:
        other = _locked_any(successor) if successor else None
        if other is None or other.id == row.id or other.closed_on is not None:
            raise SuccessorUnfit
        successor_id = other.id
    session.execute(
        update(Unit)
        .where(Unit.id == row.id)
        .values(closed_on=on, closed_why=why.value, successor_id=successor_id)
    )
    teams = session.execute(
        select(Team.id, Team.opened_on).where(Team.unit_id == row.id, Team.closed_on.is_(None))
    )
    for team in teams.all():
        session.execute(
            update(Team).where(Team.id == team.id).values(closed_on=max(team.opened_on, on))
        )
    after = {"why": why.value, "on": str(on), "successor": successor}
    trail(actor, "unit.ended", "unit", code, after)
