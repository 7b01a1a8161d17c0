"""The first page of the supervisor's desk, and its line in the navigation."""

from __future__ import annotations

from flask import render_template
from flask_babel import lazy_gettext as _l

from charity.audit import queries as audit
from charity.figures import queries as figures
from charity.figures import samples
from charity.ledger import queries as ledger
from charity.people.kinds import Role
from charity.web.auditdesk import bp
from charity.web.auditdesk.frame import supervisor
from charity.web.desk.menu import ITEMS, Item


@bp.get("/", strict_slashes=False)
@supervisor
def home() -> str:
    """How far the ledger is, what the last check found, and the sample of the week that ended."""
    week = samples.last_weeks(2)[1]
    return render_template(
        "auditdesk/home.html",
        head=ledger.head(),
        waits=ledger.unnumbered(),
        mode=ledger.mode(),
        check=figures.last_check(),
        week=week,
        drawn=samples.total(week),
        seen=audit.marked([week]).get(week, 0),
    )


ITEMS.append(Item("auditdesk.home", _l("监督"), (Role.SUPERVISOR,)))
