"""Hashing of passwords: Argon2id, so many at once, and a short queue before it.

Rule: never inside ``atomic()``, because a hash takes longer than a transaction may; never more at
once than the machine has room for, because each takes its memory; an account that does not exist
takes as long as one that does.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from charity.kernel.atomic import AtomicError, in_atomic
from charity.people import rules
from charity.people.errors import Busy


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs, from a day on."""

    since: dt.date
    source: str
    memory_kib: int
    passes: int
    lanes: int


# The newest first; a password is hashed anew when its owner next signs in.
COSTS = (
    Cost(
        since=dt.date(2026, 11, 1),
        source="RFC 9106, 4: 64 MiB, at the least two passes; one lane, as web threads share cores",
        memory_kib=64 * 1024,
        passes=2,
        lanes=1,
    ),
)

# Perhaps there are two cores: one hashes, one is left for whoever reads a page. Those who wait have
# threads of their own (``web.turns``), so as many may wait as come to work at one moment.
AT_ONCE = 1
WAITING = 24
PATIENCE_S = 15


class Gate:
    """Lets ``at_once`` in, keeps ``waiting`` more for a while, and sends the rest away."""

    def __init__(self, at_once: int, waiting: int, patience_s: int) -> None:
        self._room = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._most = at_once + waiting
        self._patience_s = patience_s
        self._here = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Wait for a turn. Raises ``Busy`` when too many wait, or the wait is too long."""
        with self._lock:
            if self._here >= self._most:
                raise Busy
            self._here += 1
        try:
            if not self._room.acquire(timeout=self._patience_s):
                raise Busy
            try:
                yield
            finally:
                self._room.release()
        finally:
            with self._lock:
                self._here -= 1


gate = Gate(AT_ONCE, WAITING, PATIENCE_S)


@cache
def _hasher(cost: Cost) -> PasswordHasher:
    return PasswordHasher(
        time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes
    )


@cache
def _decoy(cost: Cost) -> str:
    """A hash that no password opens in practice, for accounts that are not there."""
    return _hasher(cost).hash("no account")


def make_hash(password: str) -> str:
    """The hash of a password that may be used (``fit``). Raises ``Busy``."""
    _outside()
    with gate.enter():
        return _hasher(COSTS[0]).hash(rules.normal_password(password))


def opens(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one whose hash was kept; ``None`` takes as long. Raises Busy."""
    _outside()
    hasher = _hasher(COSTS[0])
    with gate.enter():
        # Asked in any case, so that the first stranger does not wait for it alone.
        decoy = _decoy(COSTS[0])
        # What is longer than any password may be is not worth hashing as it is.
        given = rules.normal_password(password)[: rules.PASSWORD_LONGEST + 1]
        try:
            hasher.verify(kept or decoy, given)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether the hash was made at an earlier cost."""
    return _hasher(COSTS[0]).check_needs_rehash(kept)


def fit(password: str, *about: str) -> str:
    """The password when it may be used; ``about`` are its owner's name and addresses."""
    return rules.fit_password(password, *about, common=_common())


@cache
def _common() -> frozenset[str]:
    file = resources.files("charity.people").joinpath("common_passwords.txt")
    return frozenset(rules.plain(word) for word in file.read_text("utf-8").split())


def _outside() -> None:
    if in_atomic():
        raise AtomicError("password hashing inside atomic()")
