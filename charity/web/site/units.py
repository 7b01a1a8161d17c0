"""Pages of raising units: each one's own, its QR code, print sheet and share card; the table.

Rule: every figure stands together with the entry number it is as of, read in the same snapshot.
"""

from __future__ import annotations

from flask import make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from charity.figures import list_queries
from charity.figures import queries as figures
from charity.funds import queries as funds
from charity.funds import unit_queries as units_of
from charity.funds.queries import CampaignView, UnitView
from charity.ledger import queries as ledger
from charity.ledger.kinds import Mode
from charity.web import cards, present, qr
from charity.web.address import absolute
from charity.web.guards import public
from charity.web.locale import called, language
from charity.web.providers import offered
from charity.web.site import bp
from charity.web.use_words import CATEGORIES, PURPOSES

PAGE = 50
RECENT = 10
RECENT_USES = 5
_DAY_S = 24 * 3600


@bp.get("/campaigns/<slug>/units/<code>")
@public
def unit(slug: str, code: str) -> str:
    """One raising unit in one campaign: its own book, and with its sub-units."""
    campaign_view, unit_view = funds.campaign(slug), funds.unit(slug, code)
    told, now = figures.unit_page(slug, code, RECENT), units_of.unit_full(code)
    uses = list_queries.latest_uses(RECENT_USES, slug, code)
    return render_template(
        "site/unit.html",
        campaign=campaign_view,
        unit=unit_view,
        now=now,
        takes_gifts=campaign_view.accepts_gifts and now.is_open and bool(offered([slug])),
        steward=units_of.steward(code),
        teams=units_of.teams(code),
        figures=told.row.figures,
        subtree=told.row.subtree,
        as_of_entry=told.as_of_entry,
        children=told.children,
        words=told.words,
        uses=uses,
        helped=figures.helped(slug, code) if uses else 0,
        purposes=PURPOSES,
        categories=CATEGORIES,
        recent_gifts=present.recent(told.recent_gifts),
        page_url=_page(slug, code),
        card_url=absolute(url_for("site.unit_card", slug=slug, code=code, lang=language())),
    )


@bp.get("/campaigns/<slug>/units/<code>/qr.svg")
@public
def unit_qr(slug: str, code: str) -> Response:
    """A QR code that opens the unit's page, by the address of our own settings."""
    unit_view = funds.unit(slug, code)
    return _kept_for_a_day(qr.svg(_page(slug, unit_view.code)), "image/svg+xml")


@bp.get("/campaigns/<slug>/units/<code>/card.png")
@public
def unit_card(slug: str, code: str) -> Response:
    """The picture a messenger shows beside a link to the unit's page."""
    campaign_view, unit_view = funds.campaign(slug), funds.unit(slug, code)
    return _kept_for_a_day(cards.png(_card(campaign_view, unit_view)), "image/png")


@bp.get("/campaigns/<slug>/units/<code>/sheet")
@public
def unit_sheet(slug: str, code: str) -> str:
    """A sheet to print and put up: whose box this is, under which filing, and the code to scan."""
    return render_template(
        "site/unit_sheet.html",
        campaign=funds.campaign(slug),
        unit=funds.unit(slug, code),
        page_url=_page(slug, code),
    )


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


def _page(slug: str, code: str) -> str:
    """The whole address of a unit's page."""
    return absolute(url_for("site.unit", slug=slug, code=code))


def _kept_for_a_day(content: bytes, media_type: str) -> Response:
    """An answer that browsers keep for a day and then ask about."""
    response = make_response(content)
    response.mimetype = media_type
    response.cache_control.public = True
    response.cache_control.max_age = _DAY_S
    response.add_etag()
    return response.make_conditional(request)


def _card(campaign: CampaignView, unit: UnitView) -> cards.Card:
    """The card's words in the reader's language."""
    site = funds.charity()
    number = campaign.filing_number
    return cards.Card(
        charity=called(site) if site else "",
        campaign=called(campaign),
        unit=called(unit),
        filing=_("备案编号 %(number)s", number=number) if number else _("备案中"),
        rule=_("谁募集，谁使用，每一笔都能查"),
        test="" if ledger.mode() == Mode.REAL else _("测试资金，不是真实捐赠"),
        address=_page(campaign.slug, unit.code),
    )
