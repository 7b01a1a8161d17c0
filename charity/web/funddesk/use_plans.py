"""The uses that a campaign's filed plan allows, as units' applications are checked against them.

Rule: a fund manager states them with the clause of the plan; each statement is a new version, and
what was approved before stands.
"""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    SelectChoice,
    SelectMultipleField,
    TextAreaField,
)

from charity.disbursements import use_plans, use_queries
from charity.disbursements.kinds import Category, Purpose
from charity.funds import campaign_queries as campaigns
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.people.kinds import Role
from charity.web import use_words
from charity.web.entry import DayField
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.campaigns import READERS
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
_UNKNOWN = _l("不是可以选择的值。")


class UsesForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What money of the campaign may be used for, for whom and when. Nothing ticked: anything."""

    purposes = SelectMultipleField(
        _l("用途"),
        choices=[
            SelectChoice(each.value, word)
            for each, word in use_words.PURPOSES.items()
            if each is not Purpose.CAMPAIGN_COST
        ],
        invalid_choice_message=_UNKNOWN,  # type: ignore[call-arg] # not in the stubs yet
    )
    categories = SelectMultipleField(
        _l("受助对象类别"),
        choices=[SelectChoice(each.value, word) for each, word in use_words.CATEGORIES.items()],
        invalid_choice_message=_UNKNOWN,  # type: ignore[call-arg] # see above
    )
    starts_on = DayField(_l("开始使用日期"))
    ends_on = DayField(_l("使用结束日期"))
    clause = TextAreaField(_l("方案中的依据"), filters=[strip], validators=[Text()])


@bp.get("/campaigns/<slug>/uses", endpoint="campaign_uses")
@staff(*READERS)
def shown(slug: str) -> str:
    """What is stated now, and for a fund manager the form to state it anew."""
    plan = use_queries.plan(slug)
    campaign = campaigns.desk_campaign(slug)
    form = UsesForm(formdata=None)
    if plan is None:
        form.starts_on.data = campaign.starts_on.isoformat()
        form.ends_on.data = campaign.ends_on.isoformat()
    else:
        form.purposes.data = [each.value for each in plan.purposes]
        form.categories.data = [each.value for each in plan.categories]
        form.starts_on.data = plan.use_from.isoformat()
        form.ends_on.data = plan.use_until.isoformat()
        form.clause.data = plan.clause
    return _page(slug, form)


def _page(slug: str, form: UsesForm) -> str:
    return render_template(
        "funddesk/campaign_uses.html",
        campaign=campaigns.desk_campaign(slug),
        plan=use_queries.plan(slug),
        words=use_words,
        form=form,
        may_manage=current().holds(Role.FUND_MANAGER),
    )


@bp.post("/campaigns/<slug>/uses", endpoint="state_campaign_uses")
@staff(Role.FUND_MANAGER, second_factor=True)
def state(slug: str) -> Answer:
    """State them anew."""
    refuse_doubled_fields(but=("purposes", "categories"))
    form = UsesForm()
    first, last = form.starts_on, form.ends_on
    if not form.validate() or first.day is None or last.day is None:
        return make_response(_page(slug, form), 422)
    try:
        atomically(use_plans.set_plan)(
            slug,
            purposes=[Purpose(each) for each in form.purposes.data or ()],
            categories=[Category(each) for each in form.categories.data or ()],
            use_from=first.day,
            use_until=last.day,
            clause=form.clause.data or "",
            by=current(),
        )
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(slug, form), error.status)
    flash(_("用款范围已登记，新的申请按它核对。"), "good")
    return redirect(url_for("funddesk.campaign_uses", slug=slug), 303)
