"""Persons for tests, made through the services."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import itertools
from collections.abc import Sequence

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from charity.audit.models import AuditRecord
from charity.kernel import clock, outbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import passwords, roles, rosters, services, sessions
from charity.people.kinds import LINK_PATH, Method
from charity.people.queries import Grant, Signed
from charity.web import signed as cookies

_phones = itertools.count(13_800_000_000)


def make_person(
    name: str, *grants: Grant, email: str | None = None, second_factor: bool = True
) -> Signed:
    """A person with these grants, signed in, with a fresh second factor. Inside ``atomic()``."""
    phone = str(next(_phones))
    added = services.add_person(name, email=email or f"p{phone}@example.org", phone=phone)
    for grant in grants:
        roles.grant(added.person_id, grant.role, grant.scope, by=None)
    at = clock.now() if second_factor else None
    token = sessions.begin(added.account_id, Method.DEMO, second_factor_at=at)
    return sessions.current(token)


def sign_in(client: FlaskClient, who: Signed, *, second_factor: bool = True) -> None:
    """A session of its own for this browser. Opens its own unit of work."""
    name, value = session_cookie(client.application, who, second_factor=second_factor)
    client.set_cookie(name, value)


def session_cookie(app: Flask, who: Signed, *, second_factor: bool = True) -> tuple[str, str]:
    """Name and value of the cookie of a new session. Opens its own unit of work."""
    with app.test_request_context():
        with atomic():
            at = clock.now() if second_factor else None
            token = sessions.begin(who.account_id, Method.DEMO, second_factor_at=at)
        found = cookies.cookie(token)
        db.session.remove()
    return found


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 at its least cost, for tests that ask about something else."""
    cheap = dataclasses.replace(passwords.COSTS[0], memory_kib=8, passes=1, lanes=1)
    monkeypatch.setattr(passwords, "COSTS", (cheap,))


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def on(self, **delta: float) -> None:
        """Move on by a ``timedelta`` of these parts."""
        self.now += dt.timedelta(**delta)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock, stopped; ``stopped.on(minutes=5)`` moves it."""
    return Clock(monkeypatch)


def links_sent(to: str) -> list[str]:
    """Tokens of the one-time links in letters to this address, oldest first."""
    found = [
        line.partition(LINK_PATH)[2]
        for letter in reversed(outbox.recent(100))
        if letter.to == to
        for line in (letter.text or "").splitlines()
        if LINK_PATH in line
    ]
    db.session().rollback()
    return found


def letters_to(to: str) -> list[str]:
    """Subjects of the letters to this address, oldest first."""
    found = [letter.subject or "" for letter in reversed(outbox.recent(100)) if letter.to == to]
    db.session().rollback()
    return found


def set_password(signed: Signed, password: str) -> None:
    """Give the person's account a password, as they would. Opens its own units of work."""
    from charity.people import signing

    signing.change_password(signed, None, password, source="192.0.2.1")


def trail_of(object_id: str) -> list[str]:
    """The verbs recorded about one object, oldest first."""
    rows = db.session().scalars(
        select(AuditRecord.verb).where(AuditRecord.object_id == object_id).order_by(AuditRecord.id)
    )
    return list(rows)


def hand_in(person_id: str) -> Signed:
    """The person signed in anew, with a fresh second factor. Opens its own unit of work."""
    with atomic():
        account = services.accounts_of(person_id)[0]
        token = sessions.begin(account, Method.DEMO, second_factor_at=clock.now())
        return sessions.current(token)


ROSTER_HEAD = list(rosters.COLUMNS)
GOOD_ROW = ["张三", "a@example.org", "13900001234", "募集经办人", "GS-1"]


def sheet(*rows: Sequence[object], head: Sequence[object] = ROSTER_HEAD) -> bytes:
    """An XLSX file of these rows."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in (head, *rows):
        page.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def but(column: int, value: object) -> list[object]:
    """The good row with one cell changed."""
    return [*GOOD_ROW[:column], value, *GOOD_ROW[column + 1 :]]
