"""The door for outside events: verify, store, answer. What they mean is for settling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from charity.donations.errors import BadSignature, WrongAccount, WrongMode
from charity.donations.providers.base import Headers, Told
from charity.donations.providers.registry import known
from charity.donations.providers.registry import provider as provider_on
from charity.kernel import inbox
from charity.kernel.atomic import in_atomic, require_atomic
from charity.ledger import queries as ledger


class Intake(StrEnum):
    """What became of an event at the door."""

    STORED = "stored"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``reason`` of a refusal is for logs: ``signature``, ``mode`` or ``account``."""

    kind: Intake
    reason: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the provider is to be answered with 200."""
        return self.kind is not Intake.REFUSED


def receive(provider: str, headers: Headers, raw_body: bytes) -> Outcome:
    """Verify the event, then store it once.

    It is verified before any write transaction begins, so a forger cannot hold the database. When
    the caller has no ``atomic()``, it is committed before this returns. Raises ProviderUnknown.
    """
    speaker = provider_on(provider)
    try:
        event = speaker.verify(headers, raw_body)
    except BadSignature:
        return Outcome(Intake.REFUSED, "signature")
    except WrongMode:
        return Outcome(Intake.REFUSED, "mode")
    except WrongAccount:
        return Outcome(Intake.REFUSED, "account")
    if event.mode != ledger.mode():
        return Outcome(Intake.REFUSED, "mode")
    store = inbox.store if in_atomic() else inbox.store_together
    fresh = store(provider, event.account, event.event_id, raw_body)
    return Outcome(Intake.STORED if fresh else Intake.REPEATED)


def take_in(provider: str, told: Iterable[Told]) -> int:
    """Store what a provider answered us, where it is new; how much was. Inside ``atomic()``.

    It came over our own connection to the provider, so it carries no signature; money of another
    mode and events of other accounts are refused as at the door.
    """
    require_atomic()
    speaker, fresh = known(provider), 0
    for one in told:
        try:
            event = speaker.parse(one.raw)
        except ValueError:
            continue  # of a shape so new that we cannot even say whose it is
        if event.account == speaker.account and event.mode == ledger.mode():
            fresh += inbox.store(provider, event.account, one.event_id, one.raw)
    return fresh
