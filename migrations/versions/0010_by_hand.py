"""Slips, bank lines and the days of clerks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "donations_bank_account",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("bank_name", sa.String(length=120), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column(
            "number_index",
            sa.String(length=64),
            nullable=False,
            comment="blind index of the number",
        ),
        sa.Column(
            "tail",
            sa.String(length=4),
            nullable=False,
            comment="last four signs, all that is shown",
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(tail) = 4", name=op.f("ck_donations_bank_account_tail")),
        sa.PrimaryKeyConstraint("id", name="pk_donations_bank_account"),
        sa.UniqueConstraint("code", name="uq_donations_bank_account_code"),
        sa.UniqueConstraint("number_index", name="uq_donations_bank_account_number_index"),
    )
    op.create_table(
        "donations_bank_line",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "serial",
            sa.String(length=60),
            nullable=False,
            comment="the bank's own number of the line",
        ),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("memo", sa.LargeBinary(), nullable=True),
        sa.Column("counterparty", sa.LargeBinary(), nullable=True),
        sa.Column("entered_by_id", sa.String(length=64), nullable=False),
        sa.Column("entered_by_name", sa.String(length=120), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_donations_bank_line_amount")),
        sa.CheckConstraint(
            "direction IN ('in', 'out')", name=op.f("ck_donations_bank_line_direction")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["donations_bank_account.id"], name="fk_donations_bank_line_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_bank_line"),
        sa.UniqueConstraint(
            "account_id", "serial", name="uq_donations_bank_line_account_id_serial"
        ),
        sa.UniqueConstraint("public_id", name="uq_donations_bank_line_public_id"),
    )
    op.create_index(
        "ix_donations_bank_line_booked_on_id",
        "donations_bank_line",
        ["booked_on", "id"],
        unique=False,
    )
    op.create_table(
        "donations_line_effect",
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("use", sa.String(length=12), nullable=False),
        sa.Column(
            "target", sa.String(length=64), nullable=False, comment="public name of what it was for"
        ),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"], ["donations_bank_line.id"], name="fk_donations_line_effect_line_id"
        ),
        sa.PrimaryKeyConstraint("line_id", name="pk_donations_line_effect"),
        sa.UniqueConstraint("use", "target", name="uq_donations_line_effect_use_target"),
    )
    _slips()
    op.create_table(
        "donations_suspense",
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=True, comment="as whose gift"),
        sa.Column(
            "request_id", sa.String(length=32), nullable=True, comment="approvals' public id"
        ),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('held', 'asked', 'given', 'returning', 'returned')",
            name=op.f("ck_donations_suspense_status"),
        ),
        sa.CheckConstraint(
            "status <> 'given' OR sheet_id IS NOT NULL", name=op.f("ck_donations_suspense_given")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["donations_bank_line.id"], name="fk_donations_suspense_line_id"
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["donations_sheet.id"], name="fk_donations_suspense_sheet_id"
        ),
        sa.PrimaryKeyConstraint("line_id", name="pk_donations_suspense"),
        sa.UniqueConstraint("sheet_id", name="uq_donations_suspense_sheet_id"),
    )
    op.create_index(
        "ix_donations_suspense_status", "donations_suspense", ["status", "line_id"], unique=False
    )


def _slips() -> None:
    op.create_table(
        "donations_slip",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "form_key", sa.String(length=120), nullable=False, comment="one form is one slip"
        ),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("gifts", sa.SmallInteger(), nullable=False),
        sa.Column("paid_in_on", sa.Date(), nullable=False, comment="as the bank's slip says"),
        sa.Column(
            "photo_path",
            sa.String(length=120),
            nullable=False,
            comment="relative to the store of files",
        ),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("photo_size", sa.Integer(), nullable=False),
        sa.Column(
            "request_id", sa.String(length=32), nullable=False, comment="approvals' public id"
        ),
        sa.Column("closed_by_id", sa.String(length=64), nullable=False),
        sa.Column("closed_by_name", sa.String(length=120), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("confirmed_by_id", sa.String(length=64), nullable=True),
        sa.Column("confirmed_by_name", sa.String(length=120), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'confirmed', 'settled', 'withdrawn')",
            name=op.f("ck_donations_slip_status"),
        ),
        sa.CheckConstraint("amount_fen >= 1 AND gifts >= 1", name=op.f("ck_donations_slip_amount")),
        sa.CheckConstraint(
            "length(photo_sha256) = 64", name=op.f("ck_donations_slip_photo_sha256")
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> closed_by_id",
            name=op.f("ck_donations_slip_two_people"),
        ),
        sa.CheckConstraint(
            "(confirmed_by_id IS NOT NULL) = (status IN ('confirmed', 'settled'))",
            name=op.f("ck_donations_slip_confirmed"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["funds_unit.id"], name="fk_donations_slip_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_donations_slip"),
        sa.UniqueConstraint("form_key", name="uq_donations_slip_form_key"),
        sa.UniqueConstraint("number", name="uq_donations_slip_number"),
    )
    op.create_index(
        "ix_donations_slip_unit_id_id", "donations_slip", ["unit_id", "id"], unique=False
    )
    op.create_index(
        "ix_donations_slip_open",
        "donations_slip",
        ["status", "id"],
        unique=False,
        sqlite_where=sa.text("status IN ('waiting', 'confirmed')"),
        postgresql_where=sa.text("status IN ('waiting', 'confirmed')"),
    )
    op.create_table(
        "donations_hand_gift",
        sa.Column("gift_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "code",
            sa.String(length=8),
            nullable=False,
            comment="printed; found in a transfer's memo",
        ),
        sa.Column("slip_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)",
            name=op.f("ck_donations_hand_gift_withdrawn"),
        ),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR slip_id IS NULL",
            name=op.f("ck_donations_hand_gift_withdrawn_no_slip"),
        ),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["donations_gift.id"], name="fk_donations_hand_gift_gift_id"
        ),
        sa.ForeignKeyConstraint(
            ["slip_id"], ["donations_slip.id"], name="fk_donations_hand_gift_slip_id"
        ),
        sa.PrimaryKeyConstraint("gift_id", name="pk_donations_hand_gift"),
        sa.UniqueConstraint("code", name="uq_donations_hand_gift_code"),
    )
    op.create_index(
        "ix_donations_hand_gift_slip_id", "donations_hand_gift", ["slip_id"], unique=False
    )


def downgrade() -> None:
    for table in (
        "donations_suspense",
        "donations_hand_gift",
        "donations_slip",
        "donations_line_effect",
        "donations_bank_line",
        "donations_bank_account",
    ):
        op.drop_table(table)
