"""Pages that anyone reads: home, help, how figures are checked. They change nothing.

Rule: every figure stands together with the entry number it is as of, read in the same snapshot.
"""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _

from charity.figures import list_queries
from charity.figures import queries as figures
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus
from charity.ledger import queries as ledger
from charity.ledger.queries import Figures
from charity.web import job_words, present
from charity.web.guards import public
from charity.web.site import bp
from charity.web.use_words import CATEGORIES, PURPOSES

RECENT_USES = 5


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
        helped=totals.helped,
        uses=list_queries.latest_uses(RECENT_USES),
        purposes=PURPOSES,
        categories=CATEGORIES,
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
    """Where the figures come from, the result of the last check, and that the worker lives."""
    check = figures.last_check()
    domains = {
        "ledger": _("账本：借贷相等、编号连续、可用不小于零"),
        "donations": _("捐赠、支付渠道与银行流水"),
        "disbursements": _("用款申请、审批与拨付"),
        "receipts": _("捐赠确认书"),
        "funds": _("募捐活动、募集单位与分账"),
        "figures": _("公开的数字与账本"),
        "disclosures": _("公开的报告"),
    }
    alive = {one.name: one for one in figures.heartbeats()}
    return render_template(
        "site/transparency.html",
        as_of_entry=ledger.head(),
        check=check,
        parts=[
            (domains[part.domain], part)
            for part in (check.parts if check else ())
            if part.domain in domains
        ],
        jobs=[(job_words.JOBS[name], alive[name]) for name in job_words.PUBLIC if name in alive],
        suspense_fen=ledger.suspense_fen(),
    )
