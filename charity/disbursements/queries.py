"""Reads of applications, payees, payments and holds, for pages, reports and upper domains.

Rule: a payee's account is shown by its tail and a person's name masked; nothing here opens a sealed
field. Public rows name no person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from charity.disbursements.errors import NoSuchApplication
from charity.disbursements.kinds import (
    ApplicationStatus,
    Category,
    EvidenceKind,
    Function,
    HoldReason,
    PayeeKind,
    PaymentKind,
    Purpose,
    Step,
)
from charity.disbursements.models import (
    Application,
    ApplicationStep,
    Attachment,
    BudgetLine,
    Hold,
    Payee,
    Payment,
)
from charity.disbursements.use_queries import (
    PLACE,
    Standing,
    UseRow,
    UseRows,
    overdue,
    plan,
    proved_by_book,
    standing,
    use_rows,
)
from charity.disbursements.views import (
    ApplicationView,
    AttachmentView,
    BudgetView,
    HoldView,
    PayeeView,
    PaymentView,
    StepView,
)
from charity.funds import queries as funds
from charity.funds.errors import UnknownUnit
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit

# With what is handed on from the files beside this one.
__all__ = [
    "ApplicationPage",
    "ApplicationView",
    "AttachmentView",
    "BudgetView",
    "HoldView",
    "PayeeView",
    "PaymentView",
    "Standing",
    "StepView",
    "UseRow",
    "UseRows",
    "application",
    "applications",
    "awaiting_evidence",
    "awaiting_payment",
    "by_request",
    "of_unit",
    "overdue",
    "payee",
    "payees_of",
    "plan",
    "proved_by_book",
    "standing",
    "use_rows",
]

PAGE = 30


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """Some applications; ``next_cursor`` begins the next page, None on the last."""

    items: tuple[ApplicationView, ...]
    next_cursor: str | None


def application(application_id: str) -> ApplicationView:
    """One application, by its public id. Raises ``NoSuchApplication``."""
    found = _views(_rows().where(Application.public_id == application_id))
    if not found:
        raise NoSuchApplication
    return found[0]


def by_request(request_id: str) -> ApplicationView:
    """The application that this approval request is about. Raises ``NoSuchApplication``."""
    found = _views(_rows().where(Application.request_id == request_id))
    if not found:
        raise NoSuchApplication
    return found[0]


def of_unit(
    unit_code: str,
    status: ApplicationStatus | None = None,
    cursor: str | None = None,
    *,
    limit: int = PAGE,
) -> ApplicationPage:
    """A unit's applications in all campaigns, the newest first. Raises ``CursorUnfit``."""
    return _page(PLACE.c.code == unit_code, status, cursor, limit)


def applications(
    status: ApplicationStatus | None = None,
    cursor: str | None = None,
    *,
    slug: str | None = None,
    limit: int = PAGE,
) -> ApplicationPage:
    """Those of every unit but drafts, the newest first, for the fund's desk and the supervisor."""
    wanted = Application.status != ApplicationStatus.DRAFT.value
    if slug is not None:
        wanted &= PLACE.c.slug == slug
    return _page(wanted, status, cursor, limit)


def awaiting_payment(cursor: str | None = None, *, limit: int = PAGE) -> ApplicationPage:
    """Approved and unpaid, the newest first. Raises ``CursorUnfit``."""
    return applications(ApplicationStatus.APPROVED, cursor, limit=limit)


def awaiting_evidence(cursor: str | None = None, *, limit: int = PAGE) -> ApplicationPage:
    """Paid, evidence not yet accepted, the newest first. Raises ``CursorUnfit``."""
    return applications(ApplicationStatus.PAID, cursor, limit=limit)


def payee(payee_id: str) -> PayeeView | None:
    """One payee, retired or not."""
    return next(iter(_payees(Payee.public_id == payee_id)), None)


def payees_of(unit_code: str, *, retired: bool = False) -> tuple[PayeeView, ...]:
    """The payees of a unit that may be chosen (or those retired), by when they were added."""
    units = funds.units().subquery()
    unit_id = db.session().scalar(select(units.c.id).where(units.c.code == unit_code))
    if unit_id is None:
        raise UnknownUnit
    gone = Payee.retired_at.is_not(None) if retired else Payee.retired_at.is_(None)
    return _payees((Payee.unit_id == unit_id) & gone)


def _payees(wanted: ColumnElement[bool]) -> tuple[PayeeView, ...]:
    units = funds.units().subquery()
    rows = db.session().execute(
        select(*_PAYEE, units.c.code)
        .join(units, units.c.id == Payee.unit_id)
        .where(wanted)
        .order_by(Payee.id)
    )
    return tuple(_payee(row) for row in rows)


# Never the sealed columns: a list opens nothing.
_PAYEE = (
    Payee.id,
    Payee.public_id,
    Payee.kind,
    Payee.shown,
    Payee.uscc,
    Payee.bank_name,
    Payee.tail,
    Payee.by_id,
    Payee.by_name,
    Payee.added_at,
    Payee.retired_at,
)


