"""Reads of reports for the fund's desk: drafts, what waits for whom, and what was published."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind, RequestStatus
from charity.approvals.queries import RequestView
from charity.disclosures.errors import NoSuchReport
from charity.disclosures.kinds import Form, Stage
from charity.disclosures.models import Edit, Files, Publication, Report, Submission
from charity.disclosures.queries import ReportView, views_of
from charity.kernel import files
from charity.kernel.db import db
from charity.kernel.errors import CursorUnfit

PAGE = 30


@dataclass(frozen=True, slots=True)
class DraftView:
    """The text of the next version as it was left; ``edits`` counts every save of the report."""

    body: str
    body_en: str
    reason: str
    by_id: str
    by_name: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """The next version as it was frozen. ``files_made``: PDF, CSV and XLSX are kept."""

    id: int
    version: int
    document: str
    document_sha256: str
    as_of_entry: int
    reason: str
    drafted_by_id: str
    drafted_by_name: str
    drafted_at: dt.datetime
    files_made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReport:
    """A report as the desk sees it."""

    view: ReportView
    inner_id: int
    next_version: int
    edits: int
    draft: DraftView | None
    submission: SubmissionView | None
    request: RequestView | None
    stage: Stage

    @property
    def id(self) -> str:
        """The report's public id."""
        return self.view.id

    @property
    def refused(self) -> RequestView | None:
        """The last check, when it ended without publication and the draft still stands."""
        request = self.request
        if request is None or self.stage is not Stage.DRAFT:
            return None
        ended = (RequestStatus.REFUSED, RequestStatus.EXPIRED, RequestStatus.WITHDRAWN)
        return request if request.status in ended else None


@dataclass(frozen=True, slots=True)
class DeskPage:
    """Some reports, the newest first."""

    items: tuple[DeskReport, ...]
    next_cursor: str | None


def desk_reports(cursor: str | None = None, limit: int = PAGE) -> DeskPage:
    """Every report, the newest first. Raises ``CursorUnfit``."""
    asked = select(Report.id).order_by(Report.id.desc()).limit(limit + 1)
    if cursor:
        last = db.session().scalar(select(Report.id).where(Report.public_id == cursor))
        if last is None:
            raise CursorUnfit
        asked = asked.where(Report.id < last)
    ids = list(db.session().scalars(asked))
    views = views_of(ids[:limit])
    items = tuple(_desk(each, views[each]) for each in ids[:limit])
    return DeskPage(items, items[-1].id if len(ids) > limit else None)


def desk_report(report_id: str) -> DeskReport:
    """One report, published or not. Raises ``NoSuchReport``."""
    inner = db.session().scalar(select(Report.id).where(Report.public_id == report_id))
    if inner is None:
        raise NoSuchReport
    return _desk(inner, views_of([inner])[inner])


def submitted_file(submission_id: int, form: Form) -> bytes:
    """A file that was made from a submission. Raises ``NoSuchReport``, ``FileDamaged``."""
    row = db.session().get(Files, submission_id)
    if row is None or form is Form.JSON:
        raise NoSuchReport
    return files.store().get(getattr(row, f"{form}_path"), getattr(row, f"{form}_sha256"))


def authors(inner_id: int, version: int) -> frozenset[str]:
    """Ids of everybody who wrote on this version of a report."""
    return frozenset(
        db.session().scalars(
            select(Edit.by_id).where(Edit.report_id == inner_id, Edit.version == version)
        )
    )


def drafts_of(person_id: str) -> list[DeskReport]:
    """Drafts on which this person wrote last and that nobody checks now, the oldest first."""
    newest = select(func.max(Edit.id)).group_by(Edit.report_id)
    published = select(Publication.report_id, Publication.version)
    rows = db.session().execute(
        select(Edit.report_id, Edit.version)
        .where(Edit.id.in_(newest), Edit.by_id == person_id)
        .order_by(Edit.id)
    )
    done = {(row.report_id, row.version) for row in db.session().execute(published)}
    ids = [row.report_id for row in rows if (row.report_id, row.version) not in done]
    views = views_of(ids)
    found = [_desk(each, views[each]) for each in ids]
    return [one for one in found if one.stage is Stage.DRAFT]


def _desk(inner_id: int, view: ReportView) -> DeskReport:
    following = view.newest.version + 1 if view.versions else 1
    draft = _draft(inner_id, following)
    request = approvals.latest(Kind.REPORT, view.id)
    if request is not None and request.facts.get("version") != following:
        request = None
    submission = _submission(inner_id, following, request)
    return DeskReport(
        view=view,
        inner_id=inner_id,
        next_version=following,
        edits=db.session().scalar(
            select(func.count()).select_from(Edit).where(Edit.report_id == inner_id)
        )
        or 0,
        draft=draft,
        submission=submission,
        request=request,
        stage=_stage(draft, request),
    )


def _stage(draft: DraftView | None, request: RequestView | None) -> Stage:
    if request is not None and request.live:
        return Stage.PUBLISH if request.decisions else Stage.CHECK
    return Stage.DRAFT if draft is not None else Stage.NONE


def _draft(inner_id: int, version: int) -> DraftView | None:
    row = (
        db.session()
        .scalars(
            select(Edit)
            .where(Edit.report_id == inner_id, Edit.version == version)
            .order_by(Edit.id.desc())
            .limit(1)
        )
        .first()
    )
    if row is None:
        return None
    return DraftView(row.body, row.body_en, row.reason, row.by_id, row.by_name, row.at)


def _submission(inner_id: int, version: int, request: RequestView | None) -> SubmissionView | None:
    """What the request is about: the newest submission of exactly that document."""
    if request is None:
        return None
    row = (
        db.session()
        .execute(
            select(Submission, Files.made_at)
            .outerjoin(Files, Files.submission_id == Submission.id)
            .where(
                Submission.report_id == inner_id,
                Submission.version == version,
                Submission.document_sha256 == str(request.facts.get("document_sha256")),
            )
            .order_by(Submission.id.desc())
            .limit(1)
        )
        .first()
    )
    if row is None:
        return None
    one: Submission = row.Submission
    return SubmissionView(
        id=one.id,
        version=one.version,
        document=one.document,
        document_sha256=one.document_sha256,
        as_of_entry=one.as_of_entry,
        reason=one.reason,
        drafted_by_id=one.drafted_by_id,
        drafted_by_name=one.drafted_by_name,
        drafted_at=one.drafted_at,
        files_made=row.made_at is not None,
    )
