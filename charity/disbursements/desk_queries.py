"""Reads for a unit's desk: the books it may apply for, and what waits for its people.

Rule: a unit's people see what their unit raised, and that of the units it stands in for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from charity.disbursements import evidence_queries as evidence
from charity.disbursements.kinds import ApplicationStatus
from charity.disbursements.models import Application
from charity.disbursements.use_queries import PLACE, Standing, standing
from charity.funds import unit_queries as units
from charity.kernel import clock
from charity.kernel.db import among, db

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BookView:
    """A book a unit may apply for, and what stands in it now. ``name`` is the campaign's."""

    book_id: int
    slug: str
    name: str
    name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    currency: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitView:
    """An application that waits for its unit: questions to answer, or evidence to give."""

    id: str
    number: str
    title: str
    unit_code: str
    status: ApplicationStatus
    status_at: dt.datetime
    evidence_due_on: dt.date | None

    @property
    def evidence_overdue(self) -> bool:
        """Whether the evidence should have been there by now."""
        due = self.evidence_due_on
        return self.status is ApplicationStatus.PAID and due is not None and due < clock.today()


def units_of(code: str) -> tuple[str, ...]:
    """The unit itself and those it stands in for today."""
    return (code, *units.stewarded(code))


def books_of(code: str) -> list[BookView]:
    """The books that the unit may apply for, its own first, the newest campaign first."""
    codes = units_of(code)
    rows = db.session().execute(
        select(
            PLACE.c.book_id,
            PLACE.c.slug,
            PLACE.c.campaign_name,
            PLACE.c.campaign_name_en,
            PLACE.c.code,
            PLACE.c.name,
            PLACE.c.name_en,
            PLACE.c.currency,
        )
        .where(among(PLACE.c.code, codes))
        .order_by(PLACE.c.campaign_id.desc(), PLACE.c.book_id)
    )
    found = [
        BookView(
            book_id=row.book_id,
            slug=row.slug,
            name=row.campaign_name,
            name_en=row.campaign_name_en,
            unit_code=row.code,
            unit_name=row.name,
            unit_name_en=row.name_en,
            currency=row.currency,
            standing=standing(row.book_id),
        )
        for row in rows.all()
    ]
    return sorted(found, key=lambda book: book.unit_code != code)


def waiting_for(codes: Collection[str], person_id: str) -> list[WaitView]:
    """What waits for the people of these units, or for whoever asked for it; the oldest first."""
    rows = db.session().execute(
        select(
            Application.public_id,
            Application.number,
            Application.title,
            PLACE.c.code,
            Application.status,
            Application.status_at,
            Application.evidence_due_on,
        )
        .join(PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id)
        .where(
            or_(
                Application.status == ApplicationStatus.RETURNED.value,
                # What was given and is not yet judged waits for the office.
                and_(Application.status == ApplicationStatus.PAID.value, ~evidence.waiting()),
            ),
            or_(among(PLACE.c.code, codes), Application.asked_by_id == person_id),
        )
        .order_by(Application.status_at, Application.id)
        .limit(MOST)
    )
    return [
        WaitView(
            id=row.public_id,
            number=row.number,
            title=row.title,
            unit_code=row.code,
            status=ApplicationStatus(row.status),
            status_at=row.status_at,
            evidence_due_on=row.evidence_due_on,
        )
        for row in rows
    ]
