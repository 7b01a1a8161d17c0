"""The suite's own rules: warnings are errors, no network but loopback, no silent skip in CI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

ROOT = Path(__file__).resolve().parents[2]


def test_warning_is_an_error() -> None:
    with pytest.raises(UserWarning, match="watch out"):
        warnings.warn("watch out", stacklevel=1)


@pytest.mark.filterwarnings("ignore:A test tried to use socket:UserWarning")
def test_network_is_closed() -> None:
    with socket.socket() as outside, pytest.raises(SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 80))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_skip_fails_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\ndef test_it():\n    pytest.skip('no server')\n", "utf-8"
    )
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout


def test_every_benchmark_can_be_started() -> None:
    """They run by hand and seldom: what they import may have moved meanwhile."""
    code = (
        "import benchmarks, importlib, pkgutil\n"
        "for one in pkgutil.iter_modules(benchmarks.__path__, 'benchmarks.'):\n"
        "    importlib.import_module(one.name) if one.name != 'benchmarks.__main__' else None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
