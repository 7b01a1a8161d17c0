"""The one list of what runs when.

Jobs of one lane run one after the other, lanes beside each other: so a long check or a PDF never
keeps a gift from settling.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from charity.approvals import jobs as approvals
from charity.audit.services import note_checks
from charity.disbursements import evidence_jobs as evidence
from charity.disbursements import jobs as uses
from charity.disclosures import checks
from charity.disclosures import jobs as disclosures
from charity.donations import jobs as donations
from charity.figures import jobs as figures
from charity.jobs import alerts
from charity.kernel import outbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import queries as ledger
from charity.ledger.services import sequence
from charity.people import jobs as people
from charity.receipts import jobs as receipts


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did: how many things, whether all was well, what it found as JSON."""

    done: int
    ok: bool = True
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the list. ``every`` is in seconds; a job that found work runs again at once."""

    name: str
    every: float
    lane: str
    what: str
    run: Callable[[], int | Result]


def sequence_entries() -> int:
    """Number every entry that waits; how many."""
    waits = ledger.unnumbered()
    db.session().rollback()
    done = 0
    while waits:
        with atomic():
            numbered = sequence()
        done += numbered
        waits = numbered > 0
    return done


def check() -> Result:
    """Prove the invariants; the result is what the transparency page and supervisors see."""
    report = checks.everything()
    wrong = [asdict(each) for each in report.checks if not each.ok]
    with atomic():
        note_checks(entries=report.entries, checks=len(report.checks), wrong=wrong)
    detail = {"entries": report.entries, "checks": len(report.checks), "wrong": wrong,
              "parts": dict(report.parts)}  # fmt: skip
    return Result(0, report.ok, json.dumps(detail, ensure_ascii=False))


JOBS: tuple[Job, ...] = (
    Job("settle", 0.2, "money", "stored events into the ledger", donations.settle_inbox),
    # Beside the first: one batch is read and drafted while the database writes the other.
    Job("settle-beside", 0.2, "money-beside", "the next batch of them", donations.settle_inbox),
    Job("sequence", 0.2, "money", "entries get their numbers", sequence_entries),
    Job("lines", 0.5, "lines", "where each gift stands in its book", figures.follow_entries),
    Job("tell", 3_600, "tell", "donors told that their money was used", figures.tell_donors),
    Job("receipts", 0.5, "paper", "receipts of settled gifts", receipts.issue_receipts),
    Job("render", 0.2, "paper", "PDFs that somebody waits for", receipts.render_requested),
    Job("reports", 1, "paper", "files of reports that were frozen", disclosures.make_files),
    Job("deliver", 1, "post", "events of the sandbox", donations.deliver_sandbox_events),
    # Its own lane: a mail server that does not answer keeps nobody else waiting.
    Job("mail", 1, "mail", "messages of the outbox", outbox.deliver_due),
    Job("refunds", 2, "back", "money back, and what became of it", donations.send_refunds),
    # A lane of their own: a provider that does not answer keeps nobody else waiting.
    Job("ask", 1, "ask", "fees and payouts that events point at", donations.ask_providers),
    Job("look", 30, "ask", "payments that went quiet", donations.look_quiet),
    Job("missed", 900, "ask", "events of three days that never came", donations.list_missed_lately),
    Job("missed-long", 86_400, "ask", "the same for thirty days", donations.list_missed_long),
    Job("expire", 60, "post", "payments nobody made", donations.expire_quiet),
    Job("forget-tries", 3_600, "post", "where tries to pay came from", donations.forget_tries),
    Job("approvals", 60, "post", "requests nobody decided in time", approvals.expire_due),
    Job("taken-uses", 5, "uses", "promised money that refunds took", uses.bring_back_taken),
    Job("follow-uses", 30, "uses", "applications whose request is over", uses.follow_requests),
    Job("expire-uses", 600, "uses", "approvals not paid in time", uses.expire_approvals),
    Job("evidence", 3_600, "post", "units that owe evidence are reminded", evidence.remind_overdue),
    Job("forget-sessions", 3_600, "post", "sessions, links and tries long over", people.sweep),
    Job("watch-lives", 60, "post", "whether the watch is there", alerts.look_at_watch),
    Job("check", 600, "proof", "all invariants", check),
)


def job(name: str) -> Job:
    """The job of this name. Raises KeyError."""
    return {each.name: each for each in JOBS}[name]
