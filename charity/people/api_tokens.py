"""Bearer tokens with which a person's own programs call the API.

Rule: a token can do what its scopes say and its maker's roles still allow, whichever is less; it is
shown once, kept as a hash, ends on its day at the latest, and reads only: nothing is approved,
paid or published by a program.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people import queries
from charity.people.errors import NameUnfit, TokenDays, TokenScopes, UnknownToken
from charity.people.kinds import Scope
from charity.people.models import ApiToken, Person
from charity.people.rules import fit_name
from charity.people.services import trail
from charity.people.signed import Signed
from charity.people.tokens import LONGEST, new_token, token_hash

PREFIX = "cht_"
MOST_DAYS = 365
_TOUCH = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its maker sees it in a list; the token itself is gone."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: dt.datetime
    expires_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose token was shown, and what it may be used for."""

    signed: Signed
    scopes: frozenset[Scope]


def make(name: str, scopes: Collection[Scope], *, days: int, by: Signed) -> str:
    """Make a token and return it: the only time it can be read. Inside ``atomic()``.

    Raises NameUnfit, TokenScopes, TokenDays.
    """
    require_atomic()
    if not scopes:
        raise TokenScopes
    if not 1 <= days <= MOST_DAYS:
        raise TokenDays(most=MOST_DAYS)
    try:
        named = fit_name(name)
    except NameUnfit as error:
        raise NameUnfit(field="name") from error
    token, now, public = PREFIX + new_token(), clock.now(), public_id()
    person = select(Person.id).where(Person.public_id == by.person_id).scalar_subquery()
    db.session().execute(
        insert(ApiToken).values(
            id=new_id(),
            public_id=public,
            person_id=person,
            name=named,
            token_hash=token_hash(token),
            scopes=json.dumps(sorted(scope.value for scope in scopes)),
            created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )
    )
    after = {"scopes": sorted(scope.value for scope in scopes), "days": days}
    trail("token.make", "token", public, by, after=after)
    return token


def revoke(token_id: str, *, by: Signed) -> None:
    """End a token of one's own. Inside ``atomic()``. Raises UnknownToken."""
    require_atomic()
    mine = select(Person.id).where(Person.public_id == by.person_id).scalar_subquery()
    done = db.session().execute(
        update(ApiToken)
        .where(
            ApiToken.public_id == token_id,
            ApiToken.person_id == mine,
            ApiToken.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )
    if done.rowcount == 0:  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
        raise UnknownToken
    trail("token.revoke", "token", token_id, by)


def mine(by: Signed) -> list[TokenView]:
    """The person's standing tokens, newest first."""
    rows = db.session().execute(
        select(
            ApiToken.public_id,
            ApiToken.name,
            ApiToken.scopes,
            ApiToken.created_at,
            ApiToken.expires_at,
            ApiToken.used_at,
        )
        .join(Person, Person.id == ApiToken.person_id)
        .where(
            Person.public_id == by.person_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > clock.now(),
        )
        .order_by(ApiToken.id.desc())
    )
    return [
        TokenView(row[0], row[1], tuple(Scope(each) for each in json.loads(row[2])), *row[3:])
        for row in rows
    ]


def bearer(token: str) -> Bearer | None:
    """Whose standing token this is. A person who left, or holds no role any more, has none."""
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        return None
    row = (
        db.session()
        .execute(
            select(Person.public_id, ApiToken.scopes)
            .join(Person, Person.id == ApiToken.person_id)
            .where(
                ApiToken.token_hash == token_hash(token),
                ApiToken.revoked_at.is_(None),
                ApiToken.expires_at > clock.now(),
                Person.left_at.is_(None),
            )
        )
        .first()
    )
    if row is None:
        return None
    signed = queries.as_person(row.public_id)
    if signed is None or not signed.staff:
        return None
    return Bearer(signed, frozenset(Scope(each) for each in json.loads(row.scopes)))


def touch(token: str) -> None:
    """Note that the token was used, at most every few minutes. Inside ``atomic()``."""
    require_atomic()
    now = clock.now()
    db.session().execute(
        update(ApiToken)
        .where(
            ApiToken.token_hash == token_hash(token),
            ApiToken.used_at.is_(None) | (ApiToken.used_at < now - _TOUCH),
        )
        .values(used_at=now)
    )
