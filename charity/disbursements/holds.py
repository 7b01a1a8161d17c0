"""Holds: named reasons why an application may not be paid now.

Rule: whoever sees something wrong stops a payment at once; only the office lets it go on. Upper
domains set and clear their own without a person.
"""

from __future__ import annotations

from sqlalchemy import insert, select, update

from charity.disbursements import rules, store
from charity.disbursements.errors import NotForYou, ReasonNeeded, TextUnfit
from charity.disbursements.kinds import ApplicationStatus, HoldReason, Step
from charity.disbursements.models import Application, Hold
from charity.disbursements.payment_errors import AlreadyHeld, NoSuchHold
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed

_STOP = FUND_ROLES - {Role.SUPERVISOR}
_RELEASE = (Role.FUND_MANAGER, Role.APPROVER)
_HELD = (ApplicationStatus.WAITING, ApplicationStatus.APPROVED)


def hold(application_id: str, reason: HoldReason, note: str, *, by: Signed | None) -> str:
    """Nothing is paid for it until this is released; return the hold's public id.

    ``by`` is somebody of the fund's office, or nobody: an upper domain. Raises
    NoSuchApplication, NotForYou, NotNow, ReasonNeeded, AlreadyHeld.
    """
    if by is not None and not by.holds(_STOP):
        raise NotForYou
    row = store.locked(application_id)
    store.require(row, *_HELD)
    words = _words(note)
    if _standing(row, reason) is not None:
        raise AlreadyHeld
    name = public_id()
    db.session().execute(
        insert(Hold).values(
            id=new_id(),
            public_id=name,
            application_id=row.id,
            reason=reason.value,
            note=words,
            by_id=by.person_id if by else None,
            by_name=by.name if by else None,
            set_at=clock.now(),
        )
    )
    actor = by.actor if by else None
    store.note(row, Step.HELD, by=actor, words=words)
    store.trail("hold.set", application_id, actor, after={"reason": reason.value})
    return name


def release(application_id: str, reason: HoldReason, words: str, *, by: Signed | None) -> None:
    """This reason is gone; another may still stand.

    ``by`` is a fund manager or approver, or nobody: the upper domain that set it. Raises
    NoSuchApplication, NotForYou, ReasonNeeded, NoSuchHold.
    """
    if by is not None and not by.holds(_RELEASE):
        raise NotForYou
    row = store.locked(application_id)
    told = _words(words)
    hold_id = _standing(row, reason)
    if hold_id is None:
        raise NoSuchHold
    db.session().execute(
        update(Hold)
        .where(Hold.id == hold_id)
        .values(
            released_at=clock.now(),
            released_words=told,
            released_by_id=by.person_id if by else None,
            released_by_name=by.name if by else None,
        )
        .execution_options(synchronize_session=False)
    )
    actor = by.actor if by else None
    store.note(row, Step.RELEASED, by=actor, words=told)
    store.trail("hold.released", application_id, actor, after={"reason": reason.value})


def _standing(row: Application, reason: HoldReason) -> int | None:
    wanted = select(Hold.id).where(
        Hold.application_id == row.id, Hold.reason == reason.value, Hold.released_at.is_(None)
    )
    return db.session().scalar(wanted)


def _words(given: str) -> str:
    try:
        clean = rules.text(given, "reason", rules.WORDS, lines=True)
    except TextUnfit:
        raise ReasonNeeded from None
    if not clean:
        raise ReasonNeeded
    return clean
