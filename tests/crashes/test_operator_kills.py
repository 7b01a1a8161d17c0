"""kill -9 in the middle of a backup, a restore, a move: nothing that looks whole is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.operations import House, empty_postgres, furnish, keys_to, same_ledger

pytestmark = [pytest.mark.crash, pytest.mark.slow]

BACKUP = (
    ("charity.cli.dumps", "copy", "after", 1),
    ("charity.cli.dumps", "write", "before", 1),
    ("charity.cli.backup", "_seal", "before", 1),
    ("charity.cli.dumps", "write", "after", 2),
    ("charity.cli.dumps", "publish", "before", 1),
)
RESTORE = {
    "sqlite": (
        ("charity.cli.dumps", "copy", "after", 1),
        ("charity.kernel.closed", "close", "after", 1),
        ("charity.cli.restore", "_prepare", "after", 1),
        ("charity.cli.restore", "_bring_files", "after", 1),
        ("charity.cli.proof", "found_against", "after", 1),
        ("charity.cli.restore", "_put_in_place", "before", 1),
    ),
    "postgres": (
        ("charity.cli.restore", "_take", "before", 1),
        ("charity.cli.pgtools", "run", "before", 1),
        ("charity.cli.pgtools", "run", "after", 1),
        ("charity.cli.restore", "_prepare", "after", 1),
        ("charity.cli.restore", "_bring_files", "after", 1),
        ("charity.cli.proof", "found_against", "after", 1),
        ("charity.kernel.closed", "open_again", "before", 2),
    ),
}
MOVE = (
    ("charity.cli.move", "_take", "before", 1),
    ("charity.cli.move", "_copy_table", "before", 1),
    ("charity.cli.move", "_copy_table", "after", 20),
    ("charity.cli.move", "_fill", "after", 1),
    ("charity.cli.proof", "found_against", "after", 1),
    ("charity.cli.move", "_move", "after", 1),
    # The file is closed, and the new database not open yet.
    ("charity.kernel.closed", "open_again", "before", 3),
)


@pytest.fixture
def house(database: TestDatabase, tmp_path: Path) -> House:
    made = House(database, tmp_path / "house")
    furnish(made, 3)
    return made


@pytest.fixture
def elsewhere(
    house: House, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[House]:
    folder = tmp_path / "elsewhere"
    if dialect == "sqlite":
        url = f"sqlite:///{folder / 'charity.db'}"
        made = House(TestDatabase("sqlite", url, url), folder)
        keys_to(house, made)
        yield made
        return
    with empty_postgres(request.getfixturevalue("postgres_server")) as found:
        made = House(found, folder)
        keys_to(house, made)
        yield made


def test_a_backup_that_died_is_none(house: House, elsewhere: House, tmp_path: Path) -> None:
    for step in BACKUP:
        dump = tmp_path / "dumps" / step[1]
        house.kill(step, "backup", dump)
        assert not dump.exists(), step
        [left] = (tmp_path / "dumps").iterdir()
        assert "broken backup" in elsewhere.run("restore", left, code=1)
        assert "not started" in elsewhere.run("worker", code=1)
        assert house.ready() == 200
    house.run("backup", tmp_path / "dumps" / "whole")
    # What the dead ones left is gone.
    assert [path.name for path in (tmp_path / "dumps").iterdir()] == ["whole"]
    elsewhere.run("restore", tmp_path / "dumps" / "whole")
    elsewhere.check()


def test_a_restore_that_died_does_not_serve(
    house: House, elsewhere: House, dialect: str, tmp_path: Path
) -> None:
    house.run("backup", tmp_path / "dump")
    for step in RESTORE[dialect]:
        elsewhere.kill(step, "restore", tmp_path / "dump")
        assert "not started" in elsewhere.run("worker", code=1), step
        assert elsewhere.ready() == 503, step
        if dialect == "postgres" and step[1] != "_take":
            assert "is closed" in elsewhere.run("upgrade", code=1), step
    # Started again it goes to its end, untold.
    elsewhere.run("restore", tmp_path / "dump")
    n = elsewhere.check()["entries"]
    same_ledger(house, elsewhere, n)
    assert elsewhere.ready() == 200


@pytest.mark.parametrize("dialect", [pytest.param("sqlite", marks=pytest.mark.postgres)])
def test_a_move_that_died_is_started_again(
    house: House, postgres_server: str, dialect: str
) -> None:
    before = house.check()["entries"]
    with empty_postgres(postgres_server) as found:
        there = House(found, house.folder)
        words = ("move", "--to", found.url, "--owner", found.owner_url)
        for step in MOVE:
            house.kill(step, *words)
            assert "not started" in there.run("worker", code=1), step
            assert there.ready() == 503, step
            # Never two that serve; the file serves on until the new one is proved.
            closed = step[1] == "open_again"
            assert house.ready() == (503 if closed else 200), step
        house.run(*words)
        assert there.ready() == 200
        assert "is closed" in house.run("worker", code=1)
        assert there.check()["entries"] == before
        same_ledger(house, there, before)
