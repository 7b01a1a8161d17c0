"""Gap-free numbers 1, 2, 3 … for entries, after their commit; one sequencer at a time.

An entry without a number is found book by book: ``book_no`` is given while the book is locked, so
in each book the entries without a number are exactly those past the last numbered ``book_no``,
and a late commit with a smaller id cannot be passed over. (This is the anti-join of entries and
numbers, at the cost of the books that moved and not of all entries.)

Each book keeps its order, and a group's entries stand side by side. A database trigger moves the
numbered totals in the same transaction and refuses any other order.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, select, text

from charity.kernel.atomic import require_atomic
from charity.kernel.db import bulk_insert, db
from charity.ledger.models import BookHead, Entry, Head, Number, NumberedHead

BATCH = 5_000
_LOCK = 7_202_611  # the advisory lock of the sequencer


def sequence(limit: int = BATCH) -> int:
    """Number about ``limit`` waiting entries (a group is never cut); return how many.

    Runs inside ``atomic()``. Returns 0 when another sequencer is at work.
    """
    require_atomic()
    session = db.session()
    # Transaction level: it works behind PgBouncer and ends with the transaction.
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    if session.get_bind().dialect.name == "postgresql" and not session.scalar(lock, {"key": _LOCK}):
        return 0
    order = in_order(*_waiting(limit))
    if not order:
        return 0
    first = session.scalars(select(Head.n)).one() + 1
    bulk_insert(
        session,
        Number.__table__,  # type: ignore[arg-type] # a declarative class's table is a Table
        [{"n": first + i, "entry_id": entry_id} for i, entry_id in enumerate(order)],
    )
    return len(order)


Waiting = tuple[int, int, int, int | None]  # entry id, book id, book_no, group id


def _waiting(limit: int) -> tuple[list[Waiting], dict[int, int]]:
    """About ``limit`` entries without a number, and the last numbered ``book_no`` of their books.

    The books that moved share the window evenly, so the cost is that of the window, however many
    entries there are. Each group in it is brought in whole, with what stands before it; what was
    brought in may be of further groups, so this is done until nothing is missing.
    """
    session = db.session()
    behind = select(BookHead.book_id).join(
        NumberedHead,
        and_(NumberedHead.book_id == BookHead.book_id, BookHead.last_no > NumberedHead.last_no),
    )
    books = session.scalars(behind).all()
    if not books:
        return [], {}
    share = limit // len(books) + 1
    past = (
        select(Entry.id, Entry.book_id, Entry.book_no, Entry.group_id, NumberedHead.last_no)
        .join(NumberedHead, NumberedHead.book_id == Entry.book_id)
        .where(Entry.book_no > NumberedHead.last_no)
    )
    window = past.where(
        NumberedHead.book_id.in_(behind), Entry.book_no <= NumberedHead.last_no + share
    )
    numbered: dict[int, int] = {}
    waiting: dict[int, Waiting] = {}

    def take(rows: Iterable[Any]) -> None:
        for entry_id, book_id, book_no, group_id, last_no in rows:
            numbered[book_id] = last_no
            waiting[entry_id] = (entry_id, book_id, book_no, group_id)

    take(session.execute(window))
    have = {book_id: last_no + share for book_id, last_no in numbered.items()}
    groups: set[int] = set()
    while fresh := {row[3] for row in waiting.values() if row[3] is not None} - groups:
        groups |= fresh
        for book_id, last in _ends(fresh):
            if last > have.get(book_id, 0):
                have[book_id] = last
                take(session.execute(past.where(Entry.book_id == book_id, Entry.book_no <= last)))
    return list(waiting.values()), numbered


def _ends(groups: set[int]) -> list[tuple[int, int]]:
    """For each book the groups touch, the last ``book_no`` of theirs in it."""
    wanted = sorted(groups)
    found = select(Entry.book_id, func.max(Entry.book_no)).group_by(Entry.book_id)
    return [
        (book_id, last)
        for start in range(0, len(wanted), 500)
        for book_id, last in db.session().execute(
            found.where(Entry.group_id.in_(wanted[start : start + 500]))
        )
    ]


def _block(row: Waiting) -> int:
    """What must stand side by side: the group, or the entry alone."""
    return row[3] if row[3] is not None else row[0]


def in_order(rows: Sequence[Waiting], numbered: Mapping[int, int]) -> list[int]:
    """Entry ids in an order that keeps each book's ``book_no`` and each group side by side.

    ``numbered`` is each book's last numbered ``book_no``. Entries whose predecessors are not among
    ``rows`` wait, and so does a group until it is next in every one of its books. Of those ready,
    the smaller id goes first. ``rows`` holds each group whole.
    """
    queues: dict[int, list[Waiting]] = defaultdict(list)
    members: dict[int, list[Waiting]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[1], row[2])):
        # A gap: its predecessor is outside the window, so this one and all after it wait.
        if row[2] == numbered[row[1]] + len(queues[row[1]]) + 1:
            queues[row[1]].append(row)
        members[_block(row)].append(row)
    share = {block: Counter(row[1] for row in found) for block, found in members.items()}
    arrived: dict[int, int] = Counter()
    position = dict.fromkeys(queues, 0)
    ready: list[tuple[int, int]] = []

    def offer(book: int) -> None:
        """The block at the head of ``book`` is ready once it is whole at the head of all."""
        start = position[book]
        if start >= len(queues[book]):
            return
        block = _block(queues[book][start])
        following = queues[book][start : start + share[block][book]]
        if [_block(row) for row in following] == [block] * share[block][book]:
            arrived[block] += 1
            if arrived[block] == len(share[block]):
                heapq.heappush(ready, (min(row[0] for row in members[block]), block))

    for book in queues:
        offer(book)
    order: list[int] = []
    while ready:
        _, block = heapq.heappop(ready)
        order += [row[0] for row in members[block]]
        for book, count in share[block].items():
            position[book] += count
            offer(book)
    return order
