"""``charity restore``: a dump becomes an installation again, or nothing serves.

Rule: only a whole dump whose every hash and seal holds; only into a place where nothing is, unless
told. The database stays closed until the guards are made anew, every check was asked, and every
book and entry equals what the manifest says. On SQLite it lies under another name until then; on
PostgreSQL it is closed before the first table comes. A restore that died is simply started again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from charity.cli import dumps, pgtools, proof
from charity.cli.application import make_app
from charity.cli.application import settings as load_settings
from charity.config import RunMode, Settings, bundle_dir
from charity.kernel import closed, migrate, presence

_WHY = "a restore into it is not finished; run `charity restore` again"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Though something is there: it is replaced.")
@click.option(
    "--keys",
    "keys_from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder where the keys were kept, when they are neither here nor in the dump.",
)
@click.option(
    "--seal", help="Refuse any dump but the one with this seal, as the backup printed it."
)
@click.option("--despite-checks", is_flag=True, help="Serve though a check finds something.")
def restore(
    *,
    folder: Path,
    overwrite: bool,
    keys_from: Path | None,
    seal: str | None,
    despite_checks: bool,
) -> None:
    """Restore the dump in DIR into the database and folder of the settings."""
    found = load_settings()
    try:
        keys = _keys(found, folder, keys_from)
        manifest = examine(found, folder, keys, seal)
        with presence.alone(found.data_dir):
            _bring_keys(found, keys)
            bring(found, folder, manifest, overwrite=overwrite, despite_checks=despite_checks)
    except (dumps.NotWhole, presence.Occupied) as error:
        raise click.ClickException(f"not restored: {error}") from error
    except (SQLAlchemyError, migrate.MigrationError, sqlite3.Error, OSError) as error:
        said = str(getattr(error, "orig", error))
        raise click.ClickException(f"not restored, and not open: {said}") from error
    click.echo(f"restored up to entry {manifest.n}; every book and entry equal; it may serve")
    for path in manifest.damaged:
        click.echo(f"damaged before the backup: {path}", err=True)


def _keys(found: Settings, folder: Path, keys_from: Path | None) -> Path:
    """Where the keys are: here, where the words say, or in the dump."""
    here, brought = found.data_dir / dumps.KEYS, folder / dumps.KEYS
    if any(here.glob("*")):
        return here
    return keys_from or (brought if brought.is_dir() else here)


def examine(found: Settings, folder: Path, keys: Path, seal: str | None) -> dumps.Manifest:
    """The manifest of a dump that may be restored here. Raises NotWhole, ClickException."""
    manifest, words = dumps.read(folder)
    if seal is not None and (folder / dumps.SEAL).read_text("utf-8").strip() != seal.strip():
        raise dumps.NotWhole(f"{folder} is another dump than the one with this seal")
    dialect = make_url(found.database).get_backend_name()
    if manifest.dialect != dialect:
        raise click.ClickException(
            f"this dump is of {manifest.dialect}, the settings name {dialect};"
            " restore it to its own kind, then `charity move`"
        )
    if not migrate.knows(bundle_dir() / "migrations", manifest.migration):
        raise click.ClickException(
            f"this dump stands at {manifest.migration}, made by version {manifest.version}:"
            " restore it with that version or a newer one"
        )
    if (manifest.mode == "real") != (found.mode is RunMode.PRODUCTION):
        raise click.ClickException(
            f"mode {found.mode.value} takes no database born {manifest.mode}"
        )
    dumps.verify_keys(folder, manifest, words, keys)
    dumps.verify_files(folder, manifest)
    return manifest


def bring(
    found: Settings,
    folder: Path,
    manifest: dumps.Manifest,
    *,
    overwrite: bool,
    despite_checks: bool,
) -> None:
    """Restore, prove, open. Raises ClickException when it is not what it was; it stays closed."""

    def prove(there: Settings) -> None:
        figures = json.loads((folder / dumps.FIGURES).read_text("utf-8"))
        digest = hashlib.sha256((folder / dumps.FIGURES).read_bytes()).hexdigest()
        wrong = [] if digest == manifest.figures_sha256 else ["the figures are not the manifest's"]
        app = make_app(there)
        wrong += proof.found_against(app, figures, manifest.made, despite_checks=despite_checks)
        if wrong:
            raise click.ClickException("restored, and not opened: " + "; ".join(wrong[:5]))

    into = _into_sqlite if manifest.dialect == "sqlite" else _into_postgres
    into(found, folder, overwrite, prove)


def _bring_keys(found: Settings, keys: Path) -> None:
    here = found.data_dir / dumps.KEYS
    if keys != here:
        here.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in sorted(each for each in keys.iterdir() if each.is_file()):
            dumps.copy(path, here / path.name)


def _bring_files(found: Settings, folder: Path) -> None:
    """Kept files go to their places; one that is there already and the same stays."""
    for path in sorted((folder / dumps.FILES).rglob("*")):
        if not path.is_file():
            continue
        target = found.data_dir / dumps.FILES / path.relative_to(folder / dumps.FILES)
        if target.is_file() and dumps.hash_of(target) == dumps.hash_of(path):
            continue
        fresh = target.with_name(f".{target.name}.new")
        dumps.copy(path, fresh, mode=0o644)
        fresh.replace(target)
        dumps.flush(target.parent)


def _prepare(there: Settings) -> None:
    """Migrate to this version's schema and make guards and grants anew."""
    from charity.ledger.services import prepare

    role = there.app_role if there.owner_database != there.database else None
    prepare(there.owner_database, bundle_dir() / "migrations", app_role=role, birth=None)


