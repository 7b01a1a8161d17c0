"""What a caller asks for, and whether it can be: items with their books, texts made clean.

Each thing a request is checked against is looked up once at a ``Desk``, for one request or many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from charity.donations import rules
from charity.donations.errors import (
    CampaignNotOpen,
    CampaignUnknown,
    NoItems,
    ProviderOff,
    ProviderUnknown,
    TooManyItems,
    UnitUnknown,
    UsccUnfit,
)
from charity.donations.kinds import BillWish, Display
from charity.donations.limits import limits
from charity.donations.providers.base import Provider
from charity.donations.providers.registry import provider as provider_on
from charity.funds import provider_queries as switched
from charity.funds import queries as funds
from charity.funds import unit_queries as units
from charity.funds.errors import UnknownCampaign
from charity.funds.unit_errors import TeamNotTaking, UnitNotTaking
from charity.kernel import clock, credit_code
from charity.ledger import queries as ledger


@dataclass(frozen=True, slots=True)
class GiftItem:
    """One gift of a payment. No unit: it goes to the fund office's book."""

    campaign: str
    unit: str | None
    amount_fen: int
    team: str | None = None


@dataclass(frozen=True, slots=True)
class DonorDetails:
    """What the donor told of themselves; all of it may be left out."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    display: Display = Display.MASKED
    organization_name: str | None = None
    organization_uscc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftRequest:
    """A payment asked for. ``key`` is the caller's, unique for each channel for ever."""

    key: str
    items: tuple[GiftItem, ...]
    donor: DonorDetails
    provider: str
    receipt: bool
    bill_wish: BillWish
    channel: str
    message: str | None = None
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Placed:
    """An item with the book it goes to."""

    place: funds.Place
    amount_fen: int
    team: str | None


class Desk:
    """What requests are checked against, each thing looked up once."""

    def __init__(self) -> None:
        self.mode = ledger.mode()
        self.now = clock.now()
        self.limits = limits(clock.local_date(self.now))
        self.campaigns: dict[str, funds.CampaignView] = {}
        self.places: dict[tuple[str, str | None], funds.Place | None] = {}
        self.teams: dict[str, frozenset[str]] = {}
        self.providers: dict[str, frozenset[str]] = {}

    def campaign(self, slug: str) -> funds.CampaignView:
        """A public campaign. Raises UnknownCampaign."""
        if slug not in self.campaigns:
            self.campaigns[slug] = funds.campaign(slug)
        return self.campaigns[slug]

    def place(self, slug: str, unit: str | None) -> funds.Place | None:
        """The book of a unit, or of the fund office."""
        if (slug, unit) not in self.places:
            code = unit if unit is not None else funds.fund_office_code(slug)
            self.places[slug, unit] = funds.place(slug, code)
        return self.places[slug, unit]

    def takes(self, slug: str, provider: str) -> bool:
        """Whether the campaign takes gifts through this provider."""
        if slug not in self.providers:
            self.providers |= switched.taken([slug])
        return provider in self.providers[slug]

    def has_team(self, unit: str, team: str) -> bool:
        """Whether the unit has this team and it takes gifts today."""
        if unit not in self.teams:
            self.teams[unit] = frozenset(each.code for each in units.open_teams(unit))
        return team in self.teams[unit]


def checked(desk: Desk, request: GiftRequest) -> tuple[GiftRequest, list[Placed]]:
    """The request with clean texts, and its items with their books."""
    provider = provider_on(request.provider)
    placed = place_items(desk, request.items, provider, prefix="items.")
    # One payment carries many gifts: the provider's least is asked of their sum.
    field = "items.0.amount_fen" if len(placed) == 1 else "items"
    rules.require_least(sum(item.amount_fen for item in placed), provider.min_fen, field)
    donor, longest = request.donor, rules.ORGANIZATION_LENGTH
    organization = "donor.organization.name"
    clean = replace(
        donor,
        name=rules.fit_text(donor.name, "donor.name", rules.NAME_LENGTH),
        email=rules.fit_email(donor.email),
        phone=rules.fit_phone(donor.phone),
        organization_name=rules.fit_text(donor.organization_name, organization, longest),
        organization_uscc=_uscc(donor.organization_uscc),
    )
    message = rules.fit_text(request.message, "message", rules.MESSAGE_LENGTH, free=True)
    return replace(request, donor=clean, message=message), placed


def _uscc(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    code = credit_code.clean(text)
    if code is None:
        raise UsccUnfit
    return code


def place_items(
    desk: Desk, items: Sequence[GiftItem], provider: Provider, *, prefix: str
) -> list[Placed]:
    """The items with their books; ``prefix`` goes before the field an error names.

    Raises NoItems, TooManyItems, and what each amount, team, campaign and unit is refused for.
    """
    rule = desk.limits
    if not items:
        raise NoItems
    if len(items) > rule.max_items:
        raise TooManyItems
    placed = []
    for index, item in enumerate(items):
        at = f"{prefix}{index}." if prefix else ""
        amount = rules.fit_amount(item.amount_fen, f"{at}amount_fen", rule)
        team = rules.fit_text(item.team, f"{at}team", rules.TEAM_LENGTH)
        place = _place(desk, item, at, provider)
        if team is not None and not desk.has_team(place.unit_code, team):
            raise TeamNotTaking(field=f"{at}team")
        placed.append(Placed(place, amount, team))
    return placed


def _place(desk: Desk, item: GiftItem, at: str, provider: Provider) -> funds.Place:
    """The book of one item."""
    for text, field in ((item.campaign, "campaign"), (item.unit, "unit")):
        # What cannot be a slug or code is not looked for: the database may not even hold it.
        if text is not None and not (text.isascii() and text.isprintable() and len(text) <= 64):
            raise (CampaignUnknown if field == "campaign" else UnitUnknown)(field=f"{at}{field}")
    try:
        campaign = desk.campaign(item.campaign)
    except UnknownCampaign:
        raise CampaignUnknown(field=f"{at}campaign") from None
    place = desk.place(item.campaign, item.unit)
    if place is None:
        raise UnitUnknown(field=f"{at}unit")
    if not campaign.accepts_gifts:
        raise CampaignNotOpen(field=f"{at}campaign")
    if place.closed_on is not None and place.closed_on <= clock.local_date(desk.now):
        raise UnitNotTaking(field=f"{at}unit")
    if campaign.currency != provider.currency:
        raise ProviderUnknown
    if not desk.takes(item.campaign, provider.name):
        raise ProviderOff
    return place
