"""Pages that anyone reads: campaigns, units, the public table, help. They change nothing.

Rule: every figure stands together with the entry number it is as of, read in the same snapshot.
"""

from __future__ import annotations

import io

import segno
from flask import Response, render_template, request, url_for

from charity.figures import queries as figures
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures
from charity.web import present
from charity.web.address import absolute
from charity.web.guards import public
from charity.web.site import bp

PAGE = 50
RECENT = 10


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
            if view.status == CampaignStatus.OPEN
        ],
    )


@bp.get("/campaigns")
@public
def campaigns() -> str:
    """Every public campaign."""
    by_slug = figures.campaign_figures()
    return render_template(
        "site/campaigns.html",
        campaigns=[
            present.card(view, by_slug.get(view.slug, Figures())) for view in funds.campaigns()
        ],
    )


@bp.get("/campaigns/<slug>")
@public
def campaign(slug: str) -> str:
    """One campaign: plan, figures, its raising units."""
    view = funds.campaign(slug)
    q = request.args.get("q", "").strip()[:100]
    page = figures.unit_rows(slug, q or None, request.args.get("cursor"), PAGE)
    return render_template(
        "site/campaign.html",
        campaign=view,
        figures=figures.campaign_figures().get(slug, Figures()),
        as_of_entry=page.as_of_entry,
        units=page.items,
        next_cursor=page.next_cursor,
        q=q,
    )


@bp.get("/campaigns/<slug>/units/<code>")
@public
def unit(slug: str, code: str) -> str:
    """One raising unit in one campaign: its own book, and with its sub-units."""
    campaign_view, unit_view = funds.campaign(slug), funds.unit(slug, code)
    row = figures.unit_row(slug, code)
    return render_template(
        "site/unit.html",
        campaign=campaign_view,
        unit=unit_view,
        figures=row.figures,
        subtree=row.subtree,
        as_of_entry=ledger.head(),
        children=figures.child_rows(slug, code),
        recent_gifts=present.recent(figures.recent_gifts(slug, code, RECENT)),
    )


@bp.get("/campaigns/<slug>/units/<code>/qr.svg")
@public
def unit_qr(slug: str, code: str) -> Response:
    """A QR code that opens the unit's page, by the address of our own settings."""
    unit_view = funds.unit(slug, code)
    target = absolute(url_for("site.unit", slug=slug, code=unit_view.code))
    drawn = io.BytesIO()
    # Attributes only: the content security policy holds for an image opened by itself, too.
    segno.make(target, error="m", micro=False).save(
        drawn, kind="svg", scale=8, border=4, light="white", svgclass=None, lineclass=None
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@bp.get("/units")
@public
def units() -> str:
    """The public table: one row per raising unit."""
    slug = request.args.get("campaign") or None
    q = request.args.get("q", "").strip()[:100]
    page = figures.unit_rows(slug, q or None, request.args.get("cursor"), PAGE)
    return render_template(
        "site/units.html",
        rows=page.items,
        next_cursor=page.next_cursor,
        as_of_entry=page.as_of_entry,
        q=q,
        campaign=slug,
        campaigns=funds.campaigns(),
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
