"""Reports, their versions and what was published."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# Ids of figures that a database begins with; each migration has a row of its own.
FIGURE = (1_600, "approvals.days.report", 30, "机构内部审批规定（试行）")


def upgrade() -> None:
    op.create_table(
        "disclosures_report",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("begun_by_id", sa.String(length=64), nullable=False),
        sa.Column("begun_by_name", sa.String(length=120), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_disclosures_report_days")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_disclosures_report_campaign_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures_report"),
        sa.UniqueConstraint("public_id", name="uq_disclosures_report_public_id"),
    )
    op.create_index("ix_disclosures_report_campaign_id", "disclosures_report", ["campaign_id"])
    op.create_table(
        "disclosures_edit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False, comment="the version it is for"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="why the version before is corrected; public",
        ),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_disclosures_edit_version")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["disclosures_report.id"], name="fk_disclosures_edit_report_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures_edit"),
    )
    op.create_index("ix_disclosures_edit_report_id", "disclosures_edit", ["report_id", "version"])
    _submission()
    _publication()
    _figure()


def _submission() -> None:
    op.create_table(
        "disclosures_submission",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="canonical JSON (RFC 8785)"),
        sa.Column(
            "document_sha256",
            sa.String(length=64),
            nullable=False,
            comment="hex, of its UTF-8 bytes",
        ),
        sa.Column("as_of_entry", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("drafted_by_id", sa.String(length=64), nullable=False),
        sa.Column("drafted_by_name", sa.String(length=120), nullable=False),
        sa.Column("drafted_at", MOMENT, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_disclosures_submission_version")),
        sa.CheckConstraint(
            "length(document_sha256) = 64", name=op.f("ck_disclosures_submission_document_sha256")
        ),
        sa.CheckConstraint("as_of_entry >= 0", name=op.f("ck_disclosures_submission_as_of_entry")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["disclosures_report.id"], name="fk_disclosures_submission_report_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures_submission"),
        sa.UniqueConstraint(
            "id",
            "report_id",
            "version",
            "drafted_by_id",
            "document_sha256",
            name="uq_disclosures_submission_as_submitted",
        ),
    )
    op.create_index(
        "ix_disclosures_submission_report_id", "disclosures_submission", ["report_id", "version"]
    )
    files = [
        column
        for form in ("pdf", "csv", "xlsx")
        for column in (
            sa.Column(
                f"{form}_path",
                sa.String(length=120),
                nullable=False,
                comment="relative to the store of files" if form == "pdf" else None,
            ),
            sa.Column(f"{form}_sha256", sa.String(length=64), nullable=False),
            sa.Column(f"{form}_size", sa.Integer(), nullable=False),
        )
    ]
    op.create_table(
        "disclosures_files",
        sa.Column("submission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *files,
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "length(pdf_sha256) = 64 AND length(csv_sha256) = 64 AND length(xlsx_sha256) = 64",
            name=op.f("ck_disclosures_files_sha256"),
        ),
        sa.CheckConstraint(
            "pdf_size >= 1 AND csv_size >= 1 AND xlsx_size >= 1",
            name=op.f("ck_disclosures_files_size"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["disclosures_submission.id"],
            name="fk_disclosures_files_submission_id",
        ),
        sa.PrimaryKeyConstraint("submission_id", name="pk_disclosures_files"),
    )


def _publication() -> None:
    op.create_table(
        "disclosures_publication",
        sa.Column("report_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("replaces", sa.SmallInteger(), nullable=True, comment="the version before"),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="why the version before was corrected; public",
        ),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("drafted_by_id", sa.String(length=64), nullable=False),
        sa.Column("checked_by_id", sa.String(length=64), nullable=False),
        sa.Column("checked_by_name", sa.String(length=120), nullable=False),
        sa.Column("published_by_id", sa.String(length=64), nullable=False),
        sa.Column("published_by_name", sa.String(length=120), nullable=False),
        sa.Column(
            "request_id",
            sa.String(length=16),
            nullable=False,
            comment="public id of the approval",
        ),
        sa.Column(
            "approved_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256, hex, of the facts",
        ),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(version = 1) = (replaces IS NULL)", name=op.f("ck_disclosures_publication_first")
        ),
        sa.CheckConstraint(
            "replaces IS NULL OR replaces = version - 1",
            name=op.f("ck_disclosures_publication_replaces"),
        ),
        sa.CheckConstraint(
            "(version = 1) = (reason = '')", name=op.f("ck_disclosures_publication_reason")
        ),
        sa.CheckConstraint(
            "drafted_by_id <> checked_by_id AND drafted_by_id <> published_by_id"
            " AND checked_by_id <> published_by_id",
            name=op.f("ck_disclosures_publication_three_people"),
        ),
        sa.CheckConstraint(
            "length(approved_hash) = 64", name=op.f("ck_disclosures_publication_approved_hash")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["disclosures_report.id"], name="fk_disclosures_publication_report_id"
        ),
        sa.ForeignKeyConstraint(
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
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["disclosures_files.submission_id"],
            name="fk_disclosures_publication_with_files",
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "replaces"],
            ["disclosures_publication.report_id", "disclosures_publication.version"],
            name="fk_disclosures_publication_replaces",
        ),
        sa.PrimaryKeyConstraint("report_id", "version", name="pk_disclosures_publication"),
        sa.UniqueConstraint("submission_id", name="uq_disclosures_publication_submission_id"),
        sa.UniqueConstraint("request_id", name="uq_disclosures_publication_request_id"),
    )
    op.create_index(
        "ix_disclosures_publication_published_at",
        "disclosures_publication",
        ["published_at", "report_id"],
    )


def _figure() -> None:
    """A figure outlives the tables of a migration taken down."""
    table = sa.table(
        "parameters_parameter",
        *(sa.column(name) for name in ("id", "key", "value", "source", "note", "doubtful")),
        sa.column("valid_from", sa.Date()),
        sa.column("entered_at", MOMENT),
    )
    number, key, value, source = FIGURE
    conn = op.get_bind()
    if conn.scalar(sa.select(table.c.id).where(table.c.key == key)) is None:
        conn.execute(
            table.insert().values(
                id=number,
                key=key,
                value=value,
                source=source,
                note="",
                doubtful=False,
                valid_from=dt.date(2023, 1, 1),
                entered_at=dt.datetime(2023, 1, 1, tzinfo=dt.UTC),
            )
        )


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM disclosures_publication")):
        raise RuntimeError("a report was published: that is never taken down")
    for table in ("publication", "files", "submission", "edit", "report"):
        op.drop_table(f"disclosures_{table}")
