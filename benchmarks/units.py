"""The public table with 2,200 raising units beside the same with a hundred.

Both sites are served at once; each request to one is followed by the same to the other. A gift
settles in both before every fifteen requests, so the figures that are kept are out of date as they
are while people give.
"""

from __future__ import annotations

import random
from statistics import median

from benchmarks import client, province
from benchmarks.report import Line, Mark, p95
from benchmarks.rig import DIALECTS, SHOWN, Installation, Rig, application, site
from charity.funds import unit_books, unit_register
from charity.funds.kinds import UnitLevel
from charity.funds.unit_register import UnitFacts
from charity.jobs.bulk import settle_all
from charity.kernel.atomic import atomic

SMALL, LARGE = 100, 2_200
GIFTS = 3_000
PATHS = {
    "/units": "/units",
    "/units of one campaign": f"/units?campaign={province.SLUG}",
    "API units": f"/api/v1/campaigns/{province.SLUG}/units?limit=50",
}


def run(rig: Rig) -> None:
    """Both sizes on both databases."""
    for dialect in DIALECTS:
        small, large = _province(rig, dialect, SMALL), _province(rig, dialect, LARGE)
        with site(small) as (small_port, _), site(large) as (large_port, _):
            for name, path in PATHS.items():
                _page(
                    rig, f"{name}, {SHOWN[dialect]}", path, (small, small_port), (large, large_port)
                )


def _province(rig: Rig, dialect: str, count: int) -> Installation:
    """A province of so many units in a tree of four levels, with gifts in every book."""
    made = rig.install(dialect)
    with application(made):
        province.found()
        facts = _tree(count - len(province.UNITS))
        with atomic():
            unit_register.create_units(facts)
            unit_books.admit_units(province.SLUG, [each.code for each in facts])
        draw = random.Random(7)
        units = [*province.UNITS, *(each.code for each in facts)]
        _give(units if count > GIFTS else units * (GIFTS // count), draw)
    rig.analyze(made)
    return made


def _tree(count: int) -> list[UnitFacts]:
    """Ten units below each: prefectures, counties, towns, villages; parents first."""
    levels = [UnitLevel.PREFECTURE, UnitLevel.COUNTY, UnitLevel.TOWN, UnitLevel.VILLAGE]
    found: list[UnitFacts] = []
    above = [(province.UNITS[0], -1)]
    while len(found) < count:
        parent, depth = above.pop(0)
        for _ in range(10):
            if len(found) == count:
                break
            code = f"BT-{len(found) + 1:05d}"
            level = levels[min(depth + 1, 3)]
            found.append(
                UnitFacts(
                    code=code, name=f"测试单位{len(found) + 1}", name_en="Test unit", level=level,
                    area_code="620123", parent=parent,
                )
            )  # fmt: skip
            above.append((code, depth + 1))
    return found


def _give(units: list[str], draw: random.Random) -> None:
    """One settled gift for each unit named."""
    from charity.kernel import inbox

    for start in range(0, len(units), 2_000):
        events = province.ask(units[start : start + 2_000], draw)
        with atomic():
            inbox.store_many("sandbox", "sandbox", events)
    settle_all(5_000)


def _page(
    rig: Rig,
    name: str,
    path: str,
    small: tuple[Installation, int],
    large: tuple[Installation, int],
) -> None:
    # One request in fifteen finds the figures out of date, so the worst of them is within the p95.
    each, rounds = 15, 10 if rig.quick else 40
    pair = [client.get(large[1], path), client.get(small[1], path)]
    client.send(pair * 20)  # caches and plans
    took: dict[int, list[float]] = {large[1]: [], small[1]: []}
    draw = random.Random(11)
    for _ in range(rounds):
        for installation, _port in (small, large):
            with application(installation):
                _give([draw.choice(province.UNITS)], draw)
        answers, _seconds = client.send(pair * each)
        for answer in answers:
            took[answer.port].append(answer.seconds * 1000)
    rig.add(
        Line(
            name=f"{name}, with {LARGE:,} units, p95",
            unit="ms",
            ours=p95(took[large[1]]),
            floor=p95(took[small[1]]),
            floor_is=f"the same with {SMALL} units",
            mark=Mark(1.5, at_least=False),
            note=f"median {median(took[large[1]]):.1f} ms; a gift in every fifteen requests",
        )
    )
