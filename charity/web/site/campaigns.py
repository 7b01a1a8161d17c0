"""Pages of campaigns and of the special fund. They change nothing.

Rule: what the law wants in view (慈善法 Art. 25) stands first; what was taken down says so and
shows neither its description nor its files, while plan and figures stay public.
"""

from __future__ import annotations

from flask import Response, render_template, request, url_for

from charity.figures import list_queries
from charity.figures import queries as figures
from charity.funds import campaign_queries as campaign_reads
from charity.funds import queries as funds
from charity.funds.errors import UnknownCampaign, UnknownFund
from charity.funds.kinds import FundText
from charity.kernel import clock, richtext
from charity.kernel.errors import NotFound
from charity.ledger.queries import Figures
from charity.web import campaigns as drawn
from charity.web import present
from charity.web.guards import public
from charity.web.locale import language
from charity.web.providers import offered
from charity.web.site import bp
from charity.web.use_words import CATEGORIES, PURPOSES

PAGE = 50
RECENT_USES = 5


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
    """One campaign: what it is for, its plan, its figures, its raising units, its documents."""
    view = funds.campaign(slug)
    q = request.args.get("q", "").strip()[:100]
    page = figures.unit_rows(slug, q or None, request.args.get("cursor"), PAGE)
    uses = list_queries.latest_uses(RECENT_USES, slug)
    return render_template(
        "site/campaign.html",
        campaign=view,
        sheet=drawn.sheet(
            view, lambda file_id: url_for("site.campaign_file", slug=slug, file_id=file_id)
        ),
        basis=drawn.basis_word(view.fundraising_basis),
        area=drawn.area_word(view.area_code),
        steps=campaign_reads.steps_taken(slug),
        figures=page.total,
        as_of_entry=page.as_of_entry,
        units=page.items,
        next_cursor=page.next_cursor,
        q=q,
        uses=uses,
        helped=figures.helped(slug) if uses else 0,
        purposes=PURPOSES,
        categories=CATEGORIES,
        online=bool(offered([slug])),
        preview=False,
    )


@bp.get("/campaigns/<slug>/plan/<version>")
@public
def campaign_plan(slug: str, version: str) -> str:
    """One version of a filed plan, and what the versions before and after say."""
    view = funds.campaign(slug)
    versions = campaign_reads.plan_versions(slug)
    wanted = _number(version)
    shown = next((one for one in versions if one.version == wanted), None)
    if shown is None:
        raise UnknownCampaign
    return render_template(
        "site/campaign_plan.html",
        campaign=view,
        version=shown,
        versions=versions,
        lines=drawn.plan_lines(shown.plan),
        basis=drawn.basis_word(shown.plan["fundraising_basis"]),
        area=drawn.area_word(shown.plan["area_code"]),
    )


@bp.get("/campaigns/<slug>/files/<file_id>")
@public
def campaign_file(slug: str, file_id: str) -> Response:
    """A picture or document of a campaign that is in view."""
    return drawn.send(campaign_reads.public_file(slug, file_id))


@bp.get("/fund")
@public
def fund() -> str:
    """The special fund: management rules in force, committee, contact, older versions."""
    found = campaign_reads.fund()
    if found is None:
        # The footer leads here from the first day on.
        return render_template("site/fund.html", fund=None)
    today = clock.today()
    versions = {kind: campaign_reads.statements(found.code, kind) for kind in FundText}
    now = {kind: campaign_reads.in_force(each, today) for kind, each in versions.items()}
    return render_template(
        "site/fund.html",
        fund=found,
        texts={kind.value: _drawn(one) for kind, one in now.items() if one is not None},
        versions={kind.value: each for kind, each in versions.items()},
        campaigns=funds.campaigns(),
    )


@bp.get("/fund/<statement>/<version>")
@public
def fund_text(statement: str, version: str) -> str:
    """One version of what the fund says about itself."""
    found = campaign_reads.fund()
    if found is None or statement not in set(FundText):
        raise UnknownFund
    one = campaign_reads.statement(found.code, FundText(statement), _number(version))
    return render_template(
        "site/fund_text.html", fund=found, statement=one, text=_drawn(one), kind=statement
    )


def _drawn(one: campaign_reads.StatementView) -> dict[str, object]:
    """The text in the reader's language where there is one, else in Chinese and marked so."""
    english = language() == "en" and bool(one.body_en.strip())
    return {
        "html": richtext.render(one.body_en if english else one.body),
        "in_chinese": not english,
        "statement": one,
    }


def _number(text: str) -> int:
    """A version's number from the address. Raises NotFound for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise NotFound
    return int(text)
