"""A database that may not serve says so itself.

Rule: while a restore or a move is not proved, and for ever in a file whose money has moved to
another database, one table is there. A start, ``/readyz``, ``init`` and ``upgrade`` refuse as long
as it stands. Only the owner can make and drop it, so the application cannot open what is closed.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

TABLE = "closed_to_traffic"


def close(conn: Connection, why: str) -> None:
    """Close this database, as the owner, in the caller's transaction. ``why`` is one sentence."""
    open_again(conn)
    conn.execute(text("CREATE TABLE closed_to_traffic (why TEXT NOT NULL)"))
    conn.execute(text("INSERT INTO closed_to_traffic VALUES (:why)"), {"why": why})
    if conn.dialect.name == "postgresql":
        conn.execute(text("GRANT SELECT ON closed_to_traffic TO PUBLIC"))


def open_again(conn: Connection) -> None:
    """Let this database serve, as the owner, in the caller's transaction. Safe to repeat."""
    conn.execute(text("DROP TABLE IF EXISTS closed_to_traffic"))


def reason(conn: Connection) -> str | None:
    """Why this database may not serve; ``None`` when it may."""
    if conn.dialect.name == "sqlite":
        there = "SELECT 1 FROM sqlite_master WHERE name = 'closed_to_traffic'"
    else:
        there = "SELECT to_regclass('closed_to_traffic')"
    if conn.scalar(text(there)) is None:
        return None
    return str(conn.scalar(text("SELECT why FROM closed_to_traffic")))
