"""An installation as its operator sees it: its settings, and the ``charity`` command.

A command can be killed at a named function: the wrapper that kills lives here, and nothing in
``charity`` knows of it.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import create_engine, text

from charity.app import create_app
from charity.cli import main
from charity.config import Settings
from charity.donations.services import DonorDetails
from charity.kernel import files
from charity.kernel.db import db
from tests import gifts
from tests.conftest import TestDatabase, make_settings
from tests.processes import processes
from tests.servers import postgres_url

PATIENCE_S = 120
KEPT = b"a receipt as it was issued\n"
_counter = itertools.count(1)

#: Where a command dies: module, function, "before" or "after" it, at which call.
Trap = tuple[str, str, str, int]


def command(words: list[str], environment: dict[str, str], log: Path, trap: Trap | None) -> None:
    """Become ``charity WORDS``; what it says goes to ``log``."""
    for name in [each for each in os.environ if each.startswith("CHARITY_")]:
        del os.environ[name]
    os.environ.update(environment)
    with log.open("wb") as stream:
        os.dup2(stream.fileno(), sys.stdout.fileno())
        os.dup2(stream.fileno(), sys.stderr.fileno())
    if trap is not None:
        _set(trap)
    main(words)


def start(
    words: list[str], environment: dict[str, str], log: Path, trap: Trap | None = None
) -> ForkServerProcess:
    """``charity WORDS``, running in a process of its own."""
    process = processes.Process(target=command, args=(words, environment, log, trap))
    process.start()
    return process


def ended(process: ForkServerProcess, log: Path) -> tuple[int | None, str]:
    """Wait for its end; its status and what it said."""
    process.join(PATIENCE_S)
    said = log.read_text("utf-8") if log.exists() else ""
    log.unlink(missing_ok=True)
    return process.exitcode, said


def _set(trap: Trap) -> None:
    place, name, moment, times = trap
    module = importlib.import_module(place)
    real, passed = getattr(module, name), itertools.count(1)

    def trapped(*args: Any, **kwargs: Any) -> Any:
        here = next(passed) == times
        if here and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if here and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, trapped)


@dataclass(frozen=True)
class House:
    """One installation: its database and its data folder."""

    database: TestDatabase
    folder: Path

    @property
    def settings(self) -> Settings:
        """Its settings, as the commands below have them."""
        return make_settings(self.database, self.folder)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of its commands."""
        return {
            "CHARITY_MODE": "development",
            "CHARITY_DATA_DIR": str(self.folder),
            "CHARITY_DATABASE_URL": self.database.url,
            "CHARITY_DATABASE_OWNER_URL": self.database.owner_url,
            "CHARITY_SECRET_KEY": self.settings.secret_key,
            **more,
        }

    def run(self, *words: str | Path, code: int = 0, **more: str) -> str:
        """One command to its end; what it said. Fails when it ends otherwise than with ``code``."""
        return self._run([*map(str, words)], code, None, more)

    def kill(self, trap: Trap, *words: str | Path) -> None:
        """One command that dies by SIGKILL at its trap."""
        self._run([*map(str, words)], -signal.SIGKILL, trap, {})

    def _run(self, words: list[str], code: int, trap: Trap | None, more: dict[str, str]) -> str:
        status, said = ended(*self.start(words, trap, **more))
        assert status == code, f"{words} {trap}: {status}\n{said}"
        return said

    def start(
        self, words: list[str], trap: Trap | None = None, **more: str
    ) -> tuple[ForkServerProcess, Path]:
        """One command, running, and where it says what it says."""
        log = self.folder.parent / f"{self.folder.name}-{next(_counter)}.log"
        return start(words, self.environment(**more), log, trap), log

    def app(self) -> Flask:
        """An application on it, for this process."""
        return create_app(self.settings)

    def rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Rows read past the application, as the owner."""
        engine = create_engine(self.database.owner_url)
        try:
            with engine.connect() as conn:
                return [tuple(row) for row in conn.execute(text(sql), values)]
        finally:
            engine.dispose()

    def check(self) -> dict[str, Any]:
        """What ``charity check --json`` says; it must hold."""
        report: dict[str, Any] = json.loads(self.run("check", "--json"))
        assert report["ok"]
        return report

    def ready(self) -> int:
        """The status of ``/readyz``."""
        app = self.app()
        status = app.test_client().get("/readyz").status_code
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        return status


def furnish(house: House, count: int = 12) -> None:
    """Units, settled gifts with donors' names, and a kept file."""
    app = house.app()
    with app.app_context():
        gifts.make_place()
        gifts.give((gifts.COUNTY, 12_345), (gifts.TOWN, 1))
        gifts.give_many(count)
        gifts.settle()
        files.store().put(KEPT, ".txt")
        db.session.remove()
        db.engine.dispose()


