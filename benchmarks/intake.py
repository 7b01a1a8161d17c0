"""Events over HTTP: our webhook beside a bare route that does one INSERT and commits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from statistics import median

import psycopg

from benchmarks import bare, client, province
from benchmarks.report import Line, Mark
from benchmarks.rig import DIALECTS, REPOSITORY, SHOWN, Installation, Rig, application, served, site
from charity.donations.kinds import EventType
from charity.donations.providers import sandbox
from charity.kernel import clock
from charity.kernel.ids import public_id

CONNECTIONS = 8


def run(rig: Rig) -> None:
    """Both databases."""
    rig.floor_code("a bare Flask route", bare.create)
    for dialect in DIALECTS:
        _intake(rig, dialect)


def _signed(count: int) -> list[tuple[bytes, dict[str, str]]]:
    """Events of payments, each new, with their signatures; in an application's context."""
    made = []
    now = clock.now()
    for _ in range(count):
        reference = f"sbx_{public_id(20)}"
        raw = sandbox.body_of(
            EventType.PAID,
            event_id=f"evt_{public_id(24)}",
            reference=reference,
            amount_fen=100,
            at=now,
        )
        made.append((raw, {sandbox.HEADER: sandbox.sign(raw, int(now.timestamp()))}))
    return made


def _rate(port: int, path: str, events: Iterable[tuple[bytes, dict[str, str]]]) -> float:
    requests = [client.post(port, path, raw, headers) for raw, headers in events]
    answers, seconds = client.send(requests, CONNECTIONS)
    return len(answers) / seconds


def _bare_database(rig: Rig, installation: Installation) -> str:
    if installation.dialect == "sqlite":
        database = str(rig.folder / "bare.db")
    else:
        server = f"host={rig.postgres_home} user=postgres"
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute("CREATE DATABASE bare")
        database = f"{server} dbname=bare"
    bare.table(database)
    return database


def _intake(rig: Rig, dialect: str) -> None:
    count, rounds = (600, 3) if rig.quick else (2_000, 7)
    installation = rig.install(dialect)
    database = _bare_database(rig, installation)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ours, floor = [], []
    with (
        application(installation),
        site(installation) as (port, _),
        served("benchmarks.bare", environment, "PORT", database) as (bare_port, _),
    ):
        province.found()
        for number in range(rounds + 1):
            mine = _rate(port, "/webhooks/sandbox", _signed(count))
            its = _rate(bare_port, "/", _signed(count))
            if number:  # the first one warms up
                ours.append(mine)
                floor.append(its)
    rig.add(
        Line(
            name=f"event intake over HTTP, {SHOWN[dialect]}",
            unit="events/s",
            ours=median(ours),
            floor=median(floor),
            floor_is=f"a bare Flask route, one INSERT and commit, {CONNECTIONS} connections",
            mark=Mark(0.6),
        )
    )
