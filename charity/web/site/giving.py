"""The way of a gift: the give page, the basket, and the step to the provider.

Rule: our id is in the form before anyone pays, so a double click, a reload or a lost answer make
one gift. The same form sent again finds its payment; with other content it is refused and shown
the first one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import (
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from charity.donations import fees
from charity.donations import services as donations
from charity.donations.errors import (
    BelowMinimum,
    CampaignNotOpen,
    ChallengeNeeded,
    KeyConflict,
    NotOnline,
    ProviderOff,
)
from charity.donations.kinds import BillWish, Display, PaymentStatus
from charity.donations.services import DonorDetails, GiftItem, GiftRequest, Origin
from charity.funds import queries as funds
from charity.funds.queries import CampaignView, UnitView
from charity.funds.unit_queries import open_teams
from charity.kernel.atomic import atomically
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.money import yuan
from charity.web import session
from charity.web.address import own_path
from charity.web.forms import (
    CHOICES,
    BasketForm,
    DonorForm,
    GiveForm,
    place_error,
    refuse_doubled_fields,
)
from charity.web.guards import public
from charity.web.locale import language
from charity.web.providers import offered, provider_name
from charity.web.session import Line
from charity.web.site import bp
from charity.web.site.proposals import (
    Proposal,
    days_of,
    proposals,
    provider_of,
)


@dataclass(frozen=True, slots=True)
class BasketItem:
    """A basket's line with what it is for."""

    index: int
    campaign: CampaignView
    unit: UnitView | None
    amount_fen: int


@bp.route("/give/<slug>", methods=["GET", "POST"])
@public
def give(slug: str) -> Answer | str:
    """Give to one unit, or to the fund office when none is chosen; or put it into the basket."""
    campaign = funds.campaign(slug)
    code = request.args.get("unit") or None
    unit = funds.unit(slug, code) if code else None
    if not campaign.accepts_gifts:
        raise CampaignNotOpen
    providers = offered([slug])
    if not providers:
        raise NotOnline
    form = GiveForm()
    form.team.choices = _teams_of(unit)
    _offer(form, providers)
    if request.method == "GET":
        form.team.data = request.args.get("team", "")
        form.renew(providers)
        return _give_page(form, campaign, unit)
    refuse_doubled_fields()
    action = request.form.get("action", "")
    wants_basket = action == "basket"
    form.provider.data = provider_of(action) or form.provider.data
    fits = form.validate()
    # The basket keeps the amount only; who gives is asked there, once for all of it.
    if not fits and not (wants_basket and not form.amount.errors and not form.amount_choice.errors):
        return make_response(_give_page(form, campaign, unit), 422)
    line = Line(slug, code, form.amount_fen * days_of(action), form.team.data or None)
    if wants_basket:
        return _to_basket(form, line, campaign, unit)
    try:
        return _go_and_pay(form, [line])
    except KeyConflict:
        return _already(form)
    except NotFound:
        raise
    except BelowMinimum as error:
        _refused(form, error)
        instead = proposals(line.amount_fen, _provider(form), providers, basket=True)
        return make_response(_give_page(form, campaign, unit, instead), error.status)
    except RuleBroken as error:
        _refused(form, error)
        return make_response(_give_page(form, campaign, unit), error.status)


def _give_page(
    form: GiveForm,
    campaign: CampaignView,
    unit: UnitView | None,
    instead: Sequence[Proposal] = (),
) -> str:
    providers = _names(form)
    g.form_origins = donations.pay_origins(providers)
    estimates = {choice: fees.estimate(providers[0], int(choice) * 100) for choice in CHOICES}
    return render_template(
        "site/give.html",
        form=form,
        campaign=campaign,
        unit=unit,
        instead=instead,
        provider_hints=_provider_hints(providers),
        fee_estimates=estimates,
        fee_rule=fees.rule(providers[0]),
        fee_sentence=_(
            "支付渠道按笔收取手续费，从捐款中扣除，不另外收取。捐赠 10 元预计 %(ten)s，"
            "捐赠 100 元预计 %(hundred)s。",
            ten=yuan(estimates["10"]),
            hundred=yuan(estimates["100"]),
        ),
    )


def _teams_of(unit: UnitView | None) -> list[tuple[str, str]]:
    """The open teams of a unit, as a form offers them."""
    return [(each.code, each.name) for each in open_teams(unit.code)] if unit else []


def _item(line: Line) -> GiftItem:
    """A line as it is asked for."""
    return GiftItem(
        campaign=line.campaign, unit=line.unit, amount_fen=line.amount_fen, team=line.team
    )


def _to_basket(
    form: GiveForm, line: Line, campaign: CampaignView, unit: UnitView | None
) -> Answer | str:
    """Put the gift into the basket; what could never be paid is refused now, beside its field."""
    try:
        donations.check_item(
            _item(line),
            provider=_provider(form),
        )
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_give_page(form, campaign, unit), error.status)
    if not session.put_in_basket(line):
        form.form_errors.append(
            _("爱心篮最多放 %(limit)s 笔，请先支付或移出几笔。", limit=session.BASKET_LIMIT)
        )
        return make_response(_give_page(form, campaign, unit), 422)
    return redirect(url_for("site.basket"), 303)


