"""What templates get: frozen values, put together from the queries.

Rule: nothing is computed here but words, addresses and order; every figure comes from a query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import url_for
from flask_babel import gettext as _

from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.queries import GiftView, PaymentView
from charity.funds.queries import CampaignView
from charity.ledger.queries import Figures
from charity.receipts import queries as receipts

_IN_LEDGER = {
    GiftStatus.SETTLED,
    GiftStatus.PARTLY_REFUNDED,
    GiftStatus.REFUNDED,
    GiftStatus.DISPUTED,
}


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """A campaign in a list, with its figures."""

    slug: str
    name: str
    name_en: str
    status: str
    purpose: str
    purpose_en: str
    filing_number: str
    figures: Figures


def card(view: CampaignView, figures: Figures) -> CampaignCard:
    """The campaign as a card."""
    return CampaignCard(
        slug=view.slug,
        name=view.name,
        name_en=view.name_en,
        status=view.status,
        purpose=view.purpose,
        purpose_en=view.purpose_en,
        filing_number=view.filing_number,
        figures=figures,
    )


class Stage(NamedTuple):
    """One step of a payment's way, as the progress macro takes it."""

    key: str
    label: str
    done: bool
    at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class GiftShown:
    """One gift on the page of its payment."""

    id: str
    campaign_name: str
    campaign_slug: str
    unit_name: str
    unit_code: str | None
    amount_fen: int
    status: str
    entry_number: int | None
    receipt_number: str | None
    receipt_url: str | None
    url: str


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """A payment on its page."""

    id: str
    status: str
    amount_fen: int
    fee_fen: int | None
    created_at: dt.datetime
    provider: str
    pay_url: str | None
    stages: list[Stage]


def gift(view: GiftView, key: str) -> GiftShown:
    """The gift with its receipt, as whoever holds the key may see it."""
    receipt = receipts.by_gift(view.id)
    return GiftShown(
        id=view.id,
        campaign_name=view.campaign_name,
        campaign_slug=view.campaign_slug,
        unit_name=view.unit_name,
        unit_code=view.unit_code,
        amount_fen=view.amount_fen,
        status=view.status,
        entry_number=view.entry_number,
        receipt_number=receipt.number if receipt else None,
        receipt_url=url_for("site.gift_receipt", gift_id=view.id, key=key) if receipt else None,
        url=url_for("site.gift", gift_id=view.id, key=key),
    )


def payment(view: PaymentView, gifts: Sequence[GiftShown]) -> PaymentShown:
    """The payment with its stages."""
    return PaymentShown(
        id=view.id,
        status=view.status,
        amount_fen=view.amount_fen,
        fee_fen=view.fee_fen,
        created_at=view.created_at,
        provider=view.provider,
        pay_url=view.pay_url,
        stages=stages(view, gifts),
    )


def stages(view: PaymentView, gifts: Sequence[GiftShown]) -> list[Stage]:
    """Created, paid, settled, numbered, and the receipt where one is wanted."""
    settled = all(one.status in _IN_LEDGER for one in gifts)
    line = [
        Stage("created", _("已创建"), True, view.created_at),
        Stage("paid", _("支付成功"), view.status == PaymentStatus.PAID, None),
        Stage("settled", _("已入账"), settled, None),
        Stage("numbered", _("已编号"), all(one.entry_number for one in gifts), None),
    ]
    if wants_receipt(view):
        line.append(Stage("receipt", _("确认书"), all(one.receipt_number for one in gifts), None))
    return line


def wants_receipt(view: PaymentView) -> bool:
    """Whether a receipt was asked for."""
    return any(one.receipt_wanted for one in view.gifts)


def is_final(view: PaymentView, shown: PaymentShown) -> bool:
    """Whether nothing on the page will change by itself."""
    if view.status in (PaymentStatus.FAILED, PaymentStatus.EXPIRED):
        return True
    return all(stage.done for stage in shown.stages)
