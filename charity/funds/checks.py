"""Production self-check of areas: the codes of units and campaigns are areas.

Plain SQL on stored rows, so that no code is shared with what is checked.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from charity.ledger.checks import Check

_SHOWN = 5
# A code that once was an area stays right: it has a successor. A longer one lies in a county, or in
# a city that has no counties.
_UNKNOWN = """
    SELECT x.name FROM ({rows}) x
    WHERE NOT EXISTS (SELECT 1 FROM areas_area a WHERE a.code = substr(x.code, 1, 6)
                      AND (length(x.code) = 6 OR a.level = 'county'))
      AND NOT (length(x.code) > 6 AND EXISTS (
        SELECT 1 FROM areas_area a WHERE a.code = substr(x.code, 1, 4) || '00'
          AND NOT EXISTS (SELECT 1 FROM areas_area b WHERE b.parent_code = a.code)))
    ORDER BY x.name"""

SENTENCES = {
    "every raising unit lies in an area that exists": _UNKNOWN.format(
        rows="SELECT area_code AS code, code AS name FROM funds_unit"
    ),
    "every campaign's area exists": _UNKNOWN.format(
        rows="SELECT area_code AS code, slug AS name FROM funds_campaign"
    ),
    "every area's parent and successor are areas": """
        SELECT a.code AS name FROM areas_area a
        WHERE (a.parent_code IS NOT NULL AND a.parent_code NOT IN (SELECT code FROM areas_area))
           OR (a.successor_code IS NOT NULL
               AND a.successor_code NOT IN (SELECT code FROM areas_area))""",
    "every filed campaign's plan is its newest version": """
        SELECT c.slug AS name FROM funds_campaign c
        WHERE c.plan_version <> (SELECT count(*) FROM funds_plan_version v
                                 WHERE v.campaign_id = c.id)
           OR (c.status <> 'draft') <> (c.plan_version > 0)""",
}


def run(session: Session) -> list[Check]:
    """One verdict for each sentence, with the first offenders."""
    found = []
    for name, statement in SENTENCES.items():
        wrong = [str(row.name) for row in session.execute(text(statement))]
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        found.append(Check(name, not wrong, ", ".join(wrong[:_SHOWN]) + more))
    return found
