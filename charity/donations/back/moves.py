"""What moving a gift from one book to another enters in the ledger: planned first, then posted.

Rule: the old entries stay. In the old book each is turned round, spilling as a refund does but
never called one; in the right book the gift is entered anew, with its fee. All of it is one group,
stored whole or not at all. The same plan is what people look at before they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from charity.donations.back.errors import NotInTheLedger
from charity.donations.back.kinds import effect
from charity.ledger import queries as ledger
from charity.ledger import recipes
from charity.ledger.chart import ACCOUNTS, kind_of
from charity.ledger.kinds import AccountKind, EntryKind, Side
from charity.ledger.queries import EntryView
from charity.ledger.recipes import Leg, Legs


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the plan; ``corrects`` is the entry it turns round."""

    book_id: int
    kind: EntryKind
    legs: Legs
    effect: str
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the plan does to one book: by how many fen each figure goes up or down."""

    book_id: int
    available_fen: int
    reserved_fen: int
    shortfall_fen: int


@dataclass
class _Books:
    """Balances as they will be after the steps planned so far."""

    found: dict[int, dict[str, int]]
    steps: list[Step] = field(default_factory=list)

    def of(self, book_id: int, code: str) -> int:
        return self.found[book_id].get(code, 0)

    def add(self, step: Step) -> None:
        if not step.legs:
            return
        has = self.found[step.book_id]
        for leg in step.legs:
            for code, side in ((leg.debit, Side.DEBIT), (leg.credit, Side.CREDIT)):
                sign = 1 if ACCOUNTS[kind_of(code)].side == side else -1
                has[code] = has.get(code, 0) + sign * leg.fen
        self.steps.append(step)


def plan(gift: str, moved: int, *, old: int, new: int, own: int) -> list[Step]:
    """The entries that move a gift whose unit was corrected ``moved`` times before.

    Under the books' locks when it is to be posted. Raises NotInTheLedger.
    """
    settled = ledger.entry(f"gift:{gift}:{effect('settle', moved)}")
    if settled is None or settled.book_id != old:
        raise NotInTheLedger
    fee = ledger.entry(f"gift:{gift}:{effect('fee', moved)}")
    books = _Books({book: ledger.balances(book) for book in {old, new, own}})
    after = moved + 1
    if fee is not None and fee.book_id == old:
        # First: what the fee took comes back, so that it is not asked of the book once more.
        books.add(_back(books, fee, f"fee_back-{after}"))
    if settled.kind is EntryKind.SLIP_BANK or settled.kind is EntryKind.BANK_GIFT:
        _move_in_the_bank(books, gift, settled, after=after, new=new, own=own)
    else:
        _move_at_the_provider(books, settled, fee, after=after, new=new, own=own)
    return books.steps


def _move_at_the_provider(
    books: _Books, settled: EntryView, fee: EntryView | None, *, after: int, new: int, own: int
) -> None:
    books.add(_back(books, settled, f"settle_back-{after}"))
    provider = _name(settled, AccountKind.CLEARING)
    shortfall = books.of(new, recipes.SHORTFALL)
    legs = recipes.gift(provider=provider, fen=settled.fen, shortfall=shortfall)
    books.add(Step(new, EntryKind.GIFT, legs, effect("settle", after)))
    if fee is None or fee.book_id != settled.book_id:
        return
    parts = recipes.fee(provider=provider, fen=fee.fen, available=books.of(new, recipes.AVAILABLE))
    books.add(Step(new, EntryKind.FEE, parts.unit, effect("fee", after)))
    books.add(Step(own, EntryKind.FEE_BORNE, parts.own, effect("fee_borne", after)))


def _move_in_the_bank(
    books: _Books, gift: str, settled: EntryView, *, after: int, new: int, own: int
) -> None:
    """A gift by hand: both books share the same bank account, so only the shares change."""
    old, account = settled.book_id, _name(settled, AccountKind.BANK)
    fen = sum(leg.fen for leg in settled.legs if kind_of(leg.debit) is AccountKind.BANK)
    missing = fen - books.of(old, recipes.bank(account))
    if missing > 0:
        lent = recipes.advance(account=account, fen=missing)
        books.add(Step(own, EntryKind.ADVANCE, lent.own, f"lent_own-{after}"))
        books.add(Step(old, EntryKind.ADVANCE, lent.unit, f"lent_unit-{after}"))
    books.add(_back(books, settled, f"settle_back-{after}"))
    if settled.kind is EntryKind.SLIP_BANK:
        slip = ledger.entry(f"gift:{gift}:slip")
        if slip is None:
            raise NotInTheLedger
        books.add(_back(books, slip, f"slip_back-{after}"))
    shortfall = books.of(new, recipes.SHORTFALL)
    legs = recipes.bank_gift(account=account, fen=fen, shortfall=shortfall)
    books.add(Step(new, EntryKind.BANK_GIFT, legs, effect("settle", after)))


def _back(books: _Books, entry: EntryView, name: str) -> Step:
    book_id = entry.book_id
    mirrored = recipes.correction(
        entry.legs,
        available=books.of(book_id, recipes.AVAILABLE),
        shortfall=books.of(book_id, recipes.SHORTFALL),
        reservations=ledger.reservations(book_id),
    )
    return Step(book_id, EntryKind.CORRECTION, mirrored.legs, name, entry.id)


def _name(entry: EntryView, kind: AccountKind) -> str:
    """The name behind the colon of the account by which the money came."""
    codes = {leg.debit for leg in entry.legs if kind_of(leg.debit) is kind}
    (code,) = codes
    return code.partition(":")[2]


def changes(steps: Sequence[Step]) -> list[Change]:
    """What the steps do to each book, in the order in which the books are touched."""
    found: dict[int, dict[AccountKind, int]] = {}
    for step in steps:
        moved = found.setdefault(step.book_id, {})
        for leg in step.legs:
            _count(moved, leg)
    return [
        Change(
            book_id,
            moved.get(AccountKind.AVAILABLE, 0),
            moved.get(AccountKind.RESERVED, 0),
            moved.get(AccountKind.SHORTFALL, 0),
        )
        for book_id, moved in found.items()
    ]


def _count(moved: dict[AccountKind, int], leg: Leg) -> None:
    for code, side in ((leg.debit, Side.DEBIT), (leg.credit, Side.CREDIT)):
        kind = kind_of(code)
        sign = 1 if ACCOUNTS[kind].side == side else -1
        moved[kind] = moved.get(kind, 0) + sign * leg.fen
