"""Pages with many gifts beside the same pages with ten thousand, and their queries.

Both sites are served at once; each request to one is followed by the same to the other.
"""

from __future__ import annotations

from statistics import median

from sqlalchemy import event

from benchmarks import client, loaded
from benchmarks.report import Line, Mark, p95
from benchmarks.rig import DIALECTS, SHOWN, Installation, Rig, application, site
from charity.cli.demo_data import SLUG, UNITS
from charity.kernel.db import db

SMALL = 10_000
PAGES = {
    "/": "/",
    "campaign": f"/campaigns/{SLUG}",
    "unit": f"/campaigns/{SLUG}/units/{UNITS[3].code}",
    "/units": "/units",
}


def run(rig: Rig) -> None:
    """Every page on both databases."""
    small, large = loaded.both(rig, SMALL), loaded.both(rig, rig.gifts)
    for dialect in DIALECTS:
        _pages(rig, dialect, small[dialect], large[dialect])


def _pages(rig: Rig, dialect: str, small: Installation, large: Installation) -> None:
    each, rounds = (60, 3) if rig.quick else (100, 7)
    queries = _queries(large)
    with site(small) as (small_port, _), site(large) as (large_port, _):
        for name, path in PAGES.items():
            pair = [client.get(large_port, path), client.get(small_port, path)]
            client.send(pair * 20)  # caches and plans
            ours, floor, middle = [], [], []
            for _ in range(rounds):
                answers, _seconds = client.send(pair * each)
                took = {
                    port: [answer.seconds * 1000 for answer in answers if answer.port == port]
                    for port in (large_port, small_port)
                }
                ours.append(p95(took[large_port]))
                floor.append(p95(took[small_port]))
                middle.append(median(took[large_port]))
            rig.add(
                Line(
                    name=f"{name} at {rig.gifts:,} gifts, {SHOWN[dialect]}, p95",
                    unit="ms",
                    ours=median(ours),
                    floor=median(floor),
                    floor_is=f"the same page at {SMALL:,} gifts",
                    mark=Mark(1.2, at_least=False),
                    note=f"{queries[name]} queries; median {median(middle):.1f} ms",
                )
            )


def _queries(installation: Installation) -> dict[str, int]:
    """Queries of each page; what begins and ends a transaction is not counted."""
    found: dict[str, int] = {}
    with application(installation) as app:
        seen: list[str] = []

        @event.listens_for(db.engine, "before_cursor_execute")
        def _count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA", "SET ")):
                seen.append(statement)

        browser = app.test_client()
        for name, path in PAGES.items():
            browser.get(path)
            seen.clear()
            if browser.get(path).status_code != 200:
                raise RuntimeError(f"{path} does not answer")
            found[name] = len(seen)
    return found
