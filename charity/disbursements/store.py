"""Rows of applications: locked, made, moved from state to state, and as the facts that are signed.

Only the verbs of this domain use it. Of two at one instant the second waits for the row's lock and
sees what the first did.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import insert, select, update

from charity.audit.services import record
from charity.disbursements import states
from charity.disbursements.errors import NoSuchApplication, NotNow
from charity.disbursements.kinds import ApplicationStatus, EvidenceKind, Step
from charity.disbursements.models import (
    Application,
    ApplicationStep,
    Attachment,
    BudgetLine,
    Payee,
)
from charity.disbursements.use_queries import PLACE
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.ledger.services import Actor


def locked(application_id: str) -> Application:
    """The row, locked until this unit of work ends. Raises ``NoSuchApplication``."""
    require_atomic()
    wanted = select(Application).where(Application.public_id == application_id)
    fresh = wanted.with_for_update().execution_options(populate_existing=True)
    row = db.session().scalars(fresh).first()
    if row is None:
        raise NoSuchApplication
    return row


def status_of(row: Application) -> ApplicationStatus:
    """Where it is."""
    return ApplicationStatus(row.status)


def require(row: Application, *allowed: ApplicationStatus) -> None:
    """It is in one of these states. Raises ``NotNow``."""
    if status_of(row) not in allowed:
        raise NotNow


def place(row: Application) -> Any:
    """Campaign and unit of an application: ``slug``, ``code``, ``name``, ``campaign_name`` …"""
    wanted = select(PLACE).where(PLACE.c.campaign_unit_id == row.campaign_unit_id)
    return db.session().execute(wanted).one()


def payee_of(row: Application) -> Payee | None:
    """Whom it is to be paid to."""
    wanted = select(Payee).where(Payee.id == row.payee_id)
    return db.session().scalars(wanted).first() if row.payee_id is not None else None


def move(
    row: Application,
    to: ApplicationStatus,
    step: Step,
    *,
    by: Actor | None,
    words: str = "",
    fen: int | None = None,
    keep: str | None = None,
    **values: Any,
) -> None:
    """Take one step of the table, with what it changes; told in the history and the trail.

    ``keep`` are the words that stand on the application from now on. Raises ``NotNow``.
    """
    before = status_of(row)
    if keep is not None:
        values["words"] = keep
    if before is not to:
        states.require(before, to)
        values = {"status": to.value, "status_at": clock.now(), **values}
    if values:
        db.session().execute(
            update(Application)
            .where(Application.id == row.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        db.session().refresh(row)
    note(row, step, by=by, words=words, fen=fen)
    trail(
        f"application.{step.value}",
        row.public_id,
        by,
        before={"status": before.value},
        after={"status": to.value, "version": row.version, **({"fen": fen} if fen else {})},
    )


def note(
    row: Application, step: Step, *, by: Actor | None, words: str = "", fen: int | None = None
) -> None:
    """One row of the history."""
    db.session().execute(
        insert(ApplicationStep).values(
            id=new_id(),
            application_id=row.id,
            step=step.value,
            status=row.status,
            words=words,
            fen=fen,
            by_id=by.id if by else None,
            by_name=by.name if by else None,
            at=clock.now(),
        )
    )


def trail(
    verb: str,
    application_id: str,
    by: Actor | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """One row of the audit trail."""
    record(
        verb,
        "application",
        application_id,
        actor_id=by.id if by else None,
        actor_name=by.name if by else None,
        before=before,
        after=after,
    )


def budget_of(row: Application) -> list[BudgetLine]:
    """Its budget, line by line."""
    wanted = select(BudgetLine).where(BudgetLine.application_id == row.id)
    return list(db.session().scalars(wanted.order_by(BudgetLine.line)))


def attachments_of(row: Application) -> list[Attachment]:
    """Its files, in the order in which they came."""
    wanted = select(Attachment).where(Attachment.application_id == row.id)
    return list(db.session().scalars(wanted.order_by(Attachment.id)))


def facts_of(row: Application) -> dict[str, object]:
    """All that two people sign, read anew from what is stored: what for, for whom, how, to whom.

    Nothing that may change while it waits: units and campaigns by code, the payee by what seals
    its name and account. A date is ISO, money whole fen.
    """
    where, payee = place(row), payee_of(row)
    return {
        "application": row.number,
        "version": row.version,
        "campaign": where.slug,
        "unit": where.code,
        "book": str(row.book_id),
        "title": row.title,
        "reason": row.reason,
        "function": row.function,
        "purpose": row.purpose,
        "category": row.category,
        "people_count": row.people_count,
        "people_codes": _json(row.people_codes),
        "area_code": row.area_code,
        "area_name": row.area_name,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        "amount_fen": row.amount_fen,
        "currency": row.currency,
        "budget": [
            {
                "what": line.what,
                "quantity": line.quantity,
                "measure": line.measure,
                "price_fen": line.price_fen,
                "amount_fen": line.amount_fen,
            }
            for line in budget_of(row)
        ],
        "payee": None if payee is None else payee_facts(payee),
        "evidence_kinds": [EvidenceKind(each).value for each in _json(row.evidence_kinds)],
        "evidence_plan": row.evidence_plan,
        "attachments": [
            {"title": each.title, "sha256": each.sha256} for each in attachments_of(row)
        ],
    }


def payee_facts(payee: Payee) -> dict[str, object]:
    """A payee as it is signed: what pages show, and what seals name and account."""
    return {
        "payee_id": payee.public_id,
        "kind": payee.kind,
        "shown": payee.shown,
        "name_index": payee.name_index,
        "uscc": payee.uscc,
        "bank_name": payee.bank_name,
        "tail": payee.tail,
        "account_index": payee.account_index,
    }


def last_day(days: int, since: dt.date) -> dt.date:
    """The day that many days after ``since``."""
    return since + dt.timedelta(days=days)


def _json(words: str) -> list[str]:
    return [str(each) for each in json.loads(words)]
