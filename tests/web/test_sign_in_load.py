"""Twenty people sign in at one moment, and nobody who reads a page waits for them."""

from __future__ import annotations

import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant
from charity.web.turns import ASIDE, Turns
from tests.conftest import TestDatabase
from tests.factories import site as world
from tests.live import running, sign_in
from tests.people import make_person, set_password

AT_ONCE = 20
PASSWORD = "竹篮打水一场空留下月亮"


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_page_answers_while_twenty_sign_in(database: TestDatabase, tmp_path: Path) -> None:
    addresses = [f"clerk{number}@example.org" for number in range(AT_ONCE)]
    with running(database, tmp_path) as site:
        with site.app.app_context():
            world.build()
            for address in addresses:
                with atomic():
                    who = make_person(
                        "测试经办", Grant(Role.UNIT_CLERK, world.COUNTY), email=address
                    )
                set_password(who, PASSWORD)
            db.session.remove()
        port = urlsplit(site.base).port
        assert port is not None
        seconds = [_read(site.base)]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            asked = [crowd.submit(sign_in, port, address, PASSWORD) for address in addresses]
            while not all(one.done() for one in asked):
                seconds.append(_read(site.base))
        answers = [one.result() for one in asked]
    # On a machine with much else to do the last ones may be told to try again; nothing breaks.
    assert set(answers) <= {303, 503}
    assert answers.count(303) > AT_ONCE // 2
    assert len(seconds) > 3
    assert max(seconds) < 2, seconds


def _read(base: str) -> float:
    begin = time.monotonic()
    with urllib.request.urlopen(f"{base}/login", timeout=15) as answer:
        assert answer.status == 200
    return time.monotonic() - begin


def _environ(method: str, path: str) -> dict[str, str]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path}


def test_sign_ins_take_no_place_from_pages() -> None:
    """With every place aside taken, a page is let in; with pages' own places taken, it waits."""
    hold = threading.Event()
    entered: list[str] = []

    def app(environ: dict[str, str], _start: object) -> list[bytes]:
        entered.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] != "/read":
            hold.wait(10)
        return [b""]

    turns = Turns(app, working=1, aside=3)  # type: ignore[arg-type] # as much of WSGI as it takes
    with ThreadPoolExecutor(8) as threads:
        crowd = [threads.submit(turns, _environ("POST", "/login"), None) for _ in range(3)]  # type: ignore[arg-type]
        _until(lambda: len(entered) == 3)
        threads.submit(turns, _environ("GET", "/read"), None).result(5)  # type: ignore[arg-type]
        # A fourth sign-in finds no place aside: it is a request like any other.
        crowd.append(threads.submit(turns, _environ("POST", "/login"), None))  # type: ignore[arg-type]
        _until(lambda: entered.count("/login") == 4)
        late = threads.submit(turns, _environ("GET", "/read"), None)  # type: ignore[arg-type]
        with pytest.raises(TimeoutError):
            late.result(0.2)
        hold.set()
        late.result(5)
        for one in crowd:
            one.result(5)


def _until(true: object) -> None:
    deadline = time.monotonic() + 5
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_there_is_room_for_twenty() -> None:
    assert ASIDE > AT_ONCE
