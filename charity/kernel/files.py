"""Files kept for ever, by what is in them: a file's name is its SHA-256.

A file is whole or not there (written beside, flushed to the disk, renamed), is never changed, and
the same content is kept once. Its hash is asked again on every reading, so what was damaged or
exchanged is found and never served.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from flask import current_app


class FileDamaged(RuntimeError):
    """A kept file is gone, or is not what was kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a content lies in the store, and what it is."""

    path: str  # relative to the store
    sha256: str
    size: int  # bytes


class FileStore:
    """A folder of files; ``root`` is made when the first one comes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes, suffix: str = "") -> Stored:
        """Keep ``content``; when this returns, it is on the disk. Safe to repeat."""
        digest = hashlib.sha256(content).hexdigest()
        stored = Stored(f"{digest[:2]}/{digest[2:4]}/{digest}{suffix}", digest, len(content))
        target = self.root / stored.path
        if target.exists():
            self.get(stored.path, digest)
            return stored
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{secrets.token_hex(8)}.new")
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        for folder in (target.parent, target.parent.parent, self.root):
            _flush_folder(folder)
        return stored

    def get(self, path: str, sha256: str) -> bytes:
        """The content kept as ``path``. Raises FileDamaged unless it still hashes to ``sha256``."""
        target = (self.root / path).resolve()
        if not target.is_relative_to(self.root.resolve()):
            raise FileDamaged(f"{path}: outside the store")
        try:
            content = target.read_bytes()
        except OSError as error:
            raise FileDamaged(f"{path}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FileDamaged(f"{path}: its content has changed")
        return content


def store() -> FileStore:
    """The running installation's store."""
    return FileStore(current_app.extensions["charity.settings"].data_dir / "files")


def _flush_folder(folder: Path) -> None:
    """A rename is only kept once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
