"""From the SQLite file to PostgreSQL: every row, every book, every entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, select

from charity.cli import main
from charity.cli import move as moving
from charity.donations.models import Donor
from charity.kernel.db import Base, db
from tests.operations import House, empty_postgres, giving, same_ledger

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.parametrize("dialect", ["sqlite"]),
]


@pytest.fixture
def there(house: House, postgres_server: str) -> Iterator[House]:
    """The same folder on an empty PostgreSQL database."""
    with empty_postgres(postgres_server) as found:
        yield House(found, house.folder)


def words(there: House) -> tuple[str, ...]:
    return ("move", "--to", there.database.url, "--owner", there.database.owner_url)


def totals(house: House) -> dict[str, object]:
    app = house.app()
    found = app.test_client().get("/api/v1/totals").json
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    assert found
    return dict(found)


def test_everything_is_the_same(house: House, there: House) -> None:
    before, shown = house.check()["entries"], totals(house)
    said = house.run(*words(there))
    assert "every row, book and entry equal" in said
    assert there.check()["entries"] == before
    assert totals(there) == shown
    same_ledger(house, there, before)
    for table in Base.metadata.tables:
        count = f"SELECT count(*) FROM {table}"
        assert house.rows(count) == there.rows(count), table
    app = there.app()
    with app.app_context():
        assert "张三" in set(db.session().scalars(select(Donor.name)))
        db.session.remove()
        db.engine.dispose()


def test_it_goes_on_there_and_never_again_here(house: House, there: House) -> None:
    house.run(*words(there))
    assert there.ready() == 200
    before = there.check()["entries"]
    with giving(there, donors=2) as given:
        given.until(4)
    there.run("jobs", "run", "sequence")
    assert there.check()["entries"] >= before + 8  # a gift and its fee
    assert house.ready() == 503
    assert "its money was moved to" in house.run("worker", code=1)
    assert "is closed" in house.run("upgrade", code=1)
    assert "is closed" in house.run("backup", there.folder / "dump", code=1)
    assert not (there.folder / "dump").exists()


def test_a_moved_file_is_not_moved_twice(house: House, there: House, postgres_server: str) -> None:
    house.run(*words(there))
    assert "moved already" in house.run(*words(there), code=1)
    with empty_postgres(postgres_server) as other:
        assert "moved already" in house.run(*words(House(other, house.folder)), code=1)


def test_nothing_is_moved_onto_something(house: House, there: House) -> None:
    there.run("init", "--test", "--manager-email", "m@example.org")
    assert "not empty" in house.run(*words(there), code=1)
    assert house.ready() == 200


def test_nobody_may_use_the_target(house: House, there: House) -> None:
    engine = create_engine(there.database.url)
    with engine.connect() as conn:
        conn.exec_driver_sql("SELECT 1")
        assert "other sessions" in house.run(*words(there), code=1)
    engine.dispose()
    house.run(*words(there))


def test_a_row_that_came_otherwise_is_found(
    house: House, there: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)
    real = moving.copy_rows

    def careless(conn, table, rows) -> None:  # type: ignore[no-untyped-def] # as the real one
        names = [column.name for column in table.columns]
        if table.name == "funds_unit":
            rows = [tuple(v if n != "name" else f"{v}?" for n, v in zip(names, row, strict=True))
                    for row in rows]  # fmt: skip
        real(conn, table, rows)

    monkeypatch.setattr(moving, "copy_rows", careless)
    result = CliRunner().invoke(main, list(words(there)))
    assert result.exit_code == 1
    assert "the rows of" in result.output
    assert there.ready() == 503
    assert house.ready() == 200
    monkeypatch.setattr(moving, "_line", lambda _row: b"")  # canary: nobody compares
    result = CliRunner().invoke(main, list(words(there)))
    assert result.exit_code == 0, result.output


def test_wrong_words(house: House, there: House, tmp_path: Path) -> None:
    assert "expected postgresql://" in house.run("move", "--to", "sqlite:///x.db", code=1)
    assert "no SQLite file" in there.run(*words(there), code=1)
    with_file = tmp_path / "none"
    empty = House(house.database.__class__("sqlite", f"sqlite:///{with_file}/a.db", ""), with_file)
    assert "no SQLite file" in empty.run(*words(there), code=1)
    assert json.loads(house.run("check", "--json"))["ok"]
