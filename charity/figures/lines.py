"""Writing the lines: where each gift stands in its book, and each use; and the days of the list.

Rule: entries are followed in the order of their numbers, each exactly once: what is written and
the last number followed are one unit of work. A line is opened by the first entry about its gift
or application and keeps its place for ever; every later entry about it (a fee, a refund, a
return) changes what it comes to.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations import public_queries as gifts
from charity.figures.kinds import RowKind, Side
from charity.figures.models import Day, Line, LineBook, LineHead, LineSum
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, bulk_insert, db
from charity.ledger import change_queries as ledger_changes
from charity.ledger import queries as ledger
from charity.ledger.change_queries import Change
from charity.ledger.kinds import Figure

BATCH = 5_000
RADIX = 100
LEVELS = 3
#: A group of fewer than this is shown together with others of its campaign and day.
FEW = 3
_OUT = (Figure.USED, Figure.COSTS)
_WENT_BACK = (Figure.REFUNDED, Figure.DISPUTED)

Key = tuple[int, Side, str]  # book, side, name
_LINE, _SUM, _BOOK, _DAY = (
    cast("Table", model.__table__) for model in (Line, LineSum, LineBook, Day)
)


@dataclass(slots=True)
class _Moved:
    """What a batch does to one line."""

    n: int
    day: dt.date
    fen: int = 0


@dataclass(slots=True)
class _Group:
    """What a batch does to one row of the list."""

    book_id: int
    first_n: int
    last_n: int
    entries: int = 0
    fen: int = 0
    last_no: int | None = None


DayKey = tuple[str, str, RowKind, dt.date]  # campaign, unit, kind, day


def follow(limit: int = BATCH) -> int:
    """Follow the next ``limit`` numbers; return how many. Inside ``atomic()``."""
    require_atomic()
    session = db.session()
    head = session.scalars(select(LineHead.n).with_for_update()).one()
    upto = min(ledger.head(), head + limit)
    if upto == head:
        return 0
    found = ledger_changes.changes(head, upto)
    named = _names(found)
    places = _write_lines(found, named)
    _write_days(found, named, places)
    session.execute(update(LineHead).values(n=upto))
    return upto - head


def side_of(change: Change) -> Side:
    """Which line of its book a change belongs to: uses go out, all else comes in."""
    return Side.OUT if change.figure in _OUT else Side.IN


def _names(found: Sequence[Change]) -> list[str]:
    """The name of each change's line: its gift, its application, or else its cause."""
    refunds = {each.cause_id for each in found if each.cause_type == "refund"}
    gift_of = gifts.gifts_of_refunds(refunds) if refunds else {}
    return [_name(each, gift_of) for each in found]


def _name(change: Change, gift_of: Mapping[str, str]) -> str:
    if change.cause_type == "refund" and change.cause_id in gift_of:
        return gift_of[change.cause_id]
    if change.cause_type in ("gift", "application"):
        return change.cause_id
    return f"{change.cause_type}:{change.cause_id}"


def _write_lines(found: Sequence[Change], named: Sequence[str]) -> dict[Key, int]:
    """Open and change lines with their sums; the place of each line of the batch."""
    moved: dict[Key, _Moved] = {}
    for change, name in zip(found, named, strict=True):
        key = (change.book_id, side_of(change), name)
        moved.setdefault(key, _Moved(change.n, change.on)).fen += change.fen
    # Uses are counted as what went out.
    for (_, side, _), line in moved.items():
        line.fen = -line.fen if side is Side.OUT else line.fen
    places = _places(moved)
    lengths = _lengths({key[0] for key in moved})
    fresh: list[dict[str, Any]] = []
    opened: dict[tuple[int, Side], int] = defaultdict(int)
    for key, line in moved.items():
        if key not in places:
            book_id, side, name = key
            places[key] = lengths.get((book_id, side), 0) + opened[book_id, side]
            opened[book_id, side] += 1
            fresh.append(
                {"book_id": book_id, "side": side.value, "no": places[key], "name": name,
                 "n": line.n, "day": line.day, "fen": line.fen}
            )  # fmt: skip
    new = {(row["book_id"], row["side"], row["no"]) for row in fresh}
    changed = [
        {"b": key[0], "s": key[1].value, "o": places[key], "d": line.fen}
        for key, line in moved.items()
        if line.fen and (key[0], key[1].value, places[key]) not in new
    ]
    bulk_insert(db.session(), _LINE, fresh)
    _change_lines(changed)
    _add_sums(moved, places)
    _add_books(moved, opened)
    return places


def _places(moved: Iterable[Key]) -> dict[Key, int]:
    """Where those lines stand that were opened before."""
    wanted = set(moved)
    rows = db.session().execute(
        select(Line.book_id, Line.side, Line.name, Line.no).where(
            among(Line.name, sorted({name for _, _, name in wanted}))
        )
    )
    found = {(row[0], Side(row[1]), row[2]): int(row[3]) for row in rows}
    return {key: no for key, no in found.items() if key in wanted}


def _lengths(books: Iterable[int]) -> dict[tuple[int, Side], int]:
    rows = db.session().execute(
        select(LineBook.book_id, LineBook.side, LineBook.lines).where(
            among(LineBook.book_id, sorted(books))
        )
    )
    return {(row[0], Side(row[1])): int(row[2]) for row in rows}


