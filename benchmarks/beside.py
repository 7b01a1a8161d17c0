"""An address of two sites that are served at once: each request to one, then the same to the other.

So what disturbs the machine disturbs both, and the ratio stays.
"""

from __future__ import annotations

from itertools import cycle
from statistics import median

from benchmarks import client
from benchmarks.report import Line, Mark, p95
from benchmarks.rig import Rig

SMALL = 10_000
AT_MOST = 1.2


def measure(
    rig: Rig,
    name: str,
    ports: tuple[int, int],
    paths: tuple[list[str], list[str]],
    note: str = "",
) -> None:
    """The p95 of the large site (first port, first paths) over that of the small one."""
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
            mark=Mark(AT_MOST, at_least=False),
            note=f"{note}median {median(middle):.1f} ms",
        )
    )
