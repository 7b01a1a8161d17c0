"""Money back, one whole gift at a time: asked by one person, agreed by another, then sent.

Rule: the ledger moves when the money is back, and from that moment the gift is refunded and its
receipt void. The provider's answer to our own call, its events, and what it says when asked may
come in any order and more than once: states only go up (``done`` before ``failed``), and each
effect has its own key in the ledger. The fee the provider keeps is the charity's own loss, never
the unit's. A refund whose outcome is not known is looked for under the same id until it is known;
it is never asked for under another.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.donations import mail, rules
from charity.donations.back import entries
from charity.donations.back.errors import (
    AlreadyRefunded,
    CorrectionUnderWay,
    GiftDisputed,
    NotInTheLedger,
    PersonalData,
    RefundUnderWay,
    RefundUnknown,
    WordsNeeded,
    WrongLine,
)
from charity.donations.back.kinds import (
    MOVING,
    OPEN,
    CorrectionState,
    RefundReason,
    RefundState,
    Route,
)
from charity.donations.back.models import Correction, Refund
from charity.donations.errors import GiftUnknown
from charity.donations.kinds import EventType, GiftStatus
from charity.donations.models import Gift, Payment
from charity.donations.providers.base import Event, RefundAnswer
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.kernel.money import yuan
from charity.ledger import queries as ledger_queries
from charity.people.queries import Signed

NOTE_LENGTH = 300
_FIRST_LOOK = dt.timedelta(minutes=1)
_LONGEST_PAUSE_S = 6 * 3_600
_NUMBER = re.compile(r"\d[\d -]{6,}\d")


def ask(gift_id: str, *, by: Signed, reason: RefundReason, note: str = "") -> str:
    """Ask that a whole gift goes back; return the refund's id. Another person decides.

    ``note`` is kept for ever and holds no personal data. Raises GiftUnknown, NotInTheLedger,
    AlreadyRefunded, GiftDisputed, RefundUnderWay, CorrectionUnderWay, WordsNeeded, PersonalData,
    TextUnfit, MayNotAsk.
    """
    require_atomic()
    words = fit_note(note)
    if not words and reason is RefundReason.OTHER:
        raise WordsNeeded
    gift = lock_gift(gift_id)
    require_standing(gift)
    route = Route.PROVIDER if gift.object_id is not None else Route.BANK
    row: dict[str, Any] = {
        "public_id": f"rf{public_id(20)}",
        "gift_id": gift.id,
        "amount_fen": gift.amount_fen,
        "currency": ledger_queries.currency(gift.book_id),
        "route": route.value,
        "provider": gift.provider,
        "object_id": gift.object_id,
        "reason": reason.value,
        "note": words,
    }
    request = approvals.request(
        Kind.REFUND,
        gift_id,
        _facts(gift_id, row),
        by=by,
        title=_("退回一笔捐赠 %(amount)s", amount=yuan(gift.amount_fen)),
        note=words,
    )
    now = clock.now()
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = session.scalar(
        dialect.insert(Refund)
        .values(
            id=new_id(),
            **row,
            state=RefundState.ASKED.value,
            state_at=now,
            request_id=request,
            asked_by_id=by.person_id,
            asked_by_name=by.name,
            asked_at=now,
            attempts=0,
        )
        .on_conflict_do_nothing()
        .returning(Refund.id)
    )
    if made is None:
        raise RefundUnderWay
    entries.trail("refund.asked", row["public_id"], by.actor, gift=gift_id, fen=gift.amount_fen)
    return str(row["public_id"])


def approve(request_id: str) -> None:
    """The approval of a refund is used: from now on the money may go. In the deciding unit of work.

    Raises RefundUnknown, what ``approvals.use`` raises, and why the gift cannot go back any more.
    """
    require_atomic()
    row = _locked(Refund.request_id == request_id)
    gift = _gift_of(row)
    approvals.use(request_id, _facts(gift.public_id, _columns(row)))
    if row.state != RefundState.ASKED.value:
        raise RefundUnderWay
    require_standing(gift, but=row.id)
    now = clock.now()
    _move(row, RefundState.APPROVED, next_at=now if row.route == Route.PROVIDER.value else None)
    entries.trail("refund.approved", row.public_id, None, gift=gift.public_id)


def answered(refund_id: int, answer: RefundAnswer) -> None:
    """What the provider said to our own call or question (database id). Inside ``atomic()``."""
    require_atomic()
    row = _locked(Refund.id == refund_id)
    if RefundState(row.state) not in MOVING:
        return  # an event was quicker
    if answer.reference:
        _keep(row, reference=answer.reference[:120])
    if answer.state == "done":
        _done(row, clock.today())
    elif answer.state == "refused":
        _failed(row, "refused by the provider")
    else:
        _move(row, RefundState.SENT, next_at=clock.now() + pause(row.attempts), error=None)


def unsure(refund_id: int, reason: str) -> None:
    """The provider's answer did not come: the refund is being checked. ``reason`` is no data."""
    require_atomic()
    row = _locked(Refund.id == refund_id)
    if RefundState(row.state) in MOVING:
        next_at = clock.now() + pause(row.attempts)
        _move(row, RefundState.UNKNOWN, next_at=next_at, error=reason[:80])


