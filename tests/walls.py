"""The walls that import-linter cannot see, found by reading the source.

Rule: each scanner takes the folder of the package and gives a list of sentences, one per breach,
empty when the wall stands. tests/unit/test_walls.py runs them on charity/ and on a copy broken on
purpose.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Upper domains first: an earlier line may import a later one, never the other way round.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(line.split())
    for line in (
        "disclosures",
        "concerns",
        "figures",
        "receipts pairings volunteering",
        "translog",
        "donations disbursements",
        "funds",
        "organizations",
        "parameters",
        "approvals",
        "people",
        "ledger",
        "audit",
        "areas",
        "kernel",
    )
)
RANK = {domain: rank for rank, line in enumerate(LAYERS) for domain in line}
DOMAINS = frozenset(RANK) - {"kernel"}
FACES = frozenset({"web", "api", "cli", "jobs"})
MONEY_PLACES = frozenset({"ledger", "donations", "disbursements", "receipts", "funds"})

#: What a domain's file may import of charity: (of its own domain, of lower domains, of the kernel).
#: None means anything of that kind. `kinds` may be imported by everyone and is not listed.
Allowed = frozenset[str] | None
GRAMMAR: Mapping[str, tuple[Allowed, Allowed, Allowed]] = {
    "kinds": (frozenset(), frozenset(), frozenset()),
    "states": (frozenset({"errors"}), frozenset(), frozenset()),
    "rules": (frozenset({"errors"}), frozenset(), frozenset({"money"})),
    "errors": (frozenset(), frozenset(), frozenset({"errors"})),
    "models": (frozenset({"models"}), frozenset({"models"}), None),
    "queries": (None, frozenset({"queries", "errors"}), None),
    "services": (None, frozenset({"services", "queries", "errors"}), None),
    "jobs": (None, frozenset({"services", "queries", "errors"}), None),
    "mail": (None, frozenset({"queries"}), None),
}


def sources(package: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module of the package as (path from the package's folder, syntax tree)."""
    for file in sorted(package.rglob("*.py")):
        if "_bundle" not in file.parts:
            yield file.relative_to(package).as_posix(), ast.parse(file.read_text("utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported dotted name with its line; `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{'.' * node.level}{node.module or ''}.{alias.name}", node.lineno


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names, else the last part that is a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def commits(package: Path) -> list[str]:
    """`commit` only in kernel/atomic.py; an engine's `begin` commits too.

    Migrations have a connection of their own, as the owner, and may begin on it; the doctor makes
    a scratch copy that is thrown away; kernel/reading.py ends what the database lets only read.
    """
    return [
        f"{path}:{node.lineno}: .{node.func.attr}() outside kernel/atomic.py"
        for path, tree in sources(package)
        if path not in {"kernel/atomic.py", "kernel/reading.py", "ledger/doctor.py"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            node.func.attr == "commit"
            or (
                node.func.attr == "begin"
                and path != "kernel/migrate.py"
                and "engine" in dotted(node.func.value).lower()
            )
        )
    ]


def clocks(package: Path) -> list[str]:
    """Time is read only in kernel/clock.py: by datetime, date, the time module or SQL's now()."""
    found = []
    readers = {"now", "utcnow", "today"}
    for path, tree in sources(package):
        if path == "kernel/clock.py":
            continue
        for name, line in imports(tree):
            if name == "time" or name.startswith("time."):
                found.append(f"{path}:{line}: the time module outside kernel/clock.py")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in readers:
                owner = dotted(node.value).rpartition(".")[2]
                if owner in {"datetime", "date", "func", "sql"}:
                    found.append(f"{path}:{node.lineno}: {owner}.{node.attr} is a clock")
            elif isinstance(node, ast.Attribute) and node.attr == "current_timestamp":
                found.append(f"{path}:{node.lineno}: current_timestamp is a clock")
    return found


def environments(package: Path) -> list[str]:
    """The environment is read only in config.py."""
    names = {"environ", "environb", "getenv"}
    found = []
    for path, tree in sources(package):
        if path == "config.py":
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in names
                and dotted(node.value) == "os"
            ):
                found.append(f"{path}:{node.lineno}: os.{node.attr} outside config.py")
        for name, line in imports(tree):
            if name in {f"os.{each}" for each in names}:
                found.append(f"{path}:{line}: {name} outside config.py")
    return found


def floats(package: Path) -> list[str]:
    """No float, decimal column or true division where money is counted."""
    found = []
    for path, tree in sources(package):
        if path.partition("/")[0] not in MONEY_PLACES and path != "kernel/money.py":
            continue
        # A slash between paths is no division; files that handle paths are let off that one check.
        handles_paths = any(
            name.startswith("pathlib") or name.endswith("bundle_dir") for name, _ in imports(tree)
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{path}:{node.lineno}: the float {node.value}")
            elif isinstance(node, ast.Name) and node.id in {"float", "Float", "Numeric", "Double"}:
                found.append(f"{path}:{node.lineno}: {node.id}")
            elif (
                isinstance(node, ast.BinOp | ast.AugAssign)
                and isinstance(node.op, ast.Div)
                and not handles_paths
            ):
                found.append(f"{path}:{node.lineno}: true division; use // or split")
    return found


def requests(package: Path) -> list[str]:
    """The request and the session are looked at only by pages, the API and their common door."""
    names = {"flask.request", "flask.session", "flask.g", "flask_login.current_user"}
    return [
        f"{path}:{line}: {name} outside web/ and api/"
        for path, tree in sources(package)
        if path.partition("/")[0] not in {"web", "api", "door.py"}
        for name, line in imports(tree)
        if name in names
    ]


def grammar(package: Path) -> list[str]:
    """Each file of a domain imports what a file of its name may import, and no more."""
    found = []
    for path, tree in sources(package):
        domain, _, rest = path.partition("/")
        kind = kind_of(rest.rpartition("/")[2].removesuffix(".py"))
        if domain not in DOMAINS or kind not in GRAMMAR:
            continue
        for name, line in imports(tree):
            reason = refused(domain, kind, without_folder(package, name))
            if reason:
                found.append(f"{path}:{line}: {name}: {reason}")
    return found


def without_folder(package: Path, name: str) -> str:
    """`charity.donations.back.models.Refund` as `charity.donations.models.Refund`.

    A large domain keeps what belongs together in a folder; each file there is what its name says.
    """
    parts = name.split(".")
    if parts[0] == "charity" and len(parts) > 3 and package.joinpath(*parts[1:3]).is_dir():
        del parts[2]
    return ".".join(parts)


def kind_of(file: str) -> str:
    """What a file is by its name: a large domain has ``bank_queries`` beside ``queries``."""
    last = file.rpartition("_")[2]
    return last if last in GRAMMAR or last == "kinds" else file


def refused(domain: str, kind: str, name: str) -> str:
    """Why this file may not import this name; empty when it may."""
    own, lower, kernel = GRAMMAR[kind]
    top, *parts = name.split(".")
    if name.startswith("."):
        return "write imports from charity in full"
    if top != "charity":
        stdlib = top in sys.stdlib_module_names or top == "__future__"
        return "" if kind not in {"kinds", "states", "rules"} or stdlib else "standard library only"
    place, part = (*parts, "", "")[:2]
    if place == "config" and kind not in {"kinds", "states", "rules", "errors"}:
        return ""
    if place not in RANK:
        return "a domain knows nothing above it"
    allowed = own if place == domain else kernel if place == "kernel" else lower
    part = kind_of(part)
    if allowed is None or part in allowed or (part == "kinds" and place != "kernel"):
        return ""
    return f"{kind}.py may not"


def sizes(package: Path) -> list[str]:
    """A file has at most 400 lines and a function at most 70."""
    found = []
    for path, tree in sources(package):
        lines = len((package / path).read_text("utf-8").splitlines())
        if lines > 400:
            found.append(f"{path}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 70:
                    found.append(f"{path}:{node.lineno}: {node.name} has {length} lines")
    return found


def foreign_keys(homes: Mapping[str, str], keys: Mapping[str, set[str]]) -> list[str]:
    """A foreign key points down: `homes` is table to domain, `keys` table to referenced tables."""
    return [
        f"{table} ({homes[table]}) -> {target} ({homes[target]}) points up or sideways"
        for table, targets in sorted(keys.items())
        for target in sorted(targets)
        if homes[table] != homes[target] and RANK[homes[target]] <= RANK[homes[table]]
    ]
