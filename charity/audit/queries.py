"""Reads of the trail, of access to data, of checks and of what supervisors looked at.

Ids grow with time, so a span of time is asked for as a span of ids (``kernel.ids.first_at``) and
needs no index of its own. Lists are the newest first, from behind the last id of the page before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from charity.audit.kinds import SampleKind
from charity.audit.models import AuditRecord, CheckRun, SampleMark
from charity.audit.rules import is_access
from charity.kernel.db import among, db

PAGE = 50
_MOST_VERBS = 40


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One change or one look: who, what, on what, the facts before and after."""

    id: int
    at: dt.datetime
    actor_id: str | None
    actor_name: str | None
    verb: str
    object_type: str
    object_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def purpose(self) -> str:
        """What the look was for, as stated; empty when nothing was asked."""
        return str(self.after.get("purpose") or self.after.get("reason") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the trail is narrowed to; ``None`` narrows nothing. Ids: the first, the one past."""

    verbs: tuple[str, ...] | None = None
    object_type: str | None = None
    object_id: str | None = None
    actors: tuple[str, ...] | None = None
    first_id: int | None = None
    past_id: int | None = None


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Rows, the newest first; ``before`` begins the next page, ``None`` on the last."""

    rows: tuple[TrailRow, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class CheckRunView:
    """One run of all checks. ``wrong``: (sentence, what was found)."""

    id: int
    at: dt.datetime
    entries: int
    checks: int
    ok: bool
    wrong: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MarkView:
    """What one supervisor says of one thing of a sample."""

    kind: SampleKind
    subject_id: str
    person_id: str
    person_name: str
    remark: str
    at: dt.datetime


def verbs() -> tuple[str, ...]:
    """Every verb that stands in the trail, by name; one step of the index for each."""
    return _distinct(AuditRecord.verb)


def object_types() -> tuple[str, ...]:
    """Every kind of thing that stands in the trail."""
    return _distinct(AuditRecord.object_type)


def access_verbs() -> tuple[str, ...]:
    """The verbs by which somebody looked at data or took it out."""
    return tuple(verb for verb in verbs() if is_access(verb))


def _distinct(column: Any) -> tuple[str, ...]:
    """The values of an indexed column, without reading the rows between them."""
    least = select(func.min(column).label("value")).cte("each", recursive=True)
    above = select(func.min(column)).where(column > least.c.value).scalar_subquery()
    walk = least.union_all(select(above).where(least.c.value.is_not(None)))
    rows = db.session().scalars(select(walk.c.value).where(walk.c.value.is_not(None)))
    return tuple(rows)


def trail(asked: Asked, before: int | None = None, limit: int = PAGE) -> TrailPage:
    """A page of the trail."""
    conditions = _conditions(asked, before)
    if asked.verbs is not None:
        if not asked.verbs:
            return TrailPage((), None)
        conditions = [AuditRecord.id.in_(_newest(asked.verbs, conditions, limit + 1))]
    rows = [
        _row(one)
        for one in db.session().scalars(
            select(AuditRecord).where(*conditions).order_by(AuditRecord.id.desc()).limit(limit + 1)
        )
    ]
    more = rows[limit - 1].id if len(rows) > limit else None
    return TrailPage(tuple(rows[:limit]), more)


def _conditions(asked: Asked, before: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if before is not None:
        found.append(AuditRecord.id < before)
    if asked.object_id is not None:
        types = [asked.object_type] if asked.object_type else list(object_types())
        found += [among(AuditRecord.object_type, types), AuditRecord.object_id == asked.object_id]
    elif asked.object_type is not None:
        found.append(AuditRecord.object_type == asked.object_type)
    if asked.actors is not None:
        found.append(among(AuditRecord.actor_id, asked.actors))
    if asked.first_id is not None:
        found.append(AuditRecord.id >= asked.first_id)
    if asked.past_id is not None:
        found.append(AuditRecord.id < asked.past_id)
    return found


def _newest(
    wanted: Collection[str], conditions: Iterable[ColumnElement[bool]], limit: int
) -> Select[*tuple[Any, ...]]:
    """Ids of the newest of each verb: an index has them in order, however rare a verb is."""
    conditions = list(conditions)
    if len(wanted) > _MOST_VERBS:
        return select(AuditRecord.id).where(AuditRecord.verb.in_(sorted(wanted)), *conditions)
    parts = [
        select(AuditRecord.id)
        .where(AuditRecord.verb == verb, *conditions)
        .order_by(AuditRecord.id.desc())
        .limit(limit)
        .subquery()
        for verb in sorted(wanted)
    ]
    merged = union_all(*(select(part.c.id) for part in parts)).subquery()
    return select(merged.c.id)


def access_between(
    first_id: int, past_id: int, places: Collection[int]
) -> tuple[int, tuple[TrailRow, ...]]:
    """How many looks at data there were in a span of ids, and those at these places of them."""
    of_span = (
        AuditRecord.verb.in_(access_verbs()),
        AuditRecord.id >= first_id,
        AuditRecord.id < past_id,
    )
    session = db.session()
    size = session.scalar(select(func.count()).select_from(AuditRecord).where(*of_span)) or 0
    if not places or not size:
        return size, ()
    place = func.row_number().over(order_by=AuditRecord.id).label("place")
    counted = select(AuditRecord.id, place).where(*of_span).subquery()
    rows = session.scalars(
        select(AuditRecord)
        .join(counted, counted.c.id == AuditRecord.id)
        .where(counted.c.place.in_(sorted(places)))
        .order_by(AuditRecord.id)
    )
    return size, tuple(_row(one) for one in rows)


def _row(one: AuditRecord) -> TrailRow:
    return TrailRow(
        one.id, one.at, one.actor_id, one.actor_name, one.verb, one.object_type, one.object_id,
        json.loads(one.before) if one.before else {},
        json.loads(one.after) if one.after else {},
    )  # fmt: skip


def check_runs(before: int | None = None, limit: int = PAGE) -> tuple[CheckRunView, ...]:
    """Runs of all checks, the newest first."""
    wanted = select(CheckRun).order_by(CheckRun.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(CheckRun.id < before)
    return tuple(
        CheckRunView(
            one.id, one.at, one.entries, one.checks, one.ok,
            tuple((each["name"], each["found"]) for each in json.loads(one.wrong)),
        )
        for one in db.session().scalars(wanted)
    )  # fmt: skip


def marks(week: str) -> tuple[MarkView, ...]:
    """What supervisors say of a week's sample, the oldest first."""
    rows = db.session().scalars(
        select(SampleMark).where(SampleMark.week == week).order_by(SampleMark.id)
    )
    return tuple(
        MarkView(SampleKind(one.kind), one.subject_id, one.person_id, one.person_name,
                 one.remark, one.at)
        for one in rows
    )  # fmt: skip


def marked(weeks: Collection[str]) -> dict[str, int]:
    """How many things of each week's sample somebody looked at."""
    things = (
        select(SampleMark.week, SampleMark.kind, SampleMark.subject_id)
        .where(SampleMark.week.in_(sorted(weeks)))
        .distinct()
        .subquery()
    )
    rows = db.session().execute(
        select(things.c.week, func.count(literal(1))).group_by(things.c.week)
    )
    return {row[0]: row[1] for row in rows}
