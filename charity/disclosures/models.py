"""Tables of reports. All are append-only: nothing of a report is ever changed.

A report is about a campaign and some days. Its text is written in edits; a submission freezes the
document of the next version; its files are made; two other persons agree; it is published. The
database itself holds that versions are 1, 2, 3 …, that nothing is published without its files, and
that whoever drafted, checked and published are three persons.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.db import Base, Id, Moment, Ref, Words

APPEND_ONLY = {"info": {"append_only": True}}


class Report(Base):
    """What a report is about: a campaign, from a day to a day, both included."""

    __tablename__ = "disclosures_report"
    __table_args__ = (
        UniqueConstraint("public_id"),
        CheckConstraint("last_on >= first_on", name="days"),
        Index("ix_disclosures_report_campaign_id", "campaign_id"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(16))
    campaign_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("funds_campaign.id"))
    first_on: Mapped[dt.date] = mapped_column(Date)
    last_on: Mapped[dt.date] = mapped_column(Date)
    begun_by_id: Mapped[str] = mapped_column(String(64))
    begun_by_name: Mapped[str] = mapped_column(String(120))
    begun_at: Mapped[Moment]


class Edit(Base):
    """The text as somebody left it; the newest of a version is its draft."""

    __tablename__ = "disclosures_edit"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        Index("ix_disclosures_edit_report_id", "report_id", "version"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disclosures_report.id"))
    version: Mapped[int] = mapped_column(SmallInteger, comment="the version it is for")
    body: Mapped[Words]
    body_en: Mapped[Words]
    reason: Mapped[Words] = mapped_column(comment="why the version before is corrected; public")
    by_id: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[Moment]


class Submission(Base):
    """A version as it was frozen to be checked."""

    __tablename__ = "disclosures_submission"
    __table_args__ = (
        UniqueConstraint(
            "id",
            "report_id",
            "version",
            "drafted_by_id",
            "document_sha256",
            name="uq_disclosures_submission_as_submitted",
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("length(document_sha256) = 64", name="document_sha256"),
        CheckConstraint("as_of_entry >= 0", name="as_of_entry"),
        Index("ix_disclosures_submission_report_id", "report_id", "version"),
        APPEND_ONLY,
    )
    id: Mapped[Id]
    report_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("disclosures_report.id"))
    version: Mapped[int] = mapped_column(SmallInteger)
    document: Mapped[Words] = mapped_column(comment="canonical JSON (RFC 8785)")
    document_sha256: Mapped[str] = mapped_column(String(64), comment="hex, of its UTF-8 bytes")
    as_of_entry: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[Words]
    drafted_by_id: Mapped[str] = mapped_column(String(64))
    drafted_by_name: Mapped[str] = mapped_column(String(120))
    drafted_at: Mapped[Moment]


class Files(Base):
    """Where the three files of a submission lie; all were made, or there is no row."""

    __tablename__ = "disclosures_files"
    __table_args__ = (
        CheckConstraint(
            "length(pdf_sha256) = 64 AND length(csv_sha256) = 64 AND length(xlsx_sha256) = 64",
            name="sha256",
        ),
        CheckConstraint("pdf_size >= 1 AND csv_size >= 1 AND xlsx_size >= 1", name="size"),
        APPEND_ONLY,
    )
    submission_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("disclosures_submission.id"), primary_key=True, autoincrement=False
    )
    pdf_path: Mapped[str] = mapped_column(String(120), comment="relative to the store of files")
    pdf_sha256: Mapped[str] = mapped_column(String(64))
    pdf_size: Mapped[int] = mapped_column(Integer)
    csv_path: Mapped[str] = mapped_column(String(120))
    csv_sha256: Mapped[str] = mapped_column(String(64))
    csv_size: Mapped[int] = mapped_column(Integer)
    xlsx_path: Mapped[str] = mapped_column(String(120))
    xlsx_sha256: Mapped[str] = mapped_column(String(64))
    xlsx_size: Mapped[int] = mapped_column(Integer)
    made_at: Mapped[Moment]


class Publication(Base):
    """A version that is public, for good. Of two who publish it one row is stored."""

    __tablename__ = "disclosures_publication"
    __table_args__ = (
        UniqueConstraint("submission_id"),
        UniqueConstraint("request_id"),
        ForeignKeyConstraint(
            ["submission_id", "report_id", "version", "drafted_by_id", "document_sha256"],
            [
                "disclosures_submission.id",
                "disclosures_submission.report_id",
                "disclosures_submission.version",
                "disclosures_submission.drafted_by_id",
                "disclosures_submission.document_sha256",
            ],
            name="fk_disclosures_publication_as_submitted",
        ),
        ForeignKeyConstraint(
            ["submission_id"],
            ["disclosures_files.submission_id"],
            name="fk_disclosures_publication_with_files",
        ),
        ForeignKeyConstraint(
            ["report_id", "replaces"],
            ["disclosures_publication.report_id", "disclosures_publication.version"],
            name="fk_disclosures_publication_replaces",
        ),
        CheckConstraint("(version = 1) = (replaces IS NULL)", name="first"),
        CheckConstraint("replaces IS NULL OR replaces = version - 1", name="replaces"),
        CheckConstraint("(version = 1) = (reason = '')", name="reason"),
        CheckConstraint(
            "drafted_by_id <> checked_by_id AND drafted_by_id <> published_by_id"
            " AND checked_by_id <> published_by_id",
            name="three_people",
        ),
        CheckConstraint("length(approved_hash) = 64", name="approved_hash"),
        Index("ix_disclosures_publication_published_at", "published_at", "report_id"),
        APPEND_ONLY,
    )
    report_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("disclosures_report.id"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    submission_id: Mapped[Ref]
    replaces: Mapped[int | None] = mapped_column(SmallInteger, comment="the version before")
    reason: Mapped[Words] = mapped_column(comment="why the version before was corrected; public")
    document_sha256: Mapped[str] = mapped_column(String(64))
    drafted_by_id: Mapped[str] = mapped_column(String(64))
    checked_by_id: Mapped[str] = mapped_column(String(64))
    checked_by_name: Mapped[str] = mapped_column(String(120))
    published_by_id: Mapped[str] = mapped_column(String(64))
    published_by_name: Mapped[str] = mapped_column(String(120))
    request_id: Mapped[str] = mapped_column(String(16), comment="public id of the approval")
    approved_hash: Mapped[str] = mapped_column(String(64), comment="SHA-256, hex, of the facts")
    published_at: Mapped[Moment]
