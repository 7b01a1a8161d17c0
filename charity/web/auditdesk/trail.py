"""The trail: who did what to what; and of it, who looked at whose data and what for."""

from __future__ import annotations

from flask import render_template

from charity.audit import queries as audit
from charity.web.auditdesk import asked, bp
from charity.web.auditdesk.frame import next_urls, supervisor
from charity.web.auditdesk.words import SUBJECTS
from charity.web.funddesk.sheet import general


@bp.get("/trail")
@supervisor
def trail() -> str:
    """Every change, the newest first; filters and place stand in the address."""
    kept, before = asked.kept(asked.TRAIL_FILTERS), asked.number("before")
    page = audit.trail(asked.records(), before)
    verbs = audit.verbs()
    return render_template(
        "auditdesk/trail.html",
        rows=page.rows,
        kept=kept,
        groups={verb.partition(".")[0]: SUBJECTS.get(verb.partition(".")[0]) for verb in verbs},
        types=audit.object_types(),
        facts=general,
        **next_urls("auditdesk.trail", kept, "before", before, page.before),
    )


@bp.get("/reveals")
@supervisor
def reveals() -> str:
    """Who looked at somebody's data or took data out, and the purpose they gave."""
    kept, before = asked.kept(asked.REVEAL_FILTERS), asked.number("before")
    page = audit.trail(asked.reveals(), before)
    return render_template(
        "auditdesk/reveals.html",
        rows=page.rows,
        kept=kept,
        facts=general,
        **next_urls("auditdesk.reveals", kept, "before", before, page.before),
    )
