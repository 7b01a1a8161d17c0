"""The chart of accounts and of entry kinds: the rows of the two reference tables.

Side and floor of an account come from here by foreign key, so an account cannot be opened with
its floor off. ``authorized`` kinds lower a book for someone and carry an authority. ``PAIRS`` says
which accounts a kind may debit and credit in which kind of book: without it money could leave a
book under the name of a kind that needs no signature, or ``available`` rise with no figure moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from charity.ledger.kinds import AccountKind as A
from charity.ledger.kinds import BookKind as B
from charity.ledger.kinds import EntryKind as E
from charity.ledger.kinds import Figure, Side


@dataclass(frozen=True)
class AccountRule:
    """One line of the chart: normal side, floor at zero, the books that may have it."""

    kind: A
    side: Side
    floored: bool
    named: bool
    books: frozenset[B]


_ALL = frozenset(B)
_GIVING = frozenset({B.UNIT, B.OWN})
_UNIT = frozenset({B.UNIT})

ACCOUNTS: dict[A, AccountRule] = {
    rule.kind: rule
    for rule in (
        AccountRule(A.CLEARING, Side.DEBIT, False, True, _GIVING),
        AccountRule(A.TRANSIT, Side.DEBIT, False, False, _GIVING),
        AccountRule(A.BANK, Side.DEBIT, True, True, _ALL),
        AccountRule(A.AVAILABLE, Side.CREDIT, True, False, _GIVING),
        AccountRule(A.RESERVED, Side.CREDIT, True, False, _UNIT),
        AccountRule(A.PENDING_IN, Side.CREDIT, True, False, _UNIT),
        AccountRule(A.SHORTFALL, Side.DEBIT, True, False, _UNIT),
        AccountRule(A.ADVANCE, Side.CREDIT, True, False, _UNIT),
        AccountRule(A.ADVANCED, Side.DEBIT, True, False, frozenset({B.OWN})),
        AccountRule(A.HELD, Side.CREDIT, True, False, frozenset({B.SUSPENSE})),
        AccountRule(A.GOODS, Side.DEBIT, True, False, _UNIT),
        AccountRule(A.GOODS_AVAILABLE, Side.CREDIT, True, False, _UNIT),
        AccountRule(A.GOODS_RESERVED, Side.CREDIT, True, False, _UNIT),
    )
}


@dataclass(frozen=True)
class KindRule:
    """One kind of entry: whether it needs an authority, and the figure it moves.

    The figure is moved by what the entry does to ``left`` (available + reserved − shortfall):
    ``sign`` times that change. ``None``: it moves no figure (money changes place, not owner).
    """

    kind: E
    authorized: bool
    figure: Figure | None
    sign: int = 1


KINDS: dict[E, KindRule] = {
    rule.kind: rule
    for rule in (
        KindRule(E.GIFT, False, Figure.RAISED),
        KindRule(E.BANK_GIFT, False, Figure.RAISED),
        KindRule(E.SLIP_BANK, False, Figure.RAISED),
        KindRule(E.SLIP, False, None),
        KindRule(E.FEE, False, Figure.FEES, -1),
        KindRule(E.FEE_BORNE, False, Figure.BORNE),
        KindRule(E.PAYOUT, False, None),
        KindRule(E.PAYOUT_BANK, False, None),
        KindRule(E.ADVANCE, False, None),
        KindRule(E.ADVANCE_REPAID, False, None),
        KindRule(E.SUSPENSE_IN, False, None),
        KindRule(E.SUSPENSE_OUT, False, None),
        KindRule(E.SUSPENSE_RETURN, False, None),
        KindRule(E.REFUND, False, Figure.REFUNDED, -1),
        KindRule(E.DISPUTE, False, Figure.DISPUTED, -1),
        KindRule(E.DISPUTE_WON, False, Figure.DISPUTED, -1),
        KindRule(E.RESERVE, True, None),
        KindRule(E.VOID, False, None),
        KindRule(E.PAY, True, Figure.USED, -1),
        KindRule(E.BANK_RETURN, False, Figure.USED, -1),
        KindRule(E.MONEY_BACK, False, Figure.USED, -1),
        # The same three for an application of function fundraising: a cost, never *used*.
        KindRule(E.COST_PAY, True, Figure.COSTS, -1),
        KindRule(E.COST_RETURN, False, Figure.COSTS, -1),
        KindRule(E.COST_BACK, False, Figure.COSTS, -1),
        # A correction counts as the kind it corrects (``counts_as``), never as itself.
        KindRule(E.CORRECTION, False, None),
        KindRule(E.INTEREST, False, None),
        KindRule(E.BANK_CHARGE, False, None),
    )
}


_MONEY = (A.CLEARING, A.BANK)
_OWNED = (A.AVAILABLE, A.RESERVED, A.SHORTFALL)
Pair = tuple[A, A]


def _pairs(debits: tuple[A, ...], credits_: tuple[A, ...]) -> tuple[Pair, ...]:
    return tuple((debit, credit) for debit in debits for credit in credits_)


def _both(one: A, other: A) -> tuple[Pair, ...]:
    return ((one, other), (other, one))


# Debit and credit, as the recipes post them.
POSTS: dict[E, dict[B, tuple[Pair, ...]]] = {
    E.GIFT: {B.UNIT: _pairs((A.CLEARING,), (A.SHORTFALL, A.AVAILABLE))},
    E.FEE: dict.fromkeys(_GIVING, ((A.AVAILABLE, A.CLEARING),)),
    E.FEE_BORNE: {
        B.UNIT: _pairs((A.CLEARING,), (A.SHORTFALL, A.AVAILABLE)),
        B.OWN: ((A.AVAILABLE, A.CLEARING),),
    },
    E.PAYOUT: dict.fromkeys(_GIVING, _both(A.TRANSIT, A.CLEARING)),
    E.PAYOUT_BANK: dict.fromkeys(_GIVING, _both(A.BANK, A.TRANSIT)),
    E.ADVANCE: {B.OWN: ((A.ADVANCED, A.BANK),), B.UNIT: ((A.BANK, A.ADVANCE),)},
    E.ADVANCE_REPAID: {B.OWN: ((A.BANK, A.ADVANCED),), B.UNIT: ((A.ADVANCE, A.BANK),)},
    E.SLIP: {B.UNIT: ((A.TRANSIT, A.PENDING_IN),)},
    E.SLIP_BANK: {
        B.UNIT: (
            (A.BANK, A.TRANSIT),
            *_pairs((A.PENDING_IN,), (A.SHORTFALL, A.AVAILABLE)),
        )
    },
    E.BANK_GIFT: {B.UNIT: _pairs((A.BANK,), (A.SHORTFALL, A.AVAILABLE))},
    E.SUSPENSE_IN: {B.SUSPENSE: ((A.BANK, A.HELD),)},
    E.SUSPENSE_OUT: {B.SUSPENSE: ((A.HELD, A.BANK),)},
    E.SUSPENSE_RETURN: {B.SUSPENSE: ((A.HELD, A.BANK),)},
    E.REFUND: {B.UNIT: _pairs(_OWNED, _MONEY), B.OWN: _pairs((A.AVAILABLE,), _MONEY)},
    E.DISPUTE: {B.UNIT: _pairs(_OWNED, _MONEY), B.OWN: _pairs((A.AVAILABLE,), _MONEY)},
    E.DISPUTE_WON: {
        B.UNIT: _pairs(_MONEY, (A.SHORTFALL, A.AVAILABLE)),
        B.OWN: _pairs(_MONEY, (A.AVAILABLE,)),
    },
    E.RESERVE: {B.UNIT: ((A.AVAILABLE, A.RESERVED),)},
    E.VOID: {B.UNIT: ((A.RESERVED, A.AVAILABLE),)},
    E.PAY: {B.UNIT: ((A.RESERVED, A.BANK),)},
    E.BANK_RETURN: {B.UNIT: ((A.BANK, A.RESERVED),)},
    E.MONEY_BACK: {B.UNIT: _pairs((A.BANK,), (A.SHORTFALL, A.AVAILABLE))},
    E.COST_PAY: {B.UNIT: ((A.RESERVED, A.BANK),)},
    E.COST_RETURN: {B.UNIT: ((A.BANK, A.RESERVED),)},
    E.COST_BACK: {B.UNIT: _pairs((A.BANK,), (A.SHORTFALL, A.AVAILABLE))},
    E.INTEREST: {B.OWN: ((A.BANK, A.AVAILABLE),)},
    E.BANK_CHARGE: {B.OWN: ((A.AVAILABLE, A.BANK),)},
}


def _mirrors(book: B, pairs: tuple[Pair, ...]) -> set[Pair]:
    """What a correction of such postings may post: either way round, spilling as a refund does."""
    found: set[Pair] = set()
    for debit, credit in pairs:
        found |= {(debit, credit), (credit, debit)}
        for owned, other in ((debit, credit), (credit, debit)):
            if owned in _OWNED and other not in _OWNED:
                for spill in _OWNED:
                    if book in ACCOUNTS[spill].books:
                        found |= {(spill, other), (other, spill)}
    return found


# (counts as, is a correction, kind of book, debit, credit): the rows of the reference table.
PAIRS: frozenset[tuple[E, bool, B, A, A]] = frozenset(
    (kind, correction, book, debit, credit)
    for kind, books in POSTS.items()
    for book, pairs in books.items()
    for correction, allowed in ((False, set(pairs)), (True, _mirrors(book, pairs)))
    for debit, credit in allowed
)


@cache
def kind_of(code: str) -> A:
    """The account kind of an account code: ``clearing:sandbox`` is ``clearing``.

    Raises ``ValueError`` on a code that the chart does not know.
    """
    head, _, name = code.partition(":")
    kind = A(head)
    if ACCOUNTS[kind].named != bool(name):
        raise ValueError(f"account code {code!r}")
    return kind
