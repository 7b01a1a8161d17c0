"""PostgreSQL's own programs, found and run. A password goes by the environment, never by words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
from sqlalchemy import URL, make_url

from charity.config import environment

_HOMES = Path("/usr/lib/postgresql")


def find(program: str) -> str | None:
    """Where ``program`` is: in the path, else the newest of Debian's folders."""
    found = shutil.which(program)
    if found is not None:
        return found
    homes = [path for path in _HOMES.glob(f"*/bin/{program}") if path.is_file()]
    return str(max(homes, key=lambda path: int(path.parts[-3]))) if homes else None


def run(program: str, url: str, *words: str) -> None:
    """Run ``program`` on the database of ``url``. Raises ClickException with what it said."""
    found = find(program)
    if found is None:
        raise click.ClickException(
            f"{program} is not installed; it comes with PostgreSQL's client programs"
            " (Debian: apt install postgresql-client)"
        )
    parts = make_url(url)
    plain = URL.create(
        "postgresql", parts.username, None, parts.host, parts.port, parts.database, parts.query
    )
    more = {"PGPASSWORD": parts.password} if parts.password else {}
    done = subprocess.run(
        [found, f"--dbname={plain.render_as_string()}", *words],
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[:3] or [f"ended with {done.returncode}"]
        raise click.ClickException(f"{program}: {' / '.join(said)}")
