"""Receipts, their voids, files and requests; numbers without gaps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# A receipt points at the void row of the one it replaces, which points at its receipt. SQLite
# takes such a key with the table, PostgreSQL once both tables are there.
CYCLE = "fk_receipts_receipt_replaces_void"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    inline = (
        [sa.ForeignKeyConstraint(["replaces_id"], ["receipts_void.receipt_id"], name=CYCLE)]
        if sqlite
        else []
    )
    op.create_table(
        "serial",
        sa.Column("scope", sa.String(length=60), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last >= 0", name=op.f("ck_serial_last")),
        sa.PrimaryKeyConstraint("scope", name="pk_serial"),
    )
    op.create_table(
        "receipts_receipt",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series", sa.String(length=1), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column(
            "code",
            sa.String(length=20),
            nullable=False,
            comment="verification code, random, 80 bits",
        ),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("gift_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("donor", sa.LargeBinary(), nullable=False),
        sa.Column("donor_public", sa.String(length=200), nullable=True),
        sa.Column("donor_uscc", sa.String(length=18), nullable=True),
        sa.Column(
            "donor_masked", sa.String(length=200), nullable=False, comment="what /verify shows"
        ),
        sa.Column("campaign_name", sa.String(length=120), nullable=False),
        sa.Column("filing_number", sa.String(length=60), nullable=False),
        sa.Column("unit_name", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_capital", sa.String(length=60), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("handler", sa.String(length=40), nullable=False),
        sa.Column("charity_name", sa.String(length=120), nullable=False),
        sa.Column("charity_uscc", sa.String(length=18), nullable=False),
        sa.Column("bill_wish", sa.String(length=10), nullable=False),
        sa.Column(
            "base_url",
            sa.String(length=200),
            nullable=False,
            comment="the site's address in the QR code",
        ),
        sa.Column("template", sa.SmallInteger(), nullable=False),
        sa.Column("facts_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "(mode = 'real' AND series = 'R') OR (mode = 'test' AND series = 'T')",
            name=op.f("ck_receipts_receipt_series"),
        ),
        sa.CheckConstraint(
            "(version = 1) = (replaces_id IS NULL)", name=op.f("ck_receipts_receipt_replaces")
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_receipts_receipt_amount")),
        sa.CheckConstraint(
            "length(facts_sha256) = 64", name=op.f("ck_receipts_receipt_facts_sha256")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_receipts_receipt_seq")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_receipts_receipt_version")),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["donations_gift.id"], name="fk_receipts_receipt_gift_id"
        ),
        sa.ForeignKeyConstraint(
            ["mode"], ["ledger_database.mode"], name="fk_receipts_receipt_mode"
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id", "gift_id"],
            ["receipts_receipt.id", "receipts_receipt.gift_id"],
            name="fk_receipts_receipt_replaces_same_gift",
        ),
        *inline,
        sa.PrimaryKeyConstraint("id", name="pk_receipts_receipt"),
        sa.UniqueConstraint("gift_id", "version", name="uq_receipts_receipt_gift_id_version"),
        sa.UniqueConstraint("id", "gift_id", name="uq_receipts_receipt_id_gift_id"),
        sa.UniqueConstraint("number", name="uq_receipts_receipt_number"),
        sa.UniqueConstraint("replaces_id", name="uq_receipts_receipt_replaces_id"),
        sa.UniqueConstraint("series", "year", "seq", name="uq_receipts_receipt_series_year_seq"),
    )
    op.create_table(
        "receipts_void",
        sa.Column("receipt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("length(reason) >= 1", name=op.f("ck_receipts_void_reason")),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipts_receipt.id"], name="fk_receipts_void_receipt_id"
        ),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipts_void"),
    )
    if not sqlite:
        op.create_foreign_key(
            CYCLE, "receipts_receipt", "receipts_void", ["replaces_id"], ["receipt_id"]
        )
    op.create_table(
        "receipts_pdf_request",
        sa.Column("receipt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipts_receipt.id"], name="fk_receipts_pdf_request_receipt_id"
        ),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipts_pdf_request"),
    )
    op.create_table(
        "receipts_file",
        sa.Column("receipt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "path",
            sa.String(length=120),
            nullable=False,
            comment="relative to the store of files",
        ),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_receipts_file_sha256")),
        sa.CheckConstraint("size >= 1", name=op.f("ck_receipts_file_size")),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipts_receipt.id"], name="fk_receipts_file_receipt_id"
        ),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipts_file"),
    )


def downgrade() -> None:
    conn = op.get_bind()
    if conn.scalar(sa.text("SELECT count(*) FROM receipts_receipt")):
        raise RuntimeError("receipts were issued: they are never taken down")
    if conn.dialect.name != "sqlite":
        op.drop_constraint(CYCLE, "receipts_receipt", type_="foreignkey")
    for table in (
        "receipts_file",
        "receipts_pdf_request",
        "receipts_void",
        "receipts_receipt",
        "serial",
    ):
        op.drop_table(table)
