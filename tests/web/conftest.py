"""A small site to visit: tests/factories/site.py on each database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

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


Gift = dict[str, str]


@pytest.fixture
def make_gift(site: Flask) -> Callable[[], Gift]:
    """Makes a gift of ten yuan through the API, not paid yet; gives its ids, key and reference."""
    counter = itertools.count()

    def make() -> Gift:
        response = site.test_client().post(
            "/api/v1/gifts",
            headers={"Idempotency-Key": f"gift-{next(counter)}"},
            json={
                "items": [{"campaign": world.OPEN, "unit": world.COUNTY, "amount_fen": 1000}],
                "donor": {"name": "王秀花", "display": "masked"},
                "provider": "sandbox",
                "receipt": True,
                "bill_wish": "waived",
            },
        )
        assert response.status_code == 201, response.text
        made = response.json
        return {
            "payment_id": made["payment_id"],
            "gift_id": made["gifts"][0]["id"],
            "key": made["secret"],
            "reference": made["provider_reference"],
        }

    return make


@pytest.fixture
def gift(make_gift: Callable[[], Gift]) -> Gift:
    """One such gift."""
    return make_gift()


@pytest.fixture
def query_count() -> Callable[[Flask], AbstractContextManager[list[str]]]:
    """Counts the statements a page asks: ``with query_count(app) as asked: …``."""

    @contextmanager
    def counting(app: Flask) -> Iterator[list[str]]:
        asked: list[str] = []

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(" ".join(statement.split())[:80])

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting
