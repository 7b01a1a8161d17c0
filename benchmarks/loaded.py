"""Installations loaded by ``charity demo load``, the only loader there is.

A million gifts take minutes; with ``--data FOLDER`` they are kept there and used again.
"""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.rig import DIALECTS, Installation, Rig
from tests.servers import postgres_binaries


def both(rig: Rig, gifts: int) -> dict[str, Installation]:
    """An installation of each dialect with so many gifts; the two are loaded side by side."""
    made = rig.loaded.get(gifts)
    if made is None:
        fresh = {dialect: rig.install(dialect) for dialect in DIALECTS}
        with ThreadPoolExecutor(len(fresh)) as pool:
            list(pool.map(lambda each: _fill(rig, each, gifts), fresh.values()))
        for installation in fresh.values():
            rig.analyze(installation)
        made = rig.loaded[gifts] = fresh
    return made


def _fill(rig: Rig, installation: Installation, gifts: int) -> None:
    kept = rig.data / f"{installation.dialect}-{gifts}" if rig.data else None
    if kept is not None and kept.exists():
        _take(rig, installation, kept)
        return
    installation.charity("demo", "load", "--gifts", str(gifts))
    if kept is not None:
        _keep(rig, installation, kept)


def _programs(rig: Rig, name: str, *arguments: str) -> None:
    binaries = postgres_binaries()
    assert binaries is not None
    command = [str(binaries / name), "-h", rig.postgres_home, "-U", "postgres", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def _keep(rig: Rig, installation: Installation, kept: Path) -> None:
    """Database and keys, into a folder that stands there only when it is whole."""
    part = kept.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(installation.folder / "keys", part / "keys")
    if installation.dialect == "sqlite":
        installation.checkpoint()
        shutil.copy(installation.name, part / "charity.db")
    else:
        dump = str(part / "dump")
        _programs(rig, "pg_dump", "-Fd", "-Z1", "-j2", "-f", dump, installation.name)
    part.rename(kept)


def _take(rig: Rig, installation: Installation, kept: Path) -> None:
    shutil.rmtree(installation.folder / "keys", ignore_errors=True)
    shutil.copytree(kept / "keys", installation.folder / "keys")
    if installation.dialect == "sqlite":
        shutil.copy(kept / "charity.db", installation.name)
        return
    _programs(rig, "dropdb", "--force", installation.name)
    _programs(rig, "createdb", "-O", "charity_owner", installation.name)
    _programs(rig, "pg_restore", "-j2", "-d", installation.name, str(kept / "dump"))
