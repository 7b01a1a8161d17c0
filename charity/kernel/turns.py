"""One unit of work after the other, where there is no row to lock."""

from __future__ import annotations

from sqlalchemy import text

from charity.kernel.atomic import require_atomic
from charity.kernel.db import db


def one_at_a_time(what: str) -> None:
    """Wait while another unit of work holds ``what``, then hold it until this one ends.

    What is read afterwards is what the other left. SQLite has one writer: there this unit of work
    is alone already. PostgreSQL's advisory lock is a hash: two names that share one wait in vain,
    no more.
    """
    require_atomic()
    session = db.session()
    if session.get_bind().dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
        session.execute(lock, {"what": what})
