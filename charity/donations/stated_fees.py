"""What a provider took, when it says so after the payment was settled.

Rule: a payment has one fee, stated by the provider, entered once and never estimated. Each gift
bears its share by largest remainder. The fee of a gift that has gone back is the charity's own
loss, as it would be had it been stated before.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from charity.donations import late_fees
from charity.donations.back.kinds import RefundState, effect
from charity.donations.back.models import Refund
from charity.donations.kinds import GiftStatus
from charity.donations.models import Fee, Gift, Payment
from charity.donations.providers.base import Event
from charity.donations.verdict import DONE, Verdict, for_person, later
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.kernel.money import split
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Worksheet


@dataclass(frozen=True, slots=True)
class Stated:
    """One payment's fee as a provider states it. ``gross_fen`` is what was paid, in its words."""

    provider: str
    account: str
    payment_object: str
    object_id: str
    gross_fen: int
    fee_fen: int
    currency: str
    at: dt.datetime


def settle(provider: str, event: Event) -> Verdict:
    """Enter the fee an event states. Inside ``atomic()``."""
    if event.fee_fen is None:
        return for_person("no fee in it")
    return enter(
        Stated(
            provider,
            event.account,
            event.payment_object,
            event.object_id,
            event.amount_fen,
            event.fee_fen,
            event.currency,
            event.at,
        )
    )


def enter(fee: Stated) -> Verdict:
    """Enter a fee once, whoever states it. Inside ``atomic()``."""
    found = db.session().execute(
        select(
            Payment.id, Payment.intent_id, Payment.amount_fen, Payment.currency, Payment.fee_fen
        ).where(
            Payment.provider == fee.provider,
            Payment.account == fee.account,
            Payment.object_id == fee.payment_object,
        )
    )
    payment = found.one_or_none()
    if payment is None:
        return later("unknown payment")
    if fee.currency != payment.currency:
        return for_person("settled in other money")
    if fee.gross_fen != payment.amount_fen:
        return for_person("wrong amount")
    known = _known(payment)
    if known is None:
        sheet, gifts = _sheet(payment.intent_id, payment.currency)
        # Read again under the books' lock: who stated the fee beside us has been before us.
        known = _known(payment)
        if known is None:
            return _write(fee, payment.id, sheet, gifts)
    return DONE if known == fee.fee_fen else for_person("another fee of one payment")


def _known(payment: Any) -> int | None:
    """The fee that is entered, whether it came with the payment or after it."""
    if payment.fee_fen is not None:
        return int(payment.fee_fen)
    return db.session().scalar(select(Fee.amount_fen).where(Fee.payment_id == payment.id))


def _write(fee: Stated, payment_id: int, sheet: Worksheet, gifts: list[_Gift]) -> Verdict:
    try:
        _draft(sheet, fee, gifts)
    except BelowFloor:
        return later("the own book cannot bear the fee of a gift that went back")
    sheet.post()
    db.session().execute(
        insert(Fee).values(
            id=new_id(),
            payment_id=payment_id,
            provider=fee.provider,
            account=fee.account,
            object_id=fee.object_id,
            amount_fen=fee.fee_fen,
            stated_at=fee.at,
            recorded_at=clock.now(),
        )
    )
    return DONE


@dataclass(frozen=True, slots=True)
class _Gift:
    public_id: str
    book_id: int
    fen: int
    moved: int
    refund: str | None  # that sent it back


def _sheet(intent_id: int, currency: str) -> tuple[Worksheet, list[_Gift]]:
    """The gifts of a payment, read again under the lock of their books."""
    own_id = ledger.own_book(currency)
    sheet = ledger.worksheet({own_id, *(gift.book_id for gift in _gifts(intent_id))})
    return sheet, _gifts(intent_id)


def _gifts(intent_id: int) -> list[_Gift]:
    rows = db.session().execute(
        select(
            Gift.public_id,
            Gift.book_id,
            Gift.amount_fen,
            Gift.moved,
            Gift.status,
            Refund.public_id.label("refund"),
        )
        .outerjoin(Refund, (Refund.gift_id == Gift.id) & (Refund.state == RefundState.DONE.value))
        .where(Gift.intent_id == intent_id)
        .order_by(Gift.line)
    )
    back = GiftStatus.REFUNDED.value
    return [
        _Gift(
            row.public_id,
            row.book_id,
            row.amount_fen,
            row.moved,
            row.refund if row.status == back else None,
        )
        for row in rows
    ]


def _draft(sheet: Worksheet, fee: Stated, gifts: list[_Gift]) -> None:
    """Each gift's share on the sheet. Raises BelowFloor."""
    own_id = ledger.own_book(fee.currency)
    day = clock.local_date(min(fee.at, clock.now()))
    shares = split(fee.fee_fen, [gift.fen for gift in gifts])
    borne = [(gift, share) for gift, share in zip(gifts, shares, strict=True) if share]
    # First what may be refused, so that nothing is kept for later of a fee that is not entered.
    for gift, share in borne:
        if gift.refund is not None:
            _take_over(sheet, fee, gift, share=share, own_id=own_id, day=day)
    for gift, share in borne:
        part = late_fees.Fee(fee.provider, gift.public_id, fee.currency, share, day, gift.moved)
        late_fees.enter(sheet, part, book_id=gift.book_id, own_id=own_id)


def _take_over(
    sheet: Worksheet, fee: Stated, gift: _Gift, *, share: int, own_id: int, day: dt.date
) -> None:
    """The same entries as when a gift goes back after its fee was stated, so that no order of
    events changes a figure: the unit is given the fee first, and then bears it.
    """
    both = recipes.fee_borne(provider=fee.provider, fen=share)
    group = new_id()
    parts = ((own_id, both.own, "fee_own"), (gift.book_id, both.unit, "fee_unit"))
    for book_id, legs, name in parts:
        sheet.add(
            NewEntry(
                book_id=book_id,
                kind=EntryKind.FEE_BORNE,
                legs=legs,
                occurred_on=day,
                cause_type="refund",
                cause_id=str(gift.refund),
                effect=name,
                group_id=group,
            )
        )


def effects(moved: int) -> list[str]:
    """The ledger's words for what a gift did to its provider's account, in each of its books."""
    return [effect(name, n) for n in range(moved + 1) for name in ("settle", "fee", "fee_borne")]
