"""What a guard costs, for every role at every endpoint; and the sign-in page while people sign in.

A decision is everything between the request and the view: the cookie's signature, the session and
the roles from the database, the unit and those above it. The view itself only says it was entered.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Self

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from benchmarks import client
from benchmarks.report import Line, Mark, p95
from benchmarks.rig import DIALECTS, SHOWN, Rig, application, site
from charity.kernel.access import Access
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people import signing
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests.factories import site as world
from tests.live import sign_in
from tests.people import make_person
from tests.web import roles

AT_ONCE = 20
PASSWORD = "竹篮打水一场空留下月亮"
GUARDED = (Access.SIGNED_IN, Access.STAFF, Access.UNIT_STAFF)


def run(rig: Rig) -> None:
    """Both, on both databases."""
    for dialect in DIALECTS:
        installation = rig.install(dialect)
        with application(installation) as app:
            world.build()
            db.session.remove()
            _decisions(rig, dialect, app)
            addresses = _people()
        with site(installation) as (port, _pid):
            _sign_ins(rig, dialect, port, addresses)


def _decisions(rig: Rig, dialect: str, app: Flask) -> None:
    rounds = 3 if rig.quick else 10
    browsers = roles.arrive(app, roles.actors())
    doors = [door for door in roles.doors(app) if door.mark.access in GUARDED]
    took: list[float] = []
    with roles.only_guards(app):
        for number in range(rounds + 1):
            seen = [_decide(app, door, browsers[who]) for door in doors for who in browsers]
            took += seen if number else []  # the first round fills caches
    rig.add(
        Line(
            name=f"role × endpoint decision, {SHOWN[dialect]}, p95",
            unit="ms",
            ours=p95(took),
            mark=Mark(1.0, of="ours", at_least=False),
            note=f"{len(doors)} addresses × {len(browsers)} people; median {median(took):.2f} ms",
        )
    )


def _decide(app: Flask, door: roles.Door, browser: FlaskClient) -> float:
    """Milliseconds until the guard has let the request in or turned it away."""
    kept = browser.get_cookie("signed")
    headers = {"Cookie": f"signed={kept.value}"} if kept else {}
    with app.test_request_context(door.path, method=door.method, headers=headers) as context:
        view: Callable[..., object] = app.view_functions[door.endpoint]
        arguments = context.request.view_args or {}
        begin = time.perf_counter()
        with contextlib.suppress(RuleBroken, HTTPException):
            view(**arguments)
        seconds = time.perf_counter() - begin
    db.session.remove()
    return seconds * 1000


def _people() -> list[str]:
    """Twenty accounts with passwords; their addresses."""
    addresses = [f"clerk{number}@example.org" for number in range(AT_ONCE)]
    for address in addresses:
        with atomic():
            who = make_person("测试人员", Grant(Role.UNIT_CLERK, world.COUNTY), email=address)
        signing.change_password(who, None, PASSWORD, source="192.0.2.1")
    db.session.remove()
    return addresses


def _sign_ins(rig: Rig, dialect: str, port: int, addresses: list[str]) -> None:
    """The sign-in page by itself, and while twenty people sign in again and again."""
    each, rounds = (40, 2) if rig.quick else (100, 5)
    pages = [client.get(port, "/login")] * each
    client.send(pages)
    idle, busy, count, away = [], [], 0, 0
    for _ in range(rounds):
        answers, _seconds = client.send(pages)
        idle.append(p95([answer.seconds * 1000 for answer in answers]))
        with _Crowd(port, addresses) as crowd:
            answers, _seconds = client.send(pages)
        busy.append(p95([answer.seconds * 1000 for answer in answers]))
        count += crowd.signed_in
        away += crowd.turned_away
    rig.add(
        Line(
            name=f"sign-in page while {AT_ONCE} sign in, {SHOWN[dialect]}, p95",
            unit="ms",
            ours=median(busy),
            floor=median(idle),
            floor_is="the same page while nobody signs in",
            mark=Mark(50, of="ours", at_least=False),
            note=f"{count} sign-ins, each hashed; {away} told to try again",
        )
    )


class _Crowd:
    """So many people signing in at once, each again as soon as it is done, until the end."""

    def __init__(self, port: int, addresses: list[str]) -> None:
        self.port = port
        self.signed_in = 0
        self.turned_away = 0
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._again, args=(address,)) for address in addresses
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _again(self, address: str) -> None:
        while not self._end.is_set():
            let_in = sign_in(self.port, address, PASSWORD) == 303
            with self._lock:
                self.signed_in += let_in
                self.turned_away += not let_in
