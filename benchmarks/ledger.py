"""The public list and the trace of a gift with many gifts beside the same with ten thousand.

The trace is of the gift in the middle of a book's line, so as much stands before it as after; each
request takes another gift near it, so nothing is answered from what was just read. A unit's list
has few rows where there are few gifts: of the long one the last rows are read, as many as the
short one has, or two sizes of page would be compared.
"""

from __future__ import annotations

from sqlalchemy import select

from benchmarks import loaded
from benchmarks.beside import SMALL, measure
from benchmarks.rig import DIALECTS, SHOWN, Installation, Rig, application, site
from charity.cli.demo_data import SLUG, UNITS
from charity.figures import line_queries, list_queries
from charity.figures.kinds import Side
from charity.figures.list_queries import ListRow
from charity.figures.models import LineBook
from charity.jobs.bulk import follow_all
from charity.kernel.db import db

NEAR = 50
ABOVE_ALL = 10**15
LISTS = {
    "/ledger": "/ledger",
    "/ledger of a campaign": f"/ledger?campaign={SLUG}",
    "/ledger, uses": "/ledger?kind=use",
}


def run(rig: Rig) -> None:
    """Lists and traces on both databases."""
    small, large = loaded.both(rig, SMALL), loaded.both(rig, rig.gifts)
    for dialect in DIALECTS:
        _pages(rig, dialect, small[dialect], large[dialect])


def _pages(rig: Rig, dialect: str, small: Installation, large: Installation) -> None:
    traces = [_traces(large), _traces(small)]
    rows, unit = _longest(small)
    of_unit = [_last_rows(each, unit, rows) for each in (large, small)]
    with site(small) as (small_port, _), site(large) as (large_port, _):
        ports = (large_port, small_port)
        for name, path in LISTS.items():
            measure(rig, f"{name}, {SHOWN[dialect]}", ports, ([path], [path]))
        measure(rig, f"/ledger of a unit, {SHOWN[dialect]}", ports, (of_unit[0], of_unit[1]))
        measure(rig, f"/trace, {SHOWN[dialect]}", ports, (traces[0], traces[1]))


def _traces(installation: Installation) -> list[str]:
    """Traces of gifts in the middle of the longest line."""
    with application(installation):
        follow_all()
        book_id, lines = db.session().execute(
            select(LineBook.book_id, LineBook.lines)
            .where(LineBook.side == Side.IN.value)
            .order_by(LineBook.lines.desc(), LineBook.book_id)
        ).first() or (0, 0)  # fmt: skip
        middle = line_queries.lines_from(book_id, Side.IN, lines // 2, NEAR)
        return [f"/trace/{each.name}" for each in middle]


def _longest(installation: Installation) -> tuple[int, str]:
    """The most rows that a unit's list has, up to a page, and whose they are."""
    with application(installation):
        rows = {unit.code: len(list_queries.public_list(SLUG, unit.code).items) for unit in UNITS}
    return max((count, code) for code, count in rows.items())


def _last_rows(installation: Installation, unit: str, rows: int) -> list[str]:
    """The page of a unit's list that has its last ``rows``."""
    with application(installation):
        items: list[ListRow] = []
        cursor: str | None = str(ABOVE_ALL)
        while cursor:
            page = list_queries.public_list(SLUG, unit, cursor=cursor, limit=200)
            items, cursor = items + page.items, page.next_cursor
        above = items[-rows - 1].n if len(items) > rows else ABOVE_ALL
        return [f"/ledger?campaign={SLUG}&unit={unit}&cursor={above}"]
