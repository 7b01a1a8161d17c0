"""The public list and the trace of a gift with many gifts beside the same with ten thousand.

Both sites are served at once; each request to one is followed by the same to the other. The trace
is of the gift in the middle of a book's line, so as much stands before it as after; each request
takes another gift near it, so nothing is answered from what was just read.
"""

from __future__ import annotations

from itertools import cycle
from statistics import median

from sqlalchemy import select

from benchmarks import client, loaded
from benchmarks.report import Line, Mark, p95
from benchmarks.rig import DIALECTS, SHOWN, Installation, Rig, application, site
from charity.cli.demo_data import SLUG, UNITS
from charity.figures import line_queries
from charity.figures.kinds import Side
from charity.figures.models import LineBook
from charity.jobs.bulk import follow_all
from charity.kernel.db import db

SMALL = 10_000
NEAR = 50
LISTS = {
    "/ledger": "/ledger",
    "/ledger of a campaign": f"/ledger?campaign={SLUG}",
    "/ledger of a unit": f"/ledger?campaign={SLUG}&unit={UNITS[3].code}",
    "/ledger, uses": "/ledger?kind=use",
}


def run(rig: Rig) -> None:
    """Lists and traces on both databases."""
    small, large = loaded.both(rig, SMALL), loaded.both(rig, rig.gifts)
    for dialect in DIALECTS:
        _pages(rig, dialect, small[dialect], large[dialect])


def _pages(rig: Rig, dialect: str, small: Installation, large: Installation) -> None:
    traces = [_traces(large), _traces(small)]
    with site(small) as (small_port, _), site(large) as (large_port, _):
        ports = (large_port, small_port)
        for name, path in LISTS.items():
            _measure(rig, f"{name}, {SHOWN[dialect]}", ports, ([path], [path]))
        _measure(rig, f"/trace, {SHOWN[dialect]}", ports, (traces[0], traces[1]))


def _traces(installation: Installation) -> list[str]:
    """Traces of gifts in the middle of the longest line."""
    with application(installation):
        follow_all()
        book_id, lines = db.session().execute(
            select(LineBook.book_id, LineBook.lines)
            .where(LineBook.side == Side.IN.value)
            .order_by(LineBook.lines.desc(), LineBook.book_id)
        ).first() or (0, 0)  # fmt: skip
        middle = line_queries.lines_from(book_id, Side.IN, lines // 2, NEAR)
        return [f"/trace/{each.name}" for each in middle]


def _measure(
    rig: Rig, name: str, ports: tuple[int, int], paths: tuple[list[str], list[str]]
) -> None:
    each, rounds = (60, 3) if rig.quick else (100, 7)
    ours, theirs = cycle(paths[0]), cycle(paths[1])

    def pairs(count: int) -> list[client.Request]:
        return [
            made
            for _ in range(count)
            for made in (client.get(ports[0], next(ours)), client.get(ports[1], next(theirs)))
        ]

    client.send(pairs(20))  # caches and plans
    large: list[float] = []
    small: list[float] = []
    middle: list[float] = []
    for _ in range(rounds):
        answers, _seconds = client.send(pairs(each))
        took = {
            port: [answer.seconds * 1000 for answer in answers if answer.port == port]
            for port in ports
        }
        large.append(p95(took[ports[0]]))
        small.append(p95(took[ports[1]]))
        middle.append(median(took[ports[0]]))
    rig.add(
        Line(
            name=f"{name}, at {rig.gifts:,} gifts, p95",
            unit="ms",
            ours=median(large),
            floor=median(small),
            floor_is=f"the same at {SMALL:,} gifts",
            mark=Mark(1.2, at_least=False),
            note=f"median {median(middle):.1f} ms",
        )
    )
