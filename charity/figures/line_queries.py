"""Reads of the lines: where a gift stands in its book, and which uses took its money.

First in, first used. A gift that comes to ``fen`` with ``before`` fen of the book before it takes
the stretch from ``before`` to ``before + fen``; what the book used lies on the same measure from
zero on. Where the two stretches meet, that use was made with that gift's money. Each answer is a
few short sums, whether a book holds ten gifts or ten million.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, and_, cast, func, or_, select, union_all

from charity.figures.kinds import Side
from charity.figures.lines import LEVELS, RADIX
from charity.figures.models import Line, LineBook, LineHead, LineSum
from charity.kernel.db import db


@dataclass(frozen=True, slots=True)
class LineView:
    """One line: its place, the number that opened it, what it comes to now."""

    no: int
    name: str
    n: int
    day: dt.date
    fen: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one use took of a stretch. ``whole_fen`` is all of that use."""

    application: str
    n: int
    day: dt.date
    fen: int
    whole_fen: int


def head() -> int:
    """The last entry number that the lines follow."""
    return db.session().scalars(select(LineHead.n)).one()


def line(book_id: int, side: Side, name: str) -> LineView | None:
    """The line of this gift or application in the book; ``None`` before it was followed."""
    row = db.session().execute(
        select(Line.no, Line.name, Line.n, Line.day, Line.fen).where(
            Line.name == name, Line.book_id == book_id, Line.side == side.value
        )
    )
    found = row.one_or_none()
    return None if found is None else LineView(*found)


def total(book_id: int, side: Side) -> int:
    """All of one line of the book, in fen."""
    found = db.session().scalar(
        select(LineBook.fen).where(LineBook.book_id == book_id, LineBook.side == side.value)
    )
    return int(found or 0)


def before(book_id: int, side: Side, no: int) -> int:
    """What stands in the line before place ``no``, in fen: four short sums."""
    parts = []
    for level in range(LEVELS, 0, -1):
        size = RADIX**level
        # Whole blocks of this level that a larger one does not hold already.
        first = 0 if level == LEVELS else no // (size * RADIX) * RADIX
        parts.append(
            select(func.sum(LineSum.fen).label("fen")).where(
                LineSum.book_id == book_id,
                LineSum.side == side.value,
                LineSum.level == level,
                LineSum.block >= first,
                LineSum.block < no // size,
            )
        )
    parts.append(
        select(func.sum(Line.fen).label("fen")).where(
            Line.book_id == book_id,
            Line.side == side.value,
            Line.no >= no // RADIX * RADIX,
            Line.no < no,
        )
    )
    sums = union_all(*parts).subquery()
    found = db.session().scalar(select(cast(func.coalesce(func.sum(sums.c.fen), 0), BigInteger)))
    return int(found or 0)


def lines_from(book_id: int, side: Side, no: int, limit: int) -> list[LineView]:
    """At most ``limit`` lines from place ``no`` on."""
    rows = db.session().execute(
        select(Line.no, Line.name, Line.n, Line.day, Line.fen)
        .where(Line.book_id == book_id, Line.side == side.value, Line.no >= no)
        .order_by(Line.no)
        .limit(limit)
    )
    return [LineView(*row) for row in rows]


def parts(book_id: int, start: int, end: int, limit: int) -> tuple[list[Part], bool]:
    """The uses that lie between ``start`` and ``end`` fen of what the book used, in their order.

    At most ``limit`` of them; and whether there are more.
    """
    found: list[Part] = []
    if end <= start or start >= total(book_id, Side.OUT):
        return found, False
    no, at = _reach(book_id, start)
    while at < end:
        rows = lines_from(book_id, Side.OUT, no, RADIX)
        for row in rows:
            took = min(end, at + row.fen) - max(start, at)
            if took > 0:
                if len(found) == limit:
                    return found, True
                found.append(Part(row.name, row.n, row.day, took, row.fen))
            at += row.fen
            if at >= end:
                break
        if len(rows) < RADIX:
            break
        no = rows[-1].no + 1
    return found, False


def _reach(book_id: int, fen: int) -> tuple[int, int]:
    """A place in the line of uses at most a hundred lines before ``fen`` is passed, and what
    stands before that place. Uses never come to less than nothing, so the sums only rise.
    """
    block, at = 0, 0
    for level in range(LEVELS, 0, -1):
        rows = db.session().execute(
            select(LineSum.block, LineSum.fen)
            .where(
                LineSum.book_id == book_id,
                LineSum.side == Side.OUT.value,
                LineSum.level == level,
                LineSum.block >= block * RADIX,
                *((LineSum.block < (block + 1) * RADIX,) if level < LEVELS else ()),
            )
            .order_by(LineSum.block)
        )
        block = block * RADIX
        for number, sum_ in rows:
            block = number
            if at + sum_ > fen:
                break
            at += sum_
    return block * RADIX, at


def names_at(places: list[tuple[int, int, int, dt.date]]) -> list[tuple[int, dt.date, str]]:
    """(book, day, gift) of the incoming lines at ``places``: (book, first, last place, day).

    Lines that come to nothing, because their gift went back, are left out.
    """
    wanted: list[Any] = [
        and_(Line.book_id == book_id, Line.no >= first, Line.no <= last, Line.day == day)
        for book_id, first, last, day in places
    ]
    if not wanted:
        return []
    rows = db.session().execute(
        select(Line.book_id, Line.day, Line.name)
        .where(Line.side == Side.IN.value, Line.fen > 0, or_(*wanted))
        .order_by(Line.n.desc())
    )
    return [(row[0], row[1], row[2]) for row in rows]
