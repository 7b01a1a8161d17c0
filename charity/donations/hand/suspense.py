"""Money nobody knows: held, then given to a unit's book or sent back; either by two people.

Rule: held money is a debt and never raised. Whose gift it is one person says and another agrees;
that it goes back likewise, and it leaves only with the outgoing bank line.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import rules as hand_rules
from charity.donations.hand.bank import Claimed, claim, look, require_fits
from charity.donations.hand.errors import NotForYou, NotReady, SuspenseMoved
from charity.donations.hand.kinds import Direction, LineUse, Method, SuspenseStatus
from charity.donations.hand.models import Sheet, Suspense
from charity.donations.hand.settling import post_gifts
from charity.donations.hand.sheets import LineAsked, SheetAsked, trail, withdraw_sheet, write_sheet
from charity.donations.kinds import Display
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.kernel.money import yuan
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.errors import BelowFloor
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry
from charity.people.kinds import Role
from charity.people.queries import Signed

GIVE, RETURN = "give", "return"
ASKING = (Role.CASHIER, Role.ACCOUNTANT)


def hold(line_id: str, *, by: Signed) -> None:
    """Nobody knows yet whose the line is: it waits in suspense, a debt.

    Raises what ``bank.claim`` raises, WrongDirection.
    """
    line = claim(line_id, LineUse.SUSPENSE, line_id, by=by)
    require_fits(line, Direction.IN, line.amount_fen, line.currency)
    db.session().execute(
        insert(Suspense).values(
            line_id=line.id, status=SuspenseStatus.HELD.value, changed_at=clock.now()
        )
    )
    legs = recipes.suspense_in(account=line.account, fen=line.amount_fen)
    ledger.post([_entry(line, EntryKind.SUSPENSE_IN, legs, by, effect="held")])


def _entry(
    line: Claimed,
    kind: EntryKind,
    legs: recipes.Legs,
    by: Signed,
    *,
    effect: str,
    group_id: int | None = None,
) -> NewEntry:
    return NewEntry(
        book_id=ledger.suspense_book(line.currency),
        kind=kind,
        legs=legs,
        occurred_on=line.booked_on if effect == "held" else clock.today(),
        cause_type="bank_line",
        cause_id=line.public_id,
        effect=effect,
        actor=by.actor,
        group_id=group_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftAsked:
    """Whose gift held money is said to be."""

    form_id: str
    campaign: str
    unit: str
    reason: str
    name: str | None = None
    phone: str | None = None
    display: Display = Display.MASKED
    receipt: bool = True


def ask_give(line_id: str, asked: GiftAsked, *, by: Signed) -> str:
    """Say that held money is a gift to a unit's book, and ask another person; the request's id.

    Raises NotForYou, LineUnknown, SuspenseMoved, ReasonNeeded, and what ``sheets.write_sheet``
    raises.
    """
    line = _askable(line_id, by)
    reason = hand_rules.fit_reason(asked.reason)
    gift = LineAsked(
        amount_fen=line.amount_fen, name=asked.name, phone=asked.phone, receipt=asked.receipt,
        display=asked.display,
    )  # fmt: skip
    sheet_id = write_sheet(
        SheetAsked(
            form_id=asked.form_id,
            campaign=asked.campaign,
            unit=asked.unit,
            method=Method.BANK,
            collected_on=line.booked_on,
            lines=(gift,),
        ),
        by=by,
        late=True,
    )
    row_id = db.session().scalars(select(Sheet.id).where(Sheet.public_id == sheet_id)).one()
    return _ask(line, GIVE, reason, sheet=(row_id, sheet_id), by=by)


def ask_return(line_id: str, reason: str, *, by: Signed) -> str:
    """Say that held money goes back to who sent it, and ask another person; the request's id.

    Raises NotForYou, LineUnknown, SuspenseMoved, ReasonNeeded.
    """
    line = _askable(line_id, by)
    return _ask(line, RETURN, hand_rules.fit_reason(reason), sheet=None, by=by)


def _askable(line_id: str, by: Signed) -> Claimed:
    """The held line, locked; what was asked about it before and came to nothing is cleared away."""
    require_atomic()
    if not by.holds(ASKING):
        raise NotForYou
    line = look(line_id)
    row = _locked(line.id)
    if row.status == SuspenseStatus.ASKED.value:
        if row.request_id and approval_queries.request(row.request_id).live:
            raise SuspenseMoved
        if row.sheet_id is not None:
            withdraw_sheet(row.sheet_id, "not agreed to")
    elif row.status != SuspenseStatus.HELD.value:
        raise SuspenseMoved
    return line


def _locked(line_id: int) -> Suspense:
    row = (
        db.session()
        .scalars(select(Suspense).where(Suspense.line_id == line_id).with_for_update())
        .first()
    )
    if row is None:
        raise SuspenseMoved
    return row


def _ask(
    line: Claimed, action: str, reason: str, *, sheet: tuple[int, str] | None, by: Signed
) -> str:
    request_id = approvals.request(
        Kind.SUSPENSE,
        line.public_id,
        _facts(line, action, sheet[1] if sheet else None),
        by=by,
        title=f"银行流水 · {line.booked_on.isoformat()} · {yuan(line.amount_fen)}",
        note=reason,
    )
    _move(line.id, SuspenseStatus.ASKED, sheet_id=sheet[0] if sheet else None, request=request_id)
    trail("suspense.asked", "bank_line", line.public_id, by, {"action": action})
    return request_id


def _facts(line: Claimed, action: str, sheet_id: str | None) -> dict[str, object]:
    found: dict[str, object] = {
        "line": line.public_id,
        "action": action,
        "account": line.account,
        "amount_fen": line.amount_fen,
    }
    if sheet_id is not None:
        place = hand_queries.place_of_sheet(sheet_id)
        found |= {"sheet": sheet_id, "campaign": place[0], "unit": place[1]}
    return found


def _move(line_id: int, to: SuspenseStatus, *, sheet_id: int | None, request: str | None) -> None:
    db.session().execute(
        update(Suspense)
        .where(Suspense.line_id == line_id)
        .values(status=to.value, sheet_id=sheet_id, request_id=request, changed_at=clock.now())
    )


def decided(view: RequestView, by: Signed) -> None:
    """What an approved request about held money does, in the unit of work of its last decision.

    Raises SuspenseMoved and what ``approvals.use`` raises.
    """
    require_atomic()
    line = look(view.subject_id)
    row = _locked(line.id)
    if row.status != SuspenseStatus.ASKED.value or row.request_id != view.id:
        raise SuspenseMoved
    if row.sheet_id is None:
        approvals.use(view.id, _facts(line, RETURN, None))
        _move(line.id, SuspenseStatus.RETURNING, sheet_id=None, request=view.id)
        trail("suspense.return_agreed", "bank_line", line.public_id, by, {})
        return
    sheet_id = db.session().scalars(select(Sheet.public_id).where(Sheet.id == row.sheet_id)).one()
    approvals.use(view.id, _facts(line, GIVE, sheet_id))
    group_id = new_id()
    legs = recipes.suspense_out(account=line.account, fen=line.amount_fen)
    post_gifts(
        hand_queries.open_transfer(row.sheet_id),
        account=line.account,
        cause=line.public_id,
        day=clock.today(),
        kind=EntryKind.BANK_GIFT,
        by=by,
        first=[_entry(line, EntryKind.SUSPENSE_OUT, legs, by, effect="given", group_id=group_id)],
        group_id=group_id,
    )
    _move(line.id, SuspenseStatus.GIVEN, sheet_id=row.sheet_id, request=view.id)
    trail("suspense.given", "bank_line", line.public_id, by, {"sheet": sheet_id})


def settle_return(out_line_id: str, held_line_id: str, *, by: Signed) -> None:
    """The outgoing line is what two people agreed to send back, from the account it came to.

    Raises what ``bank.claim`` and ``bank.require_fits`` raise, NotReady.
    """
    out = claim(out_line_id, LineUse.RETURN, held_line_id, by=by)
    held = look(held_line_id)
    row = _locked(held.id)
    if row.status != SuspenseStatus.RETURNING.value or held.account != out.account:
        raise NotReady
    require_fits(out, Direction.OUT, held.amount_fen, held.currency)
    legs = recipes.suspense_out(account=out.account, fen=out.amount_fen)
    try:
        ledger.post([_entry(held, EntryKind.SUSPENSE_RETURN, legs, by, effect="returned")])
    except BelowFloor:
        raise NotReady from None
    _move(held.id, SuspenseStatus.RETURNED, sheet_id=None, request=row.request_id)
