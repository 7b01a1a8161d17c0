"""Areas, plans and documents of campaigns."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "areas_area",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("parent_code", sa.String(length=6), nullable=True),
        sa.Column("successor_code", sa.String(length=6), nullable=True),
        sa.CheckConstraint(
            "level IN ('province', 'prefecture', 'county')", name=op.f("ck_areas_area_level")
        ),
        sa.CheckConstraint(
            "(level = 'province') = (parent_code IS NULL)", name=op.f("ck_areas_area_parent")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_areas_area_dates")
        ),
        sa.CheckConstraint(
            "valid_to IS NOT NULL OR successor_code IS NULL", name=op.f("ck_areas_area_successor")
        ),
        sa.PrimaryKeyConstraint("code", "valid_from", name="pk_areas_area"),
    )
    op.create_index("ix_areas_area_parent_code", "areas_area", ["parent_code"], unique=False)
    op.create_table(
        "funds_plan_version",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False, comment="canonical JSON"),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "version >= 1 AND (version = 1 OR reason <> '')",
            name=op.f("ck_funds_plan_version_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_funds_plan_version_campaign_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_plan_version"),
        sa.UniqueConstraint(
            "campaign_id", "version", name="uq_funds_plan_version_campaign_id_version"
        ),
    )
    op.create_table(
        "funds_campaign_step",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_funds_campaign_step_campaign_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_campaign_step"),
        sa.UniqueConstraint(
            "campaign_id", "status", name="uq_funds_campaign_step_campaign_id_status"
        ),
    )
    _files_and_statements()


def _files_and_statements() -> None:
    op.create_table(
        "funds_campaign_file",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "title", sa.String(length=120), nullable=False, comment="of a picture: what it shows"
        ),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('picture', 'document', 'report')", name=op.f("ck_funds_campaign_file_kind")
        ),
        sa.CheckConstraint(
            "kind <> 'picture' OR title <> ''", name=op.f("ck_funds_campaign_file_alt")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_funds_campaign_file_campaign_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_campaign_file"),
        sa.UniqueConstraint("public_id", name="uq_funds_campaign_file_public_id"),
    )
    op.create_index(
        "ix_funds_campaign_file_campaign_id", "funds_campaign_file", ["campaign_id"], unique=False
    )
    op.create_table(
        "funds_fund_statement",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column(
            "body", sa.Text(), nullable=False, comment="as typed, in the conventions of richtext"
        ),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "kind IN ('rules', 'committee', 'contact')", name=op.f("ck_funds_fund_statement_kind")
        ),
        sa.CheckConstraint(
            "version >= 1 AND body <> ''", name=op.f("ck_funds_fund_statement_body")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds_fund.id"], name="fk_funds_fund_statement_fund_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_fund_statement"),
        sa.UniqueConstraint(
            "fund_id", "kind", "version", name="uq_funds_fund_statement_fund_id_kind_version"
        ),
    )
    op.create_table(
        "funds_campaign_provider",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "request_id", sa.String(length=32), nullable=False, comment="approval's public id"
        ),
        sa.Column("first_person_id", sa.String(length=64), nullable=False),
        sa.Column("second_person_id", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "first_person_id <> second_person_id",
            name=op.f("ck_funds_campaign_provider_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_funds_campaign_provider_campaign_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_campaign_provider"),
        sa.UniqueConstraint("request_id", name="uq_funds_campaign_provider_request_id"),
    )
    op.create_index(
        "ix_funds_campaign_provider_campaign_id", "funds_campaign_provider", ["campaign_id"]
    )


def downgrade() -> None:
    for table in (
        "funds_campaign_provider",
        "funds_fund_statement",
        "funds_campaign_file",
        "funds_campaign_step",
        "funds_plan_version",
        "areas_area",
    ):
        op.drop_table(table)
