"""The chart of accounts and of entry kinds: the rows of the two reference tables.

Side and floor of an account come from here by foreign key, so an account cannot be opened with
its floor off. ``authorized`` kinds lower a book for someone and carry an authority; ``touches``
names the one pair of accounts such a kind may post.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        # A correction counts as the kind it corrects (``counts_as``), never as itself.
        KindRule(E.CORRECTION, False, None),
        KindRule(E.INTEREST, False, None),
        KindRule(E.BANK_CHARGE, False, None),
    )
}


def kind_of(code: str) -> A:
    """The account kind of an account code: ``clearing:sandbox`` is ``clearing``.

    Raises ``ValueError`` on a code that the chart does not know.
    """
    head, _, name = code.partition(":")
    kind = A(head)
    if ACCOUNTS[kind].named != bool(name):
        raise ValueError(f"account code {code!r}")
    return kind
