"""Public figures, all as of one entry n. Their cost depends on units, not on gifts."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, or_, select, tuple_

from charity.disbursements import public_queries as disbursements
from charity.donations import queries as donations
from charity.donations import word_queries as donor_words
from charity.donations.word_queries import WordView
from charity.figures import tree
from charity.figures.errors import LimitUnfit
from charity.funds import queries as funds
from charity.funds.errors import UnknownUnit
from charity.kernel import heartbeat
from charity.kernel.db import db
from charity.kernel.errors import CursorUnfit
from charity.ledger import change_queries as ledger_changes
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures

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
    helped: int


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One raising unit, in one campaign or over all: its own books, and with its sub-units."""

    code: str
    name: str
    name_en: str
    area_code: str
    area_name: str
    level: str
    depth: int
    parent_code: str | None
    campaigns: tuple[str, ...]  # those it raises in, the newest first
    figures: Figures
    subtree: Figures

    @property
    def campaign_slug(self) -> str:
        """The campaign whose page of the unit the row leads to."""
        return self.campaigns[0]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of rows; ``next_cursor`` is ``None`` on the last. ``total`` is of all there are."""

    items: list[T]
    next_cursor: str | None
    as_of_entry: int
    total: Figures


@dataclass(frozen=True, slots=True)
class RecentGift:
    """A gift in a public list: never its amount."""

    display_name: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class UnitPage:
    """One unit in one campaign: its row, those directly below, its donors as they chose."""

    row: UnitRow
    children: tuple[UnitRow, ...]
    as_of_entry: int
    recent_gifts: tuple[RecentGift, ...]
    words: tuple[WordView, ...]


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """One domain in the last run of the checks: how many there are, how many found something."""

    domain: str
    checks: int
    wrong: int


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When the ledger was last proved, and whether it was whole."""

    at: dt.datetime
    ok: bool
    entries: int
    checks: int = 0
    parts: tuple[CheckedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a job of the worker last ran, and whether all was well."""

    name: str
    at: dt.datetime
    ok: bool


def totals() -> Totals:
    """Figures of all unit books together."""
    known = tree.sums()
    figures, gifts = known.total(None)
    return Totals(
        as_of_entry=known.n,
        currency="CNY",
        figures=figures,
        suspense_fen=ledger.suspense_fen(),
        gifts=gifts,
        donors=donations.donors(),
        units=known.units(),
        organizations=0,
        projects=0,
        pairings=0,
        helped=helped(),
    )


def helped(campaign: str | None = None, unit: str | None = None) -> int:
    """How many people the uses were for: all, of a campaign (slug), of a unit (code) in it.

    Who was helped twice counts twice.
    """
    if campaign is None and unit is None:
        return disbursements.helped()
    return disbursements.helped(ledger_changes.books_of(campaign, unit))


def campaign_figures() -> dict[str, Figures]:
    """Figures of each campaign by slug; one without entries has zeros."""
    known = tree.sums()
    return {slug: known.total(slug)[0] for slug in known.slugs()}


def _unit_rows(
    page: Select[*tuple[Any, ...]], campaign: str | None, known: tree.Sums
) -> list[UnitRow]:
    """The units of ``page``, in its order, with their figures in the campaign or in all."""
    rows = db.session().execute(page).mappings().all()
    return [
        UnitRow(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            area_code=row["area_code"],
            area_name=row["area_name"],
            level=row["level"],
            depth=row["depth"],
            parent_code=row["parent_code"],
            campaigns=known.campaigns(row["unit_id"]) if campaign is None else (campaign,),
            figures=known.own(campaign, row["unit_id"]),
            subtree=known.with_sub_units(campaign, row["unit_id"]),
        )
        for row in rows
    ]


def unit_rows(
    campaign: str | None = None, q: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[UnitRow]:
    """The public table by area, one row for each raising unit: in one campaign, or over all.

    ``limit`` rows from ``cursor`` on; ``q`` narrows by name, code or area. Never sorted by money.
    Raises CursorUnfit, LimitUnfit.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise LimitUnfit
    place = funds.raising_units(campaign).subquery("listed")
    key = (place.c.area_code, place.c.code)
    page = select(place)
    if q is not None and q.strip():
        words = q.strip()[:_LONGEST_QUERY]
        columns = (place.c.name, place.c.name_en, place.c.code, place.c.area_name)
        page = page.where(or_(*(column.icontains(words, autoescape=True) for column in columns)))
    if cursor:
        page = page.where(tuple_(*key) > tuple_(*_after(cursor)))
    known = tree.sums()
    found = _unit_rows(page.order_by(*key).limit(limit + 1), campaign, known)
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return Page(found[:limit], more, known.n, known.total(campaign)[0])


def _cursor(row: UnitRow) -> str:
    key = json.dumps([row.area_code, row.code]).encode()
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _after(cursor: str) -> list[str]:
    """The key of the row the cursor stands at. Raises CursorUnfit."""
    try:
        if len(cursor) > 400 or not cursor.isascii():
            raise CursorUnfit
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise CursorUnfit from None
    texts = isinstance(key, list) and len(key) == 2 and all(isinstance(each, str) for each in key)
    if not texts or not all(each.isascii() and each.isprintable() for each in key):
        raise CursorUnfit
    return list(key)


def unit_page(campaign: str, code: str, recent: int = 10) -> UnitPage:
    """All that a unit's page says of money and donors, in few questions. Raises UnknownUnit."""
    known = tree.sums()
    listed = funds.raising_units(campaign).subquery("listed")
    family = (
        select(listed)
        .where(or_(listed.c.code == code, listed.c.parent_code == code))
        .order_by(listed.c.code != code, listed.c.area_code, listed.c.code)
        .limit(LONGEST_PAGE + 1)
    )
    found = _unit_rows(family, campaign, known)
    place = funds.place(campaign, code)
    if place is None or not found or found[0].code != code:
        raise UnknownUnit
    return UnitPage(
        found[0],
        tuple(found[1:]),
        known.n,
        tuple(
            RecentGift(row.donor_shown, row.on) for row in donations.recent(place.book_id, recent)
        ),
        tuple(donor_words.in_public(place.book_id)),
    )


def last_check() -> LastCheck | None:
    """The last run of the checks by the worker; ``None`` before the first."""
    run = heartbeat.last("check")
    if run is None:
        return None
    found = json.loads(run.detail or "{}")
    parts = tuple(
        CheckedPart(domain, int(count), int(wrong))
        for domain, (count, wrong) in found.get("parts", {}).items()
    )
    return LastCheck(
        run.finished, run.ok, int(found.get("entries", 0)), int(found.get("checks", 0)), parts
    )


def heartbeats() -> list[Heartbeat]:
    """The last run of every job, by name."""
    return [Heartbeat(run.name, run.finished, run.ok) for run in heartbeat.all_runs()]
