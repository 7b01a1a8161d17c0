"""The same small site for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from charity.kernel.db import db
from tests.client import check_headers
from tests.factories import site as world

Post = Callable[..., TestResponse]


@pytest.fixture
def site(app: Flask) -> Flask:
    """The application with the small site in its database."""
    with app.app_context():
        world.build()
        db.session.remove()
    return app


@pytest.fixture
def http(site: Flask) -> FlaskClient:
    """A machine without cookies."""
    return site.test_client(use_cookies=False)


def body(**changes: Any) -> dict[str, Any]:
    """A body that makes one gift of ten yuan, with some of it changed."""
    return {
        "items": [{"campaign": world.OPEN, "unit": world.COUNTY, "amount_fen": 1000}],
        "donor": {"name": "王秀花", "display": "masked"},
        "provider": "sandbox",
        "receipt": True,
        "bill_wish": "waived",
        **changes,
    }


@pytest.fixture
def post(http: FlaskClient) -> Post:
    """Post a body (an object, or text and bytes as they are) to ``/api/v1/gifts``."""

    def send(sent: Any, key: str = "k-1", **headers: str) -> TestResponse:
        raw = sent if isinstance(sent, str | bytes) else json.dumps(sent)
        response = http.post(
            "/api/v1/gifts",
            data=raw,
            headers={"Content-Type": "application/json", "Idempotency-Key": key, **headers},
        )
        check_headers(response)
        return response

    return send
