"""Whether this installation can serve: the database writes, its schema is ours, events get through.

Rule: cheap enough to be asked every second, and no library that only migrations need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import text

from charity.config import bundle_dir
from charity.kernel import clock, closed, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db

# An event that waits longer than this means that no worker runs or that it is stuck.
LONGEST_WAIT_S = 300


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands and what does not."""

    writes: bool
    migrated: bool
    queue_age_s: int
    open: bool = True

    @property
    def ready(self) -> bool:
        """Whether traffic may come."""
        waited = self.queue_age_s > LONGEST_WAIT_S
        return self.writes and self.migrated and self.open and not waited


def state() -> Readiness:
    """Ask the database. Raises the database's own error when it is away."""
    with atomic():
        # The writing room is granted by taking its lock; an empty unit of work changes nothing.
        revision = db.session().scalar(text("SELECT version_num FROM alembic_version"))
        is_open = closed.reason(db.session().connection()) is None
    oldest = inbox.oldest_due()
    waited = 0 if oldest is None else int((clock.now() - oldest).total_seconds())
    migrated = revision == newest_revision()
    return Readiness(writes=True, migrated=migrated, queue_age_s=waited, open=is_open)


@cache
def newest_revision() -> str:
    """The newest revision in the bundle; a revision is named by the number its file begins with."""
    files = (bundle_dir() / "migrations" / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in files)
