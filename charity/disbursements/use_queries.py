"""Reads of what was used, what may be used, and what is owed: figures beside applications."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from charity.disbursements.evidence_queries import waiting
from charity.disbursements.kinds import (
    USED,
    ApplicationStatus,
    Category,
    Function,
    PayeeKind,
    PaymentKind,
    Purpose,
)
from charity.disbursements.models import Application, Payee, Payment, UsePlan
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit
from charity.ledger import queries as ledger

PAGE = 50

#: Every unit's book of every campaign that is no draft, with its campaign and unit.
PLACE = funds.unit_books().subquery("place")


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a book now (实时), in fen. ``in_bank_fen`` over all bank accounts."""

    available_fen: int
    in_bank_fen: int
    at_provider_fen: int
    in_transit_fen: int
    reserved_fen: int
    shortfall_fen: int


def standing(book_id: int) -> Standing:
    """What may be used of a book, and where it lies; live."""
    has = ledger.balances(book_id)

    def of(kind: str) -> int:
        return sum(fen for code, fen in has.items() if code.partition(":")[0] == kind)

    return Standing(
        available_fen=of("available"),
        in_bank_fen=of("bank"),
        at_provider_fen=of("clearing"),
        in_transit_fen=of("transit"),
        reserved_fen=of("reserved"),
        shortfall_fen=of("shortfall"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """A use as it may be shown to everybody: no person, no account, no code of anybody helped.

    ``payee`` is an organization's name, empty for a person. ``pay_key`` is the idempotency key of
    the last payment's entry, by which its number is found.
    """

    id: str
    number: str
    book_id: int
    slug: str
    campaign_name: str
    campaign_name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    title: str
    reason: str
    function: Function
    purpose: Purpose
    category: Category
    people_count: int
    area_name: str
    currency: str
    amount_fen: int
    returned_fen: int
    paid_on: dt.date
    payee: str
    proved: bool
    pay_key: str

    @property
    def used_fen(self) -> int:
        """Paid out and not handed back."""
        return self.amount_fen - self.returned_fen


@dataclass(frozen=True, slots=True)
class UseRows:
    """Some uses; ``next_cursor`` begins the next page, None on the last."""

    items: tuple[UseRow, ...]
    next_cursor: str | None


def use_rows(
    *,
    slug: str | None = None,
    unit_code: str | None = None,
    book_ids: Iterable[int] | None = None,
    ids: Iterable[str] | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> UseRows:
    """What was used, by the day of payment, the newest first. Raises ``CursorUnfit``."""
    asked = (
        select(
            Application,
            PLACE,
            Payee.kind.label("payee_kind"),
            Payee.shown.label("payee_shown"),
        )
        .join(PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id)
        .join(Payee, Payee.id == Application.payee_id)
        .where(Application.status.in_([status.value for status in USED]))
    )
    if slug is not None:
        asked = asked.where(PLACE.c.slug == slug)
    if unit_code is not None:
        asked = asked.where(PLACE.c.code == unit_code)
    if book_ids is not None:
        asked = asked.where(among(Application.book_id, book_ids))
    if ids is not None:
        asked = asked.where(among(Application.public_id, ids))
    if cursor:
        at = db.session().execute(
            select(Application.paid_on, Application.id).where(Application.public_id == cursor)
        )
        found = at.first()
        if found is None or found.paid_on is None:
            raise CursorUnfit
        earlier = and_(Application.paid_on == found.paid_on, Application.id < found.id)
        asked = asked.where(or_(Application.paid_on < found.paid_on, earlier))
    asked = asked.order_by(Application.paid_on.desc(), Application.id.desc()).limit(limit + 1)
    rows = db.session().execute(asked).all()
    items = tuple(_use(row) for row in rows[:limit])
    return UseRows(items, items[-1].id if len(rows) > limit else None)


def pay_key(application_id: str, times: int) -> str:
    """Idempotency key of an application's payment: the first, or again after a bank return."""
    return f"application:{application_id}:pay-{times}"


def _use(row: Any) -> UseRow:
    one: Application = row.Application
    assert one.paid_on is not None
    return UseRow(
        id=one.public_id,
        number=one.number,
        book_id=one.book_id,
        slug=row.slug,
        campaign_name=row.campaign_name,
        campaign_name_en=row.campaign_name_en,
        unit_code=row.code,
        unit_name=row.name,
        unit_name_en=row.name_en,
        title=one.title,
        reason=one.reason,
        function=Function(one.function),
        purpose=Purpose(one.purpose),
        category=Category(one.category),
        people_count=one.people_count,
        area_name=one.area_name,
        currency=one.currency,
        amount_fen=one.paid_fen,
        returned_fen=one.returned_fen,
        paid_on=one.paid_on,
        payee=row.payee_shown if row.payee_kind == PayeeKind.ORGANIZATION.value else "",
        proved=one.status == ApplicationStatus.PROVED.value,
        pay_key=pay_key(one.public_id, one.paid_times),
    )


def proved_by_book(n: int, books: Iterable[int] | None = None) -> dict[int, int]:
    """Used money whose evidence was accepted, by book, as of entry ``n``, in fen.

    Paid less what came back, over entries up to ``n``; costs of fundraising are not counted, for
    they are not *used*.
    """
    number = ledger.numbered().subquery()
    paid = case((Payment.kind == PaymentKind.PAY.value, Payment.amount_fen),
                else_=-Payment.amount_fen)  # fmt: skip
    proved = (
        select(Application.book_id, func.sum(paid).label("fen"))
        .join(Payment, Payment.application_id == Application.id)
        .join(number, number.c.entry_id == Payment.entry_id)
        .where(
            Application.status == ApplicationStatus.PROVED.value,
            Application.function == Function.PROGRAMME.value,
            number.c.n <= n,
        )
        .group_by(Application.book_id)
    )
    if books is not None:
        proved = proved.where(among(Application.book_id, books))
    return {row.book_id: int(row.fen) for row in db.session().execute(proved) if row.fen}


def overdue(unit_code: str, on: dt.date | None = None) -> tuple[str, dt.date] | None:
    """Number and due day of the unit's oldest evidence that is overdue; None when none is.

    What was given and waits to be judged is the office's delay, not the unit's.
    """
    row = db.session().execute(
        select(Application.number, Application.evidence_due_on)
        .join(PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id)
        .where(
            PLACE.c.code == unit_code,
            Application.status == ApplicationStatus.PAID.value,
            Application.evidence_due_on < (on or clock.today()),
            ~waiting(),
        )
        .order_by(Application.evidence_due_on, Application.id)
        .limit(1)
    )
    found = row.first()
    return None if found is None else (found.number, found.evidence_due_on)


@dataclass(frozen=True, slots=True)
class UsePlanView:
    """The uses a campaign's filed plan allows; an empty set allows each."""

    version: int
    purposes: frozenset[Purpose]
    categories: frozenset[Category]
    use_from: dt.date
    use_until: dt.date
    clause: str


def plan(slug: str) -> UsePlanView | None:
    """The uses stated for a campaign; None: nothing narrower than the campaign itself."""
    row = (
        db.session()
        .scalars(
            select(UsePlan)
            .where(
                UsePlan.campaign_id
                == select(PLACE.c.campaign_id)
                .where(PLACE.c.slug == slug)
                .limit(1)
                .scalar_subquery()
            )
            .order_by(UsePlan.version.desc())
            .limit(1)
        )
        .first()
    )
    if row is None:
        return None
    return UsePlanView(
        version=row.version,
        purposes=frozenset(Purpose(each) for each in json.loads(row.purposes)),
        categories=frozenset(Category(each) for each in json.loads(row.categories)),
        use_from=row.use_from,
        use_until=row.use_until,
        clause=row.clause,
    )
