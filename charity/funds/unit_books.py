"""Opening a raising unit's book in a campaign: the verb behind an admission."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select

from charity.funds.errors import AlreadyAdmitted, UnknownCampaign, UnknownUnit
from charity.funds.models import Campaign, CampaignUnit, Unit
from charity.funds.trail import trail
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, db
from charity.kernel.ids import new_id
from charity.ledger.kinds import BookKind
from charity.ledger.services import Actor, open_book


def admit_unit(
    campaign: str, unit: str, *, request_id: str | None = None, actor: Actor | None = None
) -> int:
    """Let a unit raise in a campaign: its book is opened; return the book's id.

    The steps before it are ``admissions``'. Raises UnknownCampaign, UnknownUnit, AlreadyAdmitted.
    """
    return admit_units(campaign, [unit], request_id=request_id, actor=actor)[unit]


def admit_units(
    campaign: str,
    units: Iterable[str],
    *,
    request_id: str | None = None,
    actor: Actor | None = None,
) -> dict[str, int]:
    """``admit_unit`` for many; the books' ids by unit code."""
    require_atomic()
    session, codes = db.session(), list(units)
    place = session.execute(
        select(Campaign.id, Campaign.currency).where(Campaign.slug == campaign)
    ).first()
    if place is None:
        raise UnknownCampaign
    rows = session.execute(select(Unit.code, Unit.id).where(among(Unit.code, codes)))
    ids: dict[str, int] = {row.code: row.id for row in rows}
    if set(codes) - ids.keys():
        raise UnknownUnit
    there = select(CampaignUnit.id).where(
        CampaignUnit.campaign_id == place.id, among(CampaignUnit.unit_id, ids.values())
    )
    if len(set(codes)) < len(codes) or session.scalar(there.limit(1)) is not None:
        raise AlreadyAdmitted
    books = {
        code: open_book(kind=BookKind.UNIT, currency=place.currency, campaign=campaign, unit=code)
        for code in codes
    }
    session.execute(
        insert(CampaignUnit),
        [
            {
                "id": new_id(),
                "campaign_id": place.id,
                "unit_id": ids[code],
                "book_id": books[code],
                "admitted_at": clock.now(),
                "request_id": request_id,
            }
            for code in codes
        ],
    )
    for code in codes:
        trail(actor, "unit.admitted", "unit", code, {"campaign": campaign, "request": request_id})
    return books
