"""Who bears a gift's share of the provider's fee, and when.

Its own book first, as far as it reaches; then the charity's own book. When neither can, the gift
settles all the same and the rest is kept as an event of our own in the inbox, tried again until
the own book has money: a gift is never lost over its fee. ``charity check`` tells of these.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from charity.donations.back.kinds import effect as effect_of
from charity.kernel import clock, inbox
from charity.kernel.db import canonical_json
from charity.kernel.inbox import Stored
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Worksheet

INTERNAL = "internal"
_ACCOUNT = "fees"
_PAUSE = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Fee:
    """One gift's share of a provider's fee, in fen, of a day; ``moved`` is the gift's own."""

    provider: str
    gift: str
    currency: str
    fen: int
    day: dt.date
    moved: int = 0


def enter(sheet: Worksheet, fee: Fee, *, book_id: int, own_id: int) -> None:
    """Enter the fee on the sheet, which holds both books."""
    available = sheet.balance(book_id, recipes.AVAILABLE)
    parts = recipes.fee(provider=fee.provider, fen=fee.fen, available=available)
    if parts.unit:
        sheet.add(_entry(book_id, EntryKind.FEE, parts.unit, fee, "fee"))
    if parts.own:
        try:
            sheet.add(_entry(own_id, EntryKind.FEE_BORNE, parts.own, fee, "fee_borne"))
        except BelowFloor:
            _keep(fee, parts.own[0].fen)


def _entry(book_id: int, kind: EntryKind, legs: recipes.Legs, fee: Fee, effect: str) -> NewEntry:
    return NewEntry(
        book_id=book_id,
        kind=kind,
        legs=legs,
        occurred_on=fee.day,
        cause_type="gift",
        cause_id=fee.gift,
        effect=effect_of(effect, fee.moved),
    )


def _keep(fee: Fee, fen: int) -> None:
    facts = {
        "provider": fee.provider,
        "gift": fee.gift,
        "currency": fee.currency,
        "fen": fen,
        "day": fee.day.isoformat(),
        "moved": fee.moved,
    }
    inbox.store(INTERNAL, _ACCOUNT, f"fee:{fee.gift}", canonical_json(facts).encode())


def bear(stored: Stored) -> bool:
    """Let the own book bear a kept fee; False when it still cannot, and it is tried again."""
    facts = json.loads(stored.raw)
    fee = Fee(
        facts["provider"],
        facts["gift"],
        facts["currency"],
        facts["fen"],
        dt.date.fromisoformat(facts["day"]),
        facts.get("moved", 0),
    )
    own_id = ledger.own_book(fee.currency)
    sheet = ledger.worksheet([own_id])
    legs = recipes.fee(provider=fee.provider, fen=fee.fen, available=0).own
    try:
        sheet.add(_entry(own_id, EntryKind.FEE_BORNE, legs, fee, "fee_borne"))
    except BelowFloor:
        inbox.wait(stored, clock.now() + _PAUSE, "the own book cannot bear the fee")
        return False
    sheet.post()
    return True
