"""Messages, refunds and corrections."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = "state IN ('asked', 'approved', 'sent', 'unknown', 'done')"
MOVING = "state IN ('approved', 'sent', 'unknown') AND route = 'provider'"


def upgrade() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "key",
            sa.String(length=200),
            nullable=False,
            comment="unique for ever; no personal data",
        ),
        sa.Column(
            "token", sa.String(length=32), nullable=False, comment="the Message-ID's own part"
        ),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("error", sa.String(length=80), nullable=True, comment="kind of failure, no data"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed')", name=op.f("ck_outbox_message_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_message"),
        sa.UniqueConstraint("key", name="uq_outbox_message_key"),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    _refunds()
    _corrections()


def _refunds() -> None:
    op.create_table(
        "donations_refund",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("gift_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("route", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=True),
        sa.Column(
            "object_id", sa.String(length=120), nullable=True, comment="the provider's payment"
        ),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False, comment="no personal data"),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False, comment="of the approval"),
        sa.Column("asked_by_id", sa.String(length=64), nullable=False),
        sa.Column("asked_by_name", sa.String(length=120), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True, comment="when it is sent or looked for again"),
        sa.Column(
            "reference", sa.String(length=120), nullable=True, comment="the provider's name for it"
        ),
        sa.Column("error", sa.String(length=80), nullable=True, comment="kind of failure, no data"),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_donations_refund_amount")),
        sa.CheckConstraint("route IN ('provider', 'bank')", name=op.f("ck_donations_refund_route")),
        sa.CheckConstraint(
            "(route = 'provider') = (object_id IS NOT NULL)"
            " AND (route = 'provider') = (provider IS NOT NULL)",
            name=op.f("ck_donations_refund_way"),
        ),
        sa.CheckConstraint(
            "reason IN ('duplicate', 'wrong_amount', 'donor_asked', 'not_authorized',"
            " 'campaign_failed', 'other')",
            name=op.f("ck_donations_refund_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'dropped', 'approved', 'sent', 'unknown', 'done', 'failed')",
            name=op.f("ck_donations_refund_state"),
        ),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["donations_gift.id"], name="fk_donations_refund_gift_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_refund"),
        sa.UniqueConstraint("public_id", name="uq_donations_refund_public_id"),
        sa.UniqueConstraint("request_id", name="uq_donations_refund_request_id"),
    )
    for name, column, unique, where in (
        ("uq_donations_refund_open", "gift_id", True, OPEN),
        ("ix_donations_refund_moving", "next_at", False, MOVING),
        ("ix_donations_refund_gift_id", "gift_id", False, None),
    ):
        _index(name, "donations_refund", column, unique=unique, where=where)


def _corrections() -> None:
    op.create_table(
        "donations_correction",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("gift_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "reason", sa.String(length=300), nullable=False, comment="public; no personal data"
        ),
        sa.Column("from_campaign_unit_id", sa.BigInteger(), nullable=True),
        sa.Column("to_campaign_unit_id", sa.BigInteger(), nullable=True),
        sa.Column("from_donor_id", sa.BigInteger(), nullable=True),
        sa.Column("to_donor_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False, comment="of the approval"),
        sa.Column("asked_by_id", sa.String(length=64), nullable=False),
        sa.Column("asked_by_name", sa.String(length=120), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True, comment="of the entries"),
        sa.CheckConstraint("kind IN ('unit', 'name')", name=op.f("ck_donations_correction_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'dropped', 'done')", name=op.f("ck_donations_correction_state")
        ),
        sa.CheckConstraint("length(reason) >= 1", name=op.f("ck_donations_correction_reason")),
        sa.CheckConstraint(
            "(kind = 'unit') = (to_campaign_unit_id IS NOT NULL)"
            " AND (kind = 'name') = (name IS NOT NULL)",
            name=op.f("ck_donations_correction_what"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_donations_correction_{column}"
            )
            for column, table in (
                ("gift_id", "donations_gift"),
                ("from_campaign_unit_id", "funds_campaign_unit"),
                ("to_campaign_unit_id", "funds_campaign_unit"),
                ("from_donor_id", "donations_donor"),
                ("to_donor_id", "donations_donor"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_correction"),
        sa.UniqueConstraint("public_id", name="uq_donations_correction_public_id"),
        sa.UniqueConstraint("request_id", name="uq_donations_correction_request_id"),
    )
    for name, unique, where in (
        ("uq_donations_correction_asked", True, "state = 'asked'"),
        ("ix_donations_correction_gift_id", False, None),
    ):
        _index(name, "donations_correction", "gift_id", unique=unique, where=where)


def _index(name: str, table: str, column: str, *, unique: bool, where: str | None) -> None:
    some = {} if where is None else {
        "sqlite_where": sa.text(where), "postgresql_where": sa.text(where)
    }  # fmt: skip
    op.create_index(name, table, [column], unique=unique, **some)


def downgrade() -> None:
    for table in ("donations_correction", "donations_refund", "outbox_message"):
        op.drop_table(table)
