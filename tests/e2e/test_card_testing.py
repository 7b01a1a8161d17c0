"""A village behind one address gives; a script that tries cards from fifty addresses does not."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import altcha
import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from charity.app import create_app
from charity.donations import tries
from charity.donations.models import Intent
from charity.jobs import worker
from charity.kernel.db import db
from charity.kernel.ids import public_id
from tests.conftest import TestDatabase, make_settings
from tests.factories import site as world
from tests.servers import free_port

pytestmark = [pytest.mark.slow]

VILLAGERS, TRIES, ADDRESSES, AT_MOST = 200, 1_000, 50, 100
FIELD = re.compile(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"')
CHALLENGE = re.compile(r'data-challenge="([^"]*)"')


class Visitor:
    """A browser of its own, on a network address of its own."""

    def __init__(self, base: str, address: str) -> None:
        self.host = urlsplit(base).netloc
        self.address = address
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status, and the body or where it leads."""
        connection = http.client.HTTPConnection(
            self.host, timeout=60, source_address=(self.address, 0)
        )
        body = urlencode(form) if form is not None else None
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return answer.status, answer.headers.get("Location") or text

    def form(self) -> tuple[str, dict[str, str]]:
        """The address of the give page, and its form filled in."""
        path = f"/give/{world.OPEN}?unit={world.TOWN}"
        _, page = self.ask("GET", path)
        form = {name: unescape(value) for name, value in FIELD.findall(page)}
        kept = ("csrf_token", "form_id", "provider")
        return path, {name: form[name] for name in kept} | {
            "amount_choice": "1", "display": "masked", "bill_wish": "waived", "action": "give",
        }  # fmt: skip

    def give(self) -> str:
        """Fill in the form and send it, with the challenge solved if there is one; where to pay."""
        path, sent = self.form()
        status, said = self.ask("POST", path, sent)
        if status == 429:
            status, said = self.ask("POST", path, sent | {"solution": solution(said)})
        assert status == 303, (status, said)
        return said


def solution(page: str) -> str:
    """What the page's script makes of the challenge."""
    found = CHALLENGE.search(page)
    assert found, page
    asked = altcha.v1.json.loads(unescape(found[1]))
    solved = altcha.solve_challenge_v1(
        asked["challenge"], asked["salt"], asked["algorithm"], asked["maxnumber"]
    )
    assert solved is not None
    return altcha.PayloadV1(
        asked["algorithm"], asked["challenge"], solved.number, asked["salt"], asked["signature"]
    ).to_base64()


@pytest.fixture
def site(database: TestDatabase, tmp_path: Path) -> Iterator[Flask]:
    """Site and worker over real HTTP, in this process so that a guard can be taken out."""
    port = free_port()
    app = create_app(make_settings(database, tmp_path, base_url=f"http://127.0.0.1:{port}"))
    with app.app_context():
        world.build()
        db.session.remove()
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever),
        threading.Thread(target=worker.run, args=(app, stop)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield app
    finally:
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
        with app.app_context():
            db.engine.dispose()


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None:
        """Say nothing: a thousand lines are no help."""


def reached(site: Flask) -> int:
    """How many payments a provider was asked for."""
    with site.app_context():
        asked = select(func.count()).select_from(Intent).where(Intent.reference.is_not(None))
        found = db.session().scalar(asked)
        db.session.remove()
    return int(found or 0)


def villagers_give(site: Flask) -> None:
    base = site.extensions["charity.settings"].base_url

    def gives(_number: int) -> bool:
        visitor = Visitor(base, "127.0.0.2")
        pay = urlsplit(visitor.give()).path
        status, _ = visitor.ask("POST", pay, {"outcome": "paid"})
        return status in {200, 303}

    with ThreadPoolExecutor(10) as village:
        assert all(village.map(gives, range(VILLAGERS)))
    assert reached(site) == VILLAGERS


def script_tries(site: Flask, tries_made: int) -> int:
    """How many tries of a script got as far as the provider; each address keeps its form."""
    base = site.extensions["charity.settings"].base_url

    def one(address: int) -> int:
        visitor = Visitor(base, f"127.0.1.{address + 1}")
        path, sent = visitor.form()
        tries = (
            visitor.ask("POST", path, sent | {"form_id": public_id()})[0]
            for _ in range(tries_made // ADDRESSES)
        )
        return sum(through(status) for status in tries)

    with ThreadPoolExecutor(10) as script:
        return sum(script.map(one, range(ADDRESSES)))


def through(status: int) -> bool:
    """Whether a try led to the provider; the only other answer is that there were too many."""
    assert status in {303, 429}, status
    return status == 303


def test_a_village_gives_and_a_script_does_not(site: Flask) -> None:
    villagers_give(site)
    through = script_tries(site, TRIES)
    assert through == reached(site) - VILLAGERS
    assert 0 < through <= AT_MOST


def test_canary_without_the_nose_a_script_gets_through(
    site: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "_smells", lambda *_: False)
    assert script_tries(site, AT_MOST + ADDRESSES) > AT_MOST


def test_a_solved_challenge_serves_once(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "_smells", lambda *_: True)
    visitor = Visitor(site.extensions["charity.settings"].base_url, "127.0.0.3")
    path, sent = visitor.form()
    status, page = visitor.ask("POST", path, sent)
    assert status == 429
    solved = solution(page)
    assert visitor.ask("POST", path, sent | {"solution": solved})[0] == 303
    path, again = visitor.form()
    assert visitor.ask("POST", path, again | {"solution": solved})[0] == 429
    assert visitor.ask("POST", path, again | {"solution": solved[:-8] + "AAAAAAA="})[0] == 429
