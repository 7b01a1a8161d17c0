"""Reads of reports: what is public, with its versions; and the desk's, with what it waits for.

Rule: the public is shown published versions only, each exactly as it was frozen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from charity.disclosures.errors import NoSuchReport
from charity.disclosures.kinds import Form
from charity.disclosures.models import Files, Publication, Report, Submission
from charity.funds import queries as funds
from charity.kernel import files
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit

PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One published version. ``sizes`` in bytes, ``hashes`` SHA-256 in hex, by form."""

    version: int
    published_at: dt.datetime
    as_of_entry: int
    document_sha256: str
    reason: str
    sizes: Mapping[Form, int]
    hashes: Mapping[Form, str]
    drafted_by: str
    checked_by: str
    published_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report with its published versions, the newest first."""

    id: str
    slug: str
    campaign_name: str
    campaign_name_en: str
    first_on: dt.date
    last_on: dt.date
    begun_at: dt.datetime
    versions: tuple[VersionView, ...]

    @property
    def newest(self) -> VersionView:
        """The version that stands."""
        return self.versions[0]

    @property
    def first_published_at(self) -> dt.datetime:
        """When it first became public."""
        return self.versions[-1].published_at


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Some reports, the newest first; ``next_cursor`` begins the next page, None on the last."""

    items: tuple[ReportView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A submission whose files are to be made."""

    submission_id: int
    document: str
    drafted_at: dt.datetime


def published(slug: str | None = None, cursor: str | None = None, limit: int = PAGE) -> ReportPage:
    """Published reports by when they first became public, the newest first.

    Raises ``CursorUnfit``.
    """
    asked = select(Publication.report_id).where(Publication.version == 1)
    if slug is not None:
        of_campaign = _reports().subquery()
        asked = asked.join(of_campaign, of_campaign.c.id == Publication.report_id).where(
            of_campaign.c.slug == slug
        )
    if cursor:
        last = db.session().execute(
            select(Publication.published_at, Publication.report_id)
            .join(Report, Report.id == Publication.report_id)
            .where(Report.public_id == cursor, Publication.version == 1)
        )
        at = last.first()
        if at is None:
            raise CursorUnfit
        same = (Publication.published_at == at.published_at) & (
            Publication.report_id < at.report_id
        )
        asked = asked.where((Publication.published_at < at.published_at) | same)
    asked = asked.order_by(Publication.published_at.desc(), Publication.report_id.desc())
    ids = list(db.session().scalars(asked.limit(limit + 1)))
    views = views_of(ids[:limit])
    items = tuple(views[each] for each in ids[:limit])
    return ReportPage(items, items[-1].id if len(ids) > limit else None)


def report(report_id: str) -> ReportView:
    """One published report. Raises ``NoSuchReport``."""
    inner = db.session().scalar(select(Report.id).where(Report.public_id == report_id))
    found = views_of([inner]).get(inner) if inner is not None else None
    if found is None or not found.versions:
        raise NoSuchReport
    return found


def telling(slug: str, day: dt.date) -> ReportView | None:
    """The newest published report of the campaign whose days hold ``day``; None when there is none.

    It tells what was used on that day.
    """
    of_campaign = _reports().subquery()
    inner = db.session().scalar(
        select(Publication.report_id)
        .join(of_campaign, of_campaign.c.id == Publication.report_id)
        .where(
            of_campaign.c.slug == slug,
            of_campaign.c.first_on <= day,
            of_campaign.c.last_on >= day,
        )
        .order_by(Publication.published_at.desc(), Publication.report_id.desc())
        .limit(1)
    )
    return views_of([inner])[inner] if inner is not None else None


def document_text(report_id: str, version: int) -> str:
    """The data document of a published version, as canonical JSON. Raises ``NoSuchReport``."""
    found = db.session().scalar(
        select(Submission.document)
        .join(Publication, Publication.submission_id == Submission.id)
        .join(Report, Report.id == Publication.report_id)
        .where(Report.public_id == report_id, Publication.version == version)
    )
    if found is None:
        raise NoSuchReport
    return found


def content(report_id: str, version: int, form: Form) -> bytes:
    """A file of a published version, as it was kept. Raises ``NoSuchReport``, ``FileDamaged``."""
    if form is Form.JSON:
        return document_text(report_id, version).encode("utf-8")
    row = (
        db.session()
        .scalars(
            select(Files)
            .join(Publication, Publication.submission_id == Files.submission_id)
            .join(Report, Report.id == Publication.report_id)
            .where(Report.public_id == report_id, Publication.version == version)
        )
        .first()
    )
    if row is None:
        raise NoSuchReport
    path, sha256 = getattr(row, f"{form}_path"), getattr(row, f"{form}_sha256")
    return files.store().get(path, sha256)


def awaiting_files(limit: int) -> list[Pending]:
    """The newest submission of each report that has no files yet, the longest waiting first."""
    newest = select(func.max(Submission.id)).group_by(Submission.report_id)
    rows = db.session().execute(
        select(Submission.id, Submission.document, Submission.drafted_at)
        .outerjoin(Files, Files.submission_id == Submission.id)
        .where(Files.submission_id.is_(None), Submission.id.in_(newest))
        .order_by(Submission.id)
        .limit(limit)
    )
    return [Pending(row.id, row.document, row.drafted_at) for row in rows]


def _reports() -> Select[*tuple[Any, ...]]:
    """Reports with the names of their campaigns."""
    books = funds.unit_books().subquery()
    campaigns = (
        select(books.c.campaign_id, books.c.slug, books.c.campaign_name, books.c.campaign_name_en)
        .distinct()
        .subquery()
    )
    return select(
        Report.id,
        Report.public_id,
        Report.first_on,
        Report.last_on,
        Report.begun_at,
        campaigns.c.slug,
        campaigns.c.campaign_name,
        campaigns.c.campaign_name_en,
    ).join(campaigns, campaigns.c.campaign_id == Report.campaign_id)


def views_of(ids: Iterable[int]) -> dict[int, ReportView]:
    """Reports by their inner id, with what of them is published; also those of which nothing is."""
    wanted = list(ids)
    versions: dict[int, list[VersionView]] = {}
    rows = db.session().execute(
        select(Publication, Files, Submission.as_of_entry, Submission.drafted_by_name)
        .join(Files, Files.submission_id == Publication.submission_id)
        .join(Submission, Submission.id == Publication.submission_id)
        .where(among(Publication.report_id, wanted))
        .order_by(Publication.version.desc())
    )  # fmt: skip
    for row in rows:
        versions.setdefault(row.Publication.report_id, []).append(_version(row))
    asked = _reports().where(among(Report.id, wanted))
    return {
        row.id: ReportView(
            id=row.public_id,
            slug=row.slug,
            campaign_name=row.campaign_name,
            campaign_name_en=row.campaign_name_en,
            first_on=row.first_on,
            last_on=row.last_on,
            begun_at=row.begun_at,
            versions=tuple(versions.get(row.id, ())),
        )
        for row in db.session().execute(asked)
    }


def _version(row: Any) -> VersionView:
    one, kept = row.Publication, row.Files
    return VersionView(
        version=one.version,
        published_at=one.published_at,
        as_of_entry=row.as_of_entry,
        document_sha256=one.document_sha256,
        reason=one.reason,
        sizes={Form.PDF: kept.pdf_size, Form.CSV: kept.csv_size, Form.XLSX: kept.xlsx_size},
        hashes={
            Form.JSON: one.document_sha256,
            Form.PDF: kept.pdf_sha256,
            Form.CSV: kept.csv_sha256,
            Form.XLSX: kept.xlsx_sha256,
        },
        drafted_by=row.drafted_by_name,
        checked_by=one.checked_by_name,
        published_by=one.published_by_name,
    )
