"""What supervisors looked at of a week's sample, and what each run of the checks found."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_sample_mark",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False, comment="ISO week: 2026-W47"),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("remark", sa.String(length=500), nullable=False),
        sa.CheckConstraint("week LIKE '____-W__'", name=op.f("ck_audit_sample_mark_week")),
        sa.CheckConstraint(
            "kind IN ('entry', 'refund', 'application', 'access')",
            name=op.f("ck_audit_sample_mark_kind"),
        ),
        sa.CheckConstraint("length(remark) >= 1", name=op.f("ck_audit_sample_mark_remark")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_sample_mark"),
        sa.UniqueConstraint(
            "week", "kind", "subject_id", "person_id", "remark", name="uq_audit_sample_mark_once"
        ),
    )
    op.create_table(
        "audit_check_run",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False, comment="the last number it covers"),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("wrong", sa.Text(), nullable=False, comment="what did not hold, as JSON"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_check_run"),
    )


def downgrade() -> None:
    op.drop_table("audit_check_run")
    op.drop_table("audit_sample_mark")
