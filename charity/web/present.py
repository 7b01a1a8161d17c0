"""What templates get: frozen values, put together from the queries.

Rule: nothing is computed here but words, addresses and order; every figure comes from a query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.queries import GiftView, PaymentView
from charity.figures.queries import RecentGift
from charity.funds.queries import CampaignView
from charity.kernel import clock
from charity.ledger.queries import Figures
from charity.receipts.kinds import ReceiptStatus
from charity.receipts.queries import ReceiptView
from charity.web import qr

_PATIENCE = dt.timedelta(minutes=10)


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
        status=shown_status(view),
        purpose=view.purpose,
        purpose_en=view.purpose_en,
        filing_number=view.filing_number,
        figures=figures,
    )


def shown_status(view: CampaignView) -> str:
    """The word for where a campaign is: taken down stands before everything."""
    return "taken_down" if view.taken_down_at is not None else view.status.value


def recent(gifts: Sequence[RecentGift]) -> list[RecentGift]:
    """The gifts as they are listed: who gave no name is a kind person."""
    return [replace(one, display_name=one.display_name or _("爱心人士")) for one in gifts]


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
    campaign_name_en: str
    campaign_slug: str
    unit_name: str
    unit_name_en: str
    unit_code: str
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
    scan: Markup | None
    stages: list[Stage]


def gift(view: GiftView, receipt: ReceiptView | None, key: str) -> GiftShown:
    """The gift with its receipt, as whoever holds the key may see it."""
    stands = receipt is not None and receipt.status is ReceiptStatus.VALID
    return GiftShown(
        id=view.id,
        campaign_name=view.campaign_name,
        campaign_name_en=view.campaign_name_en,
        campaign_slug=view.campaign_slug,
        unit_name=view.unit_name,
        unit_name_en=view.unit_name_en,
        unit_code=view.unit_code,
        amount_fen=view.amount_fen,
        status=_gift_status(view),
        entry_number=view.entry_number,
        receipt_number=receipt.number if receipt else None,
        # A paper that no longer counts is named but not handed out.
        receipt_url=url_for("site.gift_receipt", gift_id=view.id, key=key) if stands else None,
        url=url_for("site.gift", gift_id=view.id, key=key),
    )


def _gift_status(view: GiftView) -> str:
    """The word for where a gift is; one entered by hand waits for other things than a payment."""
    waits = view.status in (GiftStatus.CREATED, GiftStatus.PENDING)
    return f"hand_{view.status}" if waits and view.payment_id is None else view.status.value


def payment(view: PaymentView, gifts: Sequence[GiftShown]) -> PaymentShown:
    """The payment with its stages."""
    return PaymentShown(
        id=view.id,
        status=view.status.value,
        amount_fen=view.amount_fen,
        fee_fen=view.fee_fen,
        created_at=view.created_at,
        provider=view.provider,
        pay_url=view.pay_url,
        scan=qr.inline(view.scan) if view.scan else None,
        stages=_stages(view, gifts),
    )


def _stages(view: PaymentView, gifts: Sequence[GiftShown]) -> list[Stage]:
    """Created, paid, settled, numbered, and the receipt where one is wanted."""
    at = dict(view.stages)
    settled = all(one.settled_at for one in view.gifts)
    settled_at = max((one.settled_at for one in view.gifts if one.settled_at), default=None)
    line = [
        Stage("created", _("已创建"), True, view.created_at),
        Stage(
            "paid",
            _("支付成功"),
            view.status is PaymentStatus.PAID,
            at.get(PaymentStatus.PAID),
        ),
        Stage("settled", _("已入账"), settled, settled_at if settled else None),
        Stage("numbered", _("已编号"), all(one.entry_number for one in gifts), None),
    ]
    if any(one.receipt_wanted for one in view.gifts):
        line.append(Stage("receipt", _("确认书"), all(one.receipt_number for one in gifts), None))
    return line


def is_final(view: PaymentView, shown: PaymentShown) -> bool:
    """Whether nothing on the page will change soon.

    A receipt that cannot be printed waits for a person; the page does not ask for it all day.
    """
    if view.status in (PaymentStatus.FAILED, PaymentStatus.EXPIRED):
        return True
    if all(stage.done for stage in shown.stages):
        return True
    settled = [one.settled_at for one in view.gifts]
    return all(at is not None and clock.now() - at > _PATIENCE for at in settled)
