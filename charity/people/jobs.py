"""What the worker does for people. Safe to run twice."""

from __future__ import annotations

from charity.kernel.atomic import atomically
from charity.people import sessions, tries


def sweep() -> int:
    """Forget sessions, links and tries that can mean nothing any more; how many rows went."""
    return atomically(_sweep)()


def _sweep() -> int:
    return sessions.sweep() + tries.sweep()
