"""What must be true before anything is served. Asked at each start and by ``charity doctor``."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Connection, text

from charity.config import RunMode, Settings, bundle_dir
from charity.kernel import closed, migrate
from charity.kernel.db import db
from charity.ledger import guards, queries


def not_ready(app: Flask) -> list[str]:
    """Why this installation must not serve; empty when it may."""
    with app.app_context(), db.engine.connect() as conn:
        shut = closed.reason(conn)
        conn.rollback()
    return standing(app) if shut is None else [f"this database is closed: {shut}"]


def standing(app: Flask) -> list[str]:
    """What does not stand: schema, guards, the kind of money, the role's rights."""
    settings: Settings = app.extensions["charity.settings"]
    with app.app_context(), db.engine.connect() as conn:
        version = guards.schema_version(conn)
        conn.rollback()
        if version is None:
            return ["there is no database yet: run `charity init`"]
        head = migrate.head(bundle_dir() / "migrations")
        if version != head:
            return [f"the database stands at {version}, the code at {head}: run `charity upgrade`"]
        reasons = [f"guard missing: {name}" for name in guards.missing(conn)[:5]]
        born = queries.mode()
        if settings.mode is RunMode.PRODUCTION:
            if born != "real":
                reasons.append("production needs a database born real")
            if owns_ledger(conn):
                reasons.append("the application's database role owns the ledger's tables")
        elif born == "real":
            reasons.append(f"a real database is not for mode {settings.mode.value}")
        db.session.remove()
    return reasons


def owns_ledger(conn: Connection) -> bool:
    """Whether this connection's role could undo the guards (PostgreSQL; SQLite has no roles)."""
    if conn.dialect.name != "postgresql":
        return False
    found = conn.scalar(
        text(
            "SELECT bool_or(pg_has_role(current_user, tableowner, 'MEMBER'))"
            " OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
            " FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE 'ledger%'"
        )
    )
    return bool(found)
