"""Reads of evidence: the dossier of an application, what waits, what is overdue, what is public.

Rule: overdue is a unit that owes evidence and has given none since it was last asked; what was
given and waits for the office is the office's delay, never the unit's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from charity.disbursements.errors import NoSuchApplication
from charity.disbursements.evidence_errors import PublicationUnknown
from charity.disbursements.evidence_models import (
    Evidence,
    EvidenceDecision,
    EvidencePublication,
)
from charity.disbursements.kinds import (
    USED,
    ApplicationStatus,
    EvidenceKind,
    EvidenceStatus,
)
from charity.disbursements.models import Application
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.db import among, db

#: Lists of desks are read by people: more than this is said, not shown.
MOST = 200
#: Every unit's book of every campaign that is no draft, with its campaign and unit.
PLACE = funds.unit_books().subquery("evidence_place")
_JUDGED_SINCE = (
    exists()
    .where(
        EvidenceDecision.application_id == Evidence.application_id,
        EvidenceDecision.at >= Evidence.given_at,
    )
    .correlate(Evidence)
)
#: Given, and nobody has said a word about it since.
_FRESH = (
    Evidence.removed_at.is_(None),
    Evidence.status == EvidenceStatus.GIVEN.value,
    ~_JUDGED_SINCE,
)
_WAITS = (
    select(
        Evidence.application_id,
        func.count().label("pieces"),
        func.min(Evidence.given_at).label("since"),
    )
    .where(*_FRESH)
    .group_by(Evidence.application_id)
    .subquery("waits")
)
_STANDING = (Evidence.removed_at.is_(None), Evidence.status != EvidenceStatus.REFUSED.value)


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """Where a picture lies in the store of files, and what it is."""

    path: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPicture:
    """A picture the public sees, by its public id."""

    id: str
    title: str
    width: int
    height: int
    published_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """One picture as a desk sees it. ``also_in`` are numbers of other applications with it."""

    id: str
    kind: EvidenceKind
    status: EvidenceStatus
    caption: str
    media_type: str
    size: int
    width: int
    height: int
    sha256: str
    given_by_id: str
    given_by_name: str
    given_at: dt.datetime
    judged_by_name: str | None
    judged_at: dt.datetime | None
    also_in: tuple[str, ...]
    public: PublicPicture | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One word on the evidence of an application."""

    accepted: bool
    reason: str
    due_on: dt.date | None
    by_name: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All evidence of one application. ``seen`` names exactly what waits to be judged."""

    application: str
    due_on: dt.date | None
    overdue: bool
    pieces: tuple[EvidenceView, ...]
    decisions: tuple[DecisionView, ...]
    seen: str

    @property
    def given(self) -> tuple[EvidenceView, ...]:
        """What waits to be judged."""
        return tuple(one for one in self.pieces if one.status is EvidenceStatus.GIVEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """An application that was paid and is not proved; ``pieces`` came since the last word."""

    application: str
    number: str
    title: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    campaign_unit_id: int
    paid_fen: int
    paid_on: dt.date
    due_on: dt.date
    pieces: int
    since: dt.datetime | None
    """When the first of the pieces was given."""

    @property
    def overdue(self) -> bool:
        """Whether the unit owes evidence since a day that is over."""
        return self.pieces == 0 and self.due_on < clock.today()


def dossier(application: str) -> Dossier:
    """The evidence of the application with this public id; empty when nothing was given.

    Raises ``NoSuchApplication``.
    """
    session = db.session()
    head = session.execute(
        select(Application.id, Application.status, Application.evidence_due_on).where(
            Application.public_id == application
        )
    ).first()
    if head is None:
        raise NoSuchApplication
    pieces = _pieces(head.id)
    words = session.execute(
        select(
            EvidenceDecision.accepted,
            EvidenceDecision.reason,
            EvidenceDecision.due_on,
            EvidenceDecision.by_name,
            EvidenceDecision.at,
        )
        .where(EvidenceDecision.application_id == head.id)
        .order_by(EvidenceDecision.id)
    )
    decisions = tuple(DecisionView(*row) for row in words)
    waits = [one for one in pieces if one.status is EvidenceStatus.GIVEN]
    fresh = [one for one in waits if not decisions or one.given_at > decisions[-1].at]
    paid = head.status == ApplicationStatus.PAID.value
    due = head.evidence_due_on
    return Dossier(
        application=application,
        due_on=due,
        overdue=paid and not fresh and due is not None and due < clock.today(),
        pieces=tuple(pieces),
        decisions=decisions,
        seen=seen_of((one.id, one.sha256) for one in waits),
    )


def seen_of(given: Iterable[tuple[str, str]]) -> str:
    """One name for exactly these pieces (public id, SHA-256), in whatever order."""
    lines = sorted(f"{name} {digest}" for name, digest in given)
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()


def _pieces(application_id: int) -> list[EvidenceView]:
    rows = db.session().execute(
        select(Evidence, EvidencePublication)
        .outerjoin(
            EvidencePublication,
            (EvidencePublication.evidence_id == Evidence.id)
            & EvidencePublication.withdrawn_at.is_(None),
        )
        .where(Evidence.application_id == application_id, Evidence.removed_at.is_(None))
        .order_by(Evidence.id)
    )
    found = [(row[0], row[1]) for row in rows]
    twins = _twins(application_id, [piece.sha256 for piece, _shown in found])
    return [_view(piece, shown, twins.get(piece.sha256, ())) for piece, shown in found]


def _view(
    piece: Evidence, shown: EvidencePublication | None, also_in: tuple[str, ...]
) -> EvidenceView:
    return EvidenceView(
        id=piece.public_id,
        kind=EvidenceKind(piece.kind),
        status=EvidenceStatus(piece.status),
        caption=piece.caption,
        media_type=piece.media_type,
        size=piece.size,
        width=piece.width,
        height=piece.height,
        sha256=piece.sha256,
        given_by_id=piece.given_by_id,
        given_by_name=piece.given_by_name,
        given_at=piece.given_at,
        judged_by_name=piece.judged_by_name,
        judged_at=piece.judged_at,
        also_in=also_in,
        public=_public(shown) if shown is not None else None,
    )


def _public(row: EvidencePublication) -> PublicPicture:
    return PublicPicture(
        id=row.public_id, title=row.title, width=row.width, height=row.height, published_at=row.at
    )


def _twins(application_id: int, digests: list[str]) -> dict[str, tuple[str, ...]]:
    """Numbers of other applications for which the very same picture stands as evidence."""
    rows = db.session().execute(
        select(Evidence.sha256, Application.number)
        .join(Application, Application.id == Evidence.application_id)
        .where(
            among(Evidence.sha256, digests), Evidence.application_id != application_id, *_STANDING
        )
        .distinct()
        .order_by(Application.number)
    )
    found: dict[str, tuple[str, ...]] = {}
    for digest, number in rows:
        found[digest] = (*found.get(digest, ()), number)
    return found


def _due() -> Select[*tuple[Any, ...]]:
    """Every application that was paid and is not proved, with what waits to be judged."""
    return (
        select(
            Application.public_id,
            Application.number,
            Application.title,
            PLACE.c.code,
            PLACE.c.name,
            PLACE.c.name_en,
            Application.campaign_unit_id,
            Application.paid_fen - Application.returned_fen,
            Application.paid_on,
            Application.evidence_due_on,
            func.coalesce(_WAITS.c.pieces, 0),
            _WAITS.c.since,
        )
        .join(PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id)
        .outerjoin(_WAITS, _WAITS.c.application_id == Application.id)
        .where(Application.status == ApplicationStatus.PAID.value)
    )


def _line(row: Any) -> DueLine:
    return DueLine(
        application=row[0],
        number=row[1],
        title=row[2],
        unit_code=row[3],
        unit_name=row[4],
        unit_name_en=row[5],
        campaign_unit_id=row[6],
        paid_fen=int(row[7]),
        paid_on=row[8],
        due_on=row[9],
        pieces=int(row[10]),
        since=row[11],
    )


def to_review(limit: int = MOST) -> list[DueLine]:
    """What was given and waits to be judged, the longest waiting first."""
    asked = _due().where(_WAITS.c.pieces > 0).order_by(_WAITS.c.since, Application.id)
    return [_line(row) for row in db.session().execute(asked.limit(limit))]


def overdue(on: dt.date, unit_codes: Iterable[str] | None = None) -> list[DueLine]:
    """Units that owe evidence whose day is over, the oldest first; of ``unit_codes`` if given."""
    rows = db.session().execute(
        _due()
        .where(Application.evidence_due_on < on, ~waiting())
        .order_by(Application.evidence_due_on, Application.id)
    )
    found = [_line(row) for row in rows]
    if unit_codes is None:
        return found
    wanted = set(unit_codes)
    return [one for one in found if one.unit_code in wanted]


def waiting() -> ColumnElement[bool]:
    """Something was given for the application since the office's last word on its evidence."""
    fresh = select(Evidence.id).where(Evidence.application_id == Application.id, *_FRESH)
    return fresh.correlate(Application).exists()


