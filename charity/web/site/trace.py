"""Where my yuan went: one gift's way through its book to what was bought with it.

Rule: public, and shows no donor; whoever has the address may show it to anyone.
"""

from __future__ import annotations

from flask import render_template

from charity.disbursements import evidence_queries
from charity.disclosures import queries as disclosures
from charity.disclosures.queries import ReportView
from charity.figures import trace_queries
from charity.figures.trace_queries import Trace
from charity.web.guards import public
from charity.web.site import bp
from charity.web.use_words import CATEGORIES, PURPOSES


@bp.get("/trace/<gift_id>")
@public
def trace(gift_id: str) -> str:
    """The trace of one gift: first in, first used."""
    found = trace_queries.trace(gift_id)
    return render_template(
        "site/trace.html",
        trace=found,
        gift=found.gift,
        reports=_reports(found),
        pictures=evidence_queries.public_pictures([part.use.id for part in found.parts]),
        purposes=PURPOSES,
        categories=CATEGORIES,
    )


def _reports(found: Trace) -> list[ReportView]:
    """The published reports of the campaign whose days hold one of the uses shown."""
    days = [part.use.paid_on for part in found.parts]
    if not days:
        return []
    published = disclosures.published(found.gift.campaign_slug).items
    return [one for one in published if any(one.first_on <= day <= one.last_on for day in days)]
