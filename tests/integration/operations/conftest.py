"""An installation with gifts in it, and an empty place elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.operations import House, empty_postgres, furnish, keys_to


@pytest.fixture
def house(database: TestDatabase, tmp_path: Path) -> House:
    """An installation with gifts and a kept file, nobody at work in it."""
    made = House(database, tmp_path / "house")
    furnish(made)
    return made


@pytest.fixture
def bare(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A place elsewhere with nothing in it, neither keys."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if dialect == "sqlite":
        url = f"sqlite:///{folder / 'charity.db'}"
        yield House(TestDatabase("sqlite", url, url), folder)
        return
    with empty_postgres(request.getfixturevalue("postgres_server")) as found:
        yield House(found, folder)


@pytest.fixture
def elsewhere(house: House, bare: House) -> House:
    """The same with the keys brought."""
    keys_to(house, bare)
    return bare
