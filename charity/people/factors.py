"""The second factor: an authenticator's codes and ten recovery codes.

Rule: a time step opens once, a recovery code once; a standing factor is changed only by who proved
it just now, or taken away by two people (``approvals``).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

import pyotp
from sqlalchemy import delete, select, update

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.crypto import blind_index
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people import mail, queries
from charity.people.errors import FactorMissing, FactorRefused, FactorStands
from charity.people.kinds import Ended
from charity.people.models import Passkey, Person, RecoveryCode, Totp
from charity.people.services import locked, mails_of, trail
from charity.people.sessions import end_all
from charity.people.signed import Signed

STEP_S = 30
CODES = 10
_ISSUER = "charity"
# A phone's clock may be half a minute off, either way.
_WINDOW = 1
# No letters or digits that look like one another.
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 12
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Offer:
    """What an authenticator is given once: the secret in base32, and the same as an address."""

    secret: str
    uri: str


def start_totp(by: Signed) -> Offer:
    """A new authenticator, which holds once it has shown a right code.

    Raises ``FactorStands`` when there is a second factor that was not proved just now.
    """
    require_atomic()
    person = locked(by.person_id)
    allow_change(by)
    secret, now = pyotp.random_base32(), clock.now()
    row = db.session().get(Totp, person.id)
    if row is None:
        row = Totp(person_id=person.id, secret=None, confirmed_at=None, created_at=now, last_step=0)
        db.session().add(row)
    row.pending = secret
    db.session().flush()
    trail("factor.started", "person", by.person_id, by, after={"kind": "totp"})
    uri = pyotp.TOTP(secret, name=person.name, issuer=_ISSUER).provisioning_uri()
    return Offer(secret, uri)


def pending_totp(by: Signed) -> Offer | None:
    """The authenticator that was begun and not yet confirmed, to be shown again."""
    found = (
        db.session()
        .execute(
            select(Totp.pending, Person.name)
            .join(Person, Person.id == Totp.person_id)
            .where(Person.public_id == by.person_id)
        )
        .first()
    )
    if found is None or found.pending is None:
        return None
    uri = pyotp.TOTP(found.pending, name=found.name, issuer=_ISSUER).provisioning_uri()
    return Offer(found.pending, uri)


def confirm_totp(by: Signed, code: str) -> tuple[str, ...]:
    """The begun authenticator holds from now on; recovery codes when there were none left.

    Raises ``FactorMissing`` when none was begun, ``FactorRefused``, ``FactorStands``.
    """
    require_atomic()
    person = locked(by.person_id)
    allow_change(by)
    row = db.session().get(Totp, person.id)
    if row is None or row.pending is None:
        raise FactorMissing
    step = _step(row.pending, code)
    if step is None:
        raise FactorRefused
    row.secret, row.pending = row.pending, None
    row.confirmed_at, row.last_step = clock.now(), step
    db.session().flush()
    trail("factor.confirmed", "person", by.person_id, by, after={"kind": "totp"})
    return first_codes(person.id)


def first_codes(person_id: int) -> tuple[str, ...]:
    """Recovery codes for a person (database id) who has none left; else nothing."""
    return () if _codes_left(person_id) else _new_codes(person_id)


def allow_change(by: Signed) -> None:
    """Whether this session may change second factors. Raises ``FactorStands``."""
    if queries.factors(by.person_id).any and not queries.is_fresh(by):
        raise FactorStands


def new_recovery_codes(by: Signed) -> tuple[str, ...]:
    """Ten fresh recovery codes; the old ones open nothing any more.

    Raises ``FactorMissing``, ``FactorStands``.
    """
    require_atomic()
    person = locked(by.person_id)
    if not queries.factors(by.person_id).any:
        raise FactorMissing
    allow_change(by)
    codes = _new_codes(person.id)
    trail("factor.codes_made", "person", by.person_id, by, after={"codes": len(codes)})
    return codes


def _new_codes(person_id: int) -> tuple[str, ...]:
    session, now = db.session(), clock.now()
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(_CODE_LENGTH)) for _ in range(CODES)]
    for code in codes:
        session.add(
            RecoveryCode(
                id=new_id(), person_id=person_id, code_hash=_hash(code), created_at=now,
                used_at=None,
            )
        )  # fmt: skip
    session.flush()
    return tuple("-".join(code[i : i + 4] for i in range(0, _CODE_LENGTH, 4)) for code in codes)


def _hash(code: str) -> str:
    return blind_index(code, "people.recovery_code")


def _codes_left(person_id: int) -> bool:
    return (
        db.session().scalar(
            select(RecoveryCode.id)
            .where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
            .limit(1)
        )
        is not None
    )


def prove(person_id: str, code: str) -> str:
    """Take an authenticator's code or a recovery code; which kind it was.

    Raises ``FactorMissing``, ``FactorRefused``: also for a code that was right and is used up.
    """
    require_atomic()
    person = locked(person_id)
    given = "".join(code[:_LONGEST].upper().replace("-", "").split())
    row = db.session().get(Totp, person.id)
    kind = ""
    if len(given) == _CODE_LENGTH:
        kind = "recovery_code" if _take_code(person.id, given) else ""
    elif row is not None and row.secret is not None:
        kind = "totp" if _take_step(row, given) else ""
    if not kind:
        anything = queries.factors(person_id)
        raise FactorRefused if anything.any or anything.recovery_codes_left else FactorMissing
    by = queries.as_person(person_id)
    trail("factor.proved", "person", person_id, by, after={"kind": kind})
    return kind


def _take_code(person_id: int, code: str) -> bool:
    used = db.session().execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == _hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def _take_step(row: Totp, code: str) -> bool:
    """Whether the code is of a step around now, later than every step that was used."""
    assert row.secret is not None
    step = _step(row.secret, code)
    if step is None or step <= row.last_step:
        return False
    row.last_step = step
    db.session().flush()
    return True


def _step(secret: str, code: str) -> int | None:
    """The time step around now to which this code belongs."""
    given = code.strip()
    if len(given) != 6 or not given.isascii() or not given.isdigit():
        return None
    now = int(clock.now().timestamp())
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(now // STEP_S - _WINDOW, now // STEP_S + _WINDOW + 1):
        # No early end: which step it was shall not be told by the time it takes.
        if hmac.compare_digest(totp.at(step * STEP_S), given):
            found = step
    return found


def reset_factor(person_id: str, *, by: Signed | None = None) -> None:
    """Take every second factor from a person and end their sessions; they are told.

    Only after two people decided (``approvals`` Kind.RESET_FACTOR), or by the installation's
    owner while there is one manager. Raises ``UnknownPerson``.
    """
    require_atomic()
    person = locked(person_id)
    session = db.session()
    for table in (Totp, RecoveryCode, Passkey):
        session.execute(
            delete(table)
            .where(table.person_id == person.id)
            .execution_options(synchronize_session=False)
        )
    end_all(person_id, Ended.FACTOR, by=by)
    trail("factor.reset", "person", person_id, by)
    for address in mails_of(person_id):
        mail.factor_reset(address, person.name)
