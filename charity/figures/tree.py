"""Figures of every raising unit, by itself and with all below it, as of one entry n.

Rule: what is kept in memory is what the queries say, never more: figures are kept with the n they
are as of, and those of the books of entries numbered since are asked for again; the tree is kept
with its version. So a page costs the same with a hundred units and with thousands, and every
figure is exactly that of its own snapshot, also when another thread reads an older one. What is
proved moves without an entry, so it has a version of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import add
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from charity.disbursements import public_queries as uses
from charity.disbursements import queries as disbursements
from charity.funds import queries as funds
from charity.funds import unit_tree as units
from charity.kernel.db import db
from charity.ledger import queries as ledger
from charity.ledger.queries import FIGURE_COLUMNS, Figures

Row = tuple[int, ...]
_COLUMNS = (*FIGURE_COLUMNS, "gifts")
_PROVED = _COLUMNS.index("proved_fen")
_NONE: Row = (0,) * len(_COLUMNS)
_CATCH_UP = 20_000  # entries; after more of them everything is asked for anew


@dataclass(frozen=True, slots=True)
class _Tree:
    """Which unit stands below which, and which book each has in which public campaign."""

    version: tuple[Any, ...]
    upwards: tuple[tuple[int, int | None], ...]  # (unit, the one above), the deepest first
    books: dict[tuple[str, int], int]  # (slug, unit) → book
    slugs: dict[int, tuple[str, ...]]  # unit → campaigns it raises in, the newest first


@dataclass(slots=True)
class Sums:
    """Figures of one snapshot; sums of a campaign are made when first asked for."""

    n: int
    tree: _Tree
    by_book: dict[int, Row]
    proved: tuple[Any, ...]  # the version of what is proved
    _sums: dict[str | None, tuple[dict[int, Row], dict[int, Row]]] = field(default_factory=dict)

    def own(self, campaign: str | None, unit_id: int) -> Figures:
        """The unit's own book in the campaign; without one, all its books together."""
        return _figures(self._of(campaign)[0].get(unit_id, _NONE))

    def with_sub_units(self, campaign: str | None, unit_id: int) -> Figures:
        """The same with every unit below it."""
        return _figures(self._of(campaign)[1].get(unit_id, _NONE))

    def total(self, campaign: str | None) -> tuple[Figures, int]:
        """All unit books of the campaign, or all there are; and how many gifts settled in them."""
        whole = _add_up(
            self.by_book.values() if campaign is None else self._of(campaign)[0].values()
        )
        return _figures(whole), whole[-1]

    def campaigns(self, unit_id: int) -> tuple[str, ...]:
        """Slugs of the public campaigns the unit raises in, the newest first."""
        return self.tree.slugs.get(unit_id, ())

    def units(self) -> int:
        """How many units raise in a public campaign."""
        return len(self.tree.slugs)

    def slugs(self) -> list[str]:
        """The public campaigns, the newest first."""
        return [slug for slug, _ in self.tree.version[2]]

    def _of(self, campaign: str | None) -> tuple[dict[int, Row], dict[int, Row]]:
        if campaign not in self._sums:
            own: dict[int, Row] = {}
            for (slug, unit_id), book_id in self.tree.books.items():
                if campaign is None or slug == campaign:
                    row = self.by_book.get(book_id, _NONE)
                    own[unit_id] = _plus(own[unit_id], row) if unit_id in own else row
            below = dict(own)
            for unit_id, above in self.tree.upwards:
                if above is not None and unit_id in below:
                    below[above] = _plus(below.get(above, _NONE), below[unit_id])
            self._sums[campaign] = (own, below)
        return self._sums[campaign]


_kept: WeakKeyDictionary[Engine, Sums] = WeakKeyDictionary()


def sums() -> Sums:
    """The figures of this snapshot."""
    engine = db.engine
    asked = select(ledger.head_asked(), *units.tree_counts(), *uses.proved_marks())
    n, *counts = db.session().execute(asked).one()
    version, proved = (*counts[:2], units.public_campaigns()), tuple(counts[2:])
    kept = _kept.get(engine)
    if kept is not None and (kept.n, kept.tree.version, kept.proved) == (n, version, proved):
        return kept
    tree = kept.tree if kept is not None and kept.tree.version == version else _read_tree(version)
    found = Sums(n, tree, _with_proved(_by_book(kept, n), n), proved)
    if kept is None or kept.n <= n:
        _kept[engine] = found
    return found


def _by_book(kept: Sums | None, n: int) -> dict[int, Row]:
    """Every book's figures as of ``n``: those kept, and those that moved between then and now.

    An older snapshot than the one kept does not see what came after it, so it asks for everything.
    """
    moved: list[int] | None = None
    if kept is not None and 0 <= n - kept.n <= _CATCH_UP:
        moved = ledger.books_moved(kept.n, n)
    by_book = dict(kept.by_book) if kept is not None and moved is not None else {}
    for book_id in moved or ():
        by_book.pop(book_id, None)
    rows = db.session().execute(ledger.book_figures(moved)).mappings() if moved != [] else ()
    for row in rows:
        by_book[row["book_id"]] = tuple(row[name] for name in _COLUMNS)
    return by_book


def _with_proved(by_book: dict[int, Row], n: int) -> dict[int, Row]:
    """The rows with what is proved of each book's used money, as of ``n``."""
    proved = disbursements.proved_by_book(n)
    for book_id, row in by_book.items():
        fen = proved.get(book_id, 0)
        if row[_PROVED] != fen:
            by_book[book_id] = (*row[:_PROVED], fen, *row[_PROVED + 1 :])
    return by_book


def _read_tree(version: tuple[Any, ...]) -> _Tree:
    session = db.session()
    upwards = tuple((row[0], row[1]) for row in session.execute(units.parents_upwards()))
    place = funds.unit_books().subquery()
    rows = session.execute(
        place.select().with_only_columns(place.c.slug, place.c.unit_id, place.c.book_id)
    ).all()
    newest_first = {slug: number for number, (slug, _) in enumerate(version[2])}
    by_unit: dict[int, list[str]] = {}
    for slug, unit_id, _ in sorted(rows, key=lambda row: newest_first[row[0]]):
        by_unit.setdefault(unit_id, []).append(slug)
    return _Tree(
        version,
        upwards,
        {(slug, unit_id): book_id for slug, unit_id, book_id in rows},
        {unit_id: tuple(slugs) for unit_id, slugs in by_unit.items()},
    )


def _plus(one: Row, other: Row) -> Row:
    return tuple(map(add, one, other))


def _add_up(rows: Iterable[Row]) -> Row:
    total = _NONE
    for row in rows:
        total = _plus(total, row)
    return total


def _figures(row: Row) -> Figures:
    return Figures(*row[:-1])
