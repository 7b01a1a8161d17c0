"""What the worker calls: follow numbered entries, tell donors what was used. Safe to run twice."""

from __future__ import annotations

from charity.figures import line_queries, lines, told
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.ledger import queries as ledger


def follow_entries() -> int:
    """Bring lines and days of the list up to the last number; how many numbers were followed."""
    behind = ledger.head() - line_queries.head()
    db.session().rollback()
    followed = 0
    while behind > followed:
        done = atomically(lines.follow)()
        if not done:
            break
        followed += done
    return followed


def tell_donors() -> int:
    """Tell the donors of the last period that is over that their money was used; how many.

    Nothing happens until the entries are followed, so nobody's use is missed by a second.
    """
    follow_entries()
    asked = told.due(clock.today())
    db.session().rollback()
    if asked is None:
        return 0
    period, months = asked
    until = told.end_of(period, months)
    if not atomically(told.begin)(period):
        books = told.books_left(period)
        db.session().rollback()
        for book_id in books:
            while not atomically(told.collect)(book_id, period, until):
                pass
        atomically(told.collected)(period)
    sent, last = 0, 0
    while True:
        fresh, reached = atomically(told.send)(period, months, last)
        sent += fresh
        if reached is None:
            return sent
        last = reached
