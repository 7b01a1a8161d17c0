"""A small site to visit: tests/factories/site.py on each database."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.kernel.db import db
from tests.client import Client
from tests.factories import site as world


@pytest.fixture
def site(app: Flask) -> Flask:
    """The application with the small site in its database."""
    with app.app_context():
        world.build()
        db.session.remove()
    return app


@pytest.fixture
def visitor(site: Flask) -> Client:
    """A reader of Chinese."""
    return Client(site, "zh", world.NAMES)


@pytest.fixture
def reader(site: Flask) -> Client:
    """A reader of English."""
    return Client(site, "en", world.NAMES)
