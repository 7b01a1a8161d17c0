"""What the API answers, field by field; no field gets out that is not named here.

Money is whole fen in ``…_fen`` with ``currency`` beside it; moments are RFC 3339 UTC, dates those
of Asia/Shanghai.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.queries import GiftView, PaymentView
from charity.donations.services import Created
from charity.figures.queries import Totals, UnitRow
from charity.funds.queries import CampaignView
from charity.ledger.queries import Figures

Json = dict[str, Any]


def money(figures: Figures) -> Json:
    """The money fields of the contract."""
    return asdict(figures)


def totals(found: Totals) -> Json:
    """``GET /totals``."""
    return {
        "as_of_entry": found.as_of_entry,
        "currency": found.currency,
        **money(found.figures),
        "suspense_fen": found.suspense_fen,
        "gifts": found.gifts,
        "donors": found.donors,
        "units": found.units,
        "organizations": found.organizations,
        "projects": found.projects,
        "pairings": found.pairings,
    }


def campaign(view: CampaignView, figures: Figures, as_of_entry: int) -> Json:
    """One campaign with its figures."""
    return {
        "slug": view.slug,
        "name": view.name,
        "name_en": view.name_en,
        "status": view.status.value,
        "filing_number": view.filing_number,
        "platform_name": view.platform_name,
        "platform_url": view.platform_url,
        "starts_on": view.starts_on.isoformat(),
        "ends_on": view.ends_on.isoformat(),
        "as_of_entry": as_of_entry,
        "currency": view.currency,
        **money(figures),
    }


def unit(row: UnitRow) -> Json:
    """One raising unit: its own book, and with its sub-units."""
    return {
        "code": row.code,
        "name": row.name,
        "name_en": row.name_en,
        **money(row.figures),
        "subtree": money(row.subtree),
    }


def _gift_line(view: GiftView) -> Json:
    return {
        "id": view.id,
        "campaign": view.campaign_slug,
        "unit": view.unit_code,
        "amount_fen": view.amount_fen,
        "status": view.status.value,
    }


def created(found: Created, view: PaymentView, pay_url: str) -> Json:
    """``POST /gifts``: the one answer that carries the secret.

    A repeated call gets the answer of the first, so the states are those of that moment; where the
    payment is now, ``GET /payments/<id>`` says.
    """
    lines = [_gift_line(one) for one in view.gifts]
    return {
        "payment_id": view.id,
        "status": PaymentStatus.PENDING.value,
        "amount_fen": view.amount_fen,
        "currency": view.currency,
        "pay_url": pay_url,
        "provider_reference": view.provider_reference,
        "secret": found.secret,
        "gifts": [{**line, "status": GiftStatus.PENDING.value} for line in lines],
    }


def payment(view: PaymentView) -> Json:
    """``GET /payments/<id>``: nothing about who gave."""
    return {
        "id": view.id,
        "status": view.status.value,
        "amount_fen": view.amount_fen,
        "currency": view.currency,
        "gifts": [_gift_line(one) for one in view.gifts],
    }


def gift(view: GiftView, receipt_number: str | None) -> Json:
    """``GET /gifts/<id>``: nothing about who gave, nor what else was in the payment."""
    return {
        **_gift_line(view),
        "currency": view.currency,
        "entry_number": view.entry_number,
        "log_index": view.log_index,
        "receipt_number": receipt_number,
    }
