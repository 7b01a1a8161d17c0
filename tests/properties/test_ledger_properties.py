"""Properties of what is pure in the ledger: recipes, the sequencer's order, ids."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charity.kernel import clock
from charity.kernel.ids import new_id, public_id
from charity.ledger import recipes
from charity.ledger.chart import ACCOUNTS, PAIRS, kind_of
from charity.ledger.kinds import BookKind, EntryKind, Side
from charity.ledger.recipes import Leg, Legs
from charity.ledger.sequencer import Waiting, in_order

fen = st.integers(1, 10**9)
some = st.integers(0, 10**6)
OWNED = {"available", "reserved", "shortfall"}


def moved(legs: Legs) -> dict[str, int]:
    """What the legs do to natural balances."""
    found: dict[str, int] = {}
    for leg in legs:
        for code, side in ((leg.debit, Side.DEBIT), (leg.credit, Side.CREDIT)):
            sign = 1 if ACCOUNTS[kind_of(code)].side is side else -1
            found[code] = found.get(code, 0) + sign * leg.fen
    return {code: change for code, change in found.items() if change}


def left(legs: Legs) -> int:
    """What the legs do to available + reserved − shortfall."""
    change = moved(legs)
    return change.get("available", 0) + change.get("reserved", 0) - change.get("shortfall", 0)


def permitted(kind: EntryKind, legs: Legs, *, correction: bool = False) -> bool:
    return all(
        (kind, correction, BookKind.UNIT, kind_of(leg.debit), kind_of(leg.credit)) in PAIRS
        for leg in legs
    )


@given(fen=fen, shortfall=some)
def test_money_in_fills_the_shortfall_first(fen: int, shortfall: int) -> None:
    for kind, legs in (
        (EntryKind.GIFT, recipes.gift(provider="p", fen=fen, shortfall=shortfall)),
        (EntryKind.BANK_GIFT, recipes.bank_gift(account="a", fen=fen, shortfall=shortfall)),
        (EntryKind.SLIP_BANK, recipes.slip_bank(account="a", fen=fen, shortfall=shortfall)),
        (EntryKind.MONEY_BACK, recipes.money_back(account="a", fen=fen, shortfall=shortfall)),
        (EntryKind.DISPUTE_WON, recipes.dispute_won(provider="p", fen=fen, shortfall=shortfall)),
    ):
        change = moved(legs)
        assert -change.get("shortfall", 0) == min(fen, shortfall)
        assert change.get("available", 0) == fen - min(fen, shortfall)
        assert left(legs) == fen
        assert permitted(kind, legs)


@given(fen=fen, available=st.integers(-10, 10**6))
def test_a_fee_is_borne_whole_by_two(fen: int, available: int) -> None:
    split = recipes.fee(provider="p", fen=fen, available=available)
    assert left(split.unit) + left(split.own) == -fen
    assert -left(split.unit) == min(fen, max(available, 0))
    assert permitted(EntryKind.FEE, split.unit)


@given(fen=fen, available=some, reserved=st.lists(st.integers(1, 10**6), max_size=4))
def test_taking_back_empties_in_order(fen: int, available: int, reserved: list[int]) -> None:
    given_ = [(str(n), part) for n, part in enumerate(reserved)]
    taken = recipes.take_back(asset="bank:a", fen=fen, available=available, reservations=given_)
    change = moved(taken.legs)
    assert sum(leg.fen for leg in taken.legs) == fen
    assert change["bank:a"] == -fen
    from_reserved = sum(part for _, part in taken.reservations)
    assert -change.get("available", 0) == min(fen, available)
    assert from_reserved == -change.get("reserved", 0)
    assert change.get("shortfall", 0) == max(fen - available - sum(reserved), 0)
    # The newest first, each whole before the next.
    for (name, part), (whole_name, whole) in zip(taken.reservations, given_, strict=False):
        assert name == whole_name
        assert part == whole or (name, part) == taken.reservations[-1]
    assert permitted(EntryKind.REFUND, taken.legs)


@given(fen=fen, shortfall=some, available=some, reserved=some, later_shortfall=some)
def test_a_correction_undoes(
    fen: int, shortfall: int, available: int, reserved: int, later_shortfall: int
) -> None:
    """Whatever happened between, the entry and its correction change nothing that is left."""
    parts = [("x", reserved)] if reserved else []
    for kind, legs in (
        (EntryKind.GIFT, recipes.gift(provider="p", fen=fen, shortfall=shortfall)),
        (EntryKind.SLIP_BANK, recipes.slip_bank(account="a", fen=fen, shortfall=shortfall)),
        (EntryKind.FEE, recipes.fee(provider="p", fen=fen, available=fen).unit),
        (EntryKind.PAY, recipes.pay(account="a", fen=fen)),
        (EntryKind.VOID, recipes.void(fen=fen)),
        (EntryKind.SLIP, recipes.slip(fen=fen)),
        (EntryKind.PAYOUT, recipes.payout(provider="p", net=-fen)),
    ):
        mirror = recipes.correction(
            legs, available=available, shortfall=later_shortfall, reservations=parts
        )
        again = recipes.correction(
            mirror.legs, available=available, shortfall=later_shortfall, reservations=parts
        )
        assert sum(leg.fen for leg in mirror.legs) == sum(leg.fen for leg in legs)
        assert left(mirror.legs) == -left(legs)
        assert left(again.legs) == left(legs)
        both, money = moved(legs + mirror.legs), {"clearing:p", "bank:a", "transit", "pending_in"}
        assert not money & set(both)
        assert permitted(kind, mirror.legs, correction=True)
        assert permitted(kind, again.legs, correction=True)


@given(net=st.integers(-(10**9), 10**9))
def test_a_payout_goes_both_ways(net: int) -> None:
    change = moved(
        recipes.payout(provider="p", net=net) + recipes.payout_bank(account="a", net=net)
    )
    assert change == ({"clearing:p": -net, "bank:a": net} if net else {})


def test_a_posting_is_at_least_one_fen() -> None:
    for wrong in (0, -1):
        try:
            Leg("available", "reserved", wrong)
        except ValueError:
            continue
        raise AssertionError(wrong)


def history(draw: random.Random, books: int, entries: int) -> list[Waiting]:
    """Entries as units of work leave them: a group takes all its books at once; ids mostly grow,
    but the clocks of two machines disagree."""
    heads = dict.fromkeys(range(books), 0)
    made: list[Waiting] = []
    while len(made) < entries:
        group = None
        chosen = [draw.randrange(books)]
        if draw.random() < 0.3:
            chosen = draw.sample(range(books), draw.randint(1, books))
            chosen += draw.choices(chosen, k=draw.randint(0, 2))
            group = 10**6 + len(made)
        for book in sorted(chosen):
            heads[book] += 1
            # Unique, and up to forty places from where it belongs.
            moment = (len(made) + draw.randint(-40, 40)) * 1_000 + len(made)
            made.append((moment, book, heads[book], group))
    return made


@given(seed=st.integers(0, 2**32), books=st.integers(1, 5), entries=st.integers(1, 60))
def test_order_keeps_books_and_groups(seed: int, books: int, entries: int) -> None:
    draw = random.Random(seed)
    rows = history(draw, books, entries)
    by_id = {row[0]: row for row in rows}
    shuffled = draw.sample(rows, len(rows))
    order = in_order(shuffled, dict.fromkeys(range(books), 0))
    assert sorted(order) == sorted(by_id), "everything is numbered"
    for book in range(books):
        assert [by_id[i][2] for i in order if by_id[i][1] == book] == sorted(
            row[2] for row in rows if row[1] == book
        )
    for group in {row[3] for row in rows} - {None}:
        places = [at for at, i in enumerate(order) if by_id[i][3] == group]
        assert all(b - a == 1 for a, b in pairwise(places))


@given(seed=st.integers(0, 2**32), cut=st.integers(0, 60))
def test_what_has_no_predecessor_waits(seed: int, cut: int) -> None:
    """Whatever part of the entries is seen, each book's numbered ones are a prefix of it."""
    draw = random.Random(seed)
    rows = history(draw, 4, 60)
    seen = draw.sample(rows, cut)
    groups = {row[3] for row in seen} - {None}
    seen = [row for row in rows if row in seen or row[3] in groups]
    order = in_order(seen, dict.fromkeys(range(4), 0))
    by_id = {row[0]: row for row in rows}
    for book in range(4):
        numbers = [by_id[i][2] for i in order if by_id[i][1] == book]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_group_over_thousands_of_books_is_quick() -> None:
    rows: list[Waiting] = [(n * 2, n, 1, None) for n in range(5_000)]
    rows += [(n * 2 + 1, n, 2, 7) for n in range(5_000)]
    started = clock.monotonic()
    order = in_order(rows, dict.fromkeys(range(5_000), 0))
    assert len(order) == 10_000
    assert clock.monotonic() - started < 5


def test_ids_grow_and_differ() -> None:
    made = [new_id() for _ in range(50_000)]
    assert all(a < b for a, b in pairwise(made))
    assert 0 < made[-1] < 2**63
    names = {public_id() for _ in range(5_000)}
    assert len(names) == 5_000
    assert all(len(name) == 16 and name.isalnum() for name in names)
