"""How a unit comes to raise in a campaign: assessed, agreement signed, named in the plan, its book
opened by two people.

Rule: each step is a row of its own that is never changed, the newest counts; a step missing is told
in a sentence; what was there when the book was asked for is in the hashed facts of the request.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.funds import unit_rules as rules
from charity.funds.admission_queries import AdmissionView, admissions_of
from charity.funds.errors import AlreadyAdmitted, UnknownCampaign
from charity.funds.models import Campaign, Unit
from charity.funds.trail import trail
from charity.funds.unit_books import admit_units
from charity.funds.unit_errors import (
    DayUnfit,
    NoSuchUnit,
    StepsMissing,
    TextUnfit,
)
from charity.funds.unit_models import Agreement, Assessment, PlanNaming
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import among, db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id
from charity.ledger.services import Actor
from charity.people.queries import Signed

LOOKED_AT_LENGTH = 1000
CLAUSE_LENGTH = 200
AT_ONCE = 500
"""Books in one request: as many as one person can look through."""


def assess(
    campaign: str, units: Sequence[str], *, looked_at: str, fit: bool, on: dt.date, actor: Actor
) -> None:
    """Write down what was looked at in these units, and whether they are fit to raise.

    Raises UnknownCampaign, NoSuchUnit, TextUnfit, DayUnfit.
    """
    text = rules.clean_text(looked_at, LOOKED_AT_LENGTH, lines=True)
    if not text:
        raise TextUnfit(field="looked_at", longest=LOOKED_AT_LENGTH)
    _day(on, "assessed_on")
    _step(Assessment, campaign, units, actor, assessed_on=on, looked_at=text, fit=fit)
    _said("unit.assessed", campaign, units, actor, {"fit": fit, "on": str(on)})


def sign(
    campaign: str, units: Sequence[str], *, file: Stored, signed_on: dt.date, actor: Actor
) -> None:
    """Write down the signed agreement of these units: a kept file, cleaned by ``kernel.uploads``.

    Raises UnknownCampaign, NoSuchUnit, DayUnfit.
    """
    _day(signed_on, "signed_on")
    _step(
        Agreement, campaign, units, actor,
        signed_on=signed_on, path=file.path, sha256=file.sha256, size=file.size,
    )  # fmt: skip
    _said("unit.signed", campaign, units, actor, {"sha256": file.sha256, "on": str(signed_on)})


def name_in_plan(campaign: str, units: Sequence[str], *, clause: str, actor: Actor) -> None:
    """Write down where in the campaign's plan these units are named.

    Raises UnknownCampaign, NoSuchUnit, TextUnfit.
    """
    text = rules.clean_text(clause, CLAUSE_LENGTH)
    if not text:
        raise TextUnfit(field="clause", longest=CLAUSE_LENGTH)
    _step(PlanNaming, campaign, units, actor, clause=text)
    _said("unit.named", campaign, units, actor, {"clause": text})


def subject_of(campaign: str, unit: str) -> str:
    """What a request to open this book, alone or as the first of a list, is about."""
    name = f"{campaign}/{unit}"
    return name if len(name) <= 64 else hashlib.sha256(name.encode()).hexdigest()


def ask_books(campaign: str, units: Sequence[str], *, by: Signed) -> str:
    """Ask that the books of these units in the campaign be opened; the request's id.

    Raises UnknownCampaign, NoSuchUnit, AlreadyAdmitted, StepsMissing (with a sentence for each unit
    and step), and what ``approvals.services.request`` raises.
    """
    require_atomic()
    views = _ready(campaign, units)
    first = views[0]
    title = f"开立分账：{first.unit_name}（{first.unit_code}）· {first.campaign_name}"
    if len(views) > 1:
        title = f"开立分账：{first.unit_name}等 {len(views)} 个单位 · {first.campaign_name}"
    subject = subject_of(campaign, first.unit_code)
    return approvals.request(Kind.OPEN_BOOK, subject, _facts(campaign, views), by=by, title=title)


def open_books(request_id: str, by: Signed) -> dict[str, int]:
    """The effect of an approved request: each book is opened; the books' ids by unit code.

    Every step is looked at again; what was replaced since is FactsChanged. Raises what
    ``ask_books`` and ``approvals.services.use`` raise.
    """
    require_atomic()
    asked = approval_queries.request(request_id).facts
    campaign: str = asked["campaign"]
    views = _ready(campaign, [each["unit"] for each in asked["units"]])
    approvals.use(request_id, _facts(campaign, views))
    codes = [view.unit_code for view in views]
    return admit_units(campaign, codes, request_id=request_id, actor=by.actor)


def _ready(campaign: str, units: Sequence[str]) -> list[AdmissionView]:
    """The admissions of these units, with no step missing."""
    if not 0 < len(units) <= AT_ONCE:
        raise NoSuchUnit
    views = {view.unit_code: view for view in admissions_of(campaign, units)}
    if set(units) - views.keys():
        raise NoSuchUnit
    found = [views[code] for code in dict.fromkeys(units)]
    if any(view.admitted_at is not None for view in found):
        raise AlreadyAdmitted
    missing = {view.unit_code: view.missing for view in found if view.missing}
    if missing:
        raise StepsMissing(missing)
    return found


def _facts(campaign: str, views: Iterable[AdmissionView]) -> dict[str, object]:
    return {
        "campaign": campaign,
        "units": [
            {
                "unit": view.unit_code,
                "unit_name": view.unit_name,
                "assessed_on": str(view.assessed_on),
                "assessment": view.looked_at,
                "agreement": view.agreement_sha256,
                "signed_on": str(view.signed_on),
                "clause": view.clause,
            }
            for view in views
        ],
    }


def _day(day: dt.date, field: str) -> None:
    if day > clock.today():
        raise DayUnfit(field=field, before="—")


def _step(model: Any, campaign: str, units: Sequence[str], actor: Actor, **values: object) -> None:
    """One row of a step for each unit."""
    require_atomic()
    session, codes = db.session(), list(dict.fromkeys(units))
    campaign_id = session.scalar(select(Campaign.id).where(Campaign.slug == campaign))
    if campaign_id is None:
        raise UnknownCampaign
    ids = list(session.scalars(select(Unit.id).where(among(Unit.code, codes))))
    if not codes or len(ids) < len(codes):
        raise NoSuchUnit
    by = {"by_id": actor.id, "by_name": actor.name, "recorded_at": clock.now()}
    session.execute(
        insert(model),
        [
            {"id": new_id(), "campaign_id": campaign_id, "unit_id": unit_id, **by, **values}
            for unit_id in ids
        ],
    )


def _said(
    verb: str, campaign: str, units: Sequence[str], actor: Actor, after: dict[str, object]
) -> None:
    for code in dict.fromkeys(units):
        trail(actor, verb, "unit", code, {"campaign": campaign, **after})