@dataclass
class Given:
    """What donors gave meanwhile, and what went wrong for them."""

    count: int = 0
    errors: list[Exception] = field(default_factory=list)

    def until(self, count: int) -> None:
        """Wait until so many were given."""
        deadline = time.monotonic() + 60
        while self.count < count and not self.errors and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not self.errors, self.errors
        assert self.count >= count


@contextmanager
def giving(house: House, donors: int = 3) -> Iterator[Given]:
    """Donors give without a pause, each in a thread, while the block runs."""
    app, stop, given = house.app(), threading.Event(), Given()

    def give() -> None:
        try:
            while not stop.is_set():
                with app.app_context():
                    gifts.give((gifts.COUNTY, 100), donor=DonorDetails())
                    db.session.remove()
                given.count += 1
        except Exception as error:  # noqa: BLE001 - told by the test
            given.errors.append(error)

    threads = [threading.Thread(target=give) for _ in range(donors)]
    for thread in threads:
        thread.start()
    try:
        yield given
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        with app.app_context():
            db.engine.dispose()
    assert not given.errors, given.errors


@contextmanager
def empty_postgres(home: str) -> Iterator[TestDatabase]:
    """A PostgreSQL database with nothing in it."""
    name = f"elsewhere_{os.getpid()}_{next(_counter)}"
    with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} OWNER charity_owner")
    yield TestDatabase(
        "postgres",
        postgres_url(home, name, "charity_app"),
        postgres_url(home, name, "charity_owner"),
    )
    with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def keys_to(source: House, target: House) -> None:
    """Bring the keys, as an operator would."""
    shutil.copytree(source.folder / "keys", target.folder / "keys")


#: Every book's balances by number, summed anew from the postings: no query of ours is used.
BALANCES = """
    SELECT b.id, a.code, sum(CASE WHEN p.debit_account_id = a.id THEN p.amount_fen
                             ELSE -p.amount_fen END)
    FROM ledger_posting p JOIN ledger_number n ON n.entry_id = p.entry_id
    JOIN ledger_account a ON a.id IN (p.debit_account_id, p.credit_account_id)
    JOIN ledger_book b ON b.id = a.book_id
    WHERE n.n <= :n GROUP BY b.id, a.code ORDER BY b.id, a.code"""
ENTRIES = """
    SELECT n.n, e.id, e.book_id, e.book_no, e.kind, e.amount_fen, e.idempotency_key, p.line,
           p.debit_account_id, p.credit_account_id, p.amount_fen
    FROM ledger_number n JOIN ledger_entry e ON e.id = n.entry_id
    JOIN ledger_posting p ON p.entry_id = e.id WHERE n.n <= :n ORDER BY n.n, p.line"""


def same_ledger(one: House, other: House, n: int) -> None:
    """Fail unless both have the same books and entries up to number ``n``, at least one."""
    for sql in (BALANCES, ENTRIES):
        found = one.rows(sql, n=n)
        assert found
        assert [[str(value) for value in row] for row in found] == [
            [str(value) for value in row] for row in other.rows(sql, n=n)
        ]
