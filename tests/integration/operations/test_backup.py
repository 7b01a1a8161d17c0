"""A backup made under load becomes the same installation elsewhere, or nothing serves."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from charity.cli import dumps, main
from charity.donations.models import Donor
from charity.kernel.db import db
from tests.operations import KEPT, House, giving, same_ledger

pytestmark = pytest.mark.slow


def kept_file(folder: Path) -> Path:
    return next(path for path in (folder / "files").rglob("*.txt") if path.read_bytes())


def manifest(dump: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((dump / "manifest.json").read_text("utf-8"))
    return found


def restored(house: House, dump: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Result:
    """``charity restore`` in this process, so that a guard can be patched out."""
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(main, ["restore", str(dump), *more])


def nothing_serves(house: House) -> None:
    assert "not started" in house.run("worker", code=1)
    assert house.ready() == 503


def test_made_under_load_it_is_the_same_elsewhere(
    house: House, elsewhere: House, tmp_path: Path
) -> None:
    dump = tmp_path / "dumps" / "monday"
    with giving(house) as given:
        given.until(3)
        house.run("backup", dump)
        there = given.count
        given.until(there + 5)
    said = elsewhere.run("restore", dump)
    n = manifest(dump)["n"]
    assert f"up to entry {n};" in said
    # Gifts came before, during and after it.
    [(after,)] = house.rows("SELECT max(n) FROM ledger_number")
    assert isinstance(n, int)
    assert 0 < n < after
    assert elsewhere.check()["entries"] == n
    same_ledger(house, elsewhere, n)
    assert kept_file(elsewhere.folder).read_bytes() == KEPT
    assert elsewhere.ready() == 200
    app = elsewhere.app()
    with app.app_context():  # the keys open what was sealed
        assert "张三" in set(db.session().scalars(select(Donor.name)))
        db.session.remove()
        db.engine.dispose()


def test_the_restored_one_goes_on(house: House, elsewhere: House, tmp_path: Path) -> None:
    house.run("backup", tmp_path / "dump")
    elsewhere.run("restore", tmp_path / "dump")
    before = elsewhere.check()["entries"]
    with giving(elsewhere, donors=1) as given:
        given.until(2)
    elsewhere.run("jobs", "run", "sequence")
    assert elsewhere.check()["entries"] > before


def test_keys_are_named_and_not_in_it_unless_asked(
    house: House, bare: House, tmp_path: Path
) -> None:
    dump, safe = tmp_path / "dump", tmp_path / "safe"
    house.run("backup", dump)
    secret = json.loads((house.folder / "keys" / "fields.json").read_text())["index_key"]
    texts = [path.read_bytes() for path in dump.rglob("*") if path.is_file()]
    assert texts
    assert not any(secret.encode() in each for each in texts)
    assert len(manifest(dump)["keys"]) == 2  # type: ignore[arg-type] # a list
    assert "bring the folder keys/" in bare.run("restore", dump, code=1)
    assert not (bare.folder / "keys").exists()
    house.run("backup", safe, "--with-keys")
    bare.run("restore", safe)
    key = bare.folder / "keys" / "fields.json"
    assert key.stat().st_mode & 0o077 == 0
    bare.check()


def test_keys_may_be_kept_anywhere(house: House, bare: House, tmp_path: Path) -> None:
    house.run("backup", tmp_path / "dump")
    shutil.copytree(house.folder / "keys", tmp_path / "safe")
    bare.run("restore", tmp_path / "dump", "--keys", tmp_path / "safe")
    bare.check()


def test_other_keys_are_refused(house: House, bare: House, tmp_path: Path) -> None:
    house.run("backup", tmp_path / "dump")
    bare.app()  # makes keys of its own
    assert "are others than this dump's" in bare.run("restore", tmp_path / "dump", code=1)


def test_nothing_is_written_over_unless_told(house: House, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    house.run("backup", dump)
    assert "is there already" in house.run("backup", dump, code=1)
    [(before,)] = house.rows("SELECT max(n) FROM ledger_number")
    with giving(house, donors=1) as given:
        given.until(2)
    assert "--overwrite" in house.run("restore", dump, code=1)
    [(meanwhile,)] = house.rows("SELECT max(n) FROM ledger_number")
    assert meanwhile > before
    house.run("restore", dump, "--overwrite")
    assert house.check()["entries"] == before


def break_file(dump: Path) -> None:
    path = kept_file(dump)
    path.write_bytes(KEPT.replace(b"issued", b"forged"))


def break_database(dump: Path) -> None:
    path = next(dump.glob("database.*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def break_manifest(dump: Path) -> None:
    found = manifest(dump)
    found["n"] = 7
    (dump / "manifest.json").write_text(json.dumps(found), "utf-8")


def lose_file(dump: Path) -> None:
    kept_file(dump).unlink()


def add_file(dump: Path) -> None:
    (dump / "files" / "more").write_text("x")


def lose_manifest(dump: Path) -> None:
    (dump / "manifest.json").unlink()


def cut_manifest(dump: Path) -> None:
    path = dump / "manifest.json"
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (break_file, "has been changed"),
        (break_database, "has been changed"),
        (break_manifest, "manifest has been changed"),
        (lose_file, "is missing"),
        (add_file, "is not of this dump"),
        (lose_manifest, "no whole dump"),
        (cut_manifest, "does not read"),
    ],
)
def test_a_dump_that_was_touched_is_refused(
    broken: Callable[[Path], None],
    said: str,
    house: House,
    elsewhere: House,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dump = house.folder.parent / "dump"
    house.run("backup", dump)
    broken(dump)
    result = restored(elsewhere, dump, monkeypatch)
    assert result.exit_code == 1
    assert said in result.output
    assert not (elsewhere.folder / "files").exists()
    nothing_serves(elsewhere)


def test_canary_without_the_hashes_it_is_taken(
    house: House, elsewhere: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = tmp_path / "dump"
    house.run("backup", dump)
    break_file(dump)
    monkeypatch.setattr(dumps, "verify_files", lambda _folder, _manifest: None)
    result = restored(elsewhere, dump, monkeypatch)
    assert result.exit_code == 0, result.output
    assert kept_file(elsewhere.folder).read_bytes() != KEPT


def test_another_seal_is_refused(
    house: House, elsewhere: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run("backup", tmp_path / "dump")
    result = restored(elsewhere, tmp_path / "dump", monkeypatch, "--seal", "0" * 64)
    assert "another dump" in result.output


def test_figures_that_differ_stay_closed_and_can_be_restored_again(
    house: House, elsewhere: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has the keys can seal what he wants: the ledger must still say the same."""
    dump, good = tmp_path / "dump", tmp_path / "good"
    house.run("backup", dump)
    shutil.copytree(dump, good)
    figures = dump / "figures.json"
    said = json.loads(figures.read_text("utf-8"))
    book = next(each for each in said["books"].values() if each["numbered"])
    next(iter(book["numbered"].values()))[0] += 1
    figures.write_text(json.dumps(said), "utf-8")
    found = manifest(dump)
    found["figures_sha256"] = dumps.hash_of(figures)
    found["files"] = [
        {"path": part.path, "size": part.size, "sha256": part.sha256} for part in dumps.parts(dump)
    ]
    text = json.dumps(found)
    (dump / "manifest.json").write_text(text, "utf-8")
    (dump / "manifest.seal").write_text(dumps.sealed(text, house.folder / "keys"), "utf-8")
    result = restored(elsewhere, dump, monkeypatch)
    assert result.exit_code == 1
    assert f"book {book['name']} differs" in result.output
    nothing_serves(elsewhere)
    elsewhere.run("restore", good)
    assert elsewhere.ready() == 200
    elsewhere.check()


