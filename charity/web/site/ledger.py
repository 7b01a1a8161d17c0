"""The public list of gifts and uses.

Rule: a row is what ``figures.list_queries`` gives; no amount stands beside a name.
"""

from __future__ import annotations

from flask import render_template, request

from charity.figures import list_queries
from charity.figures.kinds import RowKind
from charity.funds import queries as funds
from charity.web.guards import public
from charity.web.site import bp
from charity.web.use_words import CATEGORIES, PURPOSES

PAGE = 50


@bp.get("/ledger")
@public
def ledger() -> str:
    """Gifts and uses by entry number, the newest first; of a campaign, a unit, a kind."""
    campaign = request.args.get("campaign") or None
    unit = request.args.get("unit", "").strip()[:64] or None
    kind = next((one for one in RowKind if one.value == request.args.get("kind")), None)
    page = list_queries.public_list(campaign, unit, kind, request.args.get("cursor"), PAGE)
    return render_template(
        "site/ledger.html",
        rows=page.items,
        next_cursor=page.next_cursor,
        as_of_entry=page.as_of_entry,
        campaign=campaign,
        unit=unit,
        kind=kind.value if kind else None,
        campaigns=funds.campaigns(),
        purposes=PURPOSES,
        categories=CATEGORIES,
    )