@bp.route("/basket", methods=["GET", "POST"])
@public
def basket() -> Answer | str:
    """Several gifts, one payment."""
    lines = session.basket()
    form = BasketForm()
    # Where nothing takes them all at once, the page says so; what is sent is refused below.
    providers = offered({line.campaign for line in lines})
    _offer(form, providers)
    if request.method == "GET":
        form.renew(providers)
        return _basket_page(form, lines)
    refuse_doubled_fields()
    before = session.placed_by_form(form.form_id.data or "")
    if before and not lines:
        return _to_payment(before.payment_id, before.secret)
    if not lines:
        return redirect(url_for("site.basket"), 303)
    form.provider.data = provider_of(request.form.get("action", "")) or form.provider.data
    if not form.validate():
        return make_response(_basket_page(form, lines), 422)
    try:
        answer = _go_and_pay(form, lines)
    except KeyConflict:
        return _already(form)
    except BelowMinimum as error:
        _refused(form, error)
        total = sum(line.amount_fen for line in lines)
        instead = proposals(total, _provider(form), providers, basket=False)
        return make_response(_basket_page(form, lines, instead), error.status)
    except RuleBroken as error:
        _refused(form, error)
        # A line whose campaign has ended since is refused here, not when it was put in.
        return make_response(_basket_page(form, lines), max(error.status, 409))
    session.empty_basket()
    return answer


@bp.post("/basket/remove")
@public
def basket_remove() -> Answer:
    """Take one line out of the basket."""
    refuse_doubled_fields()
    index = request.form.get("index", "")
    if index.isascii() and index.isdecimal() and len(index) <= 3:
        session.take_from_basket(int(index))
    return redirect(url_for("site.basket"), 303)


def _basket_page(form: BasketForm, lines: Sequence[Line], instead: Sequence[Proposal] = ()) -> str:
    providers = _names(form)
    g.form_origins = donations.pay_origins(providers)
    items: list[BasketItem] = []
    kept: list[Line] = []
    for line in lines:
        try:
            campaign = funds.campaign(line.campaign)
            unit = funds.unit(line.campaign, line.unit) if line.unit else None
        except NotFound:
            # Put in before the unit left: nobody can give to it any more.
            continue
        items.append(BasketItem(len(items), campaign, unit, line.amount_fen))
        kept.append(line)
    if len(kept) < len(lines):
        session.keep_basket(kept)
    total = sum(item.amount_fen for item in items)
    return render_template(
        "site/basket.html",
        form=form,
        items=items,
        instead=instead,
        provider_hints=_provider_hints(providers),
        total_fen=total,
        fee_estimate_fen=fees.estimate(providers[0], total) if total and providers else 0,
    )


def _go_and_pay(form: DonorForm, lines: Sequence[Line]) -> Answer:
    """Make the intent, tell the provider, and send the donor to pay; once for each form."""
    origin = Origin(request.remote_addr or "", session.device(), form.solution.data or None)
    created = atomically(donations.create_intent)(_gift_request(form, lines), origin)
    payment = created.payment
    session.remember(str(form.form_id.data), payment.id, created.secret)
    pay_url = donations.start(payment.id)
    if payment.status not in (PaymentStatus.CREATED, PaymentStatus.PENDING):
        return _to_payment(payment.id, created.secret)
    # A browser would not follow the form to a page that ours did not name; the payment's own page
    # then has the link.
    if own_path(pay_url) is None and _origin(pay_url) not in donations.pay_origins(_names(form)):
        return _to_payment(payment.id, created.secret)
    return redirect(own_path(pay_url) or pay_url, 303)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _gift_request(form: DonorForm, lines: Sequence[Line]) -> GiftRequest:
    display = Display(form.display.data)
    wish = BillWish(form.bill_wish.data)
    if display is Display.ANONYMOUS and wish is BillWish.WAIVED:
        wish = BillWish.ANONYMOUS
    return GiftRequest(
        key=str(form.form_id.data),
        items=tuple(_item(line) for line in lines),
        donor=DonorDetails(
            name=form.donor_name.data or None,
            email=form.email.data or None,
            phone=form.phone.data or None,
            display=display,
            organization_name=None,
            organization_uscc=None,
        ),
        message=form.message.data or None,
        provider=_provider(form),
        receipt=bool(form.receipt.data),
        bill_wish=wish,
        language=language(),
        channel="web",
    )


def _refused(form: DonorForm, error: RuleBroken) -> None:
    """Say what was refused; where a challenge is asked, the page's script solves it and sends."""
    place_error(form, error)
    form.solution.data = ""
    if isinstance(error, ProviderOff):
        # Switched off since the page was drawn: nobody was asked for money under the old id.
        form.renew(_names(form))
    if isinstance(error, ChallengeNeeded):
        form.challenge = json.dumps(error.facts["challenge"])


def _already(form: DonorForm) -> Response:
    """The form was sent before with other content: say so and lead to the payment it made."""
    before = session.placed_by_form(str(form.form_id.data))
    first = (
        url_for("site.payment", payment_id=before.payment_id, key=before.secret) if before else None
    )
    page = render_template("site/already_given.html", first_url=first, again_url=request.full_path)
    return make_response(page, 409)


def _to_payment(payment_id: str, key: str) -> Answer:
    return redirect(url_for("site.payment", payment_id=payment_id, key=key), 303)


def _offer(form: DonorForm, providers: Sequence[str]) -> None:
    form.offer([(name, provider_name(name)) for name in providers])


def _names(form: DonorForm) -> tuple[str, ...]:
    """The providers this form offers."""
    return tuple(str(choice[0]) for choice in form.provider.choices or ())


def _provider_hints(providers: Sequence[str]) -> dict[str, str]:
    """What each provider takes of a hundred yuan, beside its name."""
    return {
        name: _("捐赠 100 元，预计手续费 %(fee)s", fee=yuan(fees.estimate(name, 10_000)))
        for name in providers
    }


def _provider(form: DonorForm) -> str:
    return str(form.provider.data or "")
