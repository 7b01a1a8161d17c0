"""Who may try to pay now: card testers are stopped, a village behind one address is not.

Rule: what was paid earns trust, what was not uses it up. While too many tries of the last ten
minutes are unpaid, from one address or on the whole site, the next one first solves a challenge
(a proof of work that a browser does by itself in about a second). Hard limits stand behind that.
Addresses and devices are kept as keyed hashes, and forgotten after a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from altcha import v1 as altcha
from sqlalchemy import ColumnElement, case, delete, func, insert, select, update

from charity.donations import rules
from charity.donations.errors import ChallengeNeeded, TooManyTries
from charity.donations.kinds import PaymentStatus
from charity.donations.models import Intent, Try
from charity.donations.requests import DonorDetails
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.kernel.turns import one_at_a_time
from charity.ledger import queries as ledger
from charity.ledger.kinds import Mode

KEPT = dt.timedelta(days=1)
_VALID = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the network address, the device's cookie, a solved challenge."""

    address: str
    device: str | None = None
    solution: str | None = None


@dataclass(frozen=True, slots=True)
class _Hashed:
    address: str
    device: str | None
    donor: str | None


def admit(origin: Origin, donor: DonorDetails) -> int:
    """Count a try and return its id for ``reached``. Inside ``atomic()``, before the intent.

    Raises TooManyTries, or ChallengeNeeded (with a ``challenge``) when this try needs one.
    """
    require_atomic()
    contact = (donor.email or donor.phone or "").strip().lower()
    hashed = _Hashed(
        blind_index(origin.address, "try-address"),
        blind_index(origin.device, "try-device") if origin.device else None,
        blind_index(contact, "try-donor") if contact else None,
    )
    one_at_a_time(f"donations.try {hashed.address}")
    limits = _limits()
    now = clock.now()
    _hard_limits(hashed, limits, now)
    solved = _solved(origin.solution)
    if solved is None and _smells(hashed, limits, now):
        raise ChallengeNeeded(challenge=challenge())
    try_id = new_id()
    db.session().execute(
        insert(Try).values(
            id=try_id,
            at=now,
            address=hashed.address,
            device=hashed.device,
            donor=hashed.donor,
            challenge=solved,
        )
    )
    return try_id


def reached(try_id: int, intent_id: int) -> None:
    """The try became this intent: once it is paid, it earns trust."""
    require_atomic()
    db.session().execute(update(Try).where(Try.id == try_id).values(intent_id=intent_id))


def _limits() -> rules.TryLimits:
    return rules.try_limits(clock.today(), real=ledger.mode() == Mode.REAL)


def _since(moment: dt.datetime, *more: ColumnElement[bool]) -> Sequence[int]:
    """How many tries since ``moment``, how many of them are paid, from how many addresses."""
    paid = case((Intent.status == PaymentStatus.PAID.value, 1), else_=0)
    row = db.session().execute(
        select(
            func.count(),
            func.coalesce(func.sum(paid), 0),
            func.count(func.distinct(Try.address)),
        )
        .select_from(Try)
        .outerjoin(Intent, Intent.id == Try.intent_id)
        .where(Try.at >= moment, *more)
    )
    return [int(value) for value in row.one()]


def _hard_limits(hashed: _Hashed, limits: rules.TryLimits, now: dt.datetime) -> None:
    since = now - limits.window
    for column, value, most in (
        (Try.address, hashed.address, limits.per_address),
        (Try.device, hashed.device, limits.per_device),
        (Try.donor, hashed.donor, limits.per_donor),
    ):
        if value is not None and _since(since, column == value)[0] >= most:
            raise TooManyTries


def _smells(hashed: _Hashed, limits: rules.TryLimits, now: dt.datetime) -> bool:
    since = now - limits.window
    tries, paid, _one = _since(since, Try.address == hashed.address)
    if tries - paid >= limits.free_of_address + paid:
        return True
    tries, paid, addresses = _since(since)
    unpaid = tries - paid
    return addresses >= limits.many_addresses and unpaid >= limits.free_of_site + paid // 10


def _key() -> str:
    return blind_index("altcha", "challenge-key")


def challenge() -> dict[str, object]:
    """A new challenge, as the page's script and API callers solve it; valid for ten minutes."""
    limits = _limits()
    made = altcha.create_challenge(
        altcha.ChallengeOptions(
            algorithm="SHA-256",
            hmac_key=_key(),
            max_number=limits.work,
            expires=clock.now() + _VALID,
        )
    )
    return {
        "algorithm": made.algorithm,
        "challenge": made.challenge,
        "maxnumber": limits.work,
        "salt": made.salt,
        "signature": made.signature,
    }


def _solved(solution: str | None) -> str | None:
    """The challenge that ``solution`` solves; None when it solves none or was used before."""
    if not solution or len(solution) > 2_000 or not solution.isascii():
        return None
    try:
        fits, _error = altcha.verify_solution(solution, _key(), check_expires=True)
        payload = altcha.Payload.from_base64(solution)
    except (ValueError, TypeError, KeyError):
        return None
    if not fits:
        return None
    used = db.session().scalar(select(Try.id).where(Try.challenge == payload.challenge))
    return None if used is not None else str(payload.challenge)


def forget() -> int:
    """Remove what is older than a day; how many. Inside ``atomic()``."""
    require_atomic()
    gone = db.session().execute(delete(Try).where(Try.at < clock.now() - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined] # of a DELETE
