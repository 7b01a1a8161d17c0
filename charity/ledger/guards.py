"""Every trigger, grant and authorizer rule of the database, in one place.

``install`` runs as the owner after every upgrade and makes them all anew; ``missing`` compares the
database with the list, and a start refuses when one is gone. Append-only tables of every domain
are found by ``info={"append_only": True}`` on their tables, so none is forgotten.

What each trigger keeps true stands in ``guards_sqlite.py`` and ``guards_postgres.py``; both keep
the same rules:

- append-only tables refuse UPDATE, DELETE, TRUNCATE and REPLACE;
- an account is born with totals of zero;
- an entry takes the next ``book_no`` of its book, in an open period;
- an entry's postings are as many, and sum to as much, as the entry says, between accounts that
  its kind may move in its kind of book;
- a correction is of the same book, kind and amount as what it corrects;
- postings move the live totals, whose floors are CHECKs;
- a number is the next number, each book's entries in their order, and moves the numbered totals.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, text

from charity.kernel.db import Base
from charity.ledger import guards_postgres, guards_sqlite
from charity.ledger.chart import ACCOUNTS, KINDS, PAIRS
from charity.ledger.models import ChartAccount, ChartBook, Head, Kind, KindPair

# Kept by triggers and definer functions only; the application may read them.
KEPT_BY_TRIGGER = (
    "ledger_account",
    "ledger_book_head",
    "ledger_head",
    "ledger_numbered_head",
    "ledger_numbered_total",
)
# Rows come through definer functions or migrations; the application may read them.
OPENED_BY_FUNCTION = (
    "areas_area",
    "ledger_book",
    "ledger_chart",
    "ledger_chart_book",
    "ledger_closed_period",
    "ledger_database",
    "ledger_kind",
    "ledger_kind_pair",
)


def append_only_tables() -> list[str]:
    """Names of all tables that say they are append-only, sorted."""
    return sorted(
        table.name for table in Base.metadata.tables.values() if table.info.get("append_only")
    )


def install(conn: Connection, *, app_role: str | None = None) -> None:
    """Make all guards anew, as the owner, in the caller's transaction.

    ``app_role`` (PostgreSQL only) is the role of ``DATABASE_URL``; it is granted what it needs
    and nothing more.
    """
    seed_reference(conn)
    if conn.dialect.name == "sqlite":
        guards_sqlite.install(conn, append_only_tables())
    else:
        guards_postgres.install(conn, append_only_tables())
        if app_role is not None:
            guards_postgres.grant(
                conn,
                app_role,
                append_only=append_only_tables(),
                read_only=(*KEPT_BY_TRIGGER, *OPENED_BY_FUNCTION),
            )


def missing(conn: Connection) -> list[str]:
    """Names of the guards that the list has and the database has not, or has changed.

    Triggers and functions, the named constraints of the ledger's tables, and on PostgreSQL (asked
    as the application's role) each right that it should not have.
    """
    if conn.dialect.name == "sqlite":
        standing = guards_sqlite.constraints(conn)
        gone = guards_sqlite.missing(conn, append_only_tables())
    else:
        standing = guards_postgres.constraints(conn)
        gone = guards_postgres.missing(conn, append_only_tables())
        gone += guards_postgres.excess(
            conn,
            append_only=append_only_tables(),
            read_only=(*KEPT_BY_TRIGGER, *OPENED_BY_FUNCTION),
        )
    return sorted(gone) + [name for name in _constraint_names(conn) if name not in standing]


def _constraint_names(conn: Connection) -> list[str]:
    """The named constraints and unique indexes of the ledger's tables, as the database has them."""
    preparer = conn.dialect.identifier_preparer
    names: set[str] = set()
    for table in Base.metadata.tables.values():
        if table.name.startswith("ledger_"):
            names |= {str(preparer.format_constraint(one)) for one in table.constraints}
            names |= {str(preparer.format_index(one)) for one in table.indexes if one.unique}
    return sorted(names)


def seed_reference(conn: Connection) -> None:
    """Insert the chart's rows that are not there yet. Existing rows are never changed."""
    have = set(conn.scalars(select(ChartAccount.kind)))
    have_books = {
        (row[0], row[1])
        for row in conn.execute(select(ChartBook.account_kind, ChartBook.book_kind))
    }
    for rule in ACCOUNTS.values():
        if rule.kind not in have:
            conn.execute(
                insert(ChartAccount).values(
                    kind=rule.kind.value, side=rule.side.value, floored=rule.floored
                )
            )
        for book in sorted(rule.books):
            if (rule.kind.value, book.value) not in have_books:
                conn.execute(
                    insert(ChartBook).values(account_kind=rule.kind.value, book_kind=book.value)
                )
    have = set(conn.scalars(select(Kind.code)))
    for kind in KINDS.values():
        if kind.kind not in have:
            conn.execute(insert(Kind).values(code=kind.kind.value, authorized=kind.authorized))
    have_pairs = {tuple(row) for row in conn.execute(select(*KindPair.__table__.columns))}
    for pair in sorted(PAIRS):
        if pair not in have_pairs:
            names = [column.name for column in KindPair.__table__.columns]
            values = [part if isinstance(part, bool) else part.value for part in pair]
            conn.execute(insert(KindPair).values(dict(zip(names, values, strict=True))))
    if conn.scalar(select(Head.n)) is None:
        conn.execute(insert(Head).values(id=1, n=0))


def schema_version(conn: Connection) -> str | None:
    """The Alembic revision the database stands at; ``None`` before the first migration."""
    try:
        found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    except Exception:  # noqa: BLE001 - any database's way of saying that the table is not there
        return None
    return found