def settle_event(provider: str, event: Event) -> str | None:
    """Give a provider's event about a refund its effect, once. Inside ``atomic()``.

    ``None``: it had its effect, now or before. Otherwise why a person must look at it.
    """
    require_atomic()
    row = db.session().scalars(
        select(Refund).where(Refund.public_id == event.refund_id).with_for_update()
    ).one_or_none()  # fmt: skip
    if row is None or row.provider != provider:
        return "a refund nobody asked for here"
    if (event.amount_fen, event.currency) != (row.amount_fen, row.currency):
        return "wrong amount"
    if event.mode != ledger_queries.mode():
        return "wrong mode"
    if RefundState(row.state) in (RefundState.ASKED, RefundState.DROPPED):
        return "a refund that was not approved"
    if event.type == EventType.REFUND_FAILED.value:
        _failed(row, "failed at the provider")
    else:
        # A provider's clock may run ahead; nothing is entered for a day to come.
        _done(row, clock.local_date(min(event.at, clock.now())))
    return None


def back_by_bank(refund: str, *, account: str, on: dt.date) -> None:
    """The money of an agreed refund left the bank account of this code: it is back.

    For ``refund_bank``, which has taken the line. What the book's share of the bank cannot bear,
    the own book lends. Raises RefundUnknown, WrongLine, BelowFloor.
    """
    require_atomic()
    row = _locked(Refund.public_id == refund)
    if (row.route, row.state) != (Route.BANK.value, RefundState.APPROVED.value):
        raise WrongLine
    _done(row, on, account=account)


def fit_note(note: str) -> str:
    """Words for the file. Raises TextUnfit, PersonalData."""
    words = rules.fit_text(note, "note", NOTE_LENGTH, free=True) or ""
    if _NUMBER.search(words):
        raise PersonalData
    return words


def lock_gift(gift_id: str) -> Any:
    """The gift with its payment, its row held. Raises GiftUnknown."""
    found = db.session().execute(_gifts().where(Gift.public_id == gift_id).with_for_update(of=Gift))
    row = found.one_or_none()
    if row is None:
        raise GiftUnknown
    return row


