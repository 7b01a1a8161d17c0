"""The ledger.

Ledger tables are never rebuilt: they gain nullable columns and new tables, nothing else.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


# Entry points at its authority and at its last posting, which point at it. SQLite takes such a
# key with the table, PostgreSQL once both tables are there.
CYCLES = {
    "fk_ledger_entry_authority": (
        "ledger_authority",
        ["authority_id", "id", "book_id", "kind", "amount_fen"],
        ["id", "entry_id", "book_id", "kind", "amount_fen"],
    ),
    "fk_ledger_entry_last_posting": (
        "ledger_posting",
        ["id", "posting_count"],
        ["entry_id", "line"],
    ),
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    inline = [
        sa.ForeignKeyConstraint(
            columns,
            [f"{table}.{column}" for column in there],
            name=name,
            initially="DEFERRED",
            deferrable=True,
        )
        for name, (table, columns, there) in CYCLES.items()
        if sqlite
    ]
    op.create_table(
        "ledger_book",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "campaign", sa.String(length=64), nullable=True, comment="campaign's slug, permanent"
        ),
        sa.Column("unit", sa.String(length=64), nullable=True, comment="unit's code, permanent"),
        sa.Column("matching", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(kind = 'unit') = (campaign IS NOT NULL) AND (campaign IS NULL) = (unit IS NULL)",
            name=op.f("ck_ledger_book_unit_has_campaign_and_unit"),
        ),
        sa.CheckConstraint(
            "kind = 'unit' OR NOT matching", name=op.f("ck_ledger_book_only_units_match")
        ),
        sa.CheckConstraint("kind IN ('unit', 'own', 'suspense')", name=op.f("ck_ledger_book_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_book"),
        sa.UniqueConstraint(
            "campaign", "unit", "currency", name="uq_ledger_book_campaign_unit_currency"
        ),
        sa.UniqueConstraint("id", "kind", name="uq_ledger_book_id_kind"),
    )
    op.create_index(
        "uq_ledger_book_one_per_currency",
        "ledger_book",
        ["kind", "currency"],
        unique=True,
        sqlite_where=sa.text("kind <> 'unit'"),
        postgresql_where=sa.text("kind <> 'unit'"),
    )
    op.create_table(
        "ledger_chart",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("floored", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_ledger_chart"),
        sa.UniqueConstraint("kind", "side", "floored", name="uq_ledger_chart_kind_side_floored"),
    )
    op.create_table(
        "ledger_closed_period",
        sa.Column("period", sa.String(length=7), nullable=False, comment="YYYY-MM"),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("period", name="pk_ledger_closed_period"),
    )
    op.create_table(
        "ledger_database",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("born_at", MOMENT, nullable=False),
        sa.CheckConstraint("mode IN ('real', 'test')", name=op.f("ck_ledger_database_mode")),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_database_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_database"),
        sa.UniqueConstraint("mode", name="uq_ledger_database_mode"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
    )
    op.create_table(
        "ledger_kind",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("authorized", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_ledger_kind"),
    )
    op.create_table(
        "ledger_book_head",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("last_no", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last_no >= 0", name=op.f("ck_ledger_book_head_last_no")),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_ledger_book_head_book_id"
        ),
        sa.PrimaryKeyConstraint("book_id", name="pk_ledger_book_head"),
    )
    op.create_table(
        "ledger_chart_book",
        sa.Column("account_kind", sa.String(length=20), nullable=False),
        sa.Column("book_kind", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_kind"], ["ledger_chart.kind"], name="fk_ledger_chart_book_account_kind"
        ),
        sa.PrimaryKeyConstraint("account_kind", "book_kind", name="pk_ledger_chart_book"),
    )
    op.create_table(
        "ledger_kind_pair",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.Column("book_kind", sa.String(length=10), nullable=False),
        sa.Column("debit", sa.String(length=20), nullable=False),
        sa.Column("credit", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["credit"], ["ledger_chart.kind"], name="fk_ledger_kind_pair_credit"
        ),
        sa.ForeignKeyConstraint(["debit"], ["ledger_chart.kind"], name="fk_ledger_kind_pair_debit"),
        sa.ForeignKeyConstraint(["kind"], ["ledger_kind.code"], name="fk_ledger_kind_pair_kind"),
        sa.PrimaryKeyConstraint(
            "kind", "correction", "book_kind", "debit", "credit", name="pk_ledger_kind_pair"
        ),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("book_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("counts_as", sa.String(length=20), nullable=False),
        sa.Column("function", sa.String(length=20), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("cause_type", sa.String(length=30), nullable=False),
        sa.Column("cause_id", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=True),
        sa.Column("corrects", sa.BigInteger(), nullable=True),
        sa.Column("prior_year", sa.Boolean(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("authorized", sa.Boolean(), nullable=False),
        sa.Column("authority_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("posting_count", sa.SmallInteger(), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.CheckConstraint(
            "(kind = 'correction') = (corrects IS NOT NULL)", name=op.f("ck_ledger_entry_corrects")
        ),
        sa.CheckConstraint("period LIKE '____-__'", name=op.f("ck_ledger_entry_period")),
        sa.CheckConstraint(
            "NOT authorized OR posting_count = 1",
            name=op.f("ck_ledger_entry_authorized_one_posting"),
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_ledger_entry_amount")),
        sa.CheckConstraint(
            "authorized = (authority_id IS NOT NULL)",
            name=op.f("ck_ledger_entry_authority_where_needed"),
        ),
        sa.CheckConstraint("book_no >= 1", name=op.f("ck_ledger_entry_book_no")),
        sa.CheckConstraint(
            "corrects IS NOT NULL OR counts_as = kind", name=op.f("ck_ledger_entry_counts_as")
        ),
        sa.CheckConstraint(
            "posting_count BETWEEN 1 AND 99", name=op.f("ck_ledger_entry_posting_count")
        ),
        sa.ForeignKeyConstraint(["corrects"], ["ledger_entry.id"], name="fk_ledger_entry_corrects"),
        *inline,
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entry"),
        sa.UniqueConstraint("book_id", "book_no", name="uq_ledger_entry_book_id_book_no"),
        sa.UniqueConstraint("id", "book_id", name="uq_ledger_entry_id_book_id"),
        sa.UniqueConstraint("idempotency_key", name="uq_ledger_entry_idempotency_key"),
    )
    op.create_index(
        "ix_ledger_entry_group_id",
        "ledger_entry",
        ["group_id"],
        unique=False,
        sqlite_where=sa.text("group_id IS NOT NULL"),
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    for name, column, where in (
        (
            "ix_ledger_entry_rare_kind",
            "kind",
            "kind NOT IN ('bank_gift', 'fee', 'gift', 'payout', 'payout_bank', 'slip', 'slip_bank')",
        ),
        ("ix_ledger_entry_large", "amount_fen", "amount_fen >= 100000"),
        ("ix_ledger_entry_actor_id", "actor_id", "actor_id IS NOT NULL"),
    ):
        op.create_index(
            name,
            "ledger_entry",
            [column],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_index(
        "uq_ledger_entry_corrects",
        "ledger_entry",
        ["corrects"],
        unique=True,
        sqlite_where=sa.text("corrects IS NOT NULL"),
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    op.create_table(
        "ledger_numbered_head",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("last_no", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_ledger_numbered_head_book_id"
        ),
        sa.PrimaryKeyConstraint("book_id", name="pk_ledger_numbered_head"),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("book_kind", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("floored", sa.Boolean(), nullable=False),
        sa.Column("debits", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("credits", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "NOT floored OR CASE side WHEN 'debit' THEN debits >= credits ELSE credits >= debits END",
            name=op.f("ck_ledger_account_floor"),
        ),
        sa.CheckConstraint(
            "code = kind OR code LIKE kind || ':%'", name=op.f("ck_ledger_account_code_of_kind")
        ),
        sa.CheckConstraint("debits >= 0 AND credits >= 0", name=op.f("ck_ledger_account_totals")),
        sa.ForeignKeyConstraint(
            ["book_id", "book_kind"],
            ["ledger_book.id", "ledger_book.kind"],
            name="fk_ledger_account_book_id_book_kind",
        ),
        sa.ForeignKeyConstraint(
            ["kind", "book_kind"],
            ["ledger_chart_book.account_kind", "ledger_chart_book.book_kind"],
            name="fk_ledger_account_kind_book_kind",
        ),
        sa.ForeignKeyConstraint(
            ["kind", "side", "floored"],
            ["ledger_chart.kind", "ledger_chart.side", "ledger_chart.floored"],
            name="fk_ledger_account_kind_side_floored",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_account"),
        sa.UniqueConstraint("book_id", "code", name="uq_ledger_account_book_id_code"),
        sa.UniqueConstraint("id", "book_id", name="uq_ledger_account_id_book_id"),
    )
    op.create_table(
        "ledger_authority",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("counter_book_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("first_person_id", sa.String(length=64), nullable=False),
        sa.Column("second_person_id", sa.String(length=64), nullable=False),
        sa.Column(
            "approved_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256, hex, of the facts",
        ),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("counter_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(counter_book_id IS NULL) = (counter_entry_id IS NULL)",
            name=op.f("ck_ledger_authority_counter_both_or_none"),
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_ledger_authority_amount")),
        sa.CheckConstraint(
            "first_person_id <> second_person_id", name=op.f("ck_ledger_authority_two_people")
        ),
        sa.CheckConstraint(
            "length(approved_hash) = 64", name=op.f("ck_ledger_authority_approved_hash")
        ),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_ledger_authority_book_id"
        ),
        sa.ForeignKeyConstraint(
            ["counter_book_id"], ["ledger_book.id"], name="fk_ledger_authority_counter_book_id"
        ),
        sa.ForeignKeyConstraint(
            ["counter_entry_id", "counter_book_id"],
            ["ledger_entry.id", "ledger_entry.book_id"],
            name="fk_ledger_authority_counter_entry",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "book_id"],
            ["ledger_entry.id", "ledger_entry.book_id"],
            name="fk_ledger_authority_entry",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["kind"], ["ledger_kind.code"], name="fk_ledger_authority_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_authority"),
        sa.UniqueConstraint("counter_entry_id", name="uq_ledger_authority_counter_entry_id"),
        sa.UniqueConstraint("entry_id", name="uq_ledger_authority_entry_id"),
        sa.UniqueConstraint(
            "id",
            "entry_id",
            "book_id",
            "kind",
            "amount_fen",
            name="uq_ledger_authority_id_entry_id_book_id_kind_amount_fen",
        ),
    )
    op.create_table(
        "ledger_number",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("n >= 1", name=op.f("ck_ledger_number_n")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name="fk_ledger_number_entry_id"
        ),
        sa.PrimaryKeyConstraint("n", name="pk_ledger_number"),
        sa.UniqueConstraint("entry_id", name="uq_ledger_number_entry_id"),
    )
    op.create_table(
        "ledger_numbered_total",
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column(
            "entries",
            sa.BigInteger(),
            nullable=False,
            comment="entries that debit the account, less those that credit it",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name="fk_ledger_numbered_total_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_ledger_numbered_total_book_id"
        ),
        sa.ForeignKeyConstraint(
            ["kind"], ["ledger_kind.code"], name="fk_ledger_numbered_total_kind"
        ),
        sa.PrimaryKeyConstraint("book_id", "kind", "account_id", name="pk_ledger_numbered_total"),
    )
    op.create_table(
        "ledger_posting",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("debit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_ledger_posting_amount")),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("ck_ledger_posting_two_accounts")
        ),
        sa.CheckConstraint("line >= 1", name=op.f("ck_ledger_posting_line")),
        sa.ForeignKeyConstraint(
            ["credit_account_id", "book_id"],
            ["ledger_account.id", "ledger_account.book_id"],
            name="fk_ledger_posting_credit_account_id_book_id",
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id", "book_id"],
            ["ledger_account.id", "ledger_account.book_id"],
            name="fk_ledger_posting_debit_account_id_book_id",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "book_id"],
            ["ledger_entry.id", "ledger_entry.book_id"],
            name="fk_ledger_posting_entry_id_book_id",
        ),
        sa.PrimaryKeyConstraint("entry_id", "line", name="pk_ledger_posting"),
    )
    for name, (table, columns, there) in CYCLES.items():
        if not sqlite:
            op.create_foreign_key(
                name,
                "ledger_entry",
                table,
                columns,
                there,
                initially="DEFERRED",
                deferrable=True,
            )


def downgrade() -> None:
    conn = op.get_bind()
    if conn.scalar(sa.text("SELECT count(*) FROM ledger_entry")):
        raise RuntimeError("this ledger has entries: it is never taken down")
    if conn.dialect.name != "sqlite":
        for name in CYCLES:
            op.drop_constraint(name, "ledger_entry", type_="foreignkey")
    for table in (
        "ledger_posting",
        "ledger_numbered_total",
        "ledger_number",
        "ledger_authority",
        "ledger_account",
        "ledger_numbered_head",
        "ledger_entry",
        "ledger_chart_book",
        "ledger_book_head",
        "ledger_kind_pair",
        "ledger_kind",
        "ledger_head",
        "ledger_database",
        "ledger_closed_period",
        "ledger_chart",
        "ledger_book",
    ):
        op.drop_table(table)
