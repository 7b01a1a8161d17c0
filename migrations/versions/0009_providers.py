"""What payment providers told about fees, payouts and refunds; what must be asked of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _ids() -> list[sa.Column]:
    return [
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "donations_fee",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        *_ids(),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("stated_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_donations_fee_amount")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["donations_payment.id"], name="fk_donations_fee_payment_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_fee"),
        sa.UniqueConstraint("payment_id", name="uq_donations_fee_payment_id"),
        sa.UniqueConstraint(
            "provider", "account", "object_id", name="uq_donations_fee_provider_account_object_id"
        ),
    )
    op.create_table(
        "donations_payout",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_ids(),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column(
            "amount_fen",
            sa.BigInteger(),
            nullable=False,
            comment="negative: the provider took it back",
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_donations_payout"),
        sa.UniqueConstraint("group_id", name="uq_donations_payout_group_id"),
        sa.UniqueConstraint(
            "provider",
            "account",
            "object_id",
            name="uq_donations_payout_provider_account_object_id",
        ),
    )
    op.create_table(
        "donations_payout_book",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("net_fen <> 0", name=op.f("ck_donations_payout_book_net")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_donations_payout_book_book_id"
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["donations_payout.id"], name="fk_donations_payout_book_payout_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_payout_book"),
        sa.UniqueConstraint(
            "payout_id", "book_id", name="uq_donations_payout_book_payout_id_book_id"
        ),
    )
    op.create_table(
        "donations_payout_line",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        *_ids(),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["donations_payout.id"], name="fk_donations_payout_line_payout_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_payout_line"),
        sa.UniqueConstraint(
            "provider",
            "account",
            "object_id",
            name="uq_donations_payout_line_provider_account_object_id",
        ),
    )
    op.create_table(
        "donations_inquiry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_ids(),
        sa.Column("inquiry", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_donations_inquiry"),
        sa.UniqueConstraint(
            "provider",
            "account",
            "inquiry",
            "object_id",
            name="uq_donations_inquiry_provider_account_inquiry_object_id",
        ),
    )
    op.create_index(
        "ix_donations_inquiry_due",
        "donations_inquiry",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "sandbox_refund",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("refund_id", sa.String(length=120), nullable=False),
        sa.Column("session_reference", sa.String(length=40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_sandbox_refund_amount")),
        sa.ForeignKeyConstraint(
            ["session_reference"],
            ["sandbox_session.reference"],
            name="fk_sandbox_refund_session_reference",
        ),
        sa.PrimaryKeyConstraint("reference", name="pk_sandbox_refund"),
        sa.UniqueConstraint("refund_id", name="uq_sandbox_refund_refund_id"),
    )
    op.create_index(
        "ix_sandbox_refund_session_reference",
        "sandbox_refund",
        ["session_reference"],
        unique=False,
    )


def downgrade() -> None:
    for table in (
        "sandbox_refund",
        "donations_inquiry",
        "donations_payout_line",
        "donations_payout_book",
        "donations_payout",
        "donations_fee",
    ):
        op.drop_table(table)
