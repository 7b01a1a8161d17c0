"""A charity with one open campaign and three units, an own book that can bear fees, two people."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.back import Two, give_own, two_people
from tests.gifts import Place, make_place


@pytest.fixture
def place(ctx: Flask) -> Place:
    """An open campaign, and three hundred yuan of the charity's own."""
    made = make_place()
    give_own(30_000)
    return made


@pytest.fixture
def two(place: Place) -> Two:
    """Who asks and who decides."""
    return two_people()
