"""Sessions on the server: made new at sign-in, rotated at the second factor, ended here.

Rule: the browser holds a random token and nothing else. A token from before sign-in opens nothing
afterwards, because each sign-in makes a new one and a second factor exchanges it.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select, update

from charity.audit.services import record
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people import queries
from charity.people.errors import PersonLeft, SessionEnded
from charity.people.kinds import Ended, Method
from charity.people.models import Account, Challenge, Link, OpenSession, Person
from charity.people.rules import LASTS
from charity.people.signed import Signed
from charity.people.tokens import new_token, token_hash

_AGENT = 120


def begin(
    account_id: str, method: Method, *, agent: str = "", second_factor_at: dt.datetime | None = None
) -> str:
    """A new session of the account with this public id; its token, never shown again.

    Raises ``PersonLeft`` when the account was closed.
    """
    require_atomic()
    session = db.session()
    found = session.execute(
        select(Account.id, Person.public_id, Person.name)
        .join(Person, Person.id == Account.person_id)
        .where(
            Account.public_id == account_id, Account.closed_at.is_(None), Person.left_at.is_(None)
        )
    ).first()
    if found is None:
        raise PersonLeft
    token, now, name = new_token(), clock.now(), public_id()
    row = OpenSession(
        id=new_id(),
        public_id=name,
        token_hash=token_hash(token),
        account_id=found.id,
        method=method.value,
        agent=_plain(agent),
        created_at=now,
        seen_at=now,
        second_factor_at=second_factor_at,
        ended_at=None,
        ended=None,
    )
    session.add(row)
    session.flush()
    record(
        "session.begun",
        "session",
        name,
        actor_id=found.public_id,
        actor_name=found.name,
        after={"method": method.value, "second_factor": second_factor_at is not None},
    )
    return token


def _plain(agent: str) -> str:
    """A browser's name for a list: printable, short."""
    return "".join(char for char in agent if char.isprintable())[:_AGENT]


def touch(session_id: str) -> None:
    """Note that a session was used just now; called when ``queries.by_token`` says it is due."""
    require_atomic()
    db.session().execute(
        update(OpenSession)
        .where(OpenSession.public_id == session_id, OpenSession.ended_at.is_(None))
        .values(seen_at=clock.now())
    )


def strengthen(session_id: str) -> str:
    """Note a second factor given just now; the new token that replaces the session's old one.

    Raises ``SessionEnded``.
    """
    require_atomic()
    token, now = new_token(), clock.now()
    changed = db.session().execute(
        update(OpenSession)
        .where(OpenSession.public_id == session_id, OpenSession.ended_at.is_(None))
        .values(token_hash=token_hash(token), second_factor_at=now, seen_at=now)
        .returning(OpenSession.id)
    )
    if changed.first() is None:
        raise SessionEnded
    return token


def method_of(session_id: str) -> Method:
    """How a standing session began. Raises ``SessionEnded``."""
    found = db.session().scalar(
        select(OpenSession.method).where(
            OpenSession.public_id == session_id, OpenSession.ended_at.is_(None)
        )
    )
    if found is None:
        raise SessionEnded
    return Method(found)


def end(session_id: str, *, by: Signed, reason: Ended = Ended.SIGNED_OUT) -> None:
    """End one of one's own sessions; ending it twice is no error. Raises ``SessionEnded``."""
    require_atomic()
    session = db.session()
    own = (
        select(Account.id)
        .join(Person, Person.id == Account.person_id)
        .where(Person.public_id == by.person_id)
    )
    there = session.scalar(
        select(OpenSession.id).where(
            OpenSession.public_id == session_id, OpenSession.account_id.in_(own)
        )
    )
    if there is None:
        raise SessionEnded
    changed = session.execute(
        update(OpenSession)
        .where(OpenSession.id == there, OpenSession.ended_at.is_(None))
        .values(ended_at=clock.now(), ended=reason.value)
        .returning(OpenSession.id)
    )
    if changed.first() is not None:
        record(
            "session.ended",
            "session",
            session_id,
            actor_id=by.person_id,
            actor_name=by.name,
            after={"reason": reason.value},
        )


def end_all(
    person_id: str, reason: Ended, *, by: Signed | None = None, keep: str | None = None
) -> int:
    """End every session of a person but ``keep`` (a session's public id); how many ended."""
    require_atomic()
    own = (
        select(Account.id)
        .join(Person, Person.id == Account.person_id)
        .where(Person.public_id == person_id)
    )
    statement = (
        update(OpenSession)
        .where(OpenSession.account_id.in_(own), OpenSession.ended_at.is_(None))
        .values(ended_at=clock.now(), ended=reason.value)
        .returning(OpenSession.id)
        .execution_options(synchronize_session=False)
    )
    if keep is not None:
        statement = statement.where(OpenSession.public_id != keep)
    count = len(db.session().execute(statement).all())
    if count:
        record(
            "session.all_ended",
            "person",
            person_id,
            actor_id=by.person_id if by else None,
            actor_name=by.name if by else None,
            after={"reason": reason.value, "sessions": count},
        )
    return count


def current(token: str) -> Signed:
    """Who this token stands for. Raises ``SessionEnded``."""
    found = queries.by_token(token)
    if found is None:
        raise SessionEnded
    return found.signed


def sweep() -> int:
    """Delete sessions and links too old to mean anything; how many."""
    require_atomic()
    before = clock.now() - LASTS
    session = db.session()
    old = select(OpenSession.id).where(OpenSession.created_at < before)
    session.execute(delete(Challenge).where(Challenge.session_id.in_(old)))
    gone = session.execute(
        delete(OpenSession).where(OpenSession.created_at < before).returning(OpenSession.id)
    ).all()
    links = session.execute(delete(Link).where(Link.expires_at < before).returning(Link.id)).all()
    return len(gone) + len(links)
