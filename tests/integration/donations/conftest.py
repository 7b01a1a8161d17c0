"""A charity with one open campaign and three units, and gifts on their way."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.gifts import Place, make_place


@pytest.fixture
def place(ctx: Flask) -> Place:
    """An open campaign: office, county and town units in a tree."""
    return make_place()
