"""Public figures, all as of one entry n. Their cost depends on books and units, not on gifts."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    RowMapping,
    Select,
    case,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from charity.donations import queries as donations
from charity.figures.errors import CursorUnfit, LimitUnfit
from charity.funds import queries as funds
from charity.funds.errors import UnknownUnit
from charity.kernel import heartbeat
from charity.kernel.db import db
from charity.ledger import queries as ledger
from charity.ledger.queries import FIGURE_COLUMNS, Figures

LONGEST_PAGE = 200
_LONGEST_QUERY = 60
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole charity in figures."""

    as_of_entry: int
    currency: str
    figures: Figures
    suspense_fen: int
    gifts: int
    donors: int
    units: int
    organizations: int
    projects: int
    pairings: int


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit in one campaign: its own book, and with its sub-units."""

    code: str
    name: str
    name_en: str
    area_name: str
    level: str
    depth: int
    parent_code: str | None
    campaign_slug: str
    figures: Figures
    subtree: Figures


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of rows; ``next_cursor`` is ``None`` on the last."""

    items: list[T]
    next_cursor: str | None
    as_of_entry: int


@dataclass(frozen=True, slots=True)
class RecentGift:
    """A gift in a public list: never its amount."""

    display_name: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When the ledger was last proved, and whether it was whole."""

    at: dt.datetime
    ok: bool
    entries: int


def _whole(value: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum as whole fen; PostgreSQL sums bigint to numeric."""
    return cast(func.coalesce(func.sum(value), 0), BigInteger)


def _figures(row: RowMapping, prefix: str = "") -> Figures:
    return Figures(**{name: row[f"{prefix}{name}"] for name in FIGURE_COLUMNS})


def totals() -> Totals:
    """Figures of all unit books together."""
    books = ledger.book_figures().subquery()
    sums = [_whole(books.c[name]).label(name) for name in (*FIGURE_COLUMNS, "gifts")]
    row = db.session().execute(select(*sums)).mappings().one()
    units = funds.unit_books().subquery()
    return Totals(
        as_of_entry=ledger.head(),
        currency="CNY",
        figures=_figures(row),
        suspense_fen=ledger.suspense_fen(),
        gifts=row["gifts"],
        donors=donations.donors(),
        units=db.session().scalar(select(func.count(units.c.unit_id.distinct()))) or 0,
        organizations=0,
        projects=0,
        pairings=0,
    )


def campaign_figures() -> dict[str, Figures]:
    """Figures of each campaign by slug; one without entries has zeros."""
    place, books = funds.unit_books().subquery(), ledger.book_figures().subquery()
    rows = db.session().execute(
        select(place.c.slug, *(_whole(books.c[name]).label(name) for name in FIGURE_COLUMNS))
        .join(books, books.c.book_id == place.c.book_id, isouter=True)
        .group_by(place.c.slug)
    )
    return {row["slug"]: _figures(row) for row in rows.mappings()}


