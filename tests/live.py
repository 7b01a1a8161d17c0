"""A running installation for browsers: ``charity run`` on a port of its own."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask

from charity.app import create_app
from charity.kernel.db import db
from tests.conftest import TestDatabase, make_settings
from tests.servers import free_port

CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage",
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A running installation: its address, and an application on the same database and keys."""

    base: str
    app: Flask
    database: TestDatabase
    folder: Path


@contextmanager
def running(database: TestDatabase, folder: Path, *commands: list[str]) -> Iterator[Site]:
    """Site and worker on ``database``; ``commands`` of ``charity`` are run before."""
    port = free_port()
    base = f"http://localhost:{port}"  # passkeys want a name
    app = create_app(make_settings(database, folder, base_url=base))
    environment = {
        **os.environ,
        "CHARITY_MODE": "development",
        "CHARITY_DATA_DIR": str(folder),
        "CHARITY_DATABASE_URL": database.url,
        "CHARITY_SECRET_KEY": app.config["SECRET_KEY"],
        "CHARITY_BASE_URL": base,
    }
    charity = [sys.executable, "-m", "charity"]
    for command in commands:
        subprocess.run([*charity, *command], env=environment, check=True)
    with (folder / "run.log").open("wb") as log:
        parent = subprocess.Popen(
            [*charity, "run", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_ready(base, parent, folder / "run.log")
        yield Site(base, app, database, folder)
    finally:
        parent.send_signal(signal.SIGTERM)
        try:
            parent.wait(20)
        except subprocess.TimeoutExpired:
            parent.kill()
            parent.wait()
        with app.app_context():
            db.engine.dispose()


def _until_ready(base: str, parent: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert parent.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"not ready: {log.read_text('utf-8')}")


def sign_in(port: int, address: str, password: str) -> int:
    """Sign in by password with a browser of one's own; the answer's status, 303 when let in."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/login")
        page = connection.getresponse()
        cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.read().decode())
        assert token is not None
        form = {"address": address, "password": password, "csrf_token": token[1]}
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login", urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
