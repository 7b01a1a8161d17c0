"""Writing the trail."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert

from charity.audit.models import AuditRecord
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
