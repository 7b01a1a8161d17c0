"""When it is our own fault: a calm page, a machine's problem, a log line without anyone's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from charity.app import create_app
from charity.figures import queries as figures
from charity.kernel import inbox, readiness
from charity.kernel.db import db
from tests.client import Client, check_headers
from tests.conftest import TestDatabase, make_settings
from tests.factories import site as world

PRIVATE = "王秀花 13800000000"


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the totals fail with ``error``, and nothing else answer."""

    def fail(*_args: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(figures, "totals", fail)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_defect_is_a_page_and_a_log_line(
    site: Flask, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    failing(monkeypatch, RuntimeError(PRIVATE))
    client = Client(site, lang, world.NAMES)
    with structlog.testing.capture_logs() as lines:
        page = client.get("/", 500)
    assert PRIVATE not in page.text
    (line,) = [line for line in lines if line["event"] == "request.failed"]
    assert PRIVATE not in str(line)
    assert line["request_id"] == page.response.headers["X-Request-Id"]
    assert line["kind"] == "RuntimeError"
    answer = client.http.get("/api/v1/totals")
    assert answer.status_code == 500
    assert answer.json
    assert answer.json["code"] == "internal_error"
    assert PRIVATE not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, Exception("database is locked")),
        OperationalError("SELECT", {}, Exception("connection refused")),
        PoolTimeout(),
    ],
    ids=["locked", "away", "pool"],
)
def test_a_busy_database_is_503(
    site: Flask, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing(monkeypatch, error)
    client = Client(site, "zh", world.NAMES)
    assert client.get("/", 503).response.headers["Retry-After"] == "5"
    answer = client.http.get("/api/v1/totals")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.mimetype == "application/problem+json"


def test_a_missing_table_is_a_defect_not_a_rush(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, OperationalError("SELECT", {}, Exception("no such table: x")))
    assert site.test_client().get("/").status_code == 500


def test_error_pages_ask_the_database_for_nothing(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> NoReturn:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(type(db.session), "__call__", lambda _self: away())
    client = Client(site, "zh", world.NAMES)
    client.get("/", 503)
    client.get("/no-such-page", 404)


def test_who_accepts_json_gets_a_problem(site: Flask) -> None:
    client = site.test_client()
    for accept, kind in (
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
    ):
        response = client.get("/no-such-page", headers={"Accept": accept})
        assert response.status_code == 404
        assert response.mimetype == kind


def test_readyz_says_what_does_not_stand(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.test_client()
    monkeypatch.setattr(readiness, "newest_revision", lambda: "9999")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json
    assert response.json["migrated"] is False

    def away() -> NoReturn:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(inbox, "oldest_due", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json == {"ready": False, "writes": False}
    assert client.get("/livez").status_code == 200


def test_over_https_cookies_and_transport_are_strict(
    database: TestDatabase, tmp_path: Path
) -> None:
    app = create_app(make_settings(database, tmp_path, base_url="https://charity.example"))
    response = app.test_client().get("/basket?lang=en", base_url="https://charity.example")
    check_headers(response)
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
    assert any(cookie.startswith("__Host-session=") for cookie in cookies)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_pages_ask_about_a_dozen_questions(site: Flask, query_count: Any) -> None:
    """The cost of a page is a number of queries, whatever the number of gifts."""
    client = site.test_client()
    client.get("/")  # the tree of units is read once in a process's life
    for path in (
        "/",
        "/campaigns",
        f"/campaigns/{world.OPEN}",
        f"/campaigns/{world.OPEN}/units/{world.COUNTY}",
        "/units",
        f"/give/{world.OPEN}?unit={world.COUNTY}",
        "/transparency",
    ):
        with query_count(site) as asked:
            assert client.get(path).status_code == 200
        questions = [one for one in asked if one.startswith(("SELECT", "WITH"))]
        assert len(questions) <= 14, "\n".join([path, *asked])
