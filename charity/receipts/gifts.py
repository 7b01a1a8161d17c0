"""The gifts behind receipts: what a receipt of each would say, as it stands now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from charity.donations import queries as donations
from charity.donations.kinds import Display, GiftStatus
from charity.donations.models import Donor, Gift
from charity.funds.models import Campaign, CampaignUnit, Unit
from charity.kernel import clock
from charity.kernel.crypto import mask_name
from charity.kernel.db import among, db

NO_NAME = "爱心人士"


@dataclass(frozen=True, slots=True)
class DonorText:
    """How a donor is named on paper, in public (when that differs), and to who verifies."""

    printed: str
    public: str | None
    masked: str
    uscc: str | None = None


@dataclass(frozen=True, slots=True)
class GiftFacts:
    """A gift as its receipt needs it; amount in fen, date of Asia/Shanghai."""

    gift_id: int
    status: GiftStatus
    donor: DonorText
    campaign_name: str
    filing_number: str
    unit_name: str
    amount_fen: int
    currency: str
    given_on: dt.date
    bill_wish: str


def donor_text(
    display: Display, name: str | None, organization: str | None, uscc: str | None
) -> DonorText:
    """The donor as chosen: anonymous stays anonymous on paper too.

    The paper is the donor's own, so a name that is masked in public is printed whole, with a line
    that says how the public sees it. Who verifies sees a person masked even when the public does
    not: number and code may have gone through many hands.
    """
    full = organization or name
    if display is Display.ANONYMOUS or full is None:
        return DonorText(NO_NAME, None, NO_NAME)
    public = donations.shown(display, name, organization)
    masked = full if organization and public == full else mask_name(full)
    return DonorText(full, None if public == full else public, masked, uscc)


def lock(gift_ids: Sequence[int]) -> None:
    """Hold the gifts' rows until the unit of work ends: no refund comes in between."""
    db.session().execute(
        select(Gift.id).where(among(Gift.id, gift_ids)).order_by(Gift.id).with_for_update()
    ).all()


def load(gift_ids: Sequence[int]) -> list[GiftFacts]:
    """The facts of those of these gifts that ever settled, in the order of their ids."""
    rows = db.session().execute(
        select(
            Gift.id,
            Gift.status,
            Gift.display,
            Gift.amount_fen,
            Gift.bill_wish,
            Campaign.currency,
            Gift.settled_at,
            Donor.name,
            Donor.organization_name,
            Donor.organization_uscc,
            Campaign.name.label("campaign_name"),
            Campaign.filing_number,
            Unit.name.label("unit_name"),
        )
        .join(CampaignUnit, CampaignUnit.id == Gift.campaign_unit_id)
        .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
        .join(Unit, Unit.id == CampaignUnit.unit_id)
        .outerjoin(Donor, Donor.id == Gift.donor_id)
        .where(among(Gift.id, gift_ids), Gift.settled_at.is_not(None))
        .order_by(Gift.id)
    )
    return [
        GiftFacts(
            gift_id=row.id,
            status=GiftStatus(row.status),
            donor=donor_text(
                Display(row.display), row.name, row.organization_name, row.organization_uscc
            ),
            campaign_name=row.campaign_name,
            filing_number=row.filing_number,
            unit_name=row.unit_name,
            amount_fen=row.amount_fen,
            currency=row.currency,
            given_on=clock.local_date(row.settled_at),
            bill_wish=row.bill_wish,
        )
        for row in rows
    ]
