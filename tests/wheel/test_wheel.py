"""The wheel runs without the repository.

It is built with what the environment already holds, installed with the locked dependencies into an
empty environment elsewhere, and must then make a database and answer `/` in both languages.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.prefix) / "bin" / "uv"
PATIENCE = 60

pytestmark = [pytest.mark.wheel, pytest.mark.slow]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run to the end and give its output; a failure shows all of it."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without network or isolation."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("charity-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment elsewhere with the wheel and the locked dependencies."""
    home = tmp_path_factory.mktemp("elsewhere")
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    run(base, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    install = (UV, "pip", "install", "-q", "--python", python)
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "run.txt", cwd=home)
    run(*install, "--no-deps", wheel, cwd=home)
    return home


def settings(home: Path) -> dict[str, str]:
    """The environment of a person who has the wheel and nothing of ours."""
    kept = {name: os.environ[name] for name in ("LANG", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": f"{home / 'venv' / 'bin'}:/usr/bin:/bin",
        "CHARITY_MODE": "demo",
        "CHARITY_DATA_DIR": str(home / "instance"),
    }


@pytest.fixture(scope="module")
def site(installed: Path) -> Iterator[str]:
    """The address of a site with a fresh test database, run from the wheel."""
    env = settings(installed)
    run("charity", "init", "--test", "--manager-email", "x@example.org", cwd=installed, env=env)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = (installed / "web.log").open("w+b")
    server = subprocess.Popen(
        ["charity", "web", "--host", "127.0.0.1", "--port", str(port)],
        cwd=installed,
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{address}/livez", timeout=5).close()
                break
            except OSError:
                log.seek(0)
                assert server.poll() is None, log.read().decode()
                assert time.monotonic() < deadline, log.read().decode()
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=PATIENCE)
        log.close()


def page(address: str, language: str) -> str:
    """The front page as a browser of this language gets it."""
    request = urllib.request.Request(f"{address}/", headers={"Accept-Language": language})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
        text: str = answer.read().decode("utf-8")
        return text


def test_wheel_carries_the_bundle(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"charity/_bundle/{file.relative_to(ROOT).as_posix()}"
        for folder in ("templates", "static", "migrations")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert expected
    assert expected <= names
    assert "charity/translations/en/LC_MESSAGES/messages.mo" in names
    assert "charity/py.typed" in names
    assert not {name for name in names if name.startswith(("tests/", "benchmarks/"))}


def test_wheel_names_its_dependencies_and_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (folder,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    metadata = archive.read(f"{folder}/METADATA").decode("utf-8")
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "Requires-Dist: flask>=3.1.1" in metadata
    assert "charity = charity.cli:main" in archive.read(f"{folder}/entry_points.txt").decode()


def test_package_comes_from_the_wheel(installed: Path) -> None:
    where = run("venv/bin/python", "-c", "import charity; print(charity.__file__)", cwd=installed)
    assert Path(where.strip()).is_relative_to(installed)


def test_front_page_in_both_languages(site: str) -> None:
    chinese, english = page(site, "zh-CN"), page(site, "en")
    assert 'lang="zh' in chinese
    assert 'lang="en' in english
    assert chinese != english


def test_static_files_are_served(site: str) -> None:
    with urllib.request.urlopen(f"{site}/static/css/tokens.css", timeout=30) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{site}/static/no-such-file", timeout=30)
    refused.value.close()
    assert refused.value.code == 404
