"""Limits on tries: each failure makes the next wait longer, and nobody waits for ever.

Rule: a try is counted before it is looked at, in a unit of work of its own, so tries at once do not
slip through together; who succeeds gets it back. What is counted is what was typed, so the limits
answer alike whether there is an account or not.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import db
from charity.people.errors import TooManyTries
from charity.people.kinds import Tried
from charity.people.models import Try
from charity.people.rules import FORGET_AFTER, PATIENCE, pause_after

Counted = tuple[Tried, str]
_IPV6_HOUSEHOLD = 64


def take(counted: Sequence[Counted]) -> None:
    """Count one try for each of ``counted``. Raises ``TooManyTries`` when one must still wait."""
    require_atomic()
    now = clock.now()
    # Always in the same order, so that two at once wait for each other and not crosswise.
    for key, kind in sorted((_key(kind, what), kind) for kind, what in counted):
        row = _locked(key, now)
        # Without a pause both are the moment of another's try, which may be after our own ``now``:
        # it was read before the row was ours, or by another machine's clock.
        if row.free_at > max(now, row.last_at):
            raise TooManyTries(seconds=math.ceil((row.free_at - now).total_seconds()))
        failures = 1 if now - row.last_at > FORGET_AFTER else row.failures + 1
        row.failures, row.last_at = failures, now
        row.free_at = now + pause_after(failures, PATIENCE[kind])
    db.session().flush()


def _locked(key: str, now: dt.datetime) -> Try:
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Try)
        .values(key=key, failures=0, last_at=now, free_at=now)
        .on_conflict_do_nothing(index_elements=[Try.key])
    )
    return session.scalars(select(Try).where(Try.key == key).with_for_update()).one()


def give_back(kind: Tried, what: str) -> None:
    """The try taken last was no failure; earlier failures still count."""
    require_atomic()
    db.session().execute(
        update(Try)
        .where(Try.key == _key(kind, what), Try.failures > 0)
        .values(failures=Try.failures - 1, free_at=Try.last_at)
        .execution_options(synchronize_session=False)
    )


def clear(kind: Tried, what: str) -> None:
    """Forget every failure: this is the right person."""
    require_atomic()
    db.session().execute(
        delete(Try).where(Try.key == _key(kind, what)).execution_options(synchronize_session=False)
    )


def sweep() -> int:
    """Delete counts that are forgotten anyway; how many."""
    require_atomic()
    before = clock.now() - FORGET_AFTER
    gone = db.session().execute(delete(Try).where(Try.last_at < before).returning(Try.key))
    return len(gone.all())


def _key(kind: Tried, what: str) -> str:
    value = _household(what) if kind is Tried.SOURCE else what
    return blind_index(f"{kind.value}\x00{value}", "people.try")


def _household(address: str) -> str:
    """One IPv6 household has a whole /64 to try from; anything else counts as it is."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _IPV6_HOUSEHOLD), strict=False))
    return str(ip)
