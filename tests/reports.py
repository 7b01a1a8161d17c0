"""Reports for tests: four people of the office, and the way from a draft to publication."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.approvals.queries import RequestView
from charity.disclosures import desk_queries, drafting, jobs, queries, services
from charity.disclosures.kinds import MADE
from charity.disclosures.queries import ReportView
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.gifts import SLUG
from tests.people import make_person

WORDS = "本期募集的款项用于**困难家庭**。\n\n- 发放米面油\n- 上门看望"
WORDS_EN = "What was raised helped families in hardship."


@dataclass(frozen=True)
class Office:
    """Who drafts, checks and publishes, and another discloser."""

    drafts: Signed
    checks: Signed
    publishes: Signed
    other: Signed


def office() -> Office:
    """Four persons. Opens its own unit of work."""
    with atomic():
        return Office(
            make_person("起草人", Grant(Role.DISCLOSER)),
            make_person("核对人", Grant(Role.ACCOUNTANT)),
            make_person("公布人", Grant(Role.FUND_MANAGER)),
            make_person("另一专员", Grant(Role.DISCLOSER)),
        )


def begin(
    who: Signed, first_on: dt.date | None = None, last_on: dt.date | None = None, slug: str = SLUG
) -> str:
    """A report about the last ten days, without words yet."""
    today = clock.today()
    with atomic():
        return services.begin(
            slug, first_on or today - dt.timedelta(days=9), last_on or today, by=who
        )


def write(report: str, who: Signed, body: str = WORDS, reason: str = "", body_en: str = "") -> None:
    """Save the words of the next version."""
    seen = desk_queries.desk_report(report).edits
    db.session().rollback()
    with atomic():
        services.write(report, body=body, body_en=body_en, reason=reason, seen=seen, by=who)


def prepared(report: str) -> drafting.Prepared:
    """The next version as of now."""
    db.session().rollback()
    found = drafting.prepare(report)
    db.session().rollback()
    return found


def submit(report: str, who: Signed) -> str:
    """Frozen and sent to be checked; the request's id."""
    found = prepared(report)
    with atomic():
        return services.submit(found, by=who)


def quick_files(report: str) -> None:
    """Files that stand for those of the worker, where a test asks about something else."""
    submission = desk_queries.desk_report(report).submission
    db.session().rollback()
    assert submission is not None
    stored = {form: files.store().put(f"{form} of {submission.id}".encode()) for form in MADE}
    with atomic():
        services.keep_files(submission.id, stored)


def agree(request: str, who: Signed) -> RequestView:
    """One person's yes, and what it sets off, as the page does it."""
    with atomic():
        view = approvals.decide(request, by=who, approve=True)
        if view.status is RequestStatus.APPROVED:
            services.publish(view, who)
        return view


def publish(people: Office, report: str, *, drawn: bool = False) -> ReportView:
    """Submitted, its files made (``drawn``: by the worker), checked and published."""
    request = submit(report, people.drafts)
    if drawn:
        assert jobs.make_files() == 1
    else:
        quick_files(report)
    agree(request, people.checks)
    agree(request, people.publishes)
    db.session().rollback()
    found = queries.report(report)
    db.session().rollback()
    return found


def published(people: Office, *, drawn: bool = False, **days: Any) -> ReportView:
    """A report from its beginning to its publication."""
    report = begin(people.drafts, **days)
    write(report, people.drafts)
    return publish(people, report, drawn=drawn)


def document(report: str, version: int = 1) -> dict[str, Any]:
    """A published document."""
    found: dict[str, Any] = json.loads(queries.document_text(report, version))
    db.session().rollback()
    return found