# --- SQLite --------------------------------------------------------------------------------------
def _into_sqlite(
    found: Settings, folder: Path, overwrite: bool, prove: Callable[[Settings], None]
) -> None:
    name = make_url(found.database).database
    assert name is not None
    target = Path(name)
    if not overwrite and not _is_empty(target):
        raise click.ClickException(f"{target} is there already; say --overwrite to replace it")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.restoring")
    for left in _family(fresh):
        left.unlink(missing_ok=True)
    dumps.copy(folder / dumps.DATABASE["sqlite"], fresh)
    url = f"sqlite:///{fresh}"
    there = proof.on(found, url, url)
    migrate.as_owner(url, lambda conn: closed.close(conn, _WHY))
    _prepare(there)
    _bring_files(found, folder)
    prove(there)
    migrate.as_owner(url, closed.open_again)
    _fold(fresh)
    _put_in_place(fresh, target)


def _is_empty(path: Path) -> bool:
    """Whether no table is there; a probe or a start makes an empty file by asking."""
    if not path.exists():
        return True
    with closing(sqlite3.connect(path)) as conn:
        return bool(conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)


def _family(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")]


def _fold(path: Path) -> None:
    """Bring a database's log into its file, so that it is one file."""
    with closing(sqlite3.connect(path)) as conn:
        (mode,) = conn.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise click.ClickException(f"{path} is in use: {mode}")
    dumps.flush(path)


def _put_in_place(fresh: Path, target: Path) -> None:
    """The proved database gets its name; what was there is kept beside it, with its log.

    Whoever dies between the renames leaves no database, which no start takes for one.
    """
    aside = target.with_name(f"{target.name}.replaced")
    for left in _family(aside):
        left.unlink(missing_ok=True)
    for old, new in zip(_family(target), _family(aside), strict=True):
        if old.exists():
            old.replace(new)
    fresh.replace(target)
    dumps.flush(target.parent)


# --- PostgreSQL ----------------------------------------------------------------------------------
def _into_postgres(
    found: Settings, folder: Path, overwrite: bool, prove: Callable[[Settings], None]
) -> None:
    migrate.as_owner(found.owner_database, lambda conn: _take(conn, overwrite))
    pgtools.run(
        "pg_restore", found.owner_database, "--single-transaction", "--exit-on-error",
        "--no-owner", "--no-privileges", str(folder / dumps.DATABASE["postgresql"]),
    )  # fmt: skip
    _prepare(found)
    # Or the planner knows nothing of what came.
    migrate.as_owner(found.owner_database, lambda conn: conn.exec_driver_sql("ANALYZE"))
    _bring_files(found, folder)
    prove(found)
    migrate.as_owner(found.owner_database, closed.open_again)


def _take(conn: Connection, overwrite: bool) -> None:
    """Empty the database and close it, in one transaction."""
    presence.no_other_session(conn)
    if closed.reason(conn) != _WHY and tables(conn) and not overwrite:
        raise click.ClickException("the database is not empty; say --overwrite to replace it")
    empty(conn)
    closed.close(conn, _WHY)


def tables(conn: Connection) -> list[str]:
    """The tables of our schema, but for the mark that closes it."""
    asked = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return [name for name in conn.scalars(asked) if name != closed.TABLE]


def empty(conn: Connection) -> None:
    """Drop every table and function of our schema, as their owner."""
    quote = conn.dialect.identifier_preparer.quote
    for name in tables(conn):
        conn.exec_driver_sql(f"DROP TABLE {quote(name)} CASCADE")
    functions = text(
        "SELECT oid::regprocedure::text FROM pg_proc"
        " WHERE pronamespace = current_schema()::regnamespace"
        " AND pg_has_role(proowner, 'USAGE') AND NOT EXISTS ("
        "  SELECT 1 FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')"
    )
    for signature in conn.scalars(functions).all():
        conn.exec_driver_sql(f"DROP FUNCTION {signature} CASCADE")