def require_standing(gift: Any, *, but: int | None = None) -> None:
    """Refuse a gift that cannot go back or be corrected now; ``but`` is a refund let be."""
    status = GiftStatus(gift.status)
    if status is GiftStatus.REFUNDED:
        raise AlreadyRefunded
    if status is GiftStatus.DISPUTED:
        raise GiftDisputed
    if status is not GiftStatus.SETTLED:
        raise NotInTheLedger
    session = db.session()
    standing = select(Refund).where(
        Refund.gift_id == gift.id, Refund.state.in_([state.value for state in OPEN])
    )
    for row in session.scalars(standing.with_for_update()):
        if row.id != but and not _lapsed(row):
            raise RefundUnderWay
    asked = select(Correction).where(
        Correction.gift_id == gift.id, Correction.state == CorrectionState.ASKED.value
    )
    for other in session.scalars(asked.with_for_update()):
        if approval_queries.request(other.request_id).live:
            raise CorrectionUnderWay
        other.state = CorrectionState.DROPPED.value
    session.flush()


def _lapsed(row: Refund) -> bool:
    """Whether nothing can come of an asked refund any more; then it is written down so."""
    if row.state != RefundState.ASKED.value:
        return False
    if approval_queries.request(row.request_id).live:
        return False
    _move(row, RefundState.DROPPED)
    return True


def pause(attempts: int) -> dt.timedelta:
    """How long until a refund is looked at again: a minute, then twice as long each time."""
    seconds = int(_FIRST_LOOK.total_seconds()) * 2 ** min(attempts, 20)
    return dt.timedelta(seconds=min(seconds, _LONGEST_PAUSE_S))


def _facts(gift_id: str, row: dict[str, Any]) -> dict[str, object]:
    """What the two people sign."""
    names = ("amount_fen", "currency", "route", "provider", "reason", "note")
    return {"gift": gift_id, "refund": row["public_id"], **{name: row[name] for name in names}}


def _columns(row: Refund) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in Refund.__table__.columns}


def _gifts() -> Any:
    return select(
        Gift.id,
        Gift.public_id,
        Gift.status,
        Gift.book_id,
        Gift.campaign_unit_id,
        Gift.donor_id,
        Gift.amount_fen,
        Gift.moved,
        Gift.receipt_wanted,
        Gift.settled_at,
        Payment.provider,
        Payment.object_id,
    ).outerjoin(Payment, Payment.intent_id == Gift.intent_id)


def _gift_of(row: Refund) -> Any:
    return db.session().execute(
        _gifts().where(Gift.id == row.gift_id).with_for_update(of=Gift)
    ).one()  # fmt: skip


def _locked(condition: Any) -> Refund:
    row = db.session().scalars(select(Refund).where(condition).with_for_update()).one_or_none()
    if row is None:
        raise RefundUnknown
    return row


def _move(row: Refund, to: RefundState, **more: Any) -> None:
    _keep(row, state=to.value, state_at=clock.now(), **more)


def _keep(row: Refund, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    db.session().flush()


def _done(row: Refund, on: dt.date, *, account: str | None = None) -> None:
    """The money is back: ledger, gift and letter, once."""
    if RefundState(row.state) not in MOVING:
        return
    gift = _gift_of(row)
    entries.post(row, gift, on, account)
    _put_gift(gift.id, GiftStatus.REFUNDED, receipt_due=False)
    _move(row, RefundState.DONE, next_at=None, error=None, done_on=on)
    mail.refund_done(gift.id, row.public_id)
    entries.trail("refund.done", row.public_id, None, gift=gift.public_id, fen=row.amount_fen)


def _failed(row: Refund, why: str) -> None:
    """The money did not go, or came back to us: the gift stands as before."""
    if RefundState(row.state) is RefundState.FAILED:
        return
    gift = _gift_of(row)
    if row.state == RefundState.DONE.value:
        entries.mirror(row, gift)
        _put_gift(gift.id, GiftStatus.SETTLED, receipt_due=gift.receipt_wanted)
    _move(row, RefundState.FAILED, next_at=None, error=why)
    entries.trail("refund.failed", row.public_id, None, gift=gift.public_id)


def _put_gift(gift_id: int, status: GiftStatus, *, receipt_due: bool) -> None:
    db.session().execute(
        update(Gift)
        .where(Gift.id == gift_id)
        .values(status=status.value, receipt_due=receipt_due)
        .execution_options(synchronize_session=False)
    )
