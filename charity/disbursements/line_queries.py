"""What a bank line may be for among applications: proposed to the cashier, never done by itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from charity.disbursements.kinds import ApplicationStatus, PaymentKind
from charity.disbursements.models import Application
from charity.disbursements.use_queries import PLACE
from charity.kernel import clock
from charity.kernel.db import among, db

MOST = 12
_NUMBER = re.compile(r"Y[0-9]{4}-[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForLine:
    """An application that a line may pay, or whose money it may bring back.

    ``named``: the line's memo has its number; ``fits``: the sum is one that may be booked.
    """

    id: str
    number: str
    kind: PaymentKind
    unit_name: str
    unit_name_en: str
    day: dt.date
    amount_fen: int
    named: bool
    fits: bool


def for_line(*, out: bool, fen: int, currency: str, memo: str | None) -> list[ForLine]:
    """Applications that a line of ``fen`` may be for: ``out`` of the charity's account, or into it.

    By what its memo names, and by what is as much as it.
    """
    named = set(_NUMBER.findall((memo or "").upper()))
    if out:
        approved = Application.status == ApplicationStatus.APPROVED.value
        wanted = and_(
            approved, or_(Application.amount_fen == fen, among(Application.number, named))
        )
    else:
        paid = Application.status == ApplicationStatus.PAID.value
        whole = and_(paid, Application.paid_fen == fen, Application.returned_fen == 0)
        back = and_(
            Application.status.in_([ApplicationStatus.PAID.value, ApplicationStatus.PROVED.value]),
            among(Application.number, named),
        )
        wanted = or_(whole, back)
    return [one for row in _rows(wanted, currency) for one in _each(row, out, fen, named)]


def _rows(wanted: ColumnElement[bool], currency: str) -> list[Any]:
    return list(
        db.session()
        .execute(
            select(Application, PLACE.c.name, PLACE.c.name_en)
            .join(PLACE, PLACE.c.campaign_unit_id == Application.campaign_unit_id)
            .where(wanted, Application.currency == currency)
            .order_by(Application.id)
            .limit(MOST)
        )
        .all()
    )


def _each(row: Any, out: bool, fen: int, named: set[str]) -> Iterator[ForLine]:
    """The ways in which the line may belong to this application."""
    one: Application = row.Application
    if out:
        assert one.approved_at is not None
        day = clock.local_date(one.approved_at)
        yield _one(row, PaymentKind.PAY, day, one.amount_fen, named, one.amount_fen == fen)
        return
    assert one.paid_on is not None
    if one.status == ApplicationStatus.PAID.value and one.returned_fen == 0:
        fits = one.paid_fen == fen
        if fits:
            yield _one(row, PaymentKind.BANK_RETURN, one.paid_on, one.paid_fen, named, fits)
    if one.number in named:
        left = one.paid_fen - one.returned_fen
        yield _one(row, PaymentKind.MONEY_BACK, one.paid_on, left, named, fen <= left)


def _one(  # noqa: PLR0917 - one proposal's facts
    row: Any, kind: PaymentKind, day: dt.date, fen: int, named: set[str], fits: bool
) -> ForLine:
    return ForLine(
        id=row.Application.public_id,
        number=row.Application.number,
        kind=kind,
        unit_name=row.name,
        unit_name_en=row.name_en,
        day=day,
        amount_fen=fen,
        named=row.Application.number in named,
        fits=fits,
    )
