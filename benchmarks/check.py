"""``charity check``: every invariant, over all entries."""

from __future__ import annotations

import json
import time

from benchmarks import loaded
from benchmarks.report import Line, Mark
from benchmarks.rig import SHOWN, Rig


def run(rig: Rig) -> None:
    """Both databases, the command as an operator calls it."""
    for dialect, installation in loaded.both(rig, rig.gifts).items():
        begin = time.perf_counter()
        said = json.loads(installation.charity("check", "--json"))
        seconds = time.perf_counter() - begin
        if not said["ok"]:
            raise RuntimeError(f"the check found something: {said}")
        rig.add(
            Line(
                name=f"charity check of a million entries, {SHOWN[dialect]}",
                unit="s",
                ours=seconds * 1_000_000 / said["entries"],
                mark=Mark(60, of="ours", at_least=False),
                note=f"measured: {seconds:.1f} s for {said['entries']:,} entries",
            )
        )
