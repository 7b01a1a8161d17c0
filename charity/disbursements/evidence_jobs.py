"""What the worker calls for evidence; safe to run twice and beside another worker."""

from __future__ import annotations

from charity.disbursements import evidence_mail, evidence_queries
from charity.disbursements.evidence import GIVERS, addresses
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.parameters import queries as parameters
from charity.people import queries as people

REMIND_DAYS = "disbursements.evidence_remind_days"


def remind_overdue() -> int:
    """Write to the people of each unit that owes evidence, once for each period; how many letters.

    Which period it is follows from the due day alone, so a letter has one key however often this
    runs, and a run that was missed is not made up for by several letters at once.
    """
    today = clock.today()
    owing = bool(evidence_queries.overdue(today))
    db.session().rollback()
    if not owing:
        return 0
    with atomic():
        every = parameters.value(REMIND_DAYS, today)
        told = 0
        for one in evidence_queries.overdue(today):
            period = ((today - one.due_on).days - 1) // every
            own = people.holders(GIVERS, (one.unit_code,))
            for who in own or people.holders(GIVERS, funds.ancestors(one.unit_code)):
                told += evidence_mail.overdue(
                    addresses(who.person_id), who.person_id, number=one.number, title=one.title,
                    due=one.due_on, period=period,
                )  # fmt: skip
    return told
