"""``charity backup``: a consistent copy of database and files, made while the site serves.

Rule: the figures in the manifest are read from the very copy (SQLite) or in the very snapshot that
is copied (PostgreSQL). Files are copied after it: a row is written only once its file lies there,
and a kept file never changes, so every file the copy speaks of is in the dump.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

import charity
from charity.cli import dumps, pgtools
from charity.cli.application import make_app
from charity.config import Settings
from charity.kernel import clock, closed, crypto, heartbeat
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.ledger import fingerprint

JOB = "backup"
_HASH_NAME = re.compile(r"[0-9a-f]{64}")


@click.command()
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="The keys as well: then keep the dump as safe.")
def backup(target: Path, with_keys: bool) -> None:
    """Copy database and files into DIR, which must not be there yet."""
    app = make_app()
    try:
        _backup(app, target, with_keys=with_keys)
    finally:
        with app.app_context():
            db.engine.dispose()


def _backup(app: Flask, target: Path, *, with_keys: bool) -> None:
    began = clock.now()
    try:
        manifest, seal = make(app, target.absolute(), with_keys=with_keys)
    except (SQLAlchemyError, sqlite3.Error, OSError, crypto.KeysMissing) as error:
        _beat(app, began, ok=False, error=type(error).__name__)
        said = str(getattr(error, "orig", error))
        raise click.ClickException(f"no backup was made: {said}") from error
    except click.ClickException:
        _beat(app, began, ok=False, error="refused")
        raise
    detail = {"dump": target.name, "n": manifest.n, "seal": seal, "damaged": manifest.damaged}
    _beat(app, began, ok=not manifest.damaged, detail=json.dumps(detail, ensure_ascii=False))
    size = sum(part.size for part in manifest.files)
    click.echo(f"{target}: up to entry {manifest.n}, {len(manifest.files)} files, {size:,} bytes")
    click.echo(f"seal: {seal}")
    if not with_keys:
        click.echo("the keys are not in it: keep a copy of keys/ elsewhere, once")
    if manifest.damaged:
        raise click.ClickException(
            "the dump is whole, but these kept files were damaged before it:"
            f" {', '.join(manifest.damaged[:5])}"
        )


def make(app: Flask, target: Path, *, with_keys: bool) -> tuple[dumps.Manifest, str]:
    """Make the dump; its manifest and seal. Nothing is at ``target`` unless it is whole."""
    settings: Settings = app.extensions["charity.settings"]
    keys = settings.data_dir / "keys"
    with dumps.fresh(target) as folder, app.app_context():
        dialect = make_url(settings.database).get_backend_name()
        copied = _sqlite if dialect == "sqlite" else _postgres
        # Before the copy: nothing in it can have waited longer than it had by now.
        made_at = clock.now()
        with copied(settings, folder / dumps.DATABASE[dialect]) as conn:
            facts = _facts(conn)
            figures = fingerprint.take(conn)
        dumps.write(folder / dumps.FIGURES, figures.as_json())
        damaged = _copy_files(settings.data_dir / "files", folder / dumps.FILES)
        if with_keys:
            for path in sorted(each for each in keys.iterdir() if each.is_file()):
                dumps.copy(path, folder / dumps.KEYS / path.name)
        manifest = dumps.Manifest(
            format=dumps.FORMAT,
            made_at=made_at.isoformat(),
            version=charity.__version__,
            migration=facts["migration"],
            dialect=dialect,
            mode=facts["mode"],
            origin=facts["origin"],
            n=figures.n,
            figures_sha256=hashlib.sha256(figures.as_json().encode()).hexdigest(),
            keys=crypto.key_ids(keys),
            damaged=damaged,
            files=dumps.parts(folder),
        )
        seal = _seal(folder, manifest, keys)
        db.session.remove()
    return manifest, seal


def _seal(folder: Path, manifest: dumps.Manifest, keys: Path) -> str:
    """Write the manifest, last of all, and its seal."""
    seal = dumps.sealed(manifest.as_json(), keys)
    dumps.write(folder / dumps.MANIFEST, manifest.as_json())
    dumps.write(folder / dumps.SEAL, seal + "\n")
    return seal


def _facts(conn: Connection) -> dict[str, str]:
    """What the database says of itself. Raises ClickException when it is closed or unborn."""
    shut = closed.reason(conn)
    if shut is not None:
        raise click.ClickException(f"this database is closed: {shut}")
    born = conn.execute(text("SELECT mode, origin FROM ledger_database")).one_or_none()
    if born is None:
        raise click.ClickException("this database was never born: run `charity init`")
    version = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return {"migration": str(version), "mode": born.mode, "origin": born.origin}


@contextmanager
def _sqlite(settings: Settings, place: Path) -> Iterator[Connection]:
    """Copy the file by SQLite's own online copy, in one step; yields a connection to the copy.

    In one step because a copy in several begins anew whenever somebody writes in between, and
    under load would never end. Writers are not kept waiting: the journal is a write-ahead log.
    """
    source = make_url(settings.database).database
    if source is None or not Path(source).is_file():
        raise click.ClickException("there is no database yet: run `charity init`")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(place)) as new:
        old.execute("PRAGMA busy_timeout=10000")
        old.backup(new)
        # One file, without a journal beside it.
        new.execute("PRAGMA journal_mode=DELETE")
        wrong = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    if wrong != "ok":
        raise click.ClickException(f"the database's file is damaged: {wrong}")
    place.chmod(0o600)
    dumps.flush(place)
    engine = create_engine(f"sqlite:///{place}", poolclass=NullPool)
    with engine.connect() as conn:
        yield conn


@contextmanager
def _postgres(settings: Settings, place: Path) -> Iterator[Connection]:
    """Copy by ``pg_dump`` in an exported snapshot; yields the connection that holds it."""
    with db.engine.connect() as conn:
        conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = conn.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        pgtools.run(
            "pg_dump", settings.database, "--format=custom", "--no-owner", "--no-privileges",
            f"--snapshot={snapshot}", f"--file={place}",
        )  # fmt: skip
        place.chmod(0o600)
        dumps.flush(place)
        yield conn
        conn.rollback()


def _copy_files(source: Path, target: Path) -> list[str]:
    """Copy the kept files, as they are; those that are not what their names say."""
    damaged = []
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        name = path.relative_to(source)
        digest = dumps.copy(path, target / name)
        wanted = path.name.partition(".")[0]
        if _HASH_NAME.fullmatch(wanted) and wanted != digest:
            damaged.append(name.as_posix())
    return damaged


def _beat(
    app: Flask, began: dt.datetime, *, ok: bool, error: str | None = None, detail: str | None = None
) -> None:
    """Note how the backup ended, for the watch and the doctor."""
    run = heartbeat.Run(JOB, began, clock.now(), ok, error, detail)
    try:
        with app.app_context():
            atomically(heartbeat.record)(run)
            db.session.remove()
    except SQLAlchemyError as failure:
        said = type(failure).__name__
        click.echo(f"that the backup ended could not be noted ({said})", err=True)
