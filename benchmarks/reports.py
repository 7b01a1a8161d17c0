"""A report over the many gifts: from the query to JSON and CSV, in a process of its own.

Three stretches: all gifts within the days, all before them, and half on each side, so that no
stretch is quick only because its entries are what the totals leave.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import loaded
from benchmarks.report import Line, Mark
from benchmarks.rig import REPOSITORY, SHOWN, Installation, Rig
from charity.cli.demo_data import SLUG
from charity.kernel import clock

SECONDS, MEGABYTES = 10, 300
DAYS = {"within the days": (400, 0), "before the days": (0, 0), "on both sides": (8, 0)}


def run(rig: Rig) -> None:
    """Both databases, every stretch."""
    for dialect, installation in loaded.both(rig, rig.gifts).items():
        for name, (first, last) in DAYS.items():
            found = _measured(installation, first, last)
            what = f"report over {rig.gifts:,} gifts, {name}, {SHOWN[dialect]}"
            rig.add(
                Line(
                    name=f"{what}, query to JSON and CSV",
                    unit="s",
                    ours=found["seconds"],
                    mark=Mark(SECONDS, of="ours", at_least=False),
                    note=f"query {found['query']:.1f} s; raised in the days"
                    f" {found['raised_fen']:,} fen; JSON {found['json']:,} bytes",
                )
            )
            rig.add(
                Line(
                    name=f"{what}, memory",
                    unit="MB",
                    ours=found["megabytes"],
                    mark=Mark(MEGABYTES, of="ours", at_least=False),
                )
            )


def _measured(installation: Installation, first: int, last: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reports", str(first), str(last)],
        env=installation.environment, cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """One report of this process's installation, measured; its result as a line of JSON."""
    from charity.app import create_app
    from charity.disclosures import document, gather, tables

    first, last = (clock.today() - dt.timedelta(days=int(each)) for each in sys.argv[1:])
    app = create_app()
    with app.app_context():
        begin = time.monotonic()
        found = gather.gather(SLUG, first, last)
        query = time.monotonic() - begin
        made = {
            "v": document.VERSION, "kind": "campaign_period", "report": "benchmark", "version": 1,
            "mode": "test", "as_of_entry": found.as_of_entry, "totals": found.totals,
            "units": found.units, "uses": found.uses, "other_used_fen": found.other_used_fen,
        }  # fmt: skip
        text = document.canonical(made)
        tables.write_csv(made)
        seconds = time.monotonic() - begin
    result = {
        "seconds": seconds,
        "query": query,
        "json": len(text),
        "raised_fen": found.totals["movement"]["raised_fen"],
        "megabytes": _peak(),
    }
    print(json.dumps(result))


def _peak() -> float:
    """The most memory this process ever held, in MB."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(each for each in status if each.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
