"""Reads of receipts. A receipt's status is read together with its gift's, in one snapshot.

So a receipt answers "void" from the moment its gift is refunded or disputed, whether or not
somebody has voided it yet.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased

from charity.donations.kinds import GiftStatus
from charity.donations.queries import gift_states
from charity.kernel import files
from charity.kernel.db import among, db
from charity.receipts import rules
from charity.receipts.errors import NoSuchReceipt
from charity.receipts.kinds import ReceiptStatus
from charity.receipts.models import PdfRequest, Receipt, ReceiptFile, ReceiptVoid
from charity.receipts.rules import Facts

_gift = gift_states().subquery("gift")
_Successor = aliased(Receipt, name="successor")


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A gift's latest receipt, for whoever may open it."""

    id: int
    number: str
    code: str
    status: ReceiptStatus
    issued_on: dt.date
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What anyone with number and code is told; all but the status is None when unknown."""

    status: ReceiptStatus
    number: str | None = None
    amount_fen: int | None = None
    currency: str | None = None
    campaign: str | None = None
    unit: str | None = None
    issued_on: dt.date | None = None
    donor_masked: str | None = None
    replaced_by: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the paper still counts."""
        return self.status is ReceiptStatus.VALID


def _with_status(*columns: Any) -> Select[Any]:
    """Receipts with what their status follows from."""
    return (
        select(
            *columns,
            _gift.c.status.label("gift_status"),
            ReceiptVoid.receipt_id.label("voided"),
            _Successor.number.label("replaced_by"),
        )
        .select_from(Receipt)
        .join(_gift, _gift.c.id == Receipt.gift_id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .outerjoin(_Successor, _Successor.replaces_id == Receipt.id)
    )


def _status(row: Row[Any]) -> ReceiptStatus:
    if row.replaced_by is not None:
        return ReceiptStatus.REPLACED
    if row.voided is not None or row.gift_status != GiftStatus.SETTLED.value:
        return ReceiptStatus.VOID
    return ReceiptStatus.VALID


def by_gifts(gift_public_ids: Iterable[str]) -> dict[str, ReceiptView]:
    """The latest receipt of each of these gifts that has one, by the gift's public id."""
    rows = db.session().execute(
        _with_status(
            _gift.c.public_id,
            Receipt.id,
            Receipt.number,
            Receipt.code,
            Receipt.issued_on,
            Receipt.amount_fen,
        )
        .where(among(_gift.c.public_id, gift_public_ids))
        .order_by(Receipt.version)
    )
    return {
        row.public_id: ReceiptView(
            row.id, row.number, row.code, _status(row), row.issued_on, row.amount_fen
        )
        for row in rows
    }


def by_gift(gift_public_id: str) -> ReceiptView | None:
    """The gift's latest receipt; None when none was issued."""
    return by_gifts([gift_public_id]).get(gift_public_id)


def gift_of(number: str) -> str | None:
    """Public id of the gift behind a receipt's number, as somebody typed it."""
    return db.session().scalar(
        select(_gift.c.public_id)
        .join(Receipt, Receipt.gift_id == _gift.c.id)
        .where(Receipt.number == (rules.normal_number(number) or ""))
    )


def status(receipt_id: int) -> ReceiptStatus:
    """What a receipt is worth now. Raises NoSuchReceipt."""
    row = db.session().execute(_with_status().where(Receipt.id == receipt_id)).one_or_none()
    if row is None:
        raise NoSuchReceipt
    return _status(row)


def verify(number: str, code: str) -> Verification:
    """The answer to number and code as somebody typed them. A wrong code tells nothing."""
    wanted, given = rules.normal_number(number), rules.normal_code(code)
    row = (
        db.session()
        .execute(
            _with_status(
                Receipt.number,
                Receipt.code,
                Receipt.amount_fen,
                Receipt.currency,
                Receipt.campaign_name,
                Receipt.unit_name,
                Receipt.issued_on,
                Receipt.donor_masked,
            ).where(Receipt.number == (wanted or ""))
        )
        .one_or_none()
    )
    # Compared in the same time whether the number exists or not.
    same = hmac.compare_digest(row.code if row else "-" * 19, given or "?" * 19)
    if row is None or not same:
        return Verification(ReceiptStatus.UNKNOWN)
    return Verification(
        status=_status(row),
        number=row.number,
        amount_fen=row.amount_fen,
        currency=row.currency,
        campaign=row.campaign_name,
        unit=row.unit_name,
        issued_on=row.issued_on,
        donor_masked=row.donor_masked,
        replaced_by=row.replaced_by,
    )


def pdf_bytes(receipt_id: int) -> bytes | None:
    """The kept PDF; None when it was not drawn yet. Raises FileDamaged."""
    row = db.session().get(ReceiptFile, receipt_id)
    return None if row is None else files.store().get(row.path, row.sha256)


def facts(receipt_ids: Iterable[int]) -> dict[int, Facts]:
    """What is printed on these receipts, from their frozen rows."""
    replaced = aliased(Receipt, name="replaced")
    rows = db.session().execute(
        select(Receipt, replaced.number)
        .outerjoin(replaced, replaced.id == Receipt.replaces_id)
        .where(among(Receipt.id, receipt_ids))
        .order_by(Receipt.id)
    )
    return {receipt.id: facts_of(receipt, replaces) for receipt, replaces in rows}


def facts_of(row: Receipt, replaces: str | None) -> Facts:
    """The printed content of a row; ``replaces`` is the number it stands in for."""
    return Facts(
        number=row.number,
        code=row.code,
        test=row.mode == "test",
        donor=row.donor,
        donor_public=row.donor_public,
        donor_uscc=row.donor_uscc,
        campaign_name=row.campaign_name,
        filing_number=row.filing_number,
        unit_name=row.unit_name,
        amount_fen=row.amount_fen,
        currency=row.currency,
        given_on=row.given_on,
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        handler=row.handler,
        charity_name=row.charity_name,
        charity_uscc=row.charity_uscc,
        bill_wish=row.bill_wish,
        base_url=row.base_url,
        replaces=replaces,
        template=row.template,
    )


def requested(limit: int) -> list[int]:
    """Receipts whose PDF somebody waits for, the longest waiting first."""
    return list(
        db.session().scalars(
            select(PdfRequest.receipt_id)
            .outerjoin(ReceiptFile, ReceiptFile.receipt_id == PdfRequest.receipt_id)
            .where(ReceiptFile.receipt_id.is_(None))
            .order_by(PdfRequest.asked_at, PdfRequest.receipt_id)
            .limit(limit)
        )
    )


def not_drawn(limit: int, after: int = 0) -> list[int]:
    """Receipts without a PDF, by id, beginning behind ``after``."""
    return list(
        db.session().scalars(
            select(Receipt.id)
            .outerjoin(ReceiptFile, ReceiptFile.receipt_id == Receipt.id)
            .where(ReceiptFile.receipt_id.is_(None), Receipt.id > after)
            .order_by(Receipt.id)
            .limit(limit)
        )
    )
