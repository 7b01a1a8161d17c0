"""What waits for somebody who leaves, as the page of the hand-over lists it."""

from __future__ import annotations

from dataclasses import dataclass

from charity.approvals import leaving_queries, queries
from charity.approvals.queries import DelegationView, RequestView
from charity.donations.hand.queries import OpenGifts, open_of
from charity.people.queries import as_person


@dataclass(frozen=True, slots=True)
class Waits:
    """What is the leaver's to finish, or somebody else's after them."""

    asked: tuple[RequestView, ...] = ()
    only_theirs: tuple[RequestView, ...] = ()
    entered: tuple[OpenGifts, ...] = ()
    delegations: tuple[DelegationView, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.asked or self.only_theirs or self.entered or self.delegations)


def waits_for(person_id: str) -> Waits:
    """Everything that waits for this person; nothing when there is no such person."""
    who = as_person(person_id)
    if who is None:
        return Waits()
    return Waits(
        asked=tuple(leaving_queries.asked_and_live(person_id)),
        only_theirs=tuple(leaving_queries.only_for(who)),
        entered=tuple(open_of(person_id)),
        delegations=tuple(one for one in queries.delegations_of(person_id) if not one.over),
    )
