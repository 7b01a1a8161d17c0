"""One line in the trail for each verb of funds."""

from __future__ import annotations

from collections.abc import Mapping

from charity.audit.services import record
from charity.ledger.services import Actor


def trail(
    actor: Actor | None,
    verb: str,
    kind: str,
    name: str,
    after: Mapping[str, object],
    *,
    before: Mapping[str, object] | None = None,
) -> None:
    """Say that ``actor`` did ``verb`` to the ``kind`` called ``name``."""
    record(
        verb,
        kind,
        name,
        actor_id=actor.id if actor else None,
        actor_name=actor.name if actor else None,
        before=before,
        after=after,
    )
