"""The read-only desk of supervisors.

Rule: nothing here changes anything but the trail (an export is noted with its purpose) and the
supervisor's own remarks on the week's sample. Donors and payees are shown masked.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auditdesk", __name__, url_prefix="/desk/audit")

from charity.web.auditdesk import (  # noqa: E402 - views register themselves
    approvals,  # noqa: F401
    books,  # noqa: F401
    checks,  # noqa: F401
    entries,  # noqa: F401
    exports,  # noqa: F401
    home,  # noqa: F401
    sample,  # noqa: F401
    trail,  # noqa: F401
)
