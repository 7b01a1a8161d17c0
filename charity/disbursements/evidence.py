"""The verbs of evidence: give a picture, take it back, judge what was given, look at it.

Rule: evidence closes a payment. Neither who asked for the money nor who gave a piece judges it;
what is judged is exactly what was looked at (``seen``); every look at a picture is recorded. A
picture is cleaned and kept (``kernel.uploads``, ``kernel.files``) before these verbs run.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.audit.services import record
from charity.disbursements import access, evidence_mail, store
from charity.disbursements.evidence_errors import (
    CaptionUnfit,
    EvidenceChanged,
    EvidenceMissing,
    EvidenceNotDue,
    EvidenceNotForYou,
    EvidenceNotYours,
    EvidenceTooMany,
    EvidenceTwice,
    EvidenceUnknown,
    OwnEvidence,
    ReasonUnfit,
)
from charity.disbursements.evidence_models import Evidence, EvidenceDecision
from charity.disbursements.evidence_queries import KeptPicture, seen_of
from charity.disbursements.kinds import ApplicationStatus, EvidenceKind, EvidenceStatus, Step
from charity.disbursements.models import Application
from charity.disbursements.rules import text
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id, public_id
from charity.kernel.uploads import Clean, PictureOnly
from charity.parameters import queries as parameters
from charity.people import services as people
from charity.people.kinds import FUND_ROLES, Role
from charity.people.queries import Signed

#: Who gives evidence, and is written to about it.
GIVERS = (Role.UNIT_CLERK, Role.UNIT_LEADER)
JUDGES = (Role.APPROVER, Role.FUND_MANAGER, Role.ACCOUNTANT)
MOST = 40
CAPTION = 120
REASON = 500
AGAIN_DAYS = "disbursements.evidence_again_days"


def add(
    application: str, kind: EvidenceKind, upload: tuple[Clean, Stored], caption: str, *, by: Signed
) -> str:
    """Give a picture for a paid application; return its public id.

    Raises ``NoSuchApplication``, ``EvidenceNotForYou``, ``EvidenceNotDue``, ``PictureOnly``,
    ``TextUnfit``, ``CaptionUnfit``, ``EvidenceTooMany``, ``EvidenceTwice``.
    """
    require_atomic()
    row = store.locked(application)
    if not access.may_apply(store.place(row).code, by):
        raise EvidenceNotForYou
    if row.status != ApplicationStatus.PAID.value:
        raise EvidenceNotDue
    cleaned, stored = upload
    if cleaned.width is None or cleaned.height is None:
        raise PictureOnly
    caption = text(caption, "caption", CAPTION)
    if not caption:
        raise CaptionUnfit(most=CAPTION)
    session = db.session()
    standing = (Evidence.application_id == row.id, Evidence.removed_at.is_(None))
    if (session.scalar(select(func.count()).where(*standing)) or 0) >= MOST:
        raise EvidenceTooMany(most=MOST)
    name = public_id()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    given = session.execute(
        dialect.insert(Evidence)
        .values(
            id=new_id(),
            public_id=name,
            application_id=row.id,
            kind=kind.value,
            status=EvidenceStatus.GIVEN.value,
            caption=caption,
            media_type=cleaned.media_type,
            path=stored.path,
            sha256=stored.sha256,
            size=stored.size,
            width=cleaned.width,
            height=cleaned.height,
            given_by_id=by.person_id,
            given_by_name=by.name,
            given_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Evidence.id)
    )
    if given.first() is None:
        raise EvidenceTwice
    after = {"evidence": name, "kind": kind.value, "sha256": stored.sha256}
    trail("evidence.added", application, by, after)
    return name


def remove(evidence_id: str, *, by: Signed) -> None:
    """Take back one's own picture before anybody judged it. Its content stays in the store.

    Raises ``EvidenceUnknown``, ``EvidenceNotYours``.
    """
    require_atomic()
    row, application = _piece(evidence_id)
    if row.given_by_id != by.person_id or row.status != EvidenceStatus.GIVEN.value:
        raise EvidenceNotYours
    db.session().execute(
        update(Evidence).where(Evidence.id == row.id).values(removed_at=clock.now())
    )
    trail("evidence.removed", application.public_id, by, {"evidence": evidence_id})


def accept(application: str, *, by: Signed, seen: str) -> None:
    """The evidence is enough: the payment is proved and the application closed.

    ``seen`` is the dossier's name for what was looked at. Raises ``NoSuchApplication``,
    ``EvidenceNotForYou``, ``NotNow``, ``OwnEvidence``, ``EvidenceChanged``, ``EvidenceMissing``.
    """
    require_atomic()
    row = store.locked(application)
    given = _to_judge(row, by, seen)
    store.require(row, ApplicationStatus.PAID)
    promised = set(json.loads(row.evidence_kinds))
    if not given or not promised <= {one.kind for one in given}:
        raise EvidenceMissing
    now = clock.now()
    _judge([one.id for one in given], EvidenceStatus.ACCEPTED, by, now)
    _word(row, given, by, now, accepted=True, reason="", due_on=None)
    store.move(
        row,
        ApplicationStatus.PROVED,
        Step.PROVED,
        by=by.actor,
        proved_at=now,
        proved_by_id=by.person_id,
        proved_by_name=by.name,
    )
    trail("evidence.accepted", application, by, {"seen": seen, "pieces": len(given)})


def ask_again(
    application: str, reason: str, *, by: Signed, seen: str, refused: Collection[str] = ()
) -> dt.date:
    """The evidence does not do: say what is missing; return the day by which it is due.

    The pieces ``refused`` (public ids) will not do; the others stand. Raises
    ``NoSuchApplication``, ``EvidenceNotForYou``, ``EvidenceNotDue``, ``OwnEvidence``,
    ``EvidenceChanged``, ``TextUnfit``, ``ReasonUnfit``.
    """
    require_atomic()
    row = store.locked(application)
    if row.status != ApplicationStatus.PAID.value or row.evidence_due_on is None:
        raise EvidenceNotDue
    given = _to_judge(row, by, seen)
    reason = text(reason, "reason", REASON, lines=True)
    if not reason:
        raise ReasonUnfit(most=REASON)
    unfit = [one for one in given if one.public_id in set(refused)]
    if len(unfit) != len(set(refused)):
        raise EvidenceChanged
    now = clock.now()
    today = clock.local_date(now)
    due = max(row.evidence_due_on, today + dt.timedelta(days=parameters.value(AGAIN_DAYS, today)))
    _judge([one.id for one in unfit], EvidenceStatus.REFUSED, by, now)
    decision = _word(row, given, by, now, accepted=False, reason=reason, due_on=due)
    store.move(
        row,
        ApplicationStatus.PAID,
        Step.ASKED_AGAIN,
        by=by.actor,
        words=reason,
        evidence_due_on=due,
    )
    after = {"due_on": due.isoformat(), "refused": sorted(refused)}
    trail("evidence.asked_again", application, by, after)
    told = {str(row.asked_by_id), *(one.given_by_id for one in given)}
    for person in sorted(told):
        evidence_mail.asked_again(
            addresses(person), person, number=row.number, reason=reason, due=due, word=decision
        )
    return due


def look(evidence_id: str, *, by: Signed, unit: str | None = None) -> KeptPicture:
    """Where a picture is kept, for somebody with a duty; that they looked is recorded.

    ``unit`` is the code of the unit at whose desk it is asked for. Raises ``EvidenceUnknown``.
    """
    require_atomic()
    row, application = _piece(evidence_id)
    if unit is None:
        allowed = by.holds(FUND_ROLES)
    else:
        allowed = store.place(application).code == unit and access.may_apply(unit, by)
    if not allowed:
        raise EvidenceUnknown
    trail("evidence.seen", application.public_id, by, {"evidence": evidence_id})
    return KeptPicture(row.path, row.sha256, row.media_type)


def trail(verb: str, application: str, by: Signed, after: Mapping[str, object]) -> None:
    """One row of the audit trail about an application's evidence."""
    record(verb, "application", application, actor_id=by.person_id, actor_name=by.name, after=after)


