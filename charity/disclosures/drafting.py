"""The next version of a report put together: figures of this moment, the text as it stands.

Rule: it is put together in a reading snapshot, so that every figure is as of the same entry n, and
changes nothing. What was looked at is what ``services.submit`` freezes, or it refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charity.disclosures import desk_queries, document, queries, rules
from charity.disclosures.desk_queries import DeskReport
from charity.disclosures.document import canonical, read, sha256
from charity.disclosures.errors import FiguresDisagree, NothingToSubmit
from charity.disclosures.gather import gather
from charity.funds import queries as funds
from charity.kernel import clock
from charity.ledger import queries as ledger


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be frozen, and the draft it was put together from."""

    report_id: str
    version: int
    edits: int
    document: dict[str, Any]
    text: str
    sha256: str

    @property
    def as_of_entry(self) -> int:
        """The last entry in its figures."""
        return int(self.document["as_of_entry"])


def prepare(report_id: str) -> Prepared:
    """The next version as it would be frozen now. Outside a unit of work.

    Raises ``NoSuchReport``, ``NothingToSubmit``, ``FiguresDisagree``, and what the texts break
    (``TextNeeded``, ``TextTooLong``, ``ReasonNeeded``, ``MissingGlyph``).
    """
    report = desk_queries.desk_report(report_id)
    made = preview(report)
    document.require_printable(made)
    draft = report.draft
    assert draft is not None
    rules.check_words(draft.body, draft.body_en, draft.reason, correction=report.next_version > 1)
    if rules.disagreements(made):
        raise FiguresDisagree
    text = canonical(made)
    return Prepared(
        report_id, report.next_version, report.edits, made, text.decode("utf-8"), sha256(text)
    )


def preview(report: DeskReport) -> dict[str, Any]:
    """The next version as it would look now. Raises ``NothingToSubmit``."""
    view, draft = report.view, report.draft
    if draft is None:
        raise NothingToSubmit
    campaign, charity = funds.campaign(view.slug), funds.charity()
    found = gather(view.slug, view.first_on, view.last_on)
    made: dict[str, Any] = {
        "v": document.VERSION,
        "kind": "campaign_period",
        "report": view.id,
        "version": report.next_version,
        "mode": ledger.mode(),
        "charity": {
            "name": charity.name if charity else "",
            "name_en": charity.name_en if charity else "",
            "uscc": charity.uscc if charity else "",
        },
        "campaign": {
            "slug": campaign.slug,
            "name": campaign.name,
            "name_en": campaign.name_en,
            "filing_number": campaign.filing_number,
            "starts_on": campaign.starts_on.isoformat(),
            "ends_on": campaign.ends_on.isoformat(),
        },
        "first_on": view.first_on.isoformat(),
        "last_on": view.last_on.isoformat(),
        "drawn_on": clock.today().isoformat(),
        "as_of_entry": found.as_of_entry,
        "currency": campaign.currency,
        "text": draft.body,
        "text_en": draft.body_en,
        "totals": found.totals,
        "units": found.units,
        "uses": found.uses,
        "other_used_fen": found.other_used_fen,
        "correction": None,
    }
    if view.versions:
        made["correction"] = _correction(made, report)
    return made


def standing_text(report: DeskReport) -> str:
    """The data document of the version that stands. The report has one."""
    return queries.document_text(report.id, report.view.newest.version)


def _correction(made: dict[str, Any], report: DeskReport) -> dict[str, Any]:
    """Why the version before is replaced, and every figure that is not what it was."""
    before = report.view.newest
    old = read(standing_text(report))
    assert report.draft is not None
    return {
        "replaces": before.version,
        "replaces_sha256": before.document_sha256,
        "replaces_as_of_entry": before.as_of_entry,
        "reason": report.draft.reason,
        "text_changed": (old["text"], old["text_en"]) != (made["text"], made["text_en"]),
        "changes": rules.difference(old, made),
    }
