"""What every benchmark needs: databases with fsync on, applications on them, and their servers.

Everything lies in one folder that is removed at the end; servers listen on loopback or a socket.
"""

from __future__ import annotations

import http.client
import inspect
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from benchmarks.report import Line, print_line
from charity.app import create_app, import_models
from charity.config import RunMode, Settings, bundle_dir
from charity.kernel.db import db
from charity.ledger import services as ledger
from charity.ledger.kinds import Mode
from tests.servers import free_port, postgres, postgres_binaries, postgres_url

REPOSITORY = Path(__file__).parent.parent
# Both databases flush at every commit, as in production; memory as an operator would give it.
POSTGRES = "-c fsync=on -c synchronous_commit=on -c shared_buffers=256MB -c max_wal_size=4GB"
DIALECTS = ("sqlite", "postgres")
SHOWN = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@dataclass(frozen=True)
class Installation:
    """A migrated, born test database, its settings, and the environment of its processes."""

    dialect: str
    name: str
    folder: Path
    settings: Settings

    @property
    def environment(self) -> dict[str, str]:
        """For child processes."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("CHARITY_")},
            "CHARITY_MODE": self.settings.mode.value,
            "CHARITY_DATA_DIR": str(self.settings.data_dir),
            "CHARITY_DATABASE_URL": self.settings.database_url,
            "CHARITY_DATABASE_OWNER_URL": self.settings.database_owner_url,
            "CHARITY_SECRET_KEY": self.settings.secret_key,
            "CHARITY_BASE_URL": self.settings.base_url,
            "PYTHONPATH": str(REPOSITORY),
        }

    def checkpoint(self) -> None:
        """SQLite: everything from the log into the file, so that the file is whole."""
        with closing(sqlite3.connect(self.name)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def charity(self, *arguments: str) -> str:
        """Run a command of ours on this installation; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "charity", *arguments],
            env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"charity {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


@dataclass
class Rig:
    """One run of the benchmarks."""

    quick: bool
    gifts: int
    folder: Path
    data: Path | None = None
    loaded: dict[int, dict[str, Installation]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    floors: dict[str, str] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)
    _home: str | None = None
    _counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, line: Line) -> None:
        """Keep a line and print it."""
        self.lines.append(line)
        print_line(line)

    def floor_code(self, name: str, *parts: Callable[..., object]) -> None:
        """Keep the code of a floor, to be shown beside the results."""
        self.floors[name] = "\n\n".join(inspect.getsource(part).rstrip() for part in parts)

    @property
    def postgres_home(self) -> str:
        """The folder of our PostgreSQL's socket; it is started when first asked for."""
        if self._home is None:
            binaries = postgres_binaries()
            if binaries is None:
                raise RuntimeError("PostgreSQL is not installed: run bin/setup --dev")
            self._home = self.stack.enter_context(postgres(binaries, settings=POSTGRES))
        return self._home

    def install(self, dialect: str) -> Installation:
        """A fresh installation on ``dialect``."""
        number = next(self._counter)
        folder = self.folder / f"{dialect}{number}"
        folder.mkdir()
        import_models()
        role = None
        if dialect == "sqlite":
            name = str(folder / "charity.db")
            url = owner = f"sqlite:///{name}"
        else:
            home, name, role = self.postgres_home, f"bench{number}", "charity_app"
            with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE {name} OWNER charity_owner")
            url = postgres_url(home, name, role)
            owner = postgres_url(home, name, "charity_owner")
        ledger.prepare(owner, bundle_dir() / "migrations", app_role=role, birth=Mode.TEST)
        settings = Settings.model_validate(
            {
                "mode": RunMode.DEMO,
                "data_dir": folder,
                "database_url": url,
                "database_owner_url": owner,
                "secret_key": "benchmarks-only-" + "0" * 32,
                "base_url": "http://127.0.0.1:8000",
            }
        )
        return Installation(dialect, name, folder, settings)

    def analyze(self, installation: Installation) -> None:
        """Statistics for the planner, as the owner; PostgreSQL's autovacuum would do it in time."""
        if installation.dialect == "postgres":
            url = f"host={self.postgres_home} user=postgres dbname={installation.name}"
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("VACUUM ANALYZE")


@contextmanager
def new_rig(*, quick: bool, gifts: int = 1_000_000, data: Path | None = None) -> Iterator[Rig]:
    """A rig whose servers and files are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="charity-bench-"))
    rig = Rig(quick=quick, gifts=gifts, folder=folder, data=data)
    try:
        with rig.stack:
            yield rig
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def application(installation: Installation) -> Iterator[Flask]:
    """The application, in its context."""
    app = create_app(installation.settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


@contextmanager
def served(
    module: str, environment: dict[str, str], *arguments: str, probe: str = "/"
) -> Iterator[tuple[int, int]]:
    """``python -m module … PORT`` until the end; ``PORT`` in the arguments is a free port.

    Yields the port and the id of the process that answers.
    """
    port = free_port()
    filled = [str(port) if each == "PORT" else each for each in arguments]
    process = subprocess.Popen(
        [sys.executable, "-m", module, *filled], env=environment, cwd=REPOSITORY,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port, probe, process)
        yield port, _worker_of(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def site(installation: Installation) -> Iterator[tuple[int, int]]:
    """The site as ``charity web`` serves it."""
    environment = installation.environment
    with served("charity", environment, "web", "--port", "PORT", probe="/livez") as found:
        yield found


def _wait(port: int, probe: str, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError("the server ended at its start")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", probe)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise RuntimeError("the server did not answer")


def _worker_of(pid: int) -> int:
    """Granian's own process watches; its child answers."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    children = path.read_text("ascii").split()
    return int(children[-1]) if children else pid
