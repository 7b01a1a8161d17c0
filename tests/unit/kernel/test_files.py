"""The store of files by content."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from charity.kernel.files import FileDamaged, FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def everything(store: FileStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_what_is_kept_is_read_again(store: FileStore) -> None:
    stored = store.put(b"one yuan", ".pdf")
    assert stored.size == 8
    assert stored.path.endswith(f"{stored.sha256}.pdf")
    assert store.get(stored.path, stored.sha256) == b"one yuan"


def test_the_same_content_is_kept_once_also_in_parallel(store: FileStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = set(pool.map(lambda _: store.put(b"x" * 100_000), range(16)))
    assert len(kept) == 1
    assert len(everything(store)) == 1


def test_a_changed_file_is_found(store: FileStore) -> None:
    stored = store.put(b"one yuan")
    (store.root / stored.path).write_bytes(b"two yuan")
    with pytest.raises(FileDamaged, match="changed"):
        store.get(stored.path, stored.sha256)
    with pytest.raises(FileDamaged, match="changed"):
        store.put(b"one yuan")


def test_a_missing_file_is_found(store: FileStore) -> None:
    with pytest.raises(FileDamaged, match="No such file"):
        store.get("aa/bb/cc", "0" * 64)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "aa/../../secret"])
def test_nothing_outside_the_store_is_read(store: FileStore, path: str, tmp_path: Path) -> None:
    store.put(b"x")
    (tmp_path / "secret").write_bytes(b"y")
    with pytest.raises(FileDamaged, match="outside"):
        store.get(path, "0" * 64)


def test_a_write_that_fails_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("charity.kernel.files.os.fsync", broken)
    with pytest.raises(OSError, match="no space"):
        store.put(b"one yuan")
    assert everything(store) == []
