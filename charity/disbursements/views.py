"""What pages, reports and upper domains are shown of applications and payees.

Rule: a payee's account is shown by its tail and a person's name masked; money is whole fen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from charity.disbursements.kinds import (
    OPEN_TO_CHANGE,
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
from charity.kernel import clock


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeeView:
    """A payee as pages show it: the account by its last four digits, a person masked."""

    id: str
    unit_code: str
    kind: PayeeKind
    shown: str
    uscc: str | None
    bank_name: str
    tail: str
    added_by_id: str
    added_by_name: str
    added_at: dt.datetime
    retired_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class BudgetView:
    """One line of a budget, in whole fen."""

    what: str
    quantity: int
    measure: str
    price_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file of the asking; its content lies in the store under ``path``."""

    id: str
    title: str
    media_type: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class StepView:
    """What happened, by whom (nobody: the system), and what was said."""

    step: Step
    status: ApplicationStatus
    words: str
    fen: int | None
    by_name: str | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A movement on one bank line."""

    kind: PaymentKind
    line_id: str
    account: str
    amount_fen: int
    booked_on: dt.date
    by_name: str


@dataclass(frozen=True, slots=True)
class HoldView:
    """Why it may not be paid; it stands until it is released."""

    id: str
    reason: HoldReason
    note: str
    by_name: str | None
    set_at: dt.datetime
    released_at: dt.datetime | None
    released_words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationView:
    """Everything about one application that a page of the desk shows; money in whole fen."""

    id: str
    number: str
    slug: str
    campaign_name: str
    campaign_name_en: str
    unit_code: str
    unit_name: str
    unit_name_en: str
    book_id: int
    currency: str
    status: ApplicationStatus
    status_at: dt.datetime
    version: int
    copied_from: str | None
    title: str
    reason: str
    function: Function
    purpose: Purpose
    category: Category
    people_count: int
    people_codes: tuple[str, ...]
    area_code: str
    area_name: str
    starts_on: dt.date
    ends_on: dt.date
    evidence_kinds: tuple[EvidenceKind, ...]
    evidence_plan: str
    amount_fen: int
    payee: PayeeView | None
    budget: tuple[BudgetView, ...]
    attachments: tuple[AttachmentView, ...]
    written_by_id: str
    written_by_name: str
    created_at: dt.datetime
    asked_by_id: str | None
    asked_by_name: str | None
    asked_at: dt.datetime | None
    request_id: str | None
    words: str
    approved_hash: str | None
    approved_at: dt.datetime | None
    expires_on: dt.date | None
    paid_on: dt.date | None
    paid_fen: int
    returned_fen: int
    evidence_due_on: dt.date | None
    proved_at: dt.datetime | None
    proved_by_name: str | None
    payments: tuple[PaymentView, ...]
    holds: tuple[HoldView, ...]
    steps: tuple[StepView, ...]

    @property
    def used_fen(self) -> int:
        """Paid out and not handed back."""
        return self.paid_fen - self.returned_fen

    @property
    def standing_holds(self) -> tuple[HoldView, ...]:
        """The holds that keep it from being paid now."""
        return tuple(hold for hold in self.holds if hold.released_at is None)

    @property
    def changeable(self) -> bool:
        """Whether the unit may still write; a submitted one starts again then."""
        return self.status in OPEN_TO_CHANGE

    @property
    def evidence_overdue(self) -> bool:
        """Whether the evidence should have been there by now."""
        due = self.evidence_due_on
        return self.status is ApplicationStatus.PAID and due is not None and due < clock.today()
