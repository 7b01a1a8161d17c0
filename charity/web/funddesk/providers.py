"""Through which payment providers a campaign takes gifts, and asking for it to be otherwise.

Rule: one asks with a reason, another decides; only providers of this installation are offered.
"""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import RequestView
from charity.donations.services import provider_least
from charity.funds import campaign_queries as campaigns
from charity.funds import providers
from charity.funds.provider_queries import Switch, switches
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.campaigns import READERS
from charity.web.funddesk.effects import EFFECTS
from charity.web.guards import staff
from charity.web.providers import installed, provider_name
from charity.web.signed import current

Answer = Response | str
ASKING = approvals.asking(Kind.SWITCH_PROVIDER)


class SwitchForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Which provider is to be switched, and why."""

    change = RadioField(
        _l("变更"),
        choices=[],
        validate_choice=False,
        validators=[InputRequired(message=_l("请选择要启用或停用的支付渠道。"))],
    )
    reason = TextAreaField(
        _l("理由"),
        filters=[strip],
        validators=[
            Length(min=1, max=providers.REASON_LENGTH, message=_l("请填写理由，最多 300 字。")),
            Text(),
        ],
    )


@bp.get("/campaigns/<slug>/providers", endpoint="campaign_providers")
@staff(*READERS)
def shown(slug: str) -> str:
    """What is on and what is off, since when, and what is asked for."""
    return _page(slug, SwitchForm(formdata=None))


def _page(slug: str, form: SwitchForm) -> str:
    view, found = campaigns.desk_campaign(slug), switches(slug, installed())
    asked = {one.provider: _asked(slug, one.provider) for one in found}
    form.change.choices = [
        (f"{one.provider}:{'off' if one.taken else 'on'}", _change(one))
        for one in found
        if asked[one.provider] is None
    ]
    return render_template(
        "funddesk/campaign_providers.html",
        campaign=view,
        rows=[(one, provider_name(one.provider), asked[one.provider]) for one in found],
        least={one.provider: provider_least(one.provider) for one in found},
        form=form,
        may_ask=current().holds(ASKING) and bool(form.change.choices),
    )


def _change(one: Switch) -> str:
    name = provider_name(one.provider)
    return str(_("停用%(name)s", name=name) if one.taken else _("启用%(name)s", name=name))


def _asked(slug: str, provider: str) -> RequestView | None:
    """The request about it that still waits."""
    subject = providers.subject_of(slug, provider)
    found = approvals.latest(Kind.SWITCH_PROVIDER, subject)
    return found if found is not None and found.status is RequestStatus.WAITING else None


@bp.post("/campaigns/<slug>/providers", endpoint="ask_provider")
@staff(*ASKING, second_factor=True)
def ask(slug: str) -> Answer:
    """Ask that a provider is switched on or off; another person decides."""
    refuse_doubled_fields()
    form = SwitchForm()
    if not form.validate():
        return make_response(_page(slug, form), 422)
    provider, _colon, to = str(form.change.data).partition(":")
    if provider not in installed() or to not in ("on", "off"):
        raise NotFound
    try:
        request_id = atomically(providers.ask_switch)(
            slug, provider, on=to == "on", reason=form.reason.data or "", by=current()
        )
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_page(slug, form), error.status)
    flash(_("已提出，等待另一个人同意。"), "good")
    return redirect(url_for("funddesk.approval", request_id=request_id), 303)


EFFECTS[Kind.SWITCH_PROVIDER] = lambda asked, by: providers.switch(asked.id, by)
