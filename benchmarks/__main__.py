"""``python -m benchmarks [--quick] [names]``."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time
from pathlib import Path

from benchmarks import report
from benchmarks.rig import new_rig
from charity.kernel import clock

NAMES = (
    "settle", "intake", "pages", "units", "ledger", "receipts", "memory", "check", "guards",
    "provider", "reports",
)  # fmt: skip


def main() -> int:
    """Run what was named, print each line, keep the table; 1 when a mark was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="all unless named")
    parser.add_argument("--quick", action="store_true", help="smaller; not kept unless --keep")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results")
    parser.add_argument("--data", type=Path, help="keep loaded databases here, use them again")
    parser.add_argument("--gifts", type=int, help="the many gifts of pages and check")
    given = parser.parse_args()
    # Ended from outside, the servers are stopped and the files removed all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = given.names or NAMES
    begin = time.monotonic()
    print("  ".join(report.HEADINGS))
    gifts = given.gifts or (50_000 if given.quick else 1_000_000)
    with new_rig(quick=given.quick, gifts=gifts, data=given.data) as rig:
        for name in names:
            importlib.import_module(f"benchmarks.{name}").run(rig)
    minutes = (time.monotonic() - begin) / 60
    how = f"{'quick' if given.quick else 'in full'}, {minutes:.0f} minutes, other work at times"
    if given.keep or (not given.quick and not given.names):
        part = "".join(f"-{name}" for name in given.names)
        path = report.write(rig.lines, rig.floors, today=clock.today(), how=how, part=part)
        print(f"kept in benchmarks/results/{path.name}")
    missed = [line.name for line in rig.lines if line.verdict == "MISSED"]
    if missed:
        print("missed: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
