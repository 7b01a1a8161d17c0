"""The desk of the fund's managers and office."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("funddesk", __name__, url_prefix="/desk/fund")

from charity.web.funddesk import (  # noqa: E402 - views register themselves
    admissions,  # noqa: F401
    applications,  # noqa: F401
    approvals,  # noqa: F401
    bank,  # noqa: F401
    campaigns,  # noqa: F401
    corrections,  # noqa: F401
    delegations,  # noqa: F401
    evidence,  # noqa: F401
    invites,  # noqa: F401
    messages,  # noqa: F401
    parameters,  # noqa: F401
    payees,  # noqa: F401
    payments,  # noqa: F401
    people,  # noqa: F401
    providers,  # noqa: F401
    refunds,  # noqa: F401
    reports,  # noqa: F401
    statements,  # noqa: F401
    suspense,  # noqa: F401
    units,  # noqa: F401
    use_plans,  # noqa: F401
)
