"""Evidence of what money was used for: pictures, words on them, copies for the public."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STANDS = sa.text("removed_at IS NULL")
SHOWN = sa.text("withdrawn_at IS NULL")
ACCEPTED = sa.text("accepted")
SINCE = dt.date(2023, 1, 1)
OWN = "机构内部规定（试行）；天数存疑：法规没有给出补交凭据和提醒的期限，以机构决议为准"

FIRST_ID = 201  # behind those of applications

# key, value
FIGURES = (
    ("disbursements.evidence_again_days", 10),
    ("disbursements.evidence_remind_days", 7),
)


def upgrade() -> None:
    _evidence()
    _decisions()
    _publications()
    _figures()


def _figures() -> None:
    """Those that are not there: a figure outlives the tables of a migration taken down."""
    table = sa.table(
        "parameters_parameter",
        *(sa.column(name) for name in ("id", "key", "value", "source", "note", "doubtful")),
        sa.column("valid_from", sa.Date()),
        sa.column("entered_at", MOMENT),
    )
    conn = op.get_bind()
    have = set(conn.scalars(sa.select(table.c.key)))
    for number, (key, value) in enumerate(FIGURES, start=FIRST_ID):
        if key not in have:
            conn.execute(
                table.insert().values(
                    id=number, key=key, value=value, valid_from=SINCE, source=OWN, note="",
                    doubtful=True, entered_at=dt.datetime(2023, 1, 1, tzinfo=dt.UTC),
                )
            )  # fmt: skip


def _evidence() -> None:
    op.create_table(
        "disbursements_evidence",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "caption", sa.String(length=120), nullable=False,
            comment="for the office, not for the public",
        ),
        *_picture(),
        *_person("given"),
        *_person("judged", nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('slip', 'invoice', 'photo', 'list', 'other')",
            name=op.f("ck_disbursements_evidence_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('given', 'accepted', 'refused')",
            name=op.f("ck_disbursements_evidence_status"),
        ),
        sa.CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png')",
            name=op.f("ck_disbursements_evidence_media_type"),
        ),
        sa.CheckConstraint(
            "length(sha256) = 64 AND size >= 1", name=op.f("ck_disbursements_evidence_content")
        ),
        sa.CheckConstraint(
            "(status = 'given') = (judged_by_id IS NULL)",
            name=op.f("ck_disbursements_evidence_judged"),
        ),
        sa.CheckConstraint(
            "judged_by_id IS NULL OR judged_by_id <> given_by_id",
            name=op.f("ck_disbursements_evidence_two_people"),
        ),
        sa.CheckConstraint(
            "removed_at IS NULL OR status = 'given'", name=op.f("ck_disbursements_evidence_removed")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name="fk_disbursements_evidence_application_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disbursements_evidence"),
        sa.UniqueConstraint("public_id", name="uq_disbursements_evidence_public_id"),
    )  # fmt: skip
    op.create_index(
        "uq_disbursements_evidence_once",
        "disbursements_evidence",
        ["application_id", "sha256"],
        unique=True,
        sqlite_where=STANDS,
        postgresql_where=STANDS,
    )
    op.create_index("ix_disbursements_evidence_sha256", "disbursements_evidence", ["sha256"])


def _decisions() -> None:
    op.create_table(
        "disbursements_evidence_decision",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True, comment="what is asked again is due"),
        sa.Column(
            "files", sa.Text(), nullable=False, comment="JSON: SHA-256 of what was judged, sorted"
        ),
        sa.Column(
            "asked_by_id", sa.String(length=64), nullable=False, comment="who asked for the money"
        ),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "by_id <> asked_by_id",
            name=op.f("ck_disbursements_evidence_decision_not_the_requester"),
        ),
        sa.CheckConstraint(
            "accepted OR length(reason) >= 1",
            name=op.f("ck_disbursements_evidence_decision_reason"),
        ),
        sa.CheckConstraint(
            "accepted = (due_on IS NULL)", name=op.f("ck_disbursements_evidence_decision_due_on")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name="fk_disbursements_evidence_decision_application_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disbursements_evidence_decision"),
    )
    op.create_index(
        "ix_disbursements_evidence_decision_application_id",
        "disbursements_evidence_decision",
        ["application_id", "id"],
    )
    op.create_index(
        "uq_disbursements_evidence_decision_accepted",
        "disbursements_evidence_decision",
        ["application_id"],
        unique=True,
        sqlite_where=ACCEPTED,
        postgresql_where=ACCEPTED,
    )


def _publications() -> None:
    op.create_table(
        "disbursements_evidence_publication",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False, comment="its public address"),
        sa.Column("evidence_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "title", sa.String(length=120), nullable=False,
            comment="what is to be seen, for the public",
        ),
        *_picture(),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *_person("withdrawn", nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png')",
            name=op.f("ck_disbursements_evidence_publication_media_type"),
        ),
        sa.CheckConstraint(
            "length(sha256) = 64 AND size >= 1",
            name=op.f("ck_disbursements_evidence_publication_content"),
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)"
            " AND (withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)",
            name=op.f("ck_disbursements_evidence_publication_withdrawn"),
        ),
        sa.ForeignKeyConstraint(
            ["evidence_id"],
            ["disbursements_evidence.id"],
            name="fk_disbursements_evidence_publication_evidence_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_disbursements_evidence_publication"),
        sa.UniqueConstraint("public_id", name="uq_disbursements_evidence_publication_public_id"),
    )  # fmt: skip
    op.create_index(
        "uq_disbursements_evidence_publication_one",
        "disbursements_evidence_publication",
        ["evidence_id"],
        unique=True,
        sqlite_where=SHOWN,
        postgresql_where=SHOWN,
    )


def _picture() -> list[sa.Column]:
    """What is kept of a picture, the same of a piece and of its public copy."""
    return [
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column(
            "path", sa.String(length=120), nullable=False, comment="relative to the store of files"
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes"),
        sa.Column("width", sa.SmallInteger(), nullable=False),
        sa.Column("height", sa.SmallInteger(), nullable=False),
    ]


def _person(verb: str, *, nullable: bool = False) -> list[sa.Column]:
    """Who did it, and when."""
    return [
        sa.Column(f"{verb}_by_id", sa.String(length=64), nullable=nullable),
        sa.Column(f"{verb}_by_name", sa.String(length=120), nullable=nullable),
        sa.Column(f"{verb}_at", MOMENT, nullable=nullable),
    ]


def downgrade() -> None:
    conn = op.get_bind()
    if conn.scalar(sa.text("SELECT count(*) FROM disbursements_evidence")):
        raise RuntimeError("evidence was given: that is never taken down")
    for table in ("evidence_publication", "evidence_decision", "evidence"):
        op.drop_table(f"disbursements_{table}")
