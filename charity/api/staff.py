"""What a member of staff's own programs may read, with a bearer token made at the desk."""

from __future__ import annotations

from flask import Blueprint, Response, request

from charity.api import answers
from charity.api.described import Parameter, describe, said
from charity.api.guards import token
from charity.approvals import queries as approvals
from charity.donations.hand import bank_queries as bank
from charity.people.kinds import FUND_ROLES, Role, Scope
from charity.people.queries import Signed

bp = Blueprint("staff_api", __name__, url_prefix="/api/v1/staff")


@bp.get("/waiting")
@token(Scope.WAITING, *FUND_ROLES)
@describe(answers.WaitingList, refusals=(400, 401, 403), scopes=(Scope.WAITING.value,))
def waiting(by: Signed) -> Response:
    """Requests that wait for the decision of the token's maker."""
    items = [
        answers.WaitingRequest(
            id=view.id,
            kind=view.kind,
            title=view.title,
            requested_by=view.requested_by.name,
            requested_at=view.requested_at,
            expires_at=view.expires_at,
            facts_sha256=view.facts_sha256,
        )
        for view in approvals.waiting_for(by)
    ]
    return said(answers.WaitingList(items=items))


@bp.get("/bank-lines")
@token(Scope.BANK, Role.CASHIER, Role.ACCOUNTANT, Role.FUND_MANAGER, Role.SUPERVISOR)
@describe(
    answers.BankLines,
    parameters=(Parameter("cursor", "`next_cursor` of the page before."),),
    refusals=(400, 401, 403, 422),
    scopes=(Scope.BANK.value,),
)
def bank_lines(by: Signed) -> Response:  # noqa: ARG001 - the guard hands it on; the office sees all
    """Bank lines, the newest first, by pages."""
    page = bank.lines(bank.Asked(), request.args.get("cursor"))
    items = [
        answers.BankLine(
            id=line.id,
            account=line.account,
            serial=line.serial,
            booked_on=line.booked_on,
            direction=line.direction,
            amount_fen=line.amount_fen,
            currency=line.currency,
            memo=line.memo,
            use=line.use,
            used_at=line.used_at,
        )
        for line in page.items
    ]
    return said(answers.BankLines(items=items, next_cursor=page.next_cursor))
