"""All requests for approval, whoever asked and whoever decided, for supervisors to read."""

from __future__ import annotations

from flask import render_template, request

from charity.approvals import audit_queries as all_requests
from charity.approvals import queries
from charity.web.auditdesk import asked, bp
from charity.web.auditdesk.frame import next_urls, supervisor
from charity.web.desk.words import ROLES
from charity.web.funddesk.sheet import sheet
from charity.web.funddesk.words import KINDS, STATUSES


@bp.get("/approvals")
@supervisor
def approvals() -> str:
    """Every request, the newest first; filters and place stand in the address."""
    kept, after = asked.kept(asked.APPROVAL_FILTERS), request.args.get("after") or None
    page = all_requests.everything(asked.requests(), after)
    return render_template(
        "auditdesk/approvals.html",
        requests=page.requests,
        kept=kept,
        kinds=KINDS,
        statuses=STATUSES,
        **next_urls("auditdesk.approvals", kept, "after", after, page.after),
    )


@bp.get("/approvals/<request_id>")
@supervisor
def approval(request_id: str) -> str:
    """One request: its facts, whether they are still those that were signed, and every word."""
    view = queries.request(request_id)
    return render_template(
        "auditdesk/approval.html",
        one=view,
        sheet=sheet(view.kind, view.facts),
        holds=all_requests.hash_holds(view),
        kind_word=KINDS[view.kind],
        statuses=STATUSES,
        roles=ROLES,
    )
