"""Lines of the table, the machine they were measured on, and the files they are kept in."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import quantiles

from tests.servers import postgres_binaries

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("flask", "sqlalchemy", "psycopg", "granian", "weasyprint")


@dataclass(frozen=True)
class Mark:
    """What a line must reach: its ratio or our own figure, at least or at most."""

    limit: float
    of: str = "ratio"  # ratio or ours
    at_least: bool = True

    def met(self, line: Line) -> bool:
        """Whether the line stands."""
        value = line.ratio if self.of == "ratio" else line.ours
        if value is None:
            return False
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{self.of} {sign} {self.limit:,g}"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: ours, the floor, what the floor is, and the mark. ``mark`` None: for knowledge."""

    name: str
    unit: str
    ours: float
    floor: float | None = None
    floor_is: str = ""
    mark: Mark | None = None
    goal: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by the floor."""
        return self.ours / self.floor if self.floor else None

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, or nothing where there is no mark."""
        if self.mark is None:
            return ""
        return "ok" if self.mark.met(self) else "MISSED"

    def cells(self) -> list[str]:
        """The line as texts."""
        return [
            self.name,
            _figure(self.ours) + " " + self.unit,
            "" if self.floor is None else _figure(self.floor),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            f"{self.mark or ''}" + (f" (goal {self.goal})" if self.goal else ""),
            self.verdict,
        ]


HEADINGS = ["what", "ours", "floor", "ratio", "mark", "verdict"]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20)[-1]


def machine() -> dict[str, str]:
    """The machine, without its name or any path."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    )
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", "/tmp"], capture_output=True, text=True, check=False
    ).stdout.strip()
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    if binaries := postgres_binaries():
        server = subprocess.run(
            [binaries / "postgres", "-V"], capture_output=True, text=True, check=True
        )
        versions.append(server.stdout.strip())
    versions += [f"{name} {version(name)}" for name in _PACKAGES]
    return {
        "cores": str(os.cpu_count()),
        "cpu": cpu,
        "memory": f"{pages * size // 2**30} GiB",
        "file system": kind,
        "system": f"{platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
    }


def commit() -> str:
    """The commit measured, with a + when files were changed since."""
    git = ["git", "-C", str(RESULTS.parent)]
    head = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    changed = subprocess.run(
        [*git, "status", "--porcelain", "-uno", "--", "../charity"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def print_line(line: Line) -> None:
    """One line as soon as it is measured."""
    name, *cells = line.cells()
    print(f"{name:<52} " + " │ ".join(f"{cell:>14}" for cell in cells), flush=True)
    if line.note:
        print(f"    {line.note}", flush=True)


def write(
    lines: Sequence[Line], floors: dict[str, str], *, today: dt.date, how: str, part: str = ""
) -> Path:
    """Keep the table as Markdown and JSON, with the machine and the floors' code."""
    RESULTS.mkdir(exist_ok=True)
    about = machine()
    out = [f"# Benchmarks, {today}", "", f"Measured at commit {commit()}, {how}.", ""]
    out += [f"- {name}: {value}" for name, value in about.items()]
    out += ["", "Ours and the floor took turns; the figures are medians.", ""]
    out += ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    out += ["| " + " | ".join(line.cells()) + " |" for line in lines]
    notes = [line for line in lines if line.floor_is or line.note]
    out += ["", "## What the floors are", ""] if notes else []
    for line in notes:
        said = "; ".join(part for part in (line.floor_is, line.note) if part)
        out.append(f"- **{line.name}**: {said}")
    for name, code in floors.items():
        out += ["", f"### {name}", "", "```python", code.rstrip(), "```"]
    path = RESULTS / f"{today}{part}.md"
    path.write_text("\n".join(out) + "\n", "utf-8")
    data = {
        "date": str(today),
        "commit": commit(),
        "how": how,
        "machine": about,
        "lines": [
            {**asdict(line), "ratio": line.ratio, "mark": str(line.mark or ""),
             "verdict": line.verdict}
            for line in lines
        ],
    }  # fmt: skip
    path.with_suffix(".json").write_text(
        json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    return path
