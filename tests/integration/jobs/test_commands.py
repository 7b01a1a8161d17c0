"""The ``charity`` command, run as a person runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.operations import ended, start

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A demo installation in ``folder``."""
    return {"CHARITY_MODE": "demo", "CHARITY_DATA_DIR": str(folder), **more}


def charity(folder: Path, *words: str, **more: str) -> tuple[int | None, str]:
    """One command to its end, in a process of its own; its status and what it said."""
    log = folder.parent / f"{folder.name}.log"
    return ended(start([*words], environment(folder, **more), log), log)


def well(folder: Path, *words: str) -> str:
    """A command that must go well; what it said."""
    status, said = charity(folder, *words)
    assert status == 0, said
    return said


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo installation with thirty gifts."""
    folder = tmp_path_factory.mktemp("house")
    well(folder, "init", "--test", "--manager-email", "m@example.org")
    well(folder, "demo", "load", "--gifts", "30")
    return folder


def test_help_names_every_command_without_loading_the_house() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom charity.cli import main\n"
        "out = CliRunner().invoke(main, ['--help']).output\nprint(out)\n"
        "sys.exit(any(m in sys.modules for m in ('flask', 'sqlalchemy', 'weasyprint')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("init", "upgrade", "demo", "run", "web", "worker", "check", "jobs", "doctor"):
        assert f"  {name}" in done.stdout


def test_check_says_all_holds(house: Path) -> None:
    report = json.loads(well(house, "check", "--json"))
    assert (report["ok"], report["entries"]) == (True, 155)
    assert set(report) == {"ok", "entries", "checks", "parts"}
    assert all(set(check) == {"name", "ok", "found"} for check in report["checks"])


def test_demo_again_adds_only_what_is_missing(house: Path) -> None:
    well(house, "demo", "load", "--gifts", "30")
    well(house, "demo", "load", "--gifts", "10")
    assert json.loads(well(house, "check", "--json"))["entries"] == 155


def test_upgrade_and_init_again_change_nothing(house: Path) -> None:
    assert "all hold" in well(house, "upgrade")
    well(house, "init", "--test", "--manager-email", "m@example.org")
    assert json.loads(well(house, "check", "--json"))["entries"] == 155


def test_jobs(house: Path) -> None:
    assert "settle" in well(house, "jobs", "list")
    assert "0 done" in well(house, "jobs", "run", "settle")
    assert charity(house, "jobs", "run", "nothing")[0] == 2


def test_wrong_words_are_refused_with_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    status, said = charity(folder, "check", CHARITY_PAYMENT_PROVIDERS="cash")
    assert (status, "CHARITY_PAYMENT_PROVIDERS" in said) == (1, True)
    assert "run `charity init`" in charity(folder, "worker")[1]
    assert charity(folder, "init", "--manager-email", "m@example.org")[0] == 2
    _, said = charity(folder, "init", "--real", "--manager-email", "m@example.org")
    assert "no database born real" in said


def test_production_refuses_test_money_and_demo_data(house: Path) -> None:
    production = {"CHARITY_MODE": "production", "CHARITY_SECRET_KEY": "k" * 40}
    status, said = charity(house, "worker", **production)
    assert (status, "sandbox" in said) == (1, True)
    assert charity(house, "demo", "load", **production)[0] == 1


def test_a_missing_guard_stops_the_start(house: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(house, copy)
    with sqlite3.connect(copy / "charity.db") as conn:
        conn.execute("DROP TRIGGER ledger_posting_whole")
    status, said = charity(copy, "worker")
    assert (status, "guard missing: ledger_posting_whole" in said) == (1, True)
    status, said = charity(copy, "doctor")
    assert (status, "NOT" in said) == (1, True)
    well(copy, "upgrade")
    well(copy, "jobs", "run", "sequence")


def test_run_serves_settles_restarts_and_stops(house: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARITY_")}
    parent = subprocess.Popen(
        [sys.executable, "-m", "charity", "run", "--port", str(port)],
        cwd=ROOT, env={**kept, **environment(house)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        alive(port)
        children = [
            int(pid)
            for pid in subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True
            ).stdout.split()
        ]
        assert len(children) == 2
        os.kill(max(children), signal.SIGKILL)
        before = set(children)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            now = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True
            ).stdout.split()
            if len(now) == 2 and {int(pid) for pid in now} != before:
                break
            time.sleep(0.2)
        else:
            raise AssertionError("what died was not started again")
        alive(port)
    finally:
        parent.send_signal(signal.SIGTERM)
        _, told = parent.communicate(timeout=60)
    assert parent.returncode == 0
    assert "starting it again" in told
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), 1):
        pass


def alive(port: int) -> None:
    """Wait until the site answers."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            assert time.monotonic() < until, "the site never came up"
            time.sleep(0.2)