def addresses(person: str) -> list[str]:
    """Where this person (public id) is written to: the first address, or nowhere."""
    return people.mails_of(person)[:1]


def _piece(evidence_id: str) -> tuple[Evidence, Application]:
    found = (
        db.session()
        .execute(
            select(Evidence, Application)
            .join(Application, Application.id == Evidence.application_id)
            .where(Evidence.public_id == evidence_id, Evidence.removed_at.is_(None))
            .with_for_update()
        )
        .first()
    )
    if found is None:
        raise EvidenceUnknown
    return found[0], found[1]


def _to_judge(row: Application, by: Signed, seen: str) -> list[Evidence]:
    """What waits to be judged, for somebody who may and who has looked at just this."""
    if not by.holds(JUDGES):
        raise EvidenceNotForYou
    given = list(
        db.session().scalars(
            select(Evidence)
            .where(
                Evidence.application_id == row.id,
                Evidence.removed_at.is_(None),
                Evidence.status == EvidenceStatus.GIVEN.value,
            )
            .order_by(Evidence.id)
        )
    )
    concerned = {row.written_by_id, row.asked_by_id, *(one.given_by_id for one in given)}
    if by.person_id in concerned:
        raise OwnEvidence
    if seen_of((one.public_id, one.sha256) for one in given) != seen:
        raise EvidenceChanged
    return given


def _judge(ids: list[int], status: EvidenceStatus, by: Signed, now: dt.datetime) -> None:
    if ids:
        db.session().execute(
            update(Evidence)
            .where(Evidence.id.in_(ids))
            .values(
                status=status.value,
                judged_by_id=by.person_id,
                judged_by_name=by.name,
                judged_at=now,
            )
        )


def _word(
    row: Application,
    given: list[Evidence],
    by: Signed,
    now: dt.datetime,
    *,
    accepted: bool,
    reason: str,
    due_on: dt.date | None,
) -> int:
    made = new_id()
    db.session().execute(
        insert(EvidenceDecision).values(
            id=made,
            application_id=row.id,
            accepted=accepted,
            reason=reason,
            due_on=due_on,
            files=canonical_json(sorted(one.sha256 for one in given)),
            asked_by_id=row.asked_by_id,
            by_id=by.person_id,
            by_name=by.name,
            at=now,
        )
    )
    return made
