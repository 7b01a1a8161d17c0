"""Pages that anyone reads: home, help, how figures are checked. They change nothing.

Rule: every figure stands together with the entry number it is as of, read in the same snapshot.
"""

from __future__ import annotations

from flask import render_template

from charity.figures import queries as figures
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures
from charity.web import present
from charity.web.guards import public
from charity.web.site import bp


@bp.get("/")
@public
def home() -> str:
    """What this is, the totals, open campaigns."""
    totals = figures.totals()
    by_slug = figures.campaign_figures()
    return render_template(
        "site/home.html",
        figures=totals.figures,
        as_of_entry=totals.as_of_entry,
        gifts=totals.gifts,
        donors=totals.donors,
        units=totals.units,
        campaigns=[
            present.card(view, by_slug.get(view.slug, Figures()))
            for view in funds.campaigns()
            if view.status == CampaignStatus.OPEN and view.taken_down_at is None
        ],
    )


@bp.get("/help")
@public
def help() -> str:  # noqa: A001 - named after its address
    """How to give, check, and ask."""
    return render_template("site/help.html")


@bp.get("/privacy")
@public
def privacy() -> str:
    """What personal data is used for."""
    return render_template("site/privacy.html")


@bp.get("/transparency")
@public
def transparency() -> str:
    """Where the figures come from, and the result of the last check."""
    return render_template(
        "site/transparency.html", as_of_entry=ledger.head(), check=figures.last_check()
    )
