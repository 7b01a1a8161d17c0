"""Every wall of the house stands, and falls when someone leans on it.

A wall nobody has seen broken may be a wall that is not there; so each is broken on purpose in a
copy of the package, and the breach must be found and named.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import charity
from tests import walls

PACKAGE = Path(charity.__file__).parent
ROOT = PACKAGE.parent
SCANNERS = (
    walls.commits,
    walls.clocks,
    walls.environments,
    walls.floats,
    walls.requests,
    walls.grammar,
    walls.sizes,
)

#: scanner, file to write, what is written, words the breach must be found with
BREACHES: tuple[tuple[Callable[[Path], list[str]], str, str, str], ...] = (
    (walls.commits, "ledger/planted.py", "def f(db):\n    db.session.commit()\n", "commit"),
    (walls.commits, "ledger/planted.py", "def f(db):\n    with db.engine.begin(): ...\n", "begin"),
    (
        walls.clocks,
        "ledger/planted.py",
        "import datetime as dt\nX = dt.datetime.now(dt.UTC)\n",
        "now",
    ),
    (walls.clocks, "ledger/planted.py", "from datetime import date\nX = date.today()\n", "today"),
    (walls.clocks, "ledger/planted.py", "import time\nX = time.time()\n", "time module"),
    (
        walls.clocks,
        "ledger/planted.py",
        "from sqlalchemy import func\nX = func.now()\n",
        "func.now",
    ),
    (walls.environments, "web/planted.py", "import os\nX = os.environ['A']\n", "environ"),
    (walls.environments, "web/planted.py", "from os import getenv\n", "getenv"),
    (walls.floats, "ledger/planted.py", "X = 0.1\n", "float"),
    (walls.floats, "donations/planted.py", "X = float('1')\n", "float"),
    (walls.floats, "receipts/planted.py", "def f(a, b):\n    return a / b\n", "division"),
    (walls.floats, "kernel/money.py", "from sqlalchemy import Numeric\nX = Numeric()\n", "Numeric"),
    (walls.requests, "ledger/planted.py", "from flask import request\n", "request"),
    (walls.grammar, "ledger/rules.py", "import sqlalchemy\n", "standard library"),
    (walls.grammar, "ledger/states.py", "from charity.kernel import clock\n", "may not"),
    (walls.grammar, "ledger/kinds.py", "from charity.ledger.models import Book\n", "may not"),
    (walls.grammar, "donations/services.py", "from charity.ledger.models import Book\n", "may not"),
    (walls.grammar, "donations/queries.py", "from charity.ledger import services\n", "may not"),
    (walls.grammar, "ledger/models.py", "from charity.web import guards\n", "above"),
    (walls.grammar, "ledger/services.py", "from .models import Book\n", "in full"),
    (walls.sizes, "ledger/planted.py", "X = 1\n" * 401, "401 lines"),
    (walls.sizes, "ledger/planted.py", "def f():\n" + "    x = 1\n" * 70, "f has 71 lines"),
)

#: contract's name, file to write, what is written
CONTRACTS = (
    (
        "Imports point down",
        "ledger/planted.py",
        "import charity.web\n",
    ),
    (
        "Imports point down",
        "web/planted.py",
        "import charity.api\n",
    ),
    (
        "Imports point down",
        "somewhere_new/__init__.py",
        "",
    ),
    (
        "Pages, API and commands use a domain only through",
        "web/planted.py",
        "from charity.ledger import models\n",
    ),
    (
        "The worker uses a domain only through",
        "jobs/planted.py",
        "from charity.ledger import models\n",
    ),
    (
        "Rules, states, kinds, money and recipes reach",
        "ledger/rules.py",
        "from charity.ledger import planted\n",
    ),
    (
        "Rules, states, kinds, money and recipes reach",
        "ledger/recipes.py",
        "from charity.kernel import clock\n",
    ),
    (
        "Rules, states, kinds, money and recipes reach",
        "kernel/money.py",
        "import flask\n",
    ),
    (
        "Only donations/providers/stripe.py speaks to Stripe",
        "donations/services.py",
        "import stripe\n",
    ),
    (
        "Only kernel/pdf.py uses WeasyPrint",
        "receipts/services.py",
        "import weasyprint\n",
    ),
    (
        "Nothing that runs imports tests",
        "cli/planted.py",
        "import tests.factories\n",
    ),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts in a folder of their own, to be broken."""
    shutil.copytree(PACKAGE, tmp_path / "charity", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(root: Path, file: str, text: str) -> None:
    """Write a module into the copy, with the packages that lead to it."""
    target = root / "charity" / file
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder in target.parents:
        if folder == root:
            break
        (folder / "__init__.py").touch()
    target.write_text(text, "utf-8")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package that lies in this folder."""
    code = "import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda each: each.__name__)
def test_wall_stands(scanner: Callable[[Path], list[str]]) -> None:
    assert scanner(PACKAGE) == []


@pytest.mark.parametrize(("scanner", "file", "text", "words"), BREACHES)
def test_breach_is_found(
    tmp_path: Path, scanner: Callable[[Path], list[str]], file: str, text: str, words: str
) -> None:
    plant(tmp_path, file, text)
    found = scanner(tmp_path / "charity")
    assert len(found) >= 1
    assert any(words in each and file in each for each in found), found


def test_contracts_hold(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "file", "text"), CONTRACTS)
def test_broken_contract_is_named(copy: Path, contract: str, file: str, text: str) -> None:
    plant(copy, "ledger/planted.py", "import sqlalchemy\n")
    plant(copy, file, text)
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    report = " ".join(result.stdout.split())
    broken = report.partition("Broken contracts")[2]
    assert contract in broken, result.stdout


def test_pages_never_load_weasyprint() -> None:
    """A PDF is made by the worker: no page's process carries what makes it."""
    code = (
        "import importlib, pkgutil, sys\n"
        "for name in ('charity.web', 'charity.api'):\n"
        "    package = importlib.import_module(name)\n"
        "    for each in pkgutil.walk_packages(package.__path__, f'{name}.'):\n"
        "        importlib.import_module(each.name)\n"
        "sys.exit(bool({'weasyprint', 'pyhanko'} & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr or "a page's module loads a PDF library"


def tables() -> tuple[dict[str, str], dict[str, set[str]]]:
    """Every table's domain, and the tables each one's foreign keys point to."""
    importlib.import_module("charity.app").import_models()
    db = importlib.import_module("charity.kernel.db")
    homes, keys = {}, {}
    for mapper in db.Base.registry.mappers:
        for table in mapper.tables:
            homes[table.name] = mapper.class_.__module__.split(".")[1]
            keys[table.name] = {key.column.table.name for key in table.foreign_keys}
    return homes, keys


def test_foreign_keys_point_down() -> None:
    homes, keys = tables()
    assert homes
    assert walls.foreign_keys(homes, keys) == []


def test_foreign_key_upwards_is_found() -> None:
    homes = {"ledger_entry": "ledger", "gift": "donations", "payout": "disbursements"}
    up = walls.foreign_keys(homes, {"ledger_entry": {"gift"}})
    sideways = walls.foreign_keys(homes, {"gift": {"payout"}})
    down = walls.foreign_keys(homes, {"gift": {"ledger_entry", "gift"}})
    assert (len(up), len(sideways), down) == (1, 1, [])
