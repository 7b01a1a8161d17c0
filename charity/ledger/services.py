"""The verbs of the ledger: take worksheets, post, open books, close months, be born.

All but ``prepare`` run inside ``atomic()``. The way to post: take a ``worksheet`` of the books
(their rows are locked in id order and their balances read), decide with recipes on what it says,
``add`` entries, ``post``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, bindparam, insert, select, text

from charity.areas import services as areas
from charity.kernel import clock, migrate
from charity.kernel.atomic import require_atomic
from charity.kernel.db import UTCDateTime, db
from charity.kernel.ids import new_id, public_id
from charity.kernel.turns import one_at_a_time
from charity.ledger import guards
from charity.ledger.kinds import BookKind, Mode
from charity.ledger.models import Book, ClosedPeriod, Database
from charity.ledger.sequencer import sequence
from charity.ledger.worksheet import Actor, NewEntry, Signature, Worksheet, worksheet

__all__ = [
    "Actor",
    "NewEntry",
    "Signature",
    "Worksheet",
    "close_period",
    "open_book",
    "own_book",
    "post",
    "prepare",
    "sequence",
    "suspense_book",
    "worksheet",
]


def prepare(owner_url: str, scripts: Path, *, app_role: str | None, birth: Mode | None) -> None:
    """Migrate to the newest schema, make all guards anew and bring the areas, as the owner.

    All of it or nothing.

    ``birth`` says what an unborn database is to be, for ever; ``None`` leaves it as it is.
    """

    def finish(conn: Connection) -> None:
        guards.install(conn, app_role=app_role)
        areas.seed(conn)
        if birth is not None and conn.scalar(select(Database.mode)) is None:
            conn.execute(
                insert(Database).values(
                    id=1, mode=birth.value, origin=public_id(), born_at=clock.now()
                )
            )

    engine = migrate.owner_engine(owner_url)
    try:
        migrate.run(engine, scripts, after=finish)
    finally:
        engine.dispose()


def post(entries: Sequence[NewEntry]) -> list[int]:
    """Lock the books of ``entries``, post them in order, return their ids."""
    sheet = worksheet(entry.book_id for entry in entries)
    ids = [sheet.add(entry) for entry in entries]
    sheet.post()
    return ids


def open_book(
    *,
    kind: BookKind,
    currency: str = "CNY",
    campaign: str | None = None,
    unit: str | None = None,
    matching: bool = False,
) -> int:
    """Open a book and return its id. A second one of the same place is refused by the database."""
    require_atomic()
    session = db.session()
    values = {
        "id": new_id(),
        "kind": kind.value,
        "currency": currency,
        "campaign": campaign,
        "unit": unit,
        "matching": matching,
        "opened_at": clock.now(),
    }
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "SELECT ledger_open_book(:id, :kind, :currency, :campaign, :unit, :matching,"
                " :opened_at)"
            ),
            values,
        )
    else:
        session.execute(insert(Book).values(**values))
    return int(str(values["id"]))


def own_book(currency: str = "CNY") -> int:
    """The charity's own book in ``currency``, opened when first asked for."""
    return _one_per_currency(BookKind.OWN, currency)


def suspense_book(currency: str = "CNY") -> int:
    """The suspense book in ``currency``, opened when first asked for."""
    return _one_per_currency(BookKind.SUSPENSE, currency)


def _one_per_currency(kind: BookKind, currency: str) -> int:
    require_atomic()
    there = select(Book.id).where(Book.kind == kind.value, Book.currency == currency)
    session = db.session()
    found = session.scalar(there)
    if found is None:
        # Two lanes that settle their first gifts at once must not both open it.
        one_at_a_time("ledger.book")
        found = session.scalar(there)
    return found if found is not None else open_book(kind=kind, currency=currency)


def close_period(period: str, *, actor: Actor) -> None:
    """Close a month (``YYYY-MM``): it takes no more entries."""
    require_atomic()
    session = db.session()
    values = {"period": period, "closed_at": clock.now(), "actor_id": actor.id}
    if session.get_bind().dialect.name == "postgresql":
        statement = text("SELECT ledger_close_period(:period, :closed_at, :actor_id)")
        session.execute(statement.bindparams(bindparam("closed_at", type_=UTCDateTime)), values)
    else:
        session.execute(insert(ClosedPeriod).values(**values))
