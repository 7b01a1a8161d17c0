"""The verbs of reports: begin, write, submit, publish; and keep the files the worker made.

The way through: ``begin`` and ``write`` by disclosers → ``submit`` freezes the next version and
asks for two agreements (``approvals``) → the worker keeps the files → the first other person who
agrees has checked it, the second publishes it: ``publish`` runs in that unit of work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.audit.services import record
from charity.disclosures import desk_queries, rules
from charity.disclosures.desk_queries import DeskReport
from charity.disclosures.drafting import Prepared
from charity.disclosures.errors import (
    AlreadyPublished,
    BeingChecked,
    DraftChanged,
    FilesNotReady,
    NotADiscloser,
    NothingToSubmit,
)
from charity.disclosures.kinds import Form, Stage
from charity.disclosures.models import Edit, Files, Publication, Report, Submission
from charity.funds import queries as funds
from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.ids import new_id, public_id
from charity.kernel.turns import one_at_a_time
from charity.people.queries import Signed

_CHECKED = (Stage.CHECK, Stage.PUBLISH)


def begin(slug: str, first_on: dt.date, last_on: dt.date, *, by: Signed) -> str:
    """Begin a report about a public campaign and these days, both included; its public id.

    Raises ``NotADiscloser``, ``UnknownCampaign``, ``PeriodUnfit``.
    """
    require_atomic()
    _discloser(by)
    campaign = funds.campaign(slug)
    rules.check_period(first_on, last_on, starts_on=campaign.starts_on, today=clock.today())
    books = funds.unit_books().subquery()
    campaign_id = (
        db.session().scalars(select(books.c.campaign_id).where(books.c.slug == slug).limit(1)).one()
    )
    inner, name = new_id(), public_id()
    db.session().execute(
        insert(Report).values(
            id=inner,
            public_id=name,
            campaign_id=campaign_id,
            first_on=first_on,
            last_on=last_on,
            begun_by_id=by.person_id,
            begun_by_name=by.name,
            begun_at=clock.now(),
        )
    )
    _edit(inner, 1, by)
    _trail("report.begun", name, by, {"campaign": slug, "first_on": first_on.isoformat(),
                                      "last_on": last_on.isoformat()})  # fmt: skip
    return name


def write(report_id: str, *, body: str, body_en: str, reason: str, seen: int, by: Signed) -> None:
    """Save the text of the next version; after a publication this begins its correction.

    ``seen`` is how many saves the writer had seen. Raises ``NotADiscloser``, ``NoSuchReport``,
    ``BeingChecked``, ``DraftChanged``, ``TextNeeded``, ``TextTooLong``, ``ReasonNeeded``.
    """
    require_atomic()
    _discloser(by)
    report = _alone_with(report_id)
    if report.stage in _CHECKED:
        raise BeingChecked
    if seen != report.edits:
        raise DraftChanged
    correction = report.next_version > 1
    rules.check_words(body, body_en, reason, correction=correction)
    _edit(
        report.inner_id, report.next_version, by,
        body=body, body_en=body_en, reason=reason if correction else "",
    )  # fmt: skip
    _trail("report.written", report.id, by, {"version": report.next_version})


def submit(prepared: Prepared, *, by: Signed) -> str:
    """Freeze what was prepared and ask two others to agree; the request's public id.

    Whoever wrote on this version neither checks nor publishes it. Raises ``NotADiscloser``,
    ``NoSuchReport``, ``NothingToSubmit``, ``BeingChecked``, ``DraftChanged``, ``AlreadyAsked``.
    """
    require_atomic()
    _discloser(by)
    report = _alone_with(prepared.report_id)
    if report.stage in _CHECKED:
        raise BeingChecked
    if report.draft is None:
        raise NothingToSubmit
    if (report.next_version, report.edits) != (prepared.version, prepared.edits):
        raise DraftChanged
    db.session().execute(
        insert(Submission).values(
            id=new_id(),
            report_id=report.inner_id,
            version=prepared.version,
            document=prepared.text,
            document_sha256=prepared.sha256,
            as_of_entry=prepared.as_of_entry,
            reason=report.draft.reason,
            drafted_by_id=by.person_id,
            drafted_by_name=by.name,
            drafted_at=clock.now().replace(microsecond=0),
        )
    )
    view = report.view
    request_id = approvals.request(
        Kind.REPORT,
        report.id,
        _facts(report, prepared.version, prepared.sha256, prepared.as_of_entry,
               report.draft.reason),
        by=by,
        title=f"{view.campaign_name} {view.first_on}–{view.last_on}",
        concerned=sorted(desk_queries.authors(report.inner_id, prepared.version) - {by.person_id}),
    )  # fmt: skip
    _trail("report.submitted", report.id, by,
           {"version": prepared.version, "document": prepared.sha256})  # fmt: skip
    return request_id


def publish(view: RequestView, by: Signed) -> None:
    """The effect of the second agreement: the version is public from this unit of work on.

    Raises ``FilesNotReady``, ``AlreadyPublished``, and what ``approvals.use`` raises.
    """
    require_atomic()
    report = desk_queries.desk_report(view.subject_id)
    submission = report.submission
    if submission is None or submission.version != report.next_version:
        raise AlreadyPublished
    if not submission.files_made:
        raise FilesNotReady
    facts = _facts(report, submission.version, submission.document_sha256,
                   submission.as_of_entry, submission.reason)  # fmt: skip
    signed = approvals.use(view.id, facts)
    agreed = [word.by for word in approval_queries.request(view.id).decisions if word.approve]
    checked, published = agreed[0], agreed[-1]
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    stored = session.execute(
        dialect.insert(Publication)
        .values(
            report_id=report.inner_id,
            version=submission.version,
            submission_id=submission.id,
            replaces=submission.version - 1 if submission.version > 1 else None,
            reason=submission.reason,
            document_sha256=submission.document_sha256,
            drafted_by_id=submission.drafted_by_id,
            checked_by_id=checked.id,
            checked_by_name=checked.name,
            published_by_id=published.id,
            published_by_name=published.name,
            request_id=view.id,
            approved_hash=signed.approved_hash,
            published_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Publication.version)
    )
    if stored.first() is None:
        raise AlreadyPublished
    _trail("report.published", report.id, by,
           {"version": submission.version, "document": submission.document_sha256})  # fmt: skip


def keep_files(submission_id: int, made: Mapping[Form, Stored]) -> None:
    """Note where the files of a submission lie. The first ones stay: their bytes never change."""
    require_atomic()
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values: dict[str, object] = {}
    for form in (Form.PDF, Form.CSV, Form.XLSX):
        stored = made[form]
        values |= {
            f"{form}_path": stored.path,
            f"{form}_sha256": stored.sha256,
            f"{form}_size": stored.size,
        }
    session.execute(
        dialect.insert(Files)
        .values(submission_id=submission_id, made_at=clock.now(), **values)
        .on_conflict_do_nothing()
    )


def _facts(
    report: DeskReport, version: int, sha256: str, as_of_entry: int, reason: str
) -> dict[str, object]:
    """What two others agree to: exactly this document."""
    view = report.view
    return {
        "report": report.id,
        "campaign": view.campaign_name,
        "first_on": view.first_on.isoformat(),
        "last_on": view.last_on.isoformat(),
        "version": version,
        "as_of_entry": as_of_entry,
        "reason": reason,
        "document_sha256": sha256,
    }


def _edit(
    inner_id: int, version: int, by: Signed, *, body: str = "", body_en: str = "", reason: str = ""
) -> None:
    db.session().execute(
        insert(Edit).values(
            id=new_id(),
            report_id=inner_id,
            version=version,
            body=body,
            body_en=body_en,
            reason=reason,
            by_id=by.person_id,
            by_name=by.name,
            at=clock.now(),
        )
    )


def _alone_with(report_id: str) -> DeskReport:
    """The report as it stands: until this unit of work ends nobody else writes or submits it."""
    one_at_a_time(f"disclosures.report {report_id}")
    return desk_queries.desk_report(report_id)


def _discloser(by: Signed) -> None:
    if not by.holds(approval_queries.asking(Kind.REPORT)):
        raise NotADiscloser


def _trail(verb: str, report_id: str, by: Signed, after: Mapping[str, object]) -> None:
    record(verb, "report", report_id, actor_id=by.person_id, actor_name=by.name, after=after)
