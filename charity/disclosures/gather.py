"""The figures of a report: one campaign over some days, as of entry n, in the caller's snapshot.

Rule: figures come from the ledger's queries and the facts of uses from disbursements', nothing is
counted here but sums over sub-units and what of *used* is proved. Gifts within the days are counted
and not summed; cost depends on the entries outside the days, on units and on uses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from charity.disbursements import queries as disbursements
from charity.disbursements.queries import UseRow
from charity.funds import queries as funds
from charity.funds import unit_tree
from charity.kernel.db import db
from charity.ledger import period_queries as ledger
from charity.ledger.period_queries import COLUMNS, BookStretch, CauseMoved, Stretch

_PROVED = COLUMNS.index("proved_fen")
_NONE = (0,) * len(COLUMNS)
Row = tuple[int, ...]
Pair = tuple[Row, Row]  # opening, closing


@dataclass(frozen=True, slots=True)
class Gathered:
    """A campaign's figures, in the shape of the document; money is whole fen."""

    as_of_entry: int
    totals: dict[str, dict[str, int]]
    units: list[dict[str, Any]]
    uses: list[dict[str, Any]]
    other_used_fen: int


def gather(slug: str, first_on: dt.date, last_on: dt.date) -> Gathered:
    """Figures of the campaign ``slug`` from ``first_on`` to ``last_on``, both included."""
    found = ledger.stretch(slug, first_on, last_on)
    ids = sorted({moved.cause_id for moved in found.used})
    facts = {row.id: row for row in disbursements.use_rows(ids=ids, limit=len(ids)).items}
    by_book = _with_proved(found, facts)
    books = funds.unit_books().subquery("book")
    rows = db.session().execute(
        books.select().where(books.c.slug == slug).order_by(books.c.area_code, books.c.code)
    )
    units = [dict(row) for row in rows.mappings()]
    own = {unit["unit_id"]: by_book.get(unit["book_id"], (_NONE, _NONE)) for unit in units}
    below = _with_sub_units(own)
    uses = list(_uses(found.used, facts, {unit["book_id"]: unit for unit in units}))
    moved = sum(each.within_fen for each in found.used)
    return Gathered(
        found.n,
        columns(_sum(by_book.values())),
        [_unit(unit, own[unit["unit_id"]], below[unit["unit_id"]]) for unit in units],
        uses,
        moved - sum(use["used_fen"] for use in uses),
    )


def columns(pair: Pair) -> dict[str, dict[str, int]]:
    """Opening, movement and closing by the names of figures."""
    opening, closing = pair
    movement = tuple(after - before for before, after in zip(opening, closing, strict=True))
    return {
        name: dict(zip(COLUMNS, row, strict=True))
        for name, row in (("opening", opening), ("movement", movement), ("closing", closing))
    }


def _with_proved(found: Stretch, facts: Mapping[str, UseRow]) -> dict[int, Pair]:
    """Figures by book; of *used*, what evidence was accepted for until now is *proved*."""
    proved: dict[int, list[int]] = {}
    for moved in found.used:
        fact = facts.get(moved.cause_id)
        if fact is not None and fact.proved:
            sums = proved.setdefault(moved.book_id, [0, 0])
            sums[0] += moved.before_fen
            sums[1] += moved.before_fen + moved.within_fen
    return {
        book_id: _proved(book, *proved.get(book_id, (0, 0)))
        for book_id, book in found.books.items()
    }


def _proved(book: BookStretch, opening_fen: int, closing_fen: int) -> Pair:
    opening, closing = list(book.opening), list(book.closing)
    opening[_PROVED], closing[_PROVED] = opening_fen, closing_fen
    return tuple(opening), tuple(closing)


def _with_sub_units(own: Mapping[int, Pair]) -> dict[int, Pair]:
    """Each unit's figures with those of all units below it, also below one without a book."""
    below = dict(own)
    for unit_id, above in db.session().execute(unit_tree.parents_upwards()):
        if above is not None and unit_id in below:
            below[above] = _sum((below.get(above, (_NONE, _NONE)), below[unit_id]))
    return below


def _sum(pairs: Iterable[Pair]) -> Pair:
    opening, closing = _NONE, _NONE
    for one, other in pairs:
        opening = tuple(map(sum, zip(opening, one, strict=True)))
        closing = tuple(map(sum, zip(closing, other, strict=True)))
    return opening, closing


def _unit(unit: Mapping[str, Any], own: Pair, below: Pair) -> dict[str, Any]:
    return {
        "code": unit["code"],
        "name": unit["name"],
        "name_en": unit["name_en"],
        "area": unit["area_name"],
        "parent": unit["parent_code"],
        "own": columns(own),
        "subtree": columns(below),
    }


def _uses(
    moved: Iterable[CauseMoved], facts: Mapping[str, UseRow], units: Mapping[int, Any]
) -> Iterable[dict[str, Any]]:
    """What was used within the days, by unit and day; nobody who was helped or paid is named."""
    found = []
    for each in moved:
        fact, unit = facts.get(each.cause_id), units.get(each.book_id)
        if fact is None or unit is None or not each.within_fen:
            continue
        found.append(
            {
                "id": fact.id,
                "number": fact.number,
                "unit": unit["code"],
                "unit_name": unit["name"],
                "unit_name_en": unit["name_en"],
                "title": fact.title,
                "purpose": fact.purpose.value,
                "category": fact.category.value,
                "people": fact.people_count,
                "area": fact.area_name,
                "used_on": each.first_on.isoformat(),
                "used_fen": each.within_fen,
                "proved_fen": each.within_fen if fact.proved else 0,
            }
        )
    order = {unit["code"]: place for place, unit in enumerate(units.values())}
    return sorted(found, key=lambda use: (order[use["unit"]], use["used_on"], use["id"]))
