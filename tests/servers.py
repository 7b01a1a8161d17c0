"""Servers that tests and benchmarks start for themselves, on loopback or a unix socket only."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_counter = itertools.count(1)


def postgres_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server's programs, if one is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].parent if found else None


@contextmanager
def postgres(binaries: Path, *, settings: str = "") -> Iterator[str]:
    """A PostgreSQL server of our own; yields the folder of its socket, which is its host.

    It refuses to run as root, so root hands it to the user ``postgres``. Roles ``charity_owner``
    and ``charity_app`` are made.
    """
    import psycopg

    # The socket's path must be short, and readable for the server's user.
    home = Path(tempfile.gettempdir()) / f"charity-pg-{os.getpid()}-{next(_counter)}"
    home.mkdir(mode=0o755)
    run: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(home, user.pw_uid, user.pw_gid)
        run = ["runuser", "-u", "postgres", "--"]
    data = home / "data"
    initdb = [*run, binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres"]
    subprocess.run([*initdb, "--locale=C.UTF-8", "-E", "UTF8"], check=True, capture_output=True)
    options = f"-c listen_addresses='' -k {home} -c max_connections=200 {settings}"
    control = [*run, binaries / "pg_ctl", "-w", "-D", data]
    start = [*control, "-l", home / "log", "-o", options, "start"]
    subprocess.run(start, check=True, capture_output=True)
    try:
        with psycopg.connect(f"host={home} user=postgres", autocommit=True) as conn:
            conn.execute("CREATE ROLE charity_owner LOGIN")
            conn.execute("CREATE ROLE charity_app LOGIN")
        yield str(home)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def postgres_url(home: str, name: str, role: str) -> str:
    """The URL of database ``name`` on the server in ``home``, as ``role``."""
    return f"postgresql+psycopg://{role}@/{name}?host={home}"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
