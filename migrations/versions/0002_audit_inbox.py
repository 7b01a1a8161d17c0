"""The audit trail, the inbox of outside events, and when each job last ran."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=True),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("object_type", sa.String(length=30), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_record"),
    )
    op.create_index(
        "ix_audit_record_object_type_object_id",
        "audit_record",
        ["object_type", "object_id"],
        unique=False,
    )
    op.create_index("ix_audit_record_verb_id", "audit_record", ["verb", "id"])
    op.create_index("ix_audit_record_actor_id_id", "audit_record", ["actor_id", "id"])
    op.create_table(
        "inbox_event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'done', 'ignored', 'parked')", name=op.f("ck_inbox_event_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inbox_event"),
        sa.UniqueConstraint(
            "provider", "account", "event_id", name="uq_inbox_event_provider_account_event_id"
        ),
    )
    op.create_index(
        "ix_inbox_event_new",
        "inbox_event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("finished", MOMENT, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True, comment="kind of error, no data"),
        sa.Column("detail", sa.Text(), nullable=True, comment="what the job found, as JSON"),
        sa.PrimaryKeyConstraint("name", name="pk_job_run"),
    )


def downgrade() -> None:
    for table in (
        "job_run",
        "inbox_event",
        "audit_record",
    ):
        op.drop_table(table)
