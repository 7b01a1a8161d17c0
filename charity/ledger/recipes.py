"""Which postings each event makes: pure functions from facts to legs.

``Leg(debit, credit, fen)`` is one posting of one book, by account code. Balances are natural:
positive on the account's normal side. Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from charity.ledger.chart import kind_of
from charity.ledger.kinds import AccountKind
from charity.ledger.kinds import EntryKind as E

AVAILABLE = "available"
RESERVED = "reserved"
TRANSIT = "transit"
PENDING_IN = "pending_in"
SHORTFALL = "shortfall"
HELD = "held"
ADVANCE = "advance"
ADVANCED = "advanced"


def clearing(provider: str) -> str:
    """The account code of what ``provider`` still holds."""
    return f"clearing:{provider}"


def bank(account: str) -> str:
    """The account code of a book's share of the bank account named ``account``."""
    return f"bank:{account}"


@dataclass(frozen=True, slots=True)
class Leg:
    """Debit ``debit``, credit ``credit``, ``fen`` fen (at least one)."""

    debit: str
    credit: str
    fen: int

    def __post_init__(self) -> None:
        if self.fen < 1:
            raise ValueError("a posting is at least one fen")


Legs = tuple[Leg, ...]


def _legs(*parts: tuple[str, str, int]) -> Legs:
    """The parts that move anything."""
    return tuple(Leg(debit, credit, fen) for debit, credit, fen in parts if fen > 0)


def _both_ways(debit: str, credit: str, net: int) -> Legs:
    return _legs((debit, credit, net), (credit, debit, -net))


def _filling(source: str, fen: int, shortfall: int) -> Legs:
    """Money in: a shortfall first, then available."""
    fills = min(fen, shortfall)
    return _legs((source, SHORTFALL, fills), (source, AVAILABLE, fen - fills))


def gift(*, provider: str, fen: int, shortfall: int) -> Legs:
    """An online gift settled: ``clearing→available``, a shortfall of the book first."""
    return _filling(clearing(provider), fen, shortfall)


@dataclass(frozen=True, slots=True)
class FeeSplit:
    """The provider's fee on one gift: what its book bears, and what the own book bears."""

    unit: Legs
    own: Legs


def fee(*, provider: str, fen: int, available: int) -> FeeSplit:
    """A gift's share of the fee: ``available→clearing``; beyond available the own book pays."""
    bears = min(fen, max(available, 0))
    return FeeSplit(
        unit=_legs((AVAILABLE, clearing(provider), bears)),
        own=_legs((AVAILABLE, clearing(provider), fen - bears)),
    )


def fee_borne(*, provider: str, fen: int, shortfall: int = 0) -> FeeSplit:
    """A fee the provider keeps on money it took back: the own book takes it over.

    Unit ``clearing→available``, own ``available→clearing``; never a unit's shortfall, which what
    comes late fills first.
    """
    return FeeSplit(
        unit=_filling(clearing(provider), fen, shortfall),
        own=_legs((AVAILABLE, clearing(provider), fen)),
    )


def payout(*, provider: str, net: int) -> Legs:
    """The provider sends on a book's net: ``transit→clearing``, back when negative."""
    return _both_ways(TRANSIT, clearing(provider), net)


def payout_bank(*, account: str, net: int) -> Legs:
    """The payout is on the bank line: ``bank→transit``, back when negative."""
    return _both_ways(bank(account), TRANSIT, net)


@dataclass(frozen=True, slots=True)
class Lending:
    """Both legs of an advance between the own book and a unit book, same bank account."""

    own: Legs
    unit: Legs


def advance(*, account: str, fen: int) -> Lending:
    """The own book lends: own ``advanced→bank``, unit ``bank→advance``."""
    return Lending(
        own=_legs((ADVANCED, bank(account), fen)), unit=_legs((bank(account), ADVANCE, fen))
    )


def advance_repaid(*, account: str, fen: int) -> Lending:
    """The unit book repays: unit ``advance→bank``, own ``bank→advanced``."""
    return Lending(
        own=_legs((bank(account), ADVANCED, fen)), unit=_legs((ADVANCE, bank(account), fen))
    )


def slip(*, fen: int) -> Legs:
    """A gift by hand confirmed from its slip: ``transit→pending_in``; not yet raised."""
    return _legs((TRANSIT, PENDING_IN, fen))


def slip_bank(*, account: str, fen: int, shortfall: int) -> Legs:
    """Its bank line: ``bank→transit``, ``pending_in→available``: only now raised."""
    return _legs((bank(account), TRANSIT, fen)) + _filling(PENDING_IN, fen, shortfall)


def bank_gift(*, account: str, fen: int, shortfall: int) -> Legs:
    """A gift straight on a bank line: ``bank→available``."""
    return _filling(bank(account), fen, shortfall)


def suspense_in(*, account: str, fen: int) -> Legs:
    """An unknown bank line: suspense ``bank→held``; a debt, never raised."""
    return _legs((bank(account), HELD, fen))


def suspense_out(*, account: str, fen: int) -> Legs:
    """It is known now, or is sent back: suspense ``held→bank``."""
    return _legs((HELD, bank(account), fen))