def test_nobody_may_be_at_work(house: House, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    house.run("backup", dump)
    worker, _ = house.start(["worker"])
    try:
        for _ in range(300):
            if "settle" in heartbeats(house):
                break
            assert worker.is_alive()
            time.sleep(0.1)
        said = house.run("restore", dump, "--overwrite", code=1)
        assert "stop it first" in said
    finally:
        worker.terminate()
        worker.join(30)
    house.run("restore", dump, "--overwrite")


def heartbeats(house: House) -> dict[str, tuple[bool, str | None]]:
    return {row[0]: (bool(row[1]), row[2]) for row in
            house.rows("SELECT name, ok, detail FROM job_run")}  # fmt: skip


def test_each_backup_says_how_it_ended(house: House, tmp_path: Path) -> None:
    said = house.run("backup", tmp_path / "dump")
    ok, detail = heartbeats(house)["backup"]
    assert ok
    assert detail is not None
    assert json.loads(detail)["seal"] in said
    house.run("backup", tmp_path / "dump", code=1)
    assert heartbeats(house)["backup"][0] is False


def test_a_damaged_file_is_said_and_the_ledger_is_still_kept(
    house: House, elsewhere: House, tmp_path: Path
) -> None:
    path = kept_file(house.folder)
    path.chmod(0o644)
    path.write_bytes(b"what the disk made of it")
    said = house.run("backup", tmp_path / "dump", code=1)
    assert "damaged" in said
    assert path.name in said
    assert heartbeats(house)["backup"][0] is False
    assert "damaged before the backup" in elsewhere.run("restore", tmp_path / "dump")
    elsewhere.check()


def test_without_pg_dump_it_says_what_to_install(
    house: House, dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from charity.cli import pgtools

    if dialect == "sqlite":
        house.run("backup", tmp_path / "dump", PATH="/nowhere")  # needs no other program
        return
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pgtools, "find", lambda _program: None)
    result = CliRunner().invoke(main, ["backup", str(tmp_path / "dump")])
    assert result.exit_code == 1
    assert "apt install postgresql-client" in result.output
    assert not (tmp_path / "dump").exists()


def test_what_is_no_database_is_not_backed_up(bare: House, tmp_path: Path) -> None:
    assert bare.run("backup", tmp_path / "dump", code=1)
    assert not (tmp_path / "dump").exists()