def outstanding(limit: int = MOST) -> list[DueLine]:
    """Paid and not proved, with nothing to judge: what units still owe, the first due first."""
    rows = db.session().execute(
        _due().where(~waiting()).order_by(Application.evidence_due_on, Application.id).limit(limit)
    )
    return [_line(row) for row in rows]


def unpublished(limit: int = MOST) -> list[tuple[str, str, str]]:
    """Proved applications of which no picture is public: public id, number, title."""
    shown = (
        exists()
        .where(
            Evidence.application_id == Application.id,
            EvidencePublication.evidence_id == Evidence.id,
            EvidencePublication.withdrawn_at.is_(None),
        )
        .correlate(Application)
    )
    rows = db.session().execute(
        select(Application.public_id, Application.number, Application.title)
        .where(Application.status == ApplicationStatus.PROVED.value, ~shown)
        .order_by(Application.proved_at.desc(), Application.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def public_pictures(applications: Iterable[str]) -> dict[str, list[PublicPicture]]:
    """What the public sees of these applications (public ids), in the order it was given."""
    rows = db.session().execute(
        select(Application.public_id, EvidencePublication)
        .join(Evidence, Evidence.id == EvidencePublication.evidence_id)
        .join(Application, Application.id == Evidence.application_id)
        .where(
            among(Application.public_id, applications),
            EvidencePublication.withdrawn_at.is_(None),
            Application.status.in_([status.value for status in USED]),
        )
        .order_by(Evidence.id)
    )
    found: dict[str, list[PublicPicture]] = {}
    for application, shown in rows:
        found.setdefault(application, []).append(_public(shown))
    return found


def public_file(public_id: str) -> KeptPicture:
    """The content behind a public picture. Raises ``PublicationUnknown``."""
    row = (
        db.session()
        .execute(
            select(
                EvidencePublication.path, EvidencePublication.sha256, EvidencePublication.media_type
            ).where(
                EvidencePublication.public_id == public_id,
                EvidencePublication.withdrawn_at.is_(None),
            )
        )
        .first()
    )
    if row is None:
        raise PublicationUnknown
    return KeptPicture(*row)