@dataclass(frozen=True, slots=True)
class Taken:
    """Money taken back from a book: its legs, and how much of each reservation was taken."""

    legs: Legs
    reservations: tuple[tuple[str, int], ...]


def take_back(
    *, asset: str, fen: int, available: int, reservations: Sequence[tuple[str, int]] = ()
) -> Taken:
    """A refund or dispute: available, then reservations as given (newest first), then shortfall.

    ``asset`` is the clearing or bank account the money leaves by. ``reservations`` are
    (application, fen) of what is approved and unpaid; each one taken goes back to its approver.
    """
    parts = [(AVAILABLE, asset, from_available := min(fen, max(available, 0)))]
    rest = fen - from_available
    taken: list[tuple[str, int]] = []
    for name, reserved in reservations:
        part = min(rest, reserved)
        if part > 0:
            parts.append((RESERVED, asset, part))
            taken.append((name, part))
            rest -= part
    parts.append((SHORTFALL, asset, rest))
    return Taken(_legs(*parts), tuple(taken))


PROMISES = frozenset({E.RESERVE, E.VOID, E.PAY, E.BANK_RETURN, E.COST_PAY, E.COST_RETURN})


def promised(entries: Iterable[tuple[E, str, int]]) -> list[tuple[str, int]]:
    """What each application has reserved after ``entries``: (application, fen), newest first.

    ``entries`` are (kind, what caused it, fen that ``reserved`` grew by), in their order. What is
    no promise took from the newest promises, as ``take_back`` does.
    """
    held: dict[str, int] = {}
    for kind, cause, fen in entries:
        if kind in PROMISES:
            if kind is E.RESERVE:
                # A promise made anew is the newest.
                held[cause] = held.pop(cause, 0)
            held[cause] = held.get(cause, 0) + fen
            continue
        rest = -fen
        for name in reversed(list(held)):
            part = min(max(rest, 0), held[name])
            held[name] -= part
            rest -= part
    return [(name, fen) for name, fen in reversed(list(held.items())) if fen > 0]


def dispute_won(*, provider: str, fen: int, shortfall: int) -> Legs:
    """The money comes back: a shortfall is filled first."""
    return _filling(clearing(provider), fen, shortfall)


def reserve(*, fen: int) -> Legs:
    """An application approved: ``available→reserved``."""
    return _legs((AVAILABLE, RESERVED, fen))


def void(*, fen: int) -> Legs:
    """The approval withdrawn or run out: ``reserved→available``."""
    return _legs((RESERVED, AVAILABLE, fen))


def pay(*, account: str, fen: int) -> Legs:
    """Paid, on the bank line: ``reserved→bank``; needs this book's bank."""
    return _legs((RESERVED, bank(account), fen))


def bank_return(*, account: str, fen: int) -> Legs:
    """The payee's bank sent it back: ``bank→reserved``."""
    return _legs((bank(account), RESERVED, fen))


def money_back(*, account: str, fen: int, shortfall: int) -> Legs:
    """The unit handed money back: ``bank→available``, a shortfall first."""
    return _filling(bank(account), fen, shortfall)


def interest(*, account: str, fen: int) -> Legs:
    """Own book: ``bank→available``."""
    return _legs((bank(account), AVAILABLE, fen))


def bank_charge(*, account: str, fen: int) -> Legs:
    """Own book: ``available→bank``."""
    return _legs((AVAILABLE, bank(account), fen))


_OWNED = {AccountKind.AVAILABLE, AccountKind.SHORTFALL}


def correction(
    original: Legs,
    *,
    available: int,
    shortfall: int,
    reservations: Sequence[tuple[str, int]] = (),
) -> Taken:
    """The mirror of an entry, spilling as a refund does where it lowers the book.

    Legs that gave the book money (a credit of available or shortfall from an asset) are taken
    back by ``take_back``; legs that took money are given back, a shortfall first; the others are
    turned round as they are.
    """
    legs: Legs = ()
    taken: tuple[tuple[str, int], ...] = ()
    gave: dict[str, int] = {}
    took: dict[str, int] = {}
    for leg in original:
        if kind_of(leg.credit) in _OWNED and kind_of(leg.debit) != AccountKind.RESERVED:
            gave[leg.debit] = gave.get(leg.debit, 0) + leg.fen
        elif kind_of(leg.debit) in _OWNED and kind_of(leg.credit) != AccountKind.RESERVED:
            took[leg.credit] = took.get(leg.credit, 0) + leg.fen
        else:
            legs += (Leg(leg.credit, leg.debit, leg.fen),)
    if len(gave) + len(took) > 1:
        # The balances handed in are those before the first; no entry of ours has two.
        raise ValueError("an entry gives or takes through one asset")
    for source, fen in gave.items():
        back = take_back(asset=source, fen=fen, available=available, reservations=reservations)
        legs, taken = legs + back.legs, taken + back.reservations
    for source, fen in took.items():
        legs += _filling(source, fen, shortfall)
    return Taken(legs, taken)
