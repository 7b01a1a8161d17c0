"""Memory of the web process after many requests of all kinds."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks import client, loaded
from benchmarks.pages import PAGES, SMALL
from benchmarks.report import Line, Mark
from benchmarks.rig import SHOWN, Rig, site
from charity.cli.demo_data import SLUG

REQUESTS = 10_000
PATHS = (
    *PAGES.values(),
    "/campaigns",
    "/help",
    f"/give/{SLUG}",
    "/verify",
    "/api/v1/totals",
    "/api/v1/campaigns",
    f"/api/v1/campaigns/{SLUG}/units",
)


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no such process")


def run(rig: Rig) -> None:
    """Both databases."""
    draw = random.Random(1)
    count = REQUESTS // 10 if rig.quick else REQUESTS
    for dialect, installation in loaded.both(rig, SMALL).items():
        with site(installation) as (port, pid):
            before = resident(pid)
            requests = [client.get(port, draw.choice(PATHS)) for _ in range(count)]
            answers, seconds = client.send(requests, 8)
            rig.add(
                Line(
                    name=f"web process after {count:,} requests, {SHOWN[dialect]}",
                    unit="MB",
                    ours=resident(pid),
                    mark=Mark(200, of="ours", at_least=False),
                    note=f"{before:.0f} MB at the start; {len(answers) / seconds:.0f} requests/s",
                )
            )
