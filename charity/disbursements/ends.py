"""What happens to an application without anybody's hand: time runs out, a refund takes its money.

Each verb is one application in one unit of work, and safe to run twice.
"""

from __future__ import annotations

from sqlalchemy import func, select

from charity.approvals import state_queries as approvals
from charity.approvals.kinds import RequestStatus
from charity.disbursements import access, asking, payees, promises, store
from charity.disbursements.errors import PayeeIsRequester
from charity.disbursements.kinds import ApplicationStatus, Step
from charity.disbursements.models import Application
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import queries as ledger_queries
from charity.people import queries as people

S = ApplicationStatus
# What became of a request that nobody followed at once.
_CAME_OF = {
    RequestStatus.EXPIRED: (S.RETURNED, Step.ASK_EXPIRED),
    RequestStatus.WITHDRAWN: (S.RETURNED, Step.WITHDRAWN),
    RequestStatus.REFUSED: (S.REFUSED, Step.REFUSED),
}


def expired() -> list[str]:
    """Applications approved whose last day to pay is over."""
    wanted = select(Application.public_id).where(
        Application.status == S.APPROVED.value, Application.expires_on < clock.today()
    )
    return list(db.session().scalars(wanted.order_by(Application.id)))


def expire(application_id: str) -> bool:
    """The approval ran out: the money is available again. Whether it was so."""
    row = store.locked(application_id)
    over = row.expires_on is not None and row.expires_on < clock.today()
    if store.status_of(row) is not S.APPROVED or not over:
        return False
    back = promises.give_back(row, by=None)
    store.move(row, S.LAPSED, Step.EXPIRED, by=None, fen=back or None)
    return True


def unfollowed() -> list[str]:
    """Applications that wait for a request that is over."""
    rows = db.session().execute(
        select(Application.public_id, Application.request_id)
        .where(Application.status == S.WAITING.value)
        .order_by(Application.id)
    )
    waits: dict[str, str] = {str(request): name for name, request in rows}
    now = approvals.statuses(waits)
    return [name for request, name in waits.items() if now.get(request) in _CAME_OF]


def follow(application_id: str) -> bool:
    """The request is over, and the application with it or back at its unit. Whether it was so."""
    row = store.locked(application_id)
    now = approvals.statuses([str(row.request_id)]).get(str(row.request_id))
    if store.status_of(row) is not S.WAITING or now not in _CAME_OF:
        return False
    to, step = _CAME_OF[now]
    store.move(row, to, step, by=None)
    return True


def taken() -> list[str]:
    """Applications approved in books that have less reserved than these ask for, the newest first.

    A refund, a dispute or a correction took it; the ledger says so, whoever did it.
    """
    approved = Application.status == S.APPROVED.value
    asked = db.session().execute(
        select(Application.book_id, func.sum(Application.amount_fen))
        .where(approved)
        .group_by(Application.book_id)
    )
    wanted: dict[int, int] = {book: int(fen) for book, fen in asked}
    has = ledger_queries.reserved(wanted)
    short = [book for book, fen in wanted.items() if has.get(book, 0) < fen]
    found: list[str] = []
    for book in short:
        left = dict(ledger_queries.reservations(book))
        rows = db.session().execute(
            select(Application.public_id, Application.amount_fen)
            .where(approved, Application.book_id == book)
            .order_by(Application.id.desc())
        )
        found += [name for name, fen in rows if left.get(name, 0) < fen]
    return found


def bring_back(application_id: str) -> bool:
    """Back to its approvers, with what is left of its promise given back. Whether it was so.

    When it cannot be asked again, because whoever asked is gone or the payee is, it goes back to
    its unit.
    """
    row = store.locked(application_id)
    if store.status_of(row) is not S.APPROVED:
        return False
    if promises.promised(row) >= row.amount_fen:
        return False
    promises.give_back(row, by=None)
    try:
        _ask_again(row)
    except RuleBroken:
        store.move(row, S.RETURNED, Step.TAKEN, by=None, fen=row.amount_fen)
    return True


def _ask_again(row: Application) -> None:
    asker, where, payee = people.as_person(str(row.asked_by_id)), store.place(row), None
    if asker is not None:
        payee = store.payee_of(row)
    if asker is None or payee is None or payees.is_person(payee, asker.person_id, asker.name):
        raise PayeeIsRequester
    scopes = access.scopes_to_apply(where.code, asker)
    asking.ask(row, where, payee, scopes=scopes, by=asker, again=True)
