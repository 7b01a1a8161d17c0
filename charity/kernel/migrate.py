"""Alembic run from code, on the owner's own connection, without the authorizer.

SQLite: foreign keys are off before BEGIN (a rebuilt table must not drag its children along) and
``foreign_key_check`` is asked before COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

T = TypeVar("T")


class MigrationError(RuntimeError):
    """The database would not be whole after this migration; nothing was changed."""


def owner_engine(url: str) -> Engine:
    """An engine for the owner: every connection new, transactions begun by us."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: object, _record: object) -> None:
            raw.isolation_level = None  # type: ignore[attr-defined] # a sqlite3.Connection
            raw.execute("PRAGMA busy_timeout=10000")  # type: ignore[attr-defined] # see above
            raw.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined] # see above
            raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined] # see above

        @event.listens_for(engine, "begin")
        def _begin(conn: Connection) -> None:
            conn.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def as_owner(url: str, work: Callable[[Connection], T]) -> T:
    """``work`` on a connection of the owner, in one transaction: all of it or nothing."""
    engine = owner_engine(url)
    try:
        with engine.begin() as conn:
            return work(conn)
    finally:
        engine.dispose()


def config(scripts: Path) -> Config:
    """Alembic's configuration for the folder of migrations."""
    made = Config()
    made.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return made


def head(scripts: Path) -> str:
    """The newest revision the code knows."""
    revision = ScriptDirectory.from_config(config(scripts)).get_current_head()
    if revision is None:
        raise MigrationError("there are no migrations")
    return revision


def knows(scripts: Path, revision: str) -> bool:
    """Whether the code has this revision; it lacks those of newer versions."""
    return any(
        each.revision == revision
        for each in ScriptDirectory.from_config(config(scripts)).walk_revisions()
    )


def run(
    engine: Engine,
    scripts: Path,
    *,
    to: str = "head",
    after: Callable[[Connection], None] | None = None,
) -> None:
    """Migrate up (or down) to ``to`` and run ``after`` (guards, birth), all in one transaction."""
    with engine.begin() as conn:
        made = config(scripts)
        made.attributes["connection"] = conn
        if to == "head" or not to.startswith("-"):
            command.upgrade(made, to)
        else:
            command.downgrade(made, to)
        if after is not None:
            after(conn)
        if conn.dialect.name == "sqlite":
            broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise MigrationError(f"foreign keys are broken: {broken[:5]}")
