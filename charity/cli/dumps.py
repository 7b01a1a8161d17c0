"""What a dump is: a folder with a copy of the database, the kept files, and a manifest of it all.

Rule: a dump is whole or it is none. It is written under another name, flushed to the disk, its
manifest last, and then renamed; what has no manifest, or a name ending in ``.partial``, is no
dump. The manifest holds the hash of every file and is sealed with the installation's own key, so
who can write to the place of the dumps, and has not the keys, cannot change one unseen.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from charity.kernel import crypto

FORMAT = 1
MANIFEST, SEAL, FIGURES = "manifest.json", "manifest.seal", "figures.json"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
FILES, KEYS = "files", "keys"
_PARTIAL = re.compile(r"\.charity-[0-9a-f]{16}\.partial")
_CHUNK = 1 << 20


class NotWhole(RuntimeError):
    """This is no whole dump, or not the one that was made; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a dump: its place, its bytes, their hash."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dump holds. ``n`` is the last number given; ``keys`` names keys and tells none."""

    format: int
    made_at: str
    version: str
    migration: str
    dialect: str
    mode: str
    origin: str
    n: int
    figures_sha256: str
    keys: list[str]
    damaged: list[str]  # kept files that were not what they had been, before this dump
    files: list[Part]

    @property
    def made(self) -> dt.datetime:
        """The moment the copy shows."""
        return dt.datetime.fromisoformat(self.made_at)

    def as_json(self) -> str:
        """The manifest as it lies in the dump."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


# --- writing -------------------------------------------------------------------------------------
@contextmanager
def fresh(target: Path) -> Iterator[Path]:
    """A folder to write the dump into; what is in it at the end of the block is ``target``.

    Its lock is held, so that a later run knows it from one whose process died, and clears that
    away. Raises FileExistsError when something is at ``target`` already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is there already; a dump is never written over")
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_left_behind(target.parent)
    partial = target.parent / f".charity-{secrets.token_hex(8)}.partial"
    partial.mkdir(mode=0o700)
    held = os.open(partial, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield partial
        publish(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(held)


def publish(partial: Path, target: Path) -> None:
    """Give a dump that is on the disk its name."""
    for folder in [*(each for each in partial.rglob("*") if each.is_dir()), partial]:
        flush(folder)
    partial.rename(target)
    flush(target.parent)


def _clear_left_behind(parent: Path) -> None:
    for left in parent.glob(".charity-*.partial"):
        if not _PARTIAL.fullmatch(left.name) or not left.is_dir():
            continue
        held = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass  # another backup is at work
        finally:
            os.close(held)


def flush(path: Path) -> None:
    """Have a file or a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy(source: Path, target: Path, *, mode: int = 0o600) -> str:
    """Copy a file, flushed to the disk; the hash of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as written:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    return digest.hexdigest()


def write(path: Path, content: str) -> None:
    """Write a text, flushed to the disk."""
    path.write_text(content, "utf-8")
    flush(path)


def parts(folder: Path) -> list[Part]:
    """Every file below ``folder`` but the manifest and its seal, by name."""
    return [
        Part(path.relative_to(folder).as_posix(), path.stat().st_size, hash_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path not in {folder / MANIFEST, folder / SEAL}
    ]


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sealed(manifest: str, keys: Path) -> str:
    """The seal of a manifest's text, by the index key in ``keys``. Raises KeysMissing."""
    return crypto.load_keys(keys, create=False).blind_index(manifest, "backup-manifest")


# --- reading -------------------------------------------------------------------------------------
def read(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a dump and its text. Raises NotWhole when this is no whole dump."""
    if folder.name.endswith(".partial"):
        raise NotWhole(f"{folder} is what a broken backup left")
    if not (folder / MANIFEST).is_file() or not (folder / SEAL).is_file():
        raise NotWhole(f"{folder} has no manifest: it is no whole dump")
    text = (folder / MANIFEST).read_text("utf-8")
    try:
        found: dict[str, Any] = json.loads(text)
        if found["format"] != FORMAT:
            raise NotWhole(f"{folder}: its format {found['format']} is not known here")
        listed = [Part(**part) for part in found.pop("files")]
        manifest = Manifest(files=listed, **found)
    except (ValueError, TypeError, KeyError) as error:
        raise NotWhole(f"{folder}: its manifest does not read: {error}") from error
    return manifest, text


def verify_keys(folder: Path, manifest: Manifest, text: str, keys: Path) -> None:
    """Raise NotWhole unless ``keys`` opens this dump and its seal holds."""
    try:
        have = crypto.key_ids(keys)
        seal = sealed(text, keys)
    except crypto.KeysMissing as error:
        raise NotWhole(
            f"the keys are not there ({error}): bring the folder {KEYS}/ to {keys} first"
        ) from error
    lacking = sorted(set(manifest.keys) - set(have))
    if lacking:
        raise NotWhole(f"the keys in {keys} are others than this dump's: {', '.join(lacking)}")
    kept = (folder / SEAL).read_text("utf-8").strip()
    if not hmac.compare_digest(kept.encode(), seal.encode()):
        raise NotWhole(f"{folder}: its manifest has been changed since it was made")


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Raise NotWhole unless every file is there, is what it was, and no other is there."""
    there = {part.path: part for part in parts(folder)}
    listed = {part.path: part for part in manifest.files}
    for path in sorted(there.keys() | listed.keys()):
        if path not in there:
            raise NotWhole(f"{folder}: {path} is missing")
        if path not in listed:
            raise NotWhole(f"{folder}: {path} is not of this dump")
        if there[path] != listed[path]:
            raise NotWhole(f"{folder}: {path} has been changed since the dump was made")
