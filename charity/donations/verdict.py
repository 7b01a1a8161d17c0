"""What becomes of an event that is given its effect alone."""

from __future__ import annotations

from dataclasses import dataclass

from charity.kernel.inbox import State


@dataclass(frozen=True, slots=True)
class Verdict:
    """``NEW`` waits and is tried again; ``PARKED`` is for a person, with the reason."""

    state: State
    reason: str = ""


DONE = Verdict(State.DONE)


def later(reason: str) -> Verdict:
    """Try again; after a day a person is asked."""
    return Verdict(State.NEW, reason)


def for_person(reason: str) -> Verdict:
    """A person must look at it."""
    return Verdict(State.PARKED, reason)
