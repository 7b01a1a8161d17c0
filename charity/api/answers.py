"""What the API answers, field by field; no field gets out that is not named here.

The same classes make the answers and the description in ``/openapi.json``, so the two cannot
differ. Money is whole fen in ``…_fen`` with ``currency`` beside it; moments are RFC 3339 UTC,
dates those of Asia/Shanghai.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from charity.approvals.kinds import Kind
from charity.disbursements.kinds import Category, Purpose
from charity.donations.hand.kinds import Direction
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.figures.kinds import RowKind
from charity.funds.kinds import CampaignStatus
from charity.receipts.kinds import ReceiptStatus


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Money(Answer):
    """The figures of a book or of a sum of books, in whole fen, as ``docs/ledger.md`` defines."""

    raised_fen: int
    refunded_fen: int
    disputed_fen: int
    matched_in_fen: int
    matched_out_fen: int
    moved_in_fen: int
    moved_out_fen: int
    borne_fen: int
    fees_fen: int
    costs_fen: int
    reserved_fen: int
    used_fen: int
    proved_fen: int
    available_fen: int
    shortfall_fen: int
    left_fen: int


class Totals(Money):
    """Everything, as of an entry of the ledger."""

    as_of_entry: int = Field(description="The number of the last entry that is in the figures.")
    currency: str
    suspense_fen: int
    gifts: int
    donors: int
    units: int
    organizations: int
    projects: int
    pairings: int
    helped: int = Field(description="People whom uses were for; helped twice, counted twice.")


class Campaign(Money):
    """A campaign with its figures."""

    slug: str
    name: str
    name_en: str
    status: CampaignStatus
    filing_number: str
    platform_name: str
    platform_url: str
    starts_on: dt.date
    ends_on: dt.date
    as_of_entry: int
    currency: str


class Campaigns(Answer):
    """Every public campaign."""

    items: list[Campaign]


class Unit(Money):
    """A raising unit: its own book, and with its sub-units."""

    code: str
    name: str
    name_en: str
    subtree: Money


class Units(Answer):
    """A page of raising units in area order."""

    as_of_entry: int
    currency: str
    items: list[Unit]
    next_cursor: str | None


class GiftLine(Answer):
    """A gift of a payment."""

    id: str
    campaign: str
    unit: str
    amount_fen: int
    status: GiftStatus


class Created(Answer):
    """A payment that was asked for; the one answer that carries the secret."""

    payment_id: str
    status: PaymentStatus
    amount_fen: int
    currency: str
    pay_url: str
    provider_reference: str | None
    secret: str = Field(description="Opens this payment's page, receipts and proofs as ?key=.")
    gifts: list[GiftLine]


class Payment(Answer):
    """Where a payment is; nothing about who gave."""

    id: str
    status: PaymentStatus
    amount_fen: int
    currency: str
    gifts: list[GiftLine]


class Gift(GiftLine):
    """Where a gift is; nothing about who gave, nor what else was in the payment."""

    currency: str
    entry_number: int | None
    log_index: int | None
    receipt_number: str | None


class Use(Answer):
    """Money paid out for a purpose; nobody who was helped or paid is named."""

    number: str
    title: str
    purpose: Purpose
    category: Category
    people: int
    area: str
    paid_on: dt.date
    used_fen: int = Field(description="Paid, less what came back.")
    proved: bool


class LedgerRow(Answer):
    """A row of the public list: one unit's gifts of a day, or a use.

    Groups of fewer than three gifts of a campaign and day are one row, without a unit or donors.
    """

    kind: RowKind
    entry_number: int = Field(description="Of the last entry in the row.")
    first_entry_number: int
    day: dt.date
    campaign: str
    unit: str | None
    entries: int
    amount_fen: int | None = Field(description="Null where a sum would tell of one gift.")
    donors: list[str] = Field(description="The last few, as they chose to be shown.")
    use: Use | None


class LedgerRows(Answer):
    """A page of the public list, the newest first."""

    as_of_entry: int
    currency: str
    items: list[LedgerRow]
    next_cursor: str | None


class TracePart(Answer):
    """One use made with a gift's money."""

    entry_number: int
    amount_fen: int
    use: Use


class Trace(Answer):
    """Where a gift's money went, first in, first used; nothing about who gave."""

    id: str
    campaign: str
    unit: str
    status: GiftStatus
    amount_fen: int
    currency: str
    as_of_entry: int
    net_fen: int = Field(description="What came to the unit's book after the provider's fee.")
    used_fen: int
    proved_fen: int
    waiting_fen: int
    ahead_fen: int = Field(description="Of earlier gifts, used before this one.")
    people: int
    uses: list[TracePart]
    more_uses: bool


class Verdict(Answer):
    """Whether a receipt is ours and still holds."""

    valid: bool
    status: ReceiptStatus
    amount_fen: int | None
    currency: str | None
    campaign: str | None
    issued_on: dt.date | None
    donor_masked: str | None


class WaitingRequest(Answer):
    """A request that waits for a decision; the facts are read at the desk."""

    id: str
    kind: Kind
    title: str
    requested_by: str
    requested_at: dt.datetime
    expires_at: dt.datetime
    facts_sha256: str


class WaitingList(Answer):
    """What waits, the oldest first."""

    items: list[WaitingRequest]


class BankLine(Answer):
    """A line of a bank statement and what it was for."""

    id: str
    account: str
    serial: str
    booked_on: dt.date
    direction: Direction
    amount_fen: int
    currency: str
    memo: str | None
    use: str | None
    used_at: dt.datetime | None


class BankLines(Answer):
    """A page of lines, the newest first."""

    items: list[BankLine]
    next_cursor: str | None


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"]


class Ready(Answer):
    """Whether traffic may come; what is not known is left out."""

    ready: bool
    writes: bool
    migrated: bool | None = None
    queue_age_s: int | None = None


class ProblemField(Answer):
    """One thing that was wrong."""

    field: str | None
    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457; some refusals add members of their own (``challenge``)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemField]
