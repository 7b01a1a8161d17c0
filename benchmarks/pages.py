"""Pages with many gifts beside the same pages with ten thousand, and their queries."""

from __future__ import annotations

from sqlalchemy import event

from benchmarks import loaded
from benchmarks.beside import SMALL, measure
from benchmarks.rig import DIALECTS, SHOWN, Installation, Rig, application, site
from charity.cli.demo_data import SLUG, UNITS
from charity.kernel.db import db

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
    queries = _queries(large)
    with site(small) as (small_port, _), site(large) as (large_port, _):
        for name, path in PAGES.items():
            measure(
                rig,
                f"{name}, {SHOWN[dialect]}",
                (large_port, small_port),
                ([path], [path]),
                note=f"{queries[name]} queries; ",
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
