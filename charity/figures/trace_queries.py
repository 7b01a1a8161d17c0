"""Where a gift's money went: the uses made with it, first in, first used; and what still waits.

Rule: a trace shows no donor. It is as of the entry number the lines follow, which is that of the
page's figures within a second of new entries.
"""

from __future__ import annotations

from dataclasses import dataclass

from charity.disbursements import queries as disbursements
from charity.disbursements.queries import UseRow
from charity.donations import queries as donations
from charity.donations.kinds import GiftStatus
from charity.donations.queries import GiftView
from charity.figures import line_queries as lines
from charity.figures.kinds import Side
from charity.funds import queries as funds

PARTS = 20
_IN_LEDGER = (GiftStatus.SETTLED, GiftStatus.PARTLY_REFUNDED, GiftStatus.DISPUTED)


@dataclass(frozen=True, slots=True)
class TracePart:
    """One use made with the gift's money: ``fen`` of it; ``n`` is the number of its payment."""

    use: UseRow
    n: int
    fen: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A gift and its money. ``before_fen`` stood in its book ahead of it.

    ``net_fen`` is what came to the book after the provider's fee; of it ``used_fen`` is used,
    ``proved_fen`` proved, ``waiting_fen`` not used yet. ``ahead_fen`` of earlier gifts is used
    first. ``followed`` is False for the moments before a new gift has its place.
    """

    gift: GiftView
    as_of_entry: int
    followed: bool
    went_back: bool
    net_fen: int
    before_fen: int
    used_fen: int
    proved_fen: int
    waiting_fen: int
    ahead_fen: int
    parts: tuple[TracePart, ...]
    more: bool

    @property
    def cost_fen(self) -> int:
        """What did not reach the book: the provider's fee."""
        return max(0, self.gift.amount_fen - self.net_fen) if self.stands else 0

    @property
    def stands(self) -> bool:
        """Whether the gift is in the ledger and did not go back."""
        return self.followed and not self.went_back

    @property
    def people(self) -> int:
        """How many people the uses shown were for, all together."""
        return sum(part.use.people_count for part in self.parts)


def trace(gift_id: str) -> Trace:
    """The trace of one gift. Raises GiftUnknown."""
    gift = donations.gift_public(gift_id)
    place = funds.place(gift.campaign_slug, gift.unit_code)
    line = lines.line(place.book_id, Side.IN, gift_id) if place is not None else None
    went_back = gift.status is GiftStatus.REFUNDED
    if place is None or line is None or gift.status not in (*_IN_LEDGER, GiftStatus.REFUNDED):
        return Trace(gift, lines.head(), False, went_back, 0, 0, 0, 0, 0, 0, (), False)
    before, out = (
        lines.before(place.book_id, Side.IN, line.no),
        lines.total(place.book_id, Side.OUT),
    )
    net = max(0, line.fen)
    used = min(max(0, out - before), net)
    found, more = lines.parts(place.book_id, before, before + net, PARTS)
    names = [part.application for part in found]
    made = disbursements.use_rows(ids=names, limit=PARTS).items if names else ()
    uses = {use.id: use for use in made}
    parts = tuple(
        TracePart(uses[part.application], part.n, part.fen)
        for part in found
        if part.application in uses
    )
    return Trace(
        gift=gift,
        as_of_entry=lines.head(),
        followed=True,
        went_back=went_back,
        net_fen=net,
        before_fen=before,
        used_fen=used,
        proved_fen=sum(part.fen for part in parts if part.use.proved),
        waiting_fen=net - used,
        ahead_fen=max(0, before - out),
        parts=parts,
        more=more,
    )