def _rows(page: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The units of ``page`` with their own figures and those of all below them.

    One recursive walk down from each unit of the page, joined with the numbered totals.
    """
    tops = page.cte("tops")
    below = funds.unit_parents().subquery("below")
    tree = select(
        tops.c.campaign_unit_id.label("top"),
        tops.c.campaign_id,
        tops.c.unit_id.label("top_unit"),
        tops.c.unit_id,
    ).cte("tree", recursive=True)
    tree = tree.union_all(
        select(tree.c.top, tree.c.campaign_id, tree.c.top_unit, below.c.id).join(
            below, below.c.parent_id == tree.c.unit_id
        )
    )
    place, books = funds.unit_books().subquery("place"), ledger.book_figures().subquery("books")
    is_own = tree.c.unit_id == tree.c.top_unit
    sums = (
        select(
            tree.c.top,
            *(
                _whole(case((is_own, books.c[name]), else_=0)).label(name)
                for name in FIGURE_COLUMNS
            ),
            *(_whole(books.c[name]).label(f"all_{name}") for name in FIGURE_COLUMNS),
        )
        .join(
            place,
            (place.c.campaign_id == tree.c.campaign_id) & (place.c.unit_id == tree.c.unit_id),
        )
        .join(books, books.c.book_id == place.c.book_id, isouter=True)
        .group_by(tree.c.top)
        .subquery("sums")
    )
    figures = [sums.c[name] for name in FIGURE_COLUMNS]
    figures += [sums.c[f"all_{name}"] for name in FIGURE_COLUMNS]
    return select(
        tops.c.code,
        tops.c.name,
        tops.c.name_en,
        tops.c.area_code,
        tops.c.area_name,
        tops.c.level,
        tops.c.depth,
        tops.c.parent_code,
        tops.c.slug,
        *figures,
    ).join(sums, sums.c.top == tops.c.campaign_unit_id)


def _unit_row(row: RowMapping) -> UnitRow:
    return UnitRow(
        code=row["code"],
        name=row["name"],
        name_en=row["name_en"],
        area_name=row["area_name"],
        level=row["level"],
        depth=row["depth"],
        parent_code=row["parent_code"],
        campaign_slug=row["slug"],
        figures=_figures(row),
        subtree=_figures(row, "all_"),
    )


def unit_rows(
    campaign: str | None = None, q: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[UnitRow]:
    """The public table by area: units of one campaign (or of all), ``limit`` from ``cursor`` on.

    ``q`` narrows by name, code or area. Never sorted by money. Raises CursorUnfit, LimitUnfit.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise LimitUnfit
    place = funds.unit_books().subquery("listed")
    key = (place.c.area_code, place.c.code, place.c.slug)
    page = select(place)
    if campaign is not None:
        page = page.where(place.c.slug == campaign)
    if q is not None and q.strip():
        words = q.strip()[:_LONGEST_QUERY]
        columns = (place.c.name, place.c.name_en, place.c.code, place.c.area_name)
        page = page.where(or_(*(column.icontains(words, autoescape=True) for column in columns)))
    if cursor:
        page = page.where(tuple_(*key) > tuple_(*_after(cursor)))
    statement = _rows(page.order_by(*key).limit(limit + 1))
    order = ("area_code", "code", "slug")
    rows = db.session().execute(
        statement.order_by(*(statement.selected_columns[name] for name in order))
    )
    found = list(rows.mappings())
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return Page([_unit_row(row) for row in found[:limit]], more, ledger.head())


def unit_row(campaign: str, code: str) -> UnitRow:
    """One unit's row. Raises UnknownUnit."""
    place = funds.unit_books().subquery("listed")
    page = select(place).where(place.c.slug == campaign, place.c.code == code)
    row = db.session().execute(_rows(page)).mappings().first()
    if row is None:
        raise UnknownUnit
    return _unit_row(row)


def child_rows(campaign: str, code: str) -> list[UnitRow]:
    """Rows of the units directly below one, by area; at most 200."""
    place = funds.unit_books().subquery("listed")
    page = (
        select(place)
        .where(place.c.slug == campaign, place.c.parent_code == code)
        .order_by(place.c.area_code, place.c.code)
        .limit(LONGEST_PAGE)
    )
    statement = _rows(page)
    columns = statement.selected_columns
    rows = db.session().execute(statement.order_by(columns["area_code"], columns["code"]))
    return [_unit_row(row) for row in rows.mappings()]


def _cursor(row: RowMapping) -> str:
    key = json.dumps([row["area_code"], row["code"], row["slug"]]).encode()
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _after(cursor: str) -> list[str]:
    """The key of the row the cursor stands at. Raises CursorUnfit."""
    try:
        if len(cursor) > 400 or not cursor.isascii():
            raise CursorUnfit
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise CursorUnfit from None
    texts = isinstance(key, list) and len(key) == 3 and all(isinstance(each, str) for each in key)
    if not texts or not all(each.isascii() and each.isprintable() for each in key):
        raise CursorUnfit
    return list(key)


def recent_gifts(campaign: str, code: str, limit: int = 10) -> list[RecentGift]:
    """The gifts that settled last for a unit, without amounts."""
    place = funds.place(campaign, code)
    if place is None:
        raise UnknownUnit
    return [RecentGift(row.donor_shown, row.on) for row in donations.recent(place.book_id, limit)]


def last_check() -> LastCheck | None:
    """The last run of the checks by the worker; ``None`` before the first."""
    run = heartbeat.last("check")
    if run is None:
        return None
    found = json.loads(run.detail or "{}")
    return LastCheck(run.finished, run.ok, int(found.get("entries", 0)))
