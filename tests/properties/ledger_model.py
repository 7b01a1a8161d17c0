"""The ledger in plain arithmetic, written from its specification and from nothing else.

A book is a bag of natural balances; every event either changes them or is refused whole. It knows
no postings, no entries, no database.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class Refused(Exception):
    """The event may not happen; nothing has changed."""


@dataclass
class Book:
    """Natural balances by account, and the public figures."""

    has: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)

    def fill(self, fen: int) -> None:
        """Money for the book: its shortfall first."""
        part = min(fen, self.has["shortfall"])
        self.has["shortfall"] -= part
        self.has["available"] += fen - part

    def lose(self, fen: int) -> None:
        """Money from the book: available, then reservations, then it owes."""
        for place in ("available", "reserved"):
            part = min(fen, self.has[place])
            self.has[place] -= part
            fen -= part
        self.has["shortfall"] += fen


@dataclass
class Model:
    """Unit books, the own book and the suspense book; one provider, one bank account."""

    units: list[Book]
    own: Book = field(default_factory=Book)
    suspense: Book = field(default_factory=Book)

    def gift(self, unit: int, fen: int, fee: int) -> None:
        book = self.units[unit]
        bears = min(fee, book.has["available"] + max(fen - book.has["shortfall"], 0))
        self._own_pays(fee - bears)
        book.has["clearing"] += fen - bears
        book.fill(fen)
        book.has["available"] -= bears
        book.did["raised"] += fen
        book.did["fees"] += bears

    def _own_pays(self, fen: int) -> None:
        if self.own.has["available"] < fen:
            raise Refused
        self.own.has["available"] -= fen
        self.own.has["clearing"] -= fen

    def borne(self, unit: int, fen: int) -> None:
        self._own_pays(fen)
        self.units[unit].has["clearing"] += fen
        self.units[unit].has["available"] += fen
        self.units[unit].did["borne"] += fen

    def slip(self, unit: int, fen: int) -> None:
        self.units[unit].has["transit"] += fen
        self.units[unit].has["pending_in"] += fen

    def slip_bank(self, unit: int, fen: int) -> None:
        book = self.units[unit]
        book.has["transit"] -= fen
        book.has["pending_in"] -= fen
        self.bank_gift(unit, fen)

    def bank_gift(self, unit: int, fen: int) -> None:
        book = self.units[unit]
        book.has["bank"] += fen
        book.fill(fen)
        book.did["raised"] += fen

    def line(self, fen: int) -> None:
        self.suspense.has["bank"] += fen
        self.suspense.has["held"] += fen

    def interest(self, fen: int) -> None:
        self.own.has["bank"] += fen
        self.own.has["available"] += fen

    def payout(self, nets: dict[int, int]) -> None:
        for unit, net in nets.items():
            self.units[unit].has["clearing"] -= net
            self.units[unit].has["transit"] += net

    def payout_bank(self, nets: dict[int, int]) -> None:
        """Own lends what a book's bank cannot bear and is repaid first; what comes in goes first,
        so that the own book has it when it must lend."""
        own_bank = self.own.has["bank"]
        for unit, net in sorted(nets.items(), key=lambda pair: -pair[1]):
            bank, advance = self.units[unit].has["bank"], self.units[unit].has["advance"]
            if net > 0:
                own_bank += min(advance, bank + net)
            else:
                own_bank -= max(-net - bank, 0)
            if own_bank < 0:
                raise Refused
        for unit, net in nets.items():
            has = self.units[unit].has
            has["transit"] -= net
            lent = max(-net - has["bank"], 0)
            has["bank"] += net + lent
            back = min(has["advance"], has["bank"]) if net > 0 else 0
            has["bank"] -= back
            has["advance"] += lent - back
            self.own.has["bank"] += back - lent
            self.own.has["advanced"] += lent - back

    def reserve(self, unit: int, fen: int) -> None:
        has = self.units[unit].has
        if has["shortfall"] or has["available"] < fen:
            raise Refused
        has["available"] -= fen
        has["reserved"] += fen

    def void(self, unit: int, fen: int) -> None:
        has = self.units[unit].has
        if has["reserved"] < fen:
            raise Refused
        has["available"] += fen
        has["reserved"] -= fen

    def pay(self, unit: int, fen: int) -> None:
        has = self.units[unit].has
        if has["shortfall"] or has["reserved"] < fen or has["bank"] < fen:
            raise Refused
        has["reserved"] -= fen
        has["bank"] -= fen
        self.units[unit].did["used"] += fen

    def bank_return(self, unit: int, fen: int) -> None:
        self.units[unit].has["bank"] += fen
        self.units[unit].has["reserved"] += fen
        self.units[unit].did["used"] -= fen

    def money_back(self, unit: int, fen: int) -> None:
        self.units[unit].has["bank"] += fen
        self.units[unit].fill(fen)
        self.units[unit].did["used"] -= fen

    def taken(self, unit: int, fen: int, place: str, figure: str) -> None:
        """A refund or a dispute, out of ``clearing`` or ``bank``."""
        book = self.units[unit]
        if place == "bank" and book.has["bank"] < fen:
            raise Refused
        book.has[place] -= fen
        book.lose(fen)
        book.did[figure] += fen

    def won(self, unit: int, fen: int) -> None:
        self.units[unit].has["clearing"] += fen
        self.units[unit].fill(fen)
        self.units[unit].did["disputed"] -= fen

    def undo_in(self, unit: int, fen: int, place: str) -> None:
        """A gift that was never given: back out as a refund goes, but *raised* changes."""
        self.taken(unit, fen, place, "wrongly")
        self.units[unit].did["wrongly"] -= fen
        self.units[unit].did["raised"] -= fen

    def undo_fee(self, unit: int, fen: int) -> None:
        self.units[unit].has["clearing"] += fen
        self.units[unit].fill(fen)
        self.units[unit].did["fees"] -= fen
