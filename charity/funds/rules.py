"""What a campaign must have before each step of its life. Pure: facts in, what is missing out.

Rule: the plan is whole before it is filed (慈善法 Art. 24, with the expected amount, its basis and
the fallback use); a public campaign opens only with its filing number and its page on a designated
platform; it ends on its last day or earlier with a reason; it is reported with a report, and closed
when none of its books holds anything on the way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from charity.funds.kinds import Basis, CampaignStatus, Need

# Texts of the plan that may not be empty, in the order of Art. 24.
PLAN_TEXTS = (
    Need.NAME,
    Need.PURPOSE,
    Need.AREA,
    Need.PERSON_IN_CHARGE,
    Need.CONTACT_PHONE,
    Need.OFFICE,
    Need.METHODS,
    Need.BANK_ACCOUNT,
    Need.BENEFICIARIES,
    Need.USE_PLAN,
    Need.COST_PLAN,
    Need.LEFTOVER,
    Need.EXPECTED_BASIS,
    Need.FALLBACK_USE,
)
FILING_TEXTS = (Need.FILING_NUMBER, Need.PLATFORM, Need.LISTING)
# What must stand at zero in every book before a campaign closes.
ON_THE_WAY = (
    Need.CLEARING,
    Need.TRANSIT,
    Need.RESERVED,
    Need.PENDING_IN,
    Need.SHORTFALL,
    Need.ADVANCE,
    Need.GOODS,
)
# What the filed plan consists of: a change of any of it is a new version.
PLAN_FIELDS = (
    "name",
    "name_en",
    "fundraising_basis",
    "starts_on",
    "ends_on",
    "area_code",
    *(
        f"{text}{language}"
        for text in (
            "area", "purpose", "beneficiaries", "use_plan", "cost_plan", "leftover",
            "fallback_use", "methods", "expected_basis",
        )
        for language in ("", "_en")
    ),
    "person_in_charge",
    "contact_phone",
    "contact_address",
    "bank_account",
    "expected_fen",
    "filing_number",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CampaignState:
    """What the steps are decided on. ``open_fen``: what books still hold, by account kind."""

    texts: Mapping[str, str]
    basis: Basis
    starts_on: dt.date
    ends_on: dt.date
    expected_fen: int
    taken_down: bool = False
    reports: int = 0
    open_fen: Mapping[str, int] = field(default_factory=dict)


def missing(
    state: CampaignState, to: CampaignStatus, *, today: dt.date, note: str = ""
) -> tuple[Need, ...]:
    """What the campaign still lacks to become ``to``; empty when it may."""
    match to:
        case CampaignStatus.FILED:
            return (*_plan(state), *_filing(state))
        case CampaignStatus.OPEN:
            return (*_plan(state), *_filing(state), *_listing(state), *_may_take(state, today))
        case CampaignStatus.ENDED:
            early = today <= state.ends_on and not note.strip()
            return (Need.EARLY_REASON,) if early else ()
        case CampaignStatus.REPORTED:
            return () if state.reports else (Need.REPORT,)
        case CampaignStatus.CLOSED:
            return tuple(each for each in ON_THE_WAY if _holds(state, each))
        case CampaignStatus.DRAFT:
            return ()


def kept(state: CampaignState, status: CampaignStatus) -> tuple[Need, ...]:
    """What a change may not take away from a campaign that is already ``status``."""
    if status is CampaignStatus.DRAFT:
        return (Need.DATES,) if state.ends_on < state.starts_on else ()
    whole = (*_plan(state), *_filing(state))
    return whole if status is CampaignStatus.FILED else (*whole, *_listing(state))


def _holds(state: CampaignState, need: Need) -> bool:
    """Goods lie in three accounts; the others in one each."""
    return any(
        fen and (kind == need.value or (need is Need.GOODS and kind.startswith("goods")))
        for kind, fen in state.open_fen.items()
    )


def _plan(state: CampaignState) -> list[Need]:
    lacking = [each for each in PLAN_TEXTS if not state.texts.get(each.value, "").strip()]
    if state.ends_on < state.starts_on:
        lacking.append(Need.DATES)
    if state.expected_fen < 1:
        lacking.append(Need.EXPECTED)
    return lacking


def _filing(state: CampaignState) -> list[Need]:
    """Only public fundraising is filed (Art. 24); the other two ask nobody in public."""
    if state.basis is not Basis.PUBLIC or state.texts.get("filing_number", "").strip():
        return []
    return [Need.FILING_NUMBER]


def _listing(state: CampaignState) -> list[Need]:
    if state.basis is not Basis.PUBLIC:
        return []
    lacking = [] if state.texts.get("platform_name", "").strip() else [Need.PLATFORM]
    listed = is_web_address(state.texts.get("platform_url", ""))
    return lacking if listed else [*lacking, Need.LISTING]


def _may_take(state: CampaignState, today: dt.date) -> list[Need]:
    lacking = [Need.NOT_OVER] if today > state.ends_on else []
    return [*lacking, Need.NOT_TAKEN_DOWN] if state.taken_down else lacking


def is_web_address(text: str) -> bool:
    """Whether ``text`` is a whole https address with a host, and nothing that hides another."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and "." in host and "@" not in parts.netloc


def takes_online(
    *,
    status: CampaignStatus,
    basis: Basis,
    filed: bool,
    listed: bool,
    taken_down: bool,
    starts_on: dt.date,
    ends_on: dt.date,
    today: dt.date,
) -> bool:
    """Whether gifts are taken on this site today: never without filing number and listing."""
    return (
        status is CampaignStatus.OPEN
        and basis is Basis.PUBLIC
        and filed
        and listed
        and not taken_down
        and starts_on <= today <= ends_on
    )
