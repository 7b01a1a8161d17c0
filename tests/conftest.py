"""Databases, applications and actors for the tests.

An append-only database cannot be cleaned: one migrated template is made for each dialect and run,
and each test that asks for ``database`` gets a copy of it (SQLite: a file; PostgreSQL: ``CREATE
DATABASE … TEMPLATE``), used with the application's role.
"""

from __future__ import annotations

import gc
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine

from charity.app import import_models
from charity.config import RunMode, Settings, bundle_dir
from charity.kernel.db import db
from charity.ledger import services as ledger
from charity.ledger.kinds import Mode
from tests.apps import application
from tests.servers import postgres, postgres_binaries, postgres_url

# Thousands of modules, models and templates stay for the whole run: looking through all of them
# after every few hundred new objects took a tenth of the suite's time.
gc.set_threshold(50_000, 20, 20)


@dataclass(frozen=True)
class TestDatabase:
    """A fresh, migrated database: the application's URL and the owner's."""

    __test__ = False
    dialect: str
    url: str
    owner_url: str


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The suite's own PostgreSQL, on a unix socket; yields the socket's folder."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    # The suite proves what is stored, not that it survives a power cut; a database lives a second.
    settings = (
        "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off"
        " -c wal_level=minimal -c max_wal_senders=0"
    )
    with postgres(binaries, settings=settings) as home:
        yield home


@pytest.fixture(scope="session")
def postgres_admin(postgres_server: str) -> Iterator[psycopg.Connection]:
    """Whoever makes and drops databases there."""
    with psycopg.connect(f"host={postgres_server} user=postgres", autocommit=True) as conn:
        yield conn


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, postgres_admin: psycopg.Connection) -> str:
    """Name of a migrated, born database that others are copied from."""
    name = "template_charity"
    postgres_admin.execute(f"CREATE DATABASE {name} OWNER charity_owner")
    import_models()
    ledger.prepare(
        postgres_url(postgres_server, name, "charity_owner"),
        bundle_dir() / "migrations",
        app_role="charity_app",
        birth=Mode.TEST,
    )
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, born SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "charity.db"
    import_models()
    url = f"sqlite:///{path}"
    ledger.prepare(url, bundle_dir() / "migrations", app_role=None, birth=Mode.TEST)
    engine = create_engine(url)
    with engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]
#: For what only a database with many writers can do wrong.
ONLY_POSTGRES = pytest.mark.parametrize("dialect", BOTH[1:], indirect=True)


@pytest.fixture(params=BOTH)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each test that needs a database runs on both."""
    return str(request.param)


def make_database(
    dialect: str, request: pytest.FixtureRequest, folder: Path
) -> Iterator[TestDatabase]:
    """A fresh copy of the dialect's template."""
    if dialect == "sqlite":
        path = folder / "charity.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield TestDatabase("sqlite", f"sqlite:///{path}", f"sqlite:///{path}")
        return
    home = request.getfixturevalue("postgres_server")
    admin: psycopg.Connection = request.getfixturevalue("postgres_admin")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{secrets.token_hex(6)}"
    copied = f"TEMPLATE {template} STRATEGY file_copy"
    admin.execute(f"CREATE DATABASE {name} OWNER charity_owner {copied}")
    yield TestDatabase(
        "postgres",
        postgres_url(home, name, "charity_app"),
        postgres_url(home, name, "charity_owner"),
    )
    admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(
    dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[TestDatabase]:
    """A fresh database of each dialect."""
    yield from make_database(dialect, request, tmp_path)


def make_settings(database: TestDatabase, folder: Path, **changes: object) -> Settings:
    """Settings of a test installation on ``database``."""
    values: dict[str, object] = {
        "mode": RunMode.DEVELOPMENT,
        "data_dir": folder,
        "database_url": database.url,
        "database_owner_url": database.owner_url,
        "secret_key": "tests-only-" + "0" * 32,
        "base_url": "http://127.0.0.1:8000",
    }
    return Settings.model_validate({**values, **changes})


@pytest.fixture
def app(database: TestDatabase, tmp_path: Path) -> Iterator[Flask]:
    """The application on a fresh database, without an application context."""
    with application(make_settings(database, tmp_path)) as made:
        yield made


@pytest.fixture
def ctx(app: Flask) -> Iterator[Flask]:
    """The same, inside an application context: for services and queries."""
    with app.app_context():
        yield app
        db.session.remove()
