"""What a provider only pointed at is asked about, and what it answers goes through the inbox.

Rule: an event that says too little leaves a question, in the transaction that settles the event;
the question is asked outside any transaction, and its answer is stored like everything a provider
tells us. So a fee or a payout is entered once, whoever pointed at it and how often.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.donations.errors import ProviderRefused, ProviderUnsure
from charity.donations.intake import take_in
from charity.donations.models import Inquiry
from charity.donations.providers.base import Event
from charity.donations.providers.registry import known
from charity.donations.verdict import DONE, Verdict
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import among, db
from charity.kernel.ids import new_id

_LEASE = dt.timedelta(minutes=2)
_LONGEST_PAUSE_S = 3_600
_log = structlog.get_logger(__name__)


def note(provider: str, event: Event) -> Verdict:
    """Leave the question an event raises, or raise it anew. Inside ``atomic()``."""
    session, now = db.session(), clock.now()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Inquiry)
        .values(
            id=new_id(),
            provider=provider,
            account=event.account,
            inquiry=event.inquiry,
            object_id=event.object_id,
            asked_at=now,
            attempts=0,
            next_at=now,
        )
        .on_conflict_do_update(
            index_elements=["provider", "account", "inquiry", "object_id"],
            set_={"next_at": now, "attempts": 0, "done_at": None},
        )
    )
    return DONE


def ask_due(limit: int = 50) -> int:
    """Ask what is due; how many questions. Outside ``atomic()``."""
    waits = db.session().scalar(_due().limit(1))
    db.session().rollback()
    if waits is None:
        return 0
    claimed = atomically(_claim)(limit)
    for row in claimed:
        _ask(row)
    return len(claimed)


def _due() -> Any:
    return select(Inquiry.id).where(Inquiry.done_at.is_(None), Inquiry.next_at <= clock.now())


def _claim(limit: int) -> list[Any]:
    """Questions to ask now, leased, so that two workers do not ask the same."""
    session, now = db.session(), clock.now()
    ids = list(
        session.scalars(
            _due().order_by(Inquiry.next_at).limit(limit).with_for_update(skip_locked=True)
        )
    )
    columns = (
        Inquiry.id,
        Inquiry.provider,
        Inquiry.inquiry,
        Inquiry.object_id,
        Inquiry.attempts,
        Inquiry.asked_at,
    )
    rows = list(session.execute(select(*columns).where(among(Inquiry.id, ids))))
    _keep(ids, next_at=now + _LEASE, attempts=Inquiry.attempts + 1)
    return rows


def _keep(ids: list[int], **values: Any) -> None:
    db.session().execute(
        update(Inquiry)
        .where(among(Inquiry.id, ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _ask(row: Any) -> None:
    """Ask one question. What has no answer yet is asked again, each time after twice as long."""
    told = []
    try:
        told = list(known(row.provider).inquire(row.inquiry, row.object_id))
    except (ProviderUnsure, ProviderRefused) as error:
        _log.warning("inquiry.unanswered", inquiry=row.inquiry, reason=error.code)
    pause = dt.timedelta(seconds=min(2 ** min(row.attempts + 1, 20), _LONGEST_PAUSE_S))
    values = {"done_at": clock.now()} if told else {"next_at": clock.now() + pause}

    def keep() -> None:
        take_in(row.provider, told)
        _keep([row.id], **values)

    atomically(keep)()
