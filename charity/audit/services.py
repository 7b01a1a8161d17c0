"""Writing the trail, what supervisors looked at, and what checks found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from charity.audit.errors import ReasonNeeded, RemarkNeeded
from charity.audit.kinds import LONGEST_REASON, LONGEST_REMARK, SHORTEST_REASON, SampleKind
from charity.audit.models import AuditRecord, CheckRun, SampleMark
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import new_id


def record(
    verb: str,
    object_type: str,
    object_id: str,
    *,
    actor_id: str | None = None,
    actor_name: str | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Add one row in the caller's unit of work. No actor means the system itself.

    ``before`` and ``after`` hold what JSON holds and no personal data.
    """
    require_atomic()
    db.session().execute(
        insert(AuditRecord).values(
            id=new_id(),
            at=clock.now(),
            actor_id=actor_id,
            actor_name=actor_name,
            verb=verb,
            object_type=object_type,
            object_id=object_id,
            before=None if before is None else canonical_json(before),
            after=None if after is None else canonical_json(after),
        )
    )


def mark_sample(
    week: str,
    kind: SampleKind,
    subject_id: str,
    *,
    actor_id: str,
    actor_name: str,
    remark: str,
) -> None:
    """Keep that this person looked at one thing of the week's sample, and what they say of it.

    Whether the thing was drawn, the caller has asked. The same remark again changes nothing.
    Raises RemarkNeeded.
    """
    require_atomic()
    words = remark.strip()
    if not 0 < len(words) <= LONGEST_REMARK:
        raise RemarkNeeded
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = session.scalar(
        dialect.insert(SampleMark)
        .values(
            id=new_id(),
            at=clock.now(),
            week=week,
            kind=kind.value,
            subject_id=subject_id,
            person_id=actor_id,
            person_name=actor_name,
            remark=words,
        )
        .on_conflict_do_nothing()
        .returning(SampleMark.id)
    )
    if made is not None:
        after = {"kind": kind.value, "subject": subject_id}
        record("sample.marked", "sample", week, actor_id=actor_id, actor_name=actor_name,
               after=after)  # fmt: skip


def note_export(
    what: str,
    *,
    actor_id: str,
    actor_name: str,
    reason: str,
    facts: Mapping[str, object],
) -> None:
    """Keep that this person took ``what`` out as a file, and what for. Raises ReasonNeeded."""
    words = reason.strip()
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise ReasonNeeded
    record(
        "export.made", "export", what, actor_id=actor_id, actor_name=actor_name,
        after={**facts, "purpose": words},
    )  # fmt: skip


def note_checks(*, entries: int, checks: int, wrong: Sequence[Mapping[str, object]]) -> None:
    """Keep what a run of all checks found: the history of the checks. Inside ``atomic()``."""
    require_atomic()
    db.session().execute(
        insert(CheckRun).values(
            id=new_id(),
            at=clock.now(),
            entries=entries,
            checks=checks,
            ok=not wrong,
            wrong=canonical_json(list(wrong)),
        )
    )