def _payee(row: Any) -> PayeeView:
    return PayeeView(
        id=row.public_id,
        unit_code=row.code,
        kind=PayeeKind(row.kind),
        shown=row.shown,
        uscc=row.uscc,
        bank_name=row.bank_name,
        tail=row.tail,
        added_by_id=row.by_id,
        added_by_name=row.by_name,
        added_at=row.added_at,
        retired_at=row.retired_at,
    )


def _rows() -> Select[*tuple[Any, ...]]:
    return select(Application, PLACE).join(
        PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id
    )


def _page(
    wanted: ColumnElement[bool],
    status: ApplicationStatus | None,
    cursor: str | None,
    limit: int,
) -> ApplicationPage:
    asked = _rows().where(wanted)
    if status is not None:
        asked = asked.where(Application.status == status.value)
    if cursor:
        last = select(Application.id).where(Application.public_id == cursor)
        if db.session().scalar(last) is None:
            raise CursorUnfit
        asked = asked.where(Application.id < last.scalar_subquery())
    found = _views(asked.order_by(Application.id.desc()).limit(limit + 1))
    more = found[limit - 1].id if len(found) > limit else None
    return ApplicationPage(tuple(found[:limit]), more)


def _children(model: Any, ids: Iterable[int], order: Any) -> dict[int, list[Any]]:
    """Rows of a child table by application."""
    asked = select(model).where(among(model.application_id, ids)).order_by(order)
    rows = db.session().scalars(asked.execution_options(populate_existing=True))
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.application_id, []).append(row)
    return found


def _views(asked: Select[*tuple[Any, ...]]) -> list[ApplicationView]:
    # What this unit of work wrote is read anew, not from what it loaded before.
    rows = db.session().execute(asked.execution_options(populate_existing=True)).all()
    ids = [row.Application.id for row in rows]
    units = funds.units().subquery()
    to = {
        row.id: _payee(row)
        for row in db.session().execute(
            select(*_PAYEE, units.c.code)
            .join(units, units.c.id == Payee.unit_id)
            .where(among(Payee.id, [row.Application.payee_id for row in rows]))
        )
    }
    budget = _children(BudgetLine, ids, BudgetLine.line)
    files = _children(Attachment, ids, Attachment.id)
    payments = _children(Payment, ids, Payment.id)
    holds = _children(Hold, ids, Hold.id)
    steps = _children(ApplicationStep, ids, ApplicationStep.id)
    return [
        _view(
            row,
            payee=to.get(row.Application.payee_id),
            budget=tuple(_budget(each) for each in budget.get(row.Application.id, ())),
            attachments=tuple(_attachment(each) for each in files.get(row.Application.id, ())),
            payments=tuple(_payment(each) for each in payments.get(row.Application.id, ())),
            holds=tuple(_hold(each) for each in holds.get(row.Application.id, ())),
            steps=tuple(_step(each) for each in steps.get(row.Application.id, ())),
        )
        for row in rows
    ]


_SAME = (
    "number", "book_id", "currency", "status_at", "version", "copied_from", "title", "reason",
    "people_count", "area_code", "area_name", "starts_on", "ends_on", "evidence_plan",
    "amount_fen", "written_by_id", "written_by_name", "created_at", "asked_by_id",
    "asked_by_name", "asked_at", "request_id", "words", "approved_hash", "approved_at",
    "expires_on", "paid_on", "paid_fen", "returned_fen", "evidence_due_on", "proved_at",
    "proved_by_name",
)  # fmt: skip


def _view(row: Any, **children: Any) -> ApplicationView:
    one: Application = row.Application
    return ApplicationView(
        id=one.public_id,
        slug=row.slug,
        campaign_name=row.campaign_name,
        campaign_name_en=row.campaign_name_en,
        unit_code=row.code,
        unit_name=row.name,
        unit_name_en=row.name_en,
        status=ApplicationStatus(one.status),
        function=Function(one.function),
        purpose=Purpose(one.purpose),
        category=Category(one.category),
        people_codes=tuple(json.loads(one.people_codes)),
        evidence_kinds=tuple(EvidenceKind(each) for each in json.loads(one.evidence_kinds)),
        **{name: getattr(one, name) for name in _SAME},
        **children,
    )


def _budget(row: BudgetLine) -> BudgetView:
    return BudgetView(row.what, row.quantity, row.measure, row.price_fen, row.amount_fen)


def _attachment(row: Attachment) -> AttachmentView:
    return AttachmentView(row.public_id, row.title, row.media_type, row.path, row.sha256, row.size)


def _payment(row: Payment) -> PaymentView:
    return PaymentView(
        PaymentKind(row.kind), row.line_id, row.account, row.amount_fen, row.booked_on, row.by_name
    )


def _hold(row: Hold) -> HoldView:
    return HoldView(
        row.public_id,
        HoldReason(row.reason),
        row.note,
        row.by_name,
        row.set_at,
        row.released_at,
        row.released_words,
    )


def _step(row: ApplicationStep) -> StepView:
    status = ApplicationStatus(row.status)
    return StepView(Step(row.step), status, row.words, row.fen, row.by_name, row.at)
