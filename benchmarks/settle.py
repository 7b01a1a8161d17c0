"""Settling from the inbox to the ledger, and numbering, on both databases.

PostgreSQL's floor is pgbench's own TPC-B on the same server. SQLite's is plain inserts of as many
rows as settling writes, without rules or triggers, with the same flush and batch.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from pathlib import Path
from statistics import median
from threading import Thread

from flask import Flask

from benchmarks import province
from benchmarks.report import Line, Mark
from benchmarks.rig import Rig, application
from charity.donations import jobs
from charity.donations.settling import BATCH
from charity.jobs.schedule import JOBS
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import services as ledger
from tests.servers import postgres_binaries

# Rows that one gift with its fee writes: event, intent and gift changed; payment, status, two
# entries and two postings new.
ROWS = 9
CLIENTS, SCALE = 4, 10
SEED = 20261121


def run(rig: Rig) -> None:
    """All lines of settling."""
    gifts, rounds = (5_000, 2) if rig.quick else (10_000, 5)
    _postgres(rig, gifts, rounds)
    _sqlite(rig, gifts, rounds)


def _settle(app: Flask, count: int) -> float:
    """Gifts a second: what the worker's own verb, in its lanes, needs until the inbox is empty."""
    done: list[int] = []

    def lane() -> None:
        with app.app_context():
            while handled := jobs.settle_inbox():
                done.append(handled)
            db.session.remove()

    lanes = [Thread(target=lane) for job in JOBS if job.run is jobs.settle_inbox]
    begin = time.perf_counter()
    for each in lanes:
        each.start()
    for each in lanes:
        each.join()
    if sum(done) != count:
        raise AssertionError(f"{sum(done)} events settled of {count}")
    return count / (time.perf_counter() - begin)


def _sequence(entries: int) -> float:
    """Entries numbered a second."""
    begin = time.perf_counter()
    done = 0
    while True:
        with atomic():
            numbered = ledger.sequence()
        done += numbered
        if not numbered:
            break
    if not entries <= done <= 2 * entries:
        raise AssertionError(f"{done} entries numbered of {entries} gifts")
    return done / (time.perf_counter() - begin)


def _round(app: Flask, gifts: int, hot: float, draw: random.Random) -> tuple[float, float]:
    province.fill_inbox(gifts, hot=hot, draw=draw)
    db.session.remove()
    return _settle(app, gifts), _sequence(gifts)


def pgbench(home: str, seconds: int) -> float:
    """Transactions a second of TPC-B: three rows updated, one row of history."""
    binaries = postgres_binaries()
    assert binaries is not None
    command = [
        binaries / "pgbench", "-h", home, "-U", "postgres", "-n",
        "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "pgbench",
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(next(line.split()[2] for line in said.splitlines() if line.startswith("tps")))


def _prepare_pgbench(home: str) -> None:
    binaries = postgres_binaries()
    assert binaries is not None
    common = ["-h", home, "-U", "postgres"]
    subprocess.run([binaries / "createdb", *common, "pgbench"], check=True, capture_output=True)
    subprocess.run(
        [binaries / "pgbench", *common, "-i", "-q", "-s", str(SCALE), "pgbench"],
        check=True, capture_output=True,
    )  # fmt: skip


def _postgres(rig: Rig, gifts: int, rounds: int) -> None:
    draw = random.Random(SEED)
    _prepare_pgbench(rig.postgres_home)
    rig.floor_code("pgbench TPC-B", pgbench)
    even, hot, numbered, floor = [], [], [], []
    with application(rig.install("postgres")) as app:
        province.found()
        _round(app, BATCH, 0, draw)  # plans and caches
        for _ in range(rounds):
            each, sequenced = _round(app, gifts, 0, draw)
            even.append(each)
            numbered.append(sequenced)
            floor.append(pgbench(rig.postgres_home, 5))
            hot.append(_round(app, gifts, 0.9, draw)[0])
    floor_is = f"pgbench TPC-B, scale {SCALE}, {CLIENTS} clients, same server, tps"
    tps = median(floor)
    rig.add(
        Line(
            name="settle, PostgreSQL, 24 units", unit="gifts/s", ours=median(even), floor=tps,
            floor_is=floor_is, mark=Mark(1.0),
        )
    )  # fmt: skip
    rig.add(
        Line(
            name="settle, PostgreSQL, 90 % to one unit", unit="gifts/s", ours=median(hot),
            floor=tps, floor_is=floor_is, mark=Mark(0.8),
        )
    )  # fmt: skip
    rig.add(Line(name="sequencer, PostgreSQL", unit="entries/s", ours=median(numbered)))


def plain_inserts(path: Path, gifts: int, batch: int) -> float:
    """Gifts a second if each were ``ROWS`` rows of 200 bytes in one table without any rule."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("PRAGMA cache_size=-65536")
    conn.execute("CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, a, b, c, d, text)")
    first = conn.execute("SELECT coalesce(max(id), 0) + 1 FROM plain").fetchone()[0]
    text = "x" * 160
    rows = [(first + i, i, i, i, i, text) for i in range(gifts * ROWS)]
    begin = time.perf_counter()
    for start in range(0, len(rows), batch * ROWS):
        conn.execute("BEGIN IMMEDIATE")
        part = rows[start : start + batch * ROWS]
        conn.executemany("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?)", part)
        conn.execute("COMMIT")
    spent = time.perf_counter() - begin
    conn.close()
    return gifts / spent


def _sqlite(rig: Rig, gifts: int, rounds: int) -> None:
    draw = random.Random(SEED)
    rig.floor_code("plain inserts", plain_inserts)
    even, hot, numbered, floor = [], [], [], []
    with application(rig.install("sqlite")) as app:
        province.found()
        _round(app, BATCH, 0, draw)
        for _ in range(rounds):
            each, sequenced = _round(app, gifts, 0, draw)
            even.append(each)
            numbered.append(sequenced)
            floor.append(plain_inserts(rig.folder / "plain.db", gifts, BATCH))
            hot.append(_round(app, gifts, 0.9, draw)[0])
    floor_is = f"plain inserts of {ROWS} rows a gift, batches of {BATCH:,} gifts, same flush"
    common = {"unit": "gifts/s", "floor": median(floor), "floor_is": floor_is}
    mark = Mark(1_000, of="ours")
    rig.add(
        Line(name="settle, SQLite, 24 units", ours=median(even), mark=mark, goal="5,000", **common)
    )
    rig.add(Line(name="settle, SQLite, 90 % to one unit", ours=median(hot), mark=mark, **common))
    rig.add(Line(name="sequencer, SQLite", unit="entries/s", ours=median(numbered)))
