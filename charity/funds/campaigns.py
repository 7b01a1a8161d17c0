"""The verbs of campaigns: begin, write, take the next step, take down, put back.

Rule: a campaign goes forward one step at a time, each with its conditions (``rules.missing``); what
was filed changes only as a new version with its reason. One person takes a campaign down at once
and says why in public; two people put it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select, update

from charity.areas import queries as areas
from charity.areas.errors import UnknownArea
from charity.funds import rules
from charity.funds.campaign_texts import fit
from charity.funds.errors import (
    AlreadyTakenDown,
    NothingChanged,
    NotReady,
    NotTakenDown,
    PlanFiled,
    StepUnfit,
    UnknownCampaign,
    WordsMissing,
)
from charity.funds.kinds import CampaignStatus
from charity.funds.models import Campaign
from charity.funds.plans import note_step, record_version, state_of
from charity.funds.services import CampaignFacts, create_campaign
from charity.funds.states import NEXT
from charity.funds.trail import trail
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.ledger.services import Actor, Signature

NOTE_LENGTH = 300
# A campaign that was reported is history; its plan stands as it was.
_WRITABLE = frozenset(
    {CampaignStatus.DRAFT, CampaignStatus.FILED, CampaignStatus.OPEN, CampaignStatus.ENDED}
)


def begin(
    fund: str,
    *,
    slug: str,
    name: str,
    name_en: str = "",
    starts_on: dt.date,
    ends_on: dt.date,
    office: str,
    actor: Actor | None = None,
) -> int:
    """Enter an empty draft and return its id; nobody outside sees it.

    Raises ``CodeTaken``, ``CodeUnfit``, ``DatesUnfit``, ``PlanUnfit``, ``UnknownUnit``.
    """
    fit({"name": name, "name_en": name_en})
    facts = CampaignFacts(
        slug=slug,
        name=name,
        name_en=name_en,
        status=CampaignStatus.DRAFT,
        filing_number="",
        platform_name="",
        platform_url="",
        starts_on=starts_on,
        ends_on=ends_on,
        purpose="",
        purpose_en="",
        area="",
        beneficiaries="",
        use_plan="",
        cost_plan="",
        leftover="",
        person_in_charge="",
        contact_phone="",
        contact_address="",
    )
    return create_campaign(fund, facts, office=office, actor=actor)


def write(
    slug: str, values: Mapping[str, object], *, actor: Actor | None = None, reason: str = ""
) -> int:
    """Give fields of a campaign these values; return the plan's version afterwards.

    A change of a filed plan needs ``reason`` (public) and becomes a new version; the description
    and the platform's listing are no part of the plan. Raises ``PlanUnfit``, ``UnknownArea``,
    ``PlanFiled``, ``NothingChanged``, ``NotReady``, ``StepUnfit``, ``UnknownCampaign``.
    """
    require_atomic()
    row = _locked(slug)
    status = CampaignStatus(row.status)
    if status not in _WRITABLE:
        raise StepUnfit
    fit(values, campaign_id=row.id)
    if "area_code" in values and not areas.exists(str(values["area_code"])):
        raise UnknownArea
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    of_plan = status is not CampaignStatus.DRAFT and bool(changed.keys() & set(rules.PLAN_FIELDS))
    reason = reason.strip()
    if of_plan:
        if not reason:
            raise PlanFiled
        fit({"reason": reason})
    elif reason and not changed:
        raise NothingChanged
    for name, value in changed.items():
        setattr(row, name, value)
    _keeps_what_it_has(row, status)
    db.session().flush()
    version = row.plan_version
    if of_plan:
        version = record_version(row.id, actor=actor, reason=reason)
    if changed:
        after = {"fields": sorted(changed), "version": version, "reason": reason}
        trail(actor, "campaign.written", "campaign", slug, after)
    return version


def take_step(slug: str, to: CampaignStatus, *, actor: Actor | None = None, note: str = "") -> None:
    """Take a campaign one step forward. Filing makes its plan version 1.

    ``note`` is public and needed to end early. Raises ``NotReady`` (with everything that is
    missing), ``StepUnfit``, ``PlanUnfit``, ``UnknownCampaign``.
    """
    require_atomic()
    row = _locked(slug)
    now = CampaignStatus(row.status)
    if to not in NEXT[now]:
        raise StepUnfit
    note = note.strip()
    fit({"note": note})
    needs = rules.missing(state_of(row), to, today=clock.today(), note=note)
    if needs:
        raise NotReady(needs)
    row.status = to.value
    db.session().flush()
    note_step(row.id, to, note)
    if to is CampaignStatus.FILED:
        record_version(row.id, actor=actor)
    trail(
        actor, "campaign.status", "campaign", slug,
        {"status": to.value, "note": note}, before={"status": now.value},
    )  # fmt: skip


def take_down(slug: str, words: str, *, words_en: str = "", actor: Actor | None = None) -> None:
    """Take a public campaign down at once: its page says ``words``, and it takes no gifts.

    Raises ``WordsMissing``, ``AlreadyTakenDown``, ``StepUnfit`` (a draft is nowhere to be seen),
    ``UnknownCampaign``.
    """
    require_atomic()
    row = _locked(slug)
    if row.status == CampaignStatus.DRAFT.value:
        raise StepUnfit
    if row.taken_down_at is not None:
        raise AlreadyTakenDown
    words = " ".join(words.split())
    if not 0 < len(words) <= NOTE_LENGTH:
        raise WordsMissing
    words_en = " ".join(words_en.split())[: NOTE_LENGTH * 2]
    row.taken_down_at = clock.now()
    row.taken_down_words, row.taken_down_words_en = words, words_en
    db.session().flush()
    trail(actor, "campaign.taken_down", "campaign", slug, {"words": words})


def put_back(slug: str, *, signed: Signature) -> None:
    """Show a campaign again that was taken down, signed by two people.

    Raises ``NotTakenDown``, ``UnknownCampaign``.
    """
    require_atomic()
    row = _locked(slug)
    if row.taken_down_at is None:
        raise NotTakenDown
    before = {"words": row.taken_down_words}
    db.session().execute(
        update(Campaign)
        .where(Campaign.id == row.id)
        .values(taken_down_at=None, taken_down_words="", taken_down_words_en="")
    )
    two: dict[str, object] = {
        "requested_by": signed.first_person_id,
        "approved_by": signed.second_person_id,
    }
    trail(None, "campaign.put_back", "campaign", slug, two, before=before)


def _locked(slug: str) -> Campaign:
    """The campaign's row, locked. Raises UnknownCampaign."""
    row = (
        db.session()
        .scalars(select(Campaign).where(Campaign.slug == slug).with_for_update())
        .first()
    )
    if row is None:
        raise UnknownCampaign
    return row


def _keeps_what_it_has(row: Campaign, status: CampaignStatus) -> None:
    with db.session().no_autoflush:
        state = state_of(row)
    needs = rules.kept(state, status)
    if needs:
        raise NotReady(needs)
