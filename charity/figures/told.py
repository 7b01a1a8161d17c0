"""Telling donors that their money was used: once for each donor and period.

Rule: first it is written down whose gifts were used in the period, book by book along its line,
each gift from where the last telling stopped; then each donor gets one message about all of them.
Both can stop anywhere and go on: a book remembers how far it was, a message's key is used once.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations import public_queries as gifts
from charity.figures import line_queries as lines
from charity.figures import mail
from charity.figures.kinds import Side
from charity.figures.models import Line, LineBook, Told, ToldBook, ToldPeriod
from charity.kernel import clock, outbox
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.parameters import queries as parameters

AT_ONCE = 1_000
DONORS = 200


def due(today: dt.date) -> tuple[str, int] | None:
    """The period to be told now, as (its first month, how many months); None when none is."""
    months = parameters.value("figures.told_months", today)
    until = today - dt.timedelta(days=parameters.value("figures.told_after_days", today))
    # The period that was over on that day: periods begin with January.
    index = until.year * 12 + until.month - 1
    first = index // 12 * 12 + (index % 12) // months * months - months
    if first < index // 12 * 12:
        # Of the year before; its last period is shorter when 12 is no multiple of ``months``.
        first = (index // 12 - 1) * 12 + (11 // months) * months
        months = min(months, index // 12 * 12 - first)
    period = f"{first // 12:04d}-{first % 12 + 1:02d}"
    done = db.session().scalar(select(ToldPeriod.sent_at).where(ToldPeriod.period == period))
    return None if done is not None else (period, months)


def end_of(period: str, months: int) -> dt.date:
    """The first day after a period."""
    year, month = first_month(period)
    index = year * 12 + month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


def first_month(period: str) -> tuple[int, int]:
    """Year and month of ``YYYY-MM``."""
    return int(period[:4]), int(period[5:])


def begin(period: str) -> bool:
    """Write down that the period is being told; whether its gifts are collected already."""
    require_atomic()
    session = db.session()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(ToldPeriod).values(period=period).on_conflict_do_nothing())
    wanted = select(ToldPeriod.collected_at).where(ToldPeriod.period == period)
    return session.scalars(wanted).one() is not None


def books_left(period: str) -> list[int]:
    """Books with uses that were not collected for the period."""
    rows = db.session().scalars(
        select(LineBook.book_id)
        .outerjoin(ToldBook, ToldBook.book_id == LineBook.book_id)
        .where(
            LineBook.side == Side.OUT.value,
            LineBook.fen > 0,
            (ToldBook.period.is_(None)) | (ToldBook.period != period),
        )
        .order_by(LineBook.book_id)
    )
    return list(rows)


def collect(book_id: int, period: str, before_day: dt.date) -> bool:
    """Write down the next gifts of the book whose money was used before ``before_day``.

    Whether the book is done. Inside ``atomic()``.
    """
    require_atomic()
    session = db.session()
    told = session.get(ToldBook, book_id)
    if told is None:
        told = ToldBook(book_id=book_id, no=0, used_fen=0, period="")
        session.add(told)
    used = _used(book_id, before_day)
    if used <= told.used_fen:
        told.period = period
        session.flush()
        return True
    at = lines.before(book_id, Side.IN, told.no)
    rows = lines.lines_from(book_id, Side.IN, told.no, AT_ONCE)
    names: list[str] = []
    done = len(rows) < AT_ONCE
    for row in rows:
        if at >= used:
            done = True
            break
        if row.fen > 0:
            names.append(row.name)
        at += row.fen
        if at > used:
            done = True  # used in part: what is left of it is told when it is used
            break
        told.no = row.no + 1
    _write(period, names)
    if done:
        told.used_fen, told.period = used, period
    session.flush()
    return done


def _used(book_id: int, before_day: dt.date) -> int:
    """What the book used before this day, in fen."""
    found = db.session().scalar(
        select(func.sum(Line.fen)).where(
            Line.book_id == book_id, Line.side == Side.OUT.value, Line.day < before_day
        )
    )
    return int(found or 0)


def _write(period: str, names: list[str]) -> None:
    rows = [
        {"period": period, "donor_id": donor_id, "gift": gift}
        for donor_id, gift in gifts.donors_with_address(names)
    ]
    if rows:
        conn = db.session().connection()
        insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
        table = cast("Table", Told.__table__)
        conn.execute(insert(table).on_conflict_do_nothing(), rows)


def collected(period: str) -> None:
    """Every book was collected for the period. Inside ``atomic()``."""
    require_atomic()
    db.session().execute(
        update(ToldPeriod).where(ToldPeriod.period == period).values(collected_at=clock.now())
    )


def send(period: str, months: int, after: int) -> tuple[int, int | None]:
    """Put the messages to the next donors past database id ``after`` into the outbox.

    How many were new, and the last donor; None when there were none left, and then the period is
    told. Inside ``atomic()``.
    """
    require_atomic()
    session = db.session()
    donors = list(
        session.scalars(
            select(Told.donor_id)
            .where(Told.period == period, Told.donor_id > after)
            .group_by(Told.donor_id)
            .order_by(Told.donor_id)
            .limit(DONORS)
        )
    )
    if not donors:
        session.execute(
            update(ToldPeriod).where(ToldPeriod.period == period).values(sent_at=clock.now())
        )
        return 0, None
    given: dict[int, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Told.donor_id, Told.gift)
        .where(Told.period == period, Told.donor_id >= donors[0], Told.donor_id <= donors[-1])
        .order_by(Told.donor_id, Told.gift)
    )
    for donor_id, gift in rows:
        given[donor_id].append(gift)
    reachable = gifts.to_tell(gift for names in given.values() for gift in names)
    first = first_month(period)
    messages = [
        mail.used(reachable[donor_id], names, first, months)
        for donor_id, names in given.items()
        if donor_id in reachable
    ]
    return outbox.put_many(messages), donors[-1]