def _change_lines(changed: Sequence[Mapping[str, Any]]) -> None:
    if not changed:
        return
    table = _LINE.c
    db.session().connection().execute(
        update(_LINE)
        .where(
            and_(
                table.book_id == bindparam("b"), table.side == bindparam("s"),
                table.no == bindparam("o"),
            )
        )
        .values(fen=table.fen + bindparam("d")),
        list(changed),
    )  # fmt: skip


def _add_sums(moved: Mapping[Key, _Moved], places: Mapping[Key, int]) -> None:
    added: dict[tuple[int, str, int, int], int] = defaultdict(int)
    for key, line in moved.items():
        block = places[key]
        for level in range(1, LEVELS + 1):
            block //= RADIX
            added[key[0], key[1].value, level, block] += line.fen
    names = ("book_id", "side", "level", "block")
    rows = [{**dict(zip(names, key, strict=True)), "fen": fen} for key, fen in added.items()]
    _add(_SUM, names, ("fen",), rows)


def _add_books(moved: Mapping[Key, _Moved], opened: Mapping[tuple[int, Side], int]) -> None:
    fen: dict[tuple[int, Side], int] = defaultdict(int)
    for (book_id, side, _), line in moved.items():
        fen[book_id, side] += line.fen
    rows = [
        {"book_id": key[0], "side": key[1].value, "lines": opened.get(key, 0), "fen": sum_}
        for key, sum_ in fen.items()
    ]
    _add(_BOOK, ("book_id", "side"), ("lines", "fen"), rows)


def _add(
    table: Table, key: Sequence[str], sums: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows, or add to those that are there."""
    if not rows:
        return
    conn = db.session().connection()
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=list(key),
        set_={name: table.c[name] + statement.excluded[name] for name in sums},
    )
    conn.execute(statement, list(rows))


def _write_days(found: Sequence[Change], named: Sequence[str], places: Mapping[Key, int]) -> None:
    """The rows of the public list that this batch moves, and the rests they belong to."""
    groups: dict[DayKey, _Group] = {}
    for change, name in zip(found, named, strict=True):
        kind = _kind(change)
        if kind is None:
            continue
        key = (change.campaign, change.unit, kind, change.on)
        group = groups.setdefault(key, _Group(change.book_id, change.n, change.n))
        group.entries += 1
        group.fen += -change.fen if kind is RowKind.BACK else change.fen
        group.last_n = change.n
        if kind is RowKind.GIFT:
            group.last_no = max(group.last_no or 0, places[change.book_id, Side.IN, name])
    if not groups:
        return
    rows = [
        {"campaign": key[0], "unit": key[1], "kind": key[2].value, "day": key[3],
         "book_id": group.book_id, "entries": group.entries, "fen": group.fen,
         "first_n": group.first_n, "last_n": group.last_n, "last_no": group.last_no,
         "shown": group.entries >= FEW}
        for key, group in groups.items()
    ]  # fmt: skip
    _put_days(rows)
    for campaign, kind, day in sorted({(key[0], key[2], key[3]) for key in groups}):
        _put_rest(campaign, kind, day)


def _kind(change: Change) -> RowKind | None:
    """In which row of the list a change of gifts is counted; ``None``: in none."""
    if change.figure is not Figure.RAISED and change.figure not in _WENT_BACK:
        return None
    if change.corrects:
        return RowKind.MENDED
    return RowKind.GIFT if change.figure is Figure.RAISED else RowKind.BACK


def _put_days(rows: Sequence[Mapping[str, Any]]) -> None:
    conn = db.session().connection()
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(_DAY)
    new, old = statement.excluded, _DAY.c
    statement = statement.on_conflict_do_update(
        index_elements=["campaign", "unit", "kind", "day"],
        set_={
            "entries": old.entries + new.entries,
            "fen": old.fen + new.fen,
            "last_n": new.last_n,
            "last_no": func.coalesce(new.last_no, old.last_no),
            "shown": old.entries + new.entries >= FEW,
        },
    )
    conn.execute(statement, list(rows))


def _put_rest(campaign: str, kind: RowKind, day: dt.date) -> None:
    """The groups of fewer than three of one day and campaign, as one row without a unit."""
    session = db.session()
    place = and_(_DAY.c.campaign == campaign, _DAY.c.kind == kind.value, _DAY.c.day == day)
    entries, fen, first, last = session.execute(
        select(
            func.sum(_DAY.c.entries), func.sum(_DAY.c.fen), func.min(_DAY.c.first_n),
            func.max(_DAY.c.last_n),
        ).where(place, _DAY.c.unit != "", ~_DAY.c.shown)
    ).one()  # fmt: skip
    values: dict[str, Any]
    if entries:
        values = {"entries": int(entries), "fen": int(fen), "first_n": first, "last_n": last,
                  "shown": True}  # fmt: skip
    else:
        values = {"entries": 0, "fen": 0, "shown": False}
    done = session.execute(update(_DAY).where(place, _DAY.c.unit == "").values(**values))
    changed = done.rowcount  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
    if not changed and entries:
        row = {"campaign": campaign, "unit": "", "kind": kind.value, "day": day, **values}
        session.execute(_DAY.insert().values(**row))
