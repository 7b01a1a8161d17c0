"""What an approval promises of a book, and giving it back. The only reserving and voiding.

Each reservation has a number of its own (``reserve-1``, ``void-1``), so that one that was given
back can be made again and each is entered once.
"""

from __future__ import annotations

import datetime as dt

from charity.disbursements import rules, store
from charity.disbursements.kinds import ApplicationStatus, Step
from charity.disbursements.models import Application
from charity.kernel import clock
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.recipes import Legs
from charity.ledger.services import Actor, NewEntry, Signature
from charity.parameters import queries as parameters

CAUSE = "application"
RESERVE_DAYS = "disbursements.reserve_days"


def entry(
    row: Application,
    kind: EntryKind,
    legs: Legs,
    effect: str,
    *,
    by: Actor | None,
    signature: Signature | None = None,
    on: dt.date | None = None,
) -> NewEntry:
    """An entry that this application causes, today unless told otherwise."""
    return NewEntry(
        book_id=row.book_id,
        kind=kind,
        legs=legs,
        occurred_on=on or clock.today(),
        cause_type=CAUSE,
        cause_id=row.public_id,
        effect=effect,
        actor=by,
        function=row.function,
        signature=signature,
    )


def reserve(row: Application, signature: Signature, *, by: Actor) -> None:
    """Promise the money: ``available→reserved`` under what two people signed.

    Decided on the locked book. Raises BookHasShortfall, MoreThanAvailable.
    """
    sheet = ledger.worksheet([row.book_id])
    rules.covered(
        row.amount_fen,
        available_fen=sheet.balance(row.book_id, recipes.AVAILABLE),
        shortfall_fen=sheet.balance(row.book_id, recipes.SHORTFALL),
    )
    times, today = row.reserved_times + 1, clock.today()
    legs = recipes.reserve(fen=row.amount_fen)
    name = f"reserve-{times}"
    sheet.add(entry(row, EntryKind.RESERVE, legs, name, by=by, signature=signature))
    sheet.post()
    days = parameters.value(RESERVE_DAYS, today)
    store.move(
        row,
        ApplicationStatus.APPROVED,
        Step.APPROVED,
        by=by,
        fen=row.amount_fen,
        approved_hash=signature.approved_hash,
        first_person_id=signature.first_person_id,
        second_person_id=signature.second_person_id,
        approved_at=clock.now(),
        expires_on=store.last_day(days, today),
        reserved_times=times,
    )


def promised(row: Application) -> int:
    """What is promised to this application and unpaid, in fen. Read under the book's lock."""
    return dict(ledger_queries.reservations(row.book_id)).get(row.public_id, 0)


def give_back(row: Application, *, by: Actor | None) -> int:
    """What is left of the promise is available again; how much that was, in fen."""
    sheet = ledger.worksheet([row.book_id])
    left = promised(row)
    if left:
        legs, name = recipes.void(fen=left), f"void-{row.reserved_times}"
        sheet.add(entry(row, EntryKind.VOID, legs, name, by=by))
        sheet.post()
    return left
