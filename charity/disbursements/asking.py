"""Asking for approval: the rules on what is so now, the request, and taking it back.

Order of locks: the approval request first, then the application, then the book; so deciding and
changing at one instant wait for each other and do not block each other.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.areas import queries as areas
from charity.areas.errors import UnknownArea
from charity.disbursements import payees, rules, store, use_queries
from charity.disbursements.errors import CampaignNotUsable, EvidenceOverdue
from charity.disbursements.kinds import (
    LIVE,
    ApplicationStatus,
    Category,
    EvidenceKind,
    Function,
    Purpose,
    Step,
)
from charity.disbursements.models import Application, Payee
from charity.disbursements.rules import ApplicationFacts, BudgetFacts, Frame, Levels
from charity.funds import queries as funds
from charity.funds.kinds import CampaignStatus
from charity.kernel import clock
from charity.kernel.db import db
from charity.parameters import queries as parameters
from charity.people.queries import Signed

_USABLE = frozenset({CampaignStatus.OPEN, CampaignStatus.ENDED, CampaignStatus.REPORTED})


def require_allowed(row: Application, where: Any) -> None:
    """Refuse what the rules refuse, on what is so now.

    Raises what ``rules.complete``, ``rules.within``, ``rules.covered`` and ``rules.not_split``
    raise, CampaignNotUsable, EvidenceOverdue.
    """
    facts, today = as_written(row, where), clock.today()
    rules.complete(facts)
    rules.within(facts, frame(where.slug, today))
    owed = use_queries.overdue(where.code, today)
    if owed is not None:
        raise EvidenceOverdue(number=owed[0], due=owed[1].isoformat())
    has = use_queries.standing(row.book_id)
    rules.covered(row.amount_fen, available_fen=has.available_fen, shortfall_fen=has.shortfall_fen)
    days = parameters.value("disbursements.split_days", today)
    rules.not_split(row.amount_fen, _to_same(row, where, days), levels(today), days=days)


def frame(slug: str, today: dt.date) -> Frame:
    """What the campaign lets its money be used for: its stated uses, else the campaign itself.

    Raises UnknownCampaign, CampaignNotUsable.
    """
    campaign = funds.campaign(slug)
    if campaign.status not in _USABLE:
        raise CampaignNotUsable
    stated = use_queries.plan(slug)
    days = parameters.value("disbursements.use_days", today)
    return Frame(
        purposes=stated.purposes if stated else (),
        categories=stated.categories if stated else (),
        area_code=campaign.area_code,
        area=_area_name(campaign.area_code) or campaign.area,
        first=stated.use_from if stated else campaign.starts_on,
        last=stated.use_until if stated else store.last_day(days, campaign.ends_on),
        plan=stated.clause if stated else campaign.use_plan,
    )


def levels(today: dt.date) -> Levels:
    """The amounts from which one more person decides, as they hold today."""
    return Levels(
        two_fen=parameters.value("approvals.level_two_fen", today),
        three_fen=parameters.value("approvals.level_three_fen", today),
    )


def ask(
    row: Application,
    where: Any,
    payee: Payee,
    *,
    scopes: Collection[str],
    by: Signed,
    answer: str = "",
    again: bool = False,
) -> str:
    """Put the request for what is stored, and let the application wait for it.

    ``again``: what was promised is gone, and the approvers are asked once more, by nobody anew.
    """
    request_id = approvals.request(
        Kind.APPLICATION,
        row.public_id,
        store.facts_of(row),
        by=by,
        title=f"用款申请 {row.number}：{where.name} · {row.title}",
        note=answer,
        scopes=scopes,
        # Whoever asks cannot decide anyway, and may have written down the payee.
        concerned=(payees.concerned(payee) | {row.written_by_id}) - {by.person_id},
        needed=rules.deciders(row.amount_fen, levels(clock.today())),
    )
    store.move(
        row,
        ApplicationStatus.WAITING,
        Step.TAKEN if again else Step.SUBMITTED,
        by=None if again else by.actor,
        words=answer,
        fen=row.amount_fen,
        keep="",
        asked_by_id=by.person_id,
        asked_by_name=by.name,
        asked_at=clock.now(),
        request_id=request_id,
        approved_hash=None,
        first_person_id=None,
        second_person_id=None,
        approved_at=None,
        expires_on=None,
    )
    return request_id


def unask(application_id: str, reason: str) -> None:
    """Withdraw what is asked about it, if anything is. Called before the row is locked."""
    approvals.withdraw_about(Kind.APPLICATION, application_id, reason=reason)


def as_written(row: Application, where: Any) -> ApplicationFacts:
    """The application as it is stored, for the rules."""
    payee = store.payee_of(row)
    return ApplicationFacts(
        campaign=where.slug,
        unit=where.code,
        title=row.title,
        reason=row.reason,
        function=Function(row.function),
        purpose=Purpose(row.purpose),
        category=Category(row.category),
        people_count=row.people_count,
        people_codes=tuple(json.loads(row.people_codes)),
        area_code=row.area_code,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        evidence_kinds=tuple(EvidenceKind(each) for each in json.loads(row.evidence_kinds)),
        evidence_plan=row.evidence_plan,
        amount_fen=row.amount_fen,
        budget=tuple(
            BudgetFacts(each.what, each.quantity, each.measure, each.price_fen)
            for each in store.budget_of(row)
        ),
        payee=payee.public_id if payee else None,
    )


def _to_same(row: Application, where: Any, days: int) -> list[tuple[str, int]]:
    """Number and amount of the unit's other applications to the same payee in the last days."""
    payee = store.payee_of(row)
    if payee is None:
        return []
    place = use_queries.PLACE
    since = clock.now() - dt.timedelta(days=days)
    rows = db.session().execute(
        select(Application.number, Application.amount_fen)
        .join(Payee, Payee.id == Application.payee_id)
        .join(place, place.c.campaign_unit_id == Application.campaign_unit_id)
        .where(
            Payee.same_index == payee.same_index,
            place.c.code == where.code,
            Application.id != row.id,
            Application.status.in_([status.value for status in LIVE]),
            Application.asked_at >= since,
        )
        .order_by(Application.id)
    )
    return [(number, fen) for number, fen in rows]


def _area_name(code: str) -> str:
    try:
        return areas.path_name(code) if code else ""
    except UnknownArea:
        return ""
