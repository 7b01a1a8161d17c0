"""What a provider sent on: per book, one group of entries for each payout.

Rule: a payout is entered when every line in it is understood: each payment and refund is in the
ledger with its fee, and what the ledger has of it is the line's net to the fen. Then each book's
part goes from ``clearing`` to ``transit``, all of them or none. A payout that cannot be read so
waits, and after a day a person is asked: nothing is spread by guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import insert, select

from charity.donations import stated_fees
from charity.donations.models import Gift, Payment, Payout, PayoutBook
from charity.donations.models import PayoutLine as LineRow
from charity.donations.providers.base import Event, PayoutLine
from charity.donations.verdict import DONE, Verdict, for_person, later
from charity.kernel import clock
from charity.kernel.db import bulk_insert, db
from charity.kernel.ids import new_id
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry

_REFUND_EFFECTS = ("refund", "fee_unit", "fee_own")
_KNOWN_KINDS = frozenset({"payment", "refund", "fee"})


class _Stop(Exception):
    """Why the payout is not entered now."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def settle(provider: str, event: Event) -> Verdict:
    """Enter one payout, once. Inside ``atomic()``."""
    if _entered(provider, event) is not None:
        return DONE
    if event.currency != "CNY":
        return for_person("settled in other money")
    try:
        _require_readable(event)
        for line in event.lines:
            if line.kind == "payment":
                _state_fee(provider, event, line)
        causes = {line.id: _keys(provider, event.account, line) for line in event.lines}
        nets = _nets(provider, event, causes)
    except _Stop as stop:
        return stop.verdict
    try:
        group_id = _post(provider, event, nets)
    except BelowFloor:
        return later("the own book cannot bear the provider's charge")
    _record(provider, event, nets, group_id)
    return DONE


def failed(provider: str, event: Event) -> Verdict:
    """A payout came back. One that is in the ledger already is for a person."""
    if _entered(provider, event) is None:
        return later("a payout that came back and is not in the ledger")
    return for_person("a payout came back")


def _entered(provider: str, event: Event) -> int | None:
    return db.session().scalar(
        select(Payout.id).where(
            Payout.provider == provider,
            Payout.account == event.account,
            Payout.object_id == event.object_id,
        )
    )


def _require_readable(event: Event) -> None:
    for line in event.lines:
        if line.kind not in _KNOWN_KINDS:
            raise _Stop(for_person(f"a line of kind {line.kind}"))
        if line.kind == "fee" and line.net_fen > 0:
            raise _Stop(for_person("a charge that came back"))
    if sum(line.net_fen for line in event.lines) != event.amount_fen:
        raise _Stop(for_person("lines do not sum to the payout"))


def _state_fee(provider: str, event: Event, line: PayoutLine) -> None:
    """The line states the fee too, should nothing have told it before."""
    verdict = stated_fees.enter(
        stated_fees.Stated(
            provider,
            event.account,
            line.payment_object,
            line.id,
            line.net_fen + line.fee_fen,
            line.fee_fen,
            event.currency,
            event.at,
        )
    )
    if verdict != DONE:
        raise _Stop(verdict)


def _keys(provider: str, account: str, line: PayoutLine) -> list[str]:
    """The keys of the ledger's entries that make up the line."""
    if line.kind == "payment":
        rows = db.session().execute(
            select(Gift.public_id, Gift.moved)
            .join(Payment, Payment.intent_id == Gift.intent_id)
            .where(
                Payment.provider == provider,
                Payment.account == account,
                Payment.object_id == line.payment_object,
            )
        )
        return [
            f"gift:{gift}:{name}" for gift, moved in rows for name in stated_fees.effects(moved)
        ]
    if line.kind == "refund":
        return [f"refund:{line.refund_id}:{name}" for name in _REFUND_EFFECTS]
    return []


def _nets(provider: str, event: Event, causes: Mapping[str, list[str]]) -> dict[int, int]:
    """Each book's part of the payout: what its entries hold at the provider, line by line."""
    line_of = {key: line_id for line_id, keys in causes.items() for key in keys}
    held: dict[str, int] = defaultdict(int)
    nets: dict[int, int] = defaultdict(int)
    for key, book_id, fen in ledger_queries.moved(recipes.clearing(provider), list(line_of)):
        held[line_of[key]] += fen
        nets[book_id] += fen
    own_id = ledger.own_book(event.currency)
    for line in event.lines:
        if line.kind == "fee":
            nets[own_id] += line.net_fen
        elif held[line.id] != line.net_fen:
            # A refund on its way, or a fee that nobody could bear yet: the ledger will have it.
            raise _Stop(later(f"the ledger has {held[line.id]} of line {line.id}, not its net"))
    return {book_id: fen for book_id, fen in nets.items() if fen}


def _post(provider: str, event: Event, nets: Mapping[int, int]) -> int:
    """One group: charges of no gift first, then each book's part. Raises BelowFloor."""
    own_id, group_id = ledger.own_book(event.currency), new_id()
    sheet = ledger.worksheet({own_id, *nets})
    day = clock.local_date(min(event.at, clock.now()))
    for line in event.lines:
        if line.kind == "fee" and line.net_fen < 0:
            legs = recipes.fee(provider=provider, fen=-line.net_fen, available=0).own
            sheet.add(
                NewEntry(
                    book_id=own_id,
                    kind=EntryKind.FEE_BORNE,
                    legs=legs,
                    occurred_on=day,
                    cause_type="provider_line",
                    cause_id=line.id[:64],
                    effect="fee_borne",
                )
            )
    for book_id in sorted(nets):
        sheet.add(
            NewEntry(
                book_id=book_id,
                kind=EntryKind.PAYOUT,
                legs=recipes.payout(provider=provider, net=nets[book_id]),
                occurred_on=day,
                cause_type="payout",
                cause_id=event.object_id[:64],
                effect=f"sent:{book_id}",
                group_id=group_id,
            )
        )
    sheet.post()
    return group_id


def _record(provider: str, event: Event, nets: Mapping[int, int], group_id: int) -> None:
    payout_id, session = new_id(), db.session()
    names = {"provider": provider, "account": event.account}
    session.execute(
        insert(Payout).values(
            id=payout_id,
            **names,
            object_id=event.object_id,
            amount_fen=event.amount_fen,
            currency=event.currency,
            group_id=group_id,
            sent_at=event.at,
            recorded_at=clock.now(),
        )
    )
    bulk_insert(
        session,
        PayoutBook.__table__,  # type: ignore[arg-type] # a declarative class's table is a Table
        [
            {"id": new_id(), "payout_id": payout_id, "book_id": book_id, "net_fen": fen}
            for book_id, fen in sorted(nets.items())
        ],
    )
    bulk_insert(
        session,
        LineRow.__table__,  # type: ignore[arg-type] # see above
        [
            {
                "id": new_id(),
                "payout_id": payout_id,
                **names,
                "object_id": line.id,
                "kind": line.kind[:40],
                "net_fen": line.net_fen,
            }
            for line in event.lines
        ],
    )
