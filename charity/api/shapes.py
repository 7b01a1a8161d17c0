"""From what the domains know to what the API answers (``api.answers``)."""

from __future__ import annotations

from dataclasses import asdict

from charity.api import answers
from charity.disbursements.queries import UseRow
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.donations.queries import GiftView, PaymentView
from charity.donations.services import Created
from charity.figures.list_queries import ListRow
from charity.figures.queries import Totals, UnitRow
from charity.figures.trace_queries import Trace
from charity.funds.queries import CampaignView
from charity.ledger.queries import Figures
from charity.receipts.kinds import ReceiptStatus
from charity.receipts.queries import Verification


def totals(found: Totals) -> answers.Totals:
    """``GET /totals``."""
    return answers.Totals(
        as_of_entry=found.as_of_entry,
        currency=found.currency,
        suspense_fen=found.suspense_fen,
        gifts=found.gifts,
        donors=found.donors,
        units=found.units,
        organizations=found.organizations,
        projects=found.projects,
        pairings=found.pairings,
        helped=found.helped,
        **asdict(found.figures),
    )


def campaign(view: CampaignView, figures: Figures, as_of_entry: int) -> answers.Campaign:
    """One campaign with its figures."""
    return answers.Campaign(
        slug=view.slug,
        name=view.name,
        name_en=view.name_en,
        status=view.status,
        filing_number=view.filing_number,
        platform_name=view.platform_name,
        platform_url=view.platform_url,
        starts_on=view.starts_on,
        ends_on=view.ends_on,
        as_of_entry=as_of_entry,
        currency=view.currency,
        **asdict(figures),
    )


def unit(row: UnitRow) -> answers.Unit:
    """One raising unit: its own book, and with its sub-units."""
    return answers.Unit(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        subtree=answers.Money(**asdict(row.subtree)),
        **asdict(row.figures),
    )


def _line(view: GiftView, status: GiftStatus) -> answers.GiftLine:
    return answers.GiftLine(
        id=view.id,
        campaign=view.campaign_slug,
        unit=view.unit_code,
        amount_fen=view.amount_fen,
        status=status,
    )


def created(found: Created, view: PaymentView, pay_url: str) -> answers.Created:
    """``POST /gifts``: the one answer that carries the secret.

    A repeated call gets the answer of the first, so the states are those of that moment; where the
    payment is now, ``GET /payments/<id>`` says.
    """
    return answers.Created(
        payment_id=view.id,
        status=PaymentStatus.PENDING,
        amount_fen=view.amount_fen,
        currency=view.currency,
        pay_url=pay_url,
        provider_reference=view.provider_reference,
        secret=found.secret,
        gifts=[_line(one, GiftStatus.PENDING) for one in view.gifts],
    )


def payment(view: PaymentView) -> answers.Payment:
    """``GET /payments/<id>``: nothing about who gave."""
    return answers.Payment(
        id=view.id,
        status=view.status,
        amount_fen=view.amount_fen,
        currency=view.currency,
        gifts=[_line(one, one.status) for one in view.gifts],
    )


def gift(view: GiftView, receipt_number: str | None) -> answers.Gift:
    """``GET /gifts/<id>``: nothing about who gave, nor what else was in the payment."""
    return answers.Gift(
        **_line(view, view.status).model_dump(),
        currency=view.currency,
        entry_number=view.entry_number,
        log_index=view.log_index,
        receipt_number=receipt_number,
    )


def _use(row: UseRow) -> answers.Use:
    return answers.Use(
        number=row.number,
        title=row.title,
        purpose=row.purpose,
        category=row.category,
        people=row.people_count,
        area=row.area_name,
        paid_on=row.paid_on,
        used_fen=row.used_fen,
        proved=row.proved,
    )


def ledger_row(row: ListRow) -> answers.LedgerRow:
    """A row of the public list."""
    return answers.LedgerRow(
        kind=row.kind,
        entry_number=row.n,
        first_entry_number=row.first_n,
        day=row.day,
        campaign=row.campaign_slug,
        unit=row.unit_code,
        entries=row.entries,
        amount_fen=row.fen,
        donors=list(row.names),
        use=_use(row.use) if row.use else None,
    )


def trace(found: Trace) -> answers.Trace:
    """``GET /gifts/<id>/trace``: nothing about who gave."""
    line = _line(found.gift, found.gift.status)
    return answers.Trace(
        id=line.id,
        campaign=line.campaign,
        unit=line.unit,
        status=line.status,
        amount_fen=line.amount_fen,
        currency=found.gift.currency,
        as_of_entry=found.as_of_entry,
        net_fen=found.net_fen,
        used_fen=found.used_fen,
        proved_fen=found.proved_fen,
        waiting_fen=found.waiting_fen,
        ahead_fen=found.ahead_fen,
        people=found.people,
        uses=[
            answers.TracePart(entry_number=part.n, amount_fen=part.fen, use=_use(part.use))
            for part in found.parts
        ],
        more_uses=found.more,
    )


def verdict(found: Verification) -> answers.Verdict:
    """``GET /receipts/verify``: of a receipt that is not ours nothing is told."""
    known = found.status is not ReceiptStatus.UNKNOWN
    return answers.Verdict(
        valid=found.status is ReceiptStatus.VALID,
        status=found.status,
        amount_fen=found.amount_fen if known else None,
        currency="CNY" if known else None,
        campaign=found.campaign if known else None,
        issued_on=found.issued_on if known else None,
        donor_masked=found.donor_masked if known else None,
    )
