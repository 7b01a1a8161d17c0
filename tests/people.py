"""Persons for tests, made through the services."""

from __future__ import annotations

import itertools

from flask.testing import FlaskClient

from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people import queries, roles, services, sessions
from charity.people.kinds import Method
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
    with client.application.test_request_context():
        with atomic():
            at = clock.now() if second_factor else None
            token = sessions.begin(who.account_id, Method.DEMO, second_factor_at=at)
        name, value = cookies.cookie(token)
        db.session.remove()
    client.set_cookie(name, value)


__all__ = ["Grant", "make_person", "sign_in"]
