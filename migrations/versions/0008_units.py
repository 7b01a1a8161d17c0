"""Names, areas and parents of units; teams, stewards, assessments, agreements, namings in plans."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _dated()
    _teams()
    op.create_table(
        "funds_steward",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("steward_id", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "request_id", sa.String(length=32), nullable=False, comment="approval's public id"
        ),
        sa.Column("first_person_id", sa.String(length=64), nullable=False),
        sa.Column("second_person_id", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "steward_id IS NULL OR steward_id <> unit_id", name=op.f("ck_funds_steward_another")
        ),
        sa.CheckConstraint(
            "first_person_id <> second_person_id", name=op.f("ck_funds_steward_two_people")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["funds_unit.id"], name="fk_funds_steward_unit_id"),
        sa.ForeignKeyConstraint(
            ["steward_id"], ["funds_unit.id"], name="fk_funds_steward_steward_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_steward"),
        sa.UniqueConstraint("request_id", name="uq_funds_steward_request_id"),
    )
    op.create_index("ix_funds_steward_unit_id_since", "funds_steward", ["unit_id", "since"])
    _admission()


def _dated() -> None:
    for name, columns, checks in (
        (
            "name",
            [
                sa.Column("name", sa.String(length=120), nullable=False),
                sa.Column("name_en", sa.String(length=200), nullable=False),
            ],
            [],
        ),
        (
            "area",
            [
                sa.Column("area_code", sa.String(length=12), nullable=False),
                sa.Column("area_name", sa.String(length=120), nullable=False),
            ],
            [],
        ),
        (
            "parent",
            [sa.Column("parent_id", sa.BigInteger(), nullable=True)],
            [
                sa.CheckConstraint(
                    "parent_id IS NULL OR parent_id <> unit_id",
                    name=op.f("ck_funds_unit_parent_not_its_own"),
                ),
                sa.ForeignKeyConstraint(
                    ["parent_id"], ["funds_unit.id"], name="fk_funds_unit_parent_parent_id"
                ),
            ],
        ),
    ):
        table = f"funds_unit_{name}"
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("unit_id", sa.BigInteger(), nullable=False),
            sa.Column("valid_from", sa.Date(), nullable=False),
            *columns,
            sa.Column("recorded_at", MOMENT, nullable=False),
            *checks,
            sa.ForeignKeyConstraint(["unit_id"], ["funds_unit.id"], name=f"fk_{table}_unit_id"),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_unit_id_valid_from", table, ["unit_id", "valid_from"])


def _teams() -> None:
    op.create_table(
        "funds_team",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column(
            "closed_on",
            sa.Date(),
            nullable=True,
            comment="the first day on which it takes no gifts",
        ),
        sa.Column("moved_to_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "closed_on IS NULL OR closed_on >= opened_on", name=op.f("ck_funds_team_dates")
        ),
        sa.CheckConstraint(
            "moved_to_id IS NULL OR closed_on IS NOT NULL", name=op.f("ck_funds_team_moved")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["funds_unit.id"], name="fk_funds_team_unit_id"),
        sa.ForeignKeyConstraint(
            ["moved_to_id"], ["funds_team.id"], name="fk_funds_team_moved_to_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_team"),
        sa.UniqueConstraint("code", name="uq_funds_team_code"),
    )
    op.create_index("ix_funds_team_unit_id_code", "funds_team", ["unit_id", "code"])
    op.create_table(
        "funds_team_name",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["funds_team.id"], name="fk_funds_team_name_team_id"),
        sa.PrimaryKeyConstraint("id", name="pk_funds_team_name"),
    )
    op.create_index(
        "ix_funds_team_name_team_id_valid_from", "funds_team_name", ["team_id", "valid_from"]
    )


def _admission() -> None:
    for name, columns, checks in (
        (
            "assessment",
            [
                sa.Column("assessed_on", sa.Date(), nullable=False),
                sa.Column("looked_at", sa.Text(), nullable=False),
                sa.Column("fit", sa.Boolean(), nullable=False),
            ],
            [],
        ),
        (
            "agreement",
            [
                sa.Column("signed_on", sa.Date(), nullable=False),
                sa.Column("path", sa.String(length=200), nullable=False),
                sa.Column("sha256", sa.String(length=64), nullable=False),
                sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
            ],
            [sa.CheckConstraint("size > 0", name=op.f("ck_funds_agreement_size"))],
        ),
        ("plan_naming", [sa.Column("clause", sa.String(length=200), nullable=False)], []),
    ):
        table = f"funds_{name}"
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("campaign_id", sa.BigInteger(), nullable=False),
            sa.Column("unit_id", sa.BigInteger(), nullable=False),
            *columns,
            sa.Column("by_id", sa.String(length=64), nullable=False),
            sa.Column("by_name", sa.String(length=120), nullable=False),
            sa.Column("recorded_at", MOMENT, nullable=False),
            *checks,
            sa.ForeignKeyConstraint(
                ["campaign_id"], ["funds_campaign.id"], name=f"fk_{table}_campaign_id"
            ),
            sa.ForeignKeyConstraint(["unit_id"], ["funds_unit.id"], name=f"fk_{table}_unit_id"),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_campaign_id_unit_id", table, ["campaign_id", "unit_id"])


def downgrade() -> None:
    for table in (
        "funds_plan_naming",
        "funds_agreement",
        "funds_assessment",
        "funds_steward",
        "funds_team_name",
        "funds_team",
        "funds_unit_parent",
        "funds_unit_area",
        "funds_unit_name",
    ):
        op.drop_table(table)
