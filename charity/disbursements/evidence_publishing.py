"""Evidence in public: a discloser shows a picture, or a copy with things covered, and takes it off.

Rule: nobody in need is on show. Only what was accepted is published, by somebody who did not give
it and who says that they looked it through. The public address is a name of its own: who knows it
learns nothing about where the picture as it was given is kept.
"""

from __future__ import annotations

from sqlalchemy import insert, select, update

from charity.disbursements.evidence import trail
from charity.disbursements.evidence_errors import (
    AlreadyPublished,
    CaptionUnfit,
    EvidenceNotForYou,
    EvidenceUnknown,
    NotAccepted,
    NotLookedThrough,
    OwnEvidence,
    PublicationUnknown,
    ReasonUnfit,
)
from charity.disbursements.evidence_models import Evidence, EvidencePublication
from charity.disbursements.kinds import EvidenceStatus
from charity.disbursements.models import Application
from charity.disbursements.rules import public_text, text
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id, public_id
from charity.kernel.uploads import Clean, PictureOnly
from charity.people.kinds import Role
from charity.people.queries import Signed

TITLE = 120
REASON = 300
TAKES_OFF = (Role.DISCLOSER, Role.FUND_MANAGER)


def publish(
    evidence_id: str,
    *,
    title: str,
    looked_through: bool,
    by: Signed,
    covered: tuple[Clean, Stored] | None = None,
) -> str:
    """Show the picture, or ``covered`` in its place, to the public; return its public id.

    ``title`` says what is to be seen. Raises ``EvidenceUnknown``, ``EvidenceNotForYou``,
    ``NotAccepted``, ``OwnEvidence``, ``TextUnfit``, ``PersonNumber``, ``CaptionUnfit``,
    ``NotLookedThrough``, ``PictureOnly``, ``AlreadyPublished``.
    """
    require_atomic()
    if not by.holds(Role.DISCLOSER):
        raise EvidenceNotForYou
    row, application = _locked(evidence_id)
    if row.status != EvidenceStatus.ACCEPTED.value:
        raise NotAccepted
    if by.person_id in (row.given_by_id, application.asked_by_id, application.written_by_id):
        raise OwnEvidence
    title = public_text(title, "title", TITLE)
    if not title:
        raise CaptionUnfit(most=TITLE, field="title")
    if not looked_through:
        raise NotLookedThrough
    session = db.session()
    shown = select(EvidencePublication.id).where(
        EvidencePublication.evidence_id == row.id, EvidencePublication.withdrawn_at.is_(None)
    )
    if session.scalar(shown) is not None:
        raise AlreadyPublished
    name = public_id()
    session.execute(
        insert(EvidencePublication).values(
            id=new_id(),
            public_id=name,
            evidence_id=row.id,
            title=title,
            **_content(row, covered),
            by_id=by.person_id,
            by_name=by.name,
            at=clock.now(),
        )
    )
    after: dict[str, object] = {
        "evidence": evidence_id,
        "public": name,
        "covered": covered is not None,
    }
    trail("evidence.published", application.public_id, by, after)
    return name


def withdraw(public_name: str, reason: str, *, by: Signed) -> None:
    """Take a picture out of the public's sight, at once. It stays on record.

    Raises ``EvidenceNotForYou``, ``PublicationUnknown``, ``TextUnfit``, ``ReasonUnfit``.
    """
    require_atomic()
    if not by.holds(TAKES_OFF):
        raise EvidenceNotForYou
    reason = text(reason, "reason", REASON)
    if not reason:
        raise ReasonUnfit(most=REASON)
    session = db.session()
    application = session.scalar(
        select(Application.public_id)
        .join(Evidence, Evidence.application_id == Application.id)
        .join(EvidencePublication, EvidencePublication.evidence_id == Evidence.id)
        .where(EvidencePublication.public_id == public_name)
    )
    taken = session.execute(
        update(EvidencePublication)
        .where(
            EvidencePublication.public_id == public_name,
            EvidencePublication.withdrawn_at.is_(None),
        )
        .values(
            withdrawn_at=clock.now(),
            withdrawn_by_id=by.person_id,
            withdrawn_by_name=by.name,
            withdrawn_reason=reason,
        )
        .returning(EvidencePublication.id)
    )
    if application is None or taken.first() is None:
        raise PublicationUnknown
    trail("evidence.taken_off", application, by, {"public": public_name})


def _locked(evidence_id: str) -> tuple[Evidence, Application]:
    found = (
        db.session()
        .execute(
            select(Evidence, Application)
            .join(Application, Application.id == Evidence.application_id)
            .where(Evidence.public_id == evidence_id, Evidence.removed_at.is_(None))
            .with_for_update(of=Evidence)
        )
        .first()
    )
    if found is None:
        raise EvidenceUnknown
    return found[0], found[1]


def _content(row: Evidence, covered: tuple[Clean, Stored] | None) -> dict[str, object]:
    if covered is None:
        names = ("media_type", "path", "sha256", "size", "width", "height")
        return {name: getattr(row, name) for name in names}
    cleaned, stored = covered
    if cleaned.width is None or cleaned.height is None:
        raise PictureOnly
    return {
        "media_type": cleaned.media_type,
        "path": stored.path,
        "sha256": stored.sha256,
        "size": stored.size,
        "width": cleaned.width,
        "height": cleaned.height,
    }
