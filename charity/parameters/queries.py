"""Reads of dated figures. ``value`` is what everything else goes by."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from charity.kernel.db import db
from charity.parameters.errors import NoSuchFigure
from charity.parameters.kinds import Unit
from charity.parameters.models import Parameter
from charity.parameters.rules import CATALOGUE, known


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView:
    """A figure from a day on, with its source; ``doubtful`` (存疑): the source says why."""

    key: str
    value: int
    valid_from: dt.date
    source: str
    note: str
    doubtful: bool
    approval_id: str | None
    entered_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownView:
    """A known figure, the one that holds, and the next one that is decided."""

    key: str
    label: str
    unit: Unit
    least: int
    most: int
    now: FigureView | None
    coming: FigureView | None


def value(key: str, on: dt.date) -> int:
    """The figure of ``key`` that holds on the day ``on``, in its catalogue's unit.

    Raises ``NoSuchFigure`` for an unknown key, and for a day before the first figure.
    """
    found = in_force(key, on)
    if found is None:
        raise NoSuchFigure
    return found.value


def values(prefix: str, on: dt.date) -> dict[str, int]:
    """All figures whose keys begin with ``prefix``, as they hold on the day ``on``, at once.

    By what follows the prefix. Raises ``NoSuchFigure`` when one of them does not hold yet.
    """
    keys = [key for key in CATALOGUE if key.startswith(prefix)]
    rows = db.session().execute(
        select(Parameter.key, Parameter.value)
        .where(Parameter.key.in_(keys), Parameter.valid_from <= on)
        .order_by(Parameter.valid_from)
    )
    found = {row.key: row.value for row in rows}
    if not keys or len(found) < len(keys):
        raise NoSuchFigure
    return {key.removeprefix(prefix): figure for key, figure in found.items()}


def in_force(key: str, on: dt.date) -> FigureView | None:
    """The same with its source; None on a day before the first. Raises ``NoSuchFigure``."""
    known(key)
    row = db.session().scalar(
        select(Parameter)
        .where(Parameter.key == key, Parameter.valid_from <= on)
        .order_by(Parameter.valid_from.desc())
        .limit(1)
    )
    return _view(row) if row is not None else None


def history(key: str) -> list[FigureView]:
    """Every figure of ``key``, the latest day first. Raises ``NoSuchFigure``."""
    known(key)
    rows = db.session().scalars(
        select(Parameter).where(Parameter.key == key).order_by(Parameter.valid_from.desc())
    )
    return [_view(row) for row in rows]


def catalogue(on: dt.date) -> list[KnownView]:
    """All known figures as they stand on the day ``on``, in the catalogue's order."""
    rows = db.session().scalars(select(Parameter).order_by(Parameter.valid_from))
    of_key: dict[str, list[FigureView]] = {}
    for row in rows:
        of_key.setdefault(row.key, []).append(_view(row))
    return [_known(key, of_key.get(key, []), on) for key in CATALOGUE]


def one(key: str, on: dt.date) -> KnownView:
    """One known figure as it stands on the day ``on``. Raises ``NoSuchFigure``."""
    return _known(key, history(key)[::-1], on)


def _known(key: str, rows: list[FigureView], on: dt.date) -> KnownView:
    """``rows`` are the figures of ``key``, the earliest day first."""
    figure = known(key)
    return KnownView(
        key=key,
        label=figure.label,
        unit=figure.unit,
        least=figure.least,
        most=figure.most,
        now=next((row for row in reversed(rows) if row.valid_from <= on), None),
        coming=next((row for row in rows if row.valid_from > on), None),
    )


def _view(row: Parameter) -> FigureView:
    return FigureView(
        key=row.key,
        value=row.value,
        valid_from=row.valid_from,
        source=row.source,
        note=row.note,
        doubtful=row.doubtful,
        approval_id=row.approval_id,
        entered_at=row.entered_at,
    )
