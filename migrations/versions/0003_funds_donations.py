"""The charity, its fund, campaigns and units; donors, intents, gifts, payments; the sandbox."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "donations_donor",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "identity",
            sa.String(length=64),
            nullable=True,
            comment="blind index of name and contacts; null when there is no contact",
        ),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("organization_name", sa.String(length=200), nullable=True),
        sa.Column("organization_uscc", sa.String(length=18), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True, comment="the first gift that settled"),
        sa.PrimaryKeyConstraint("id", name="pk_donations_donor"),
        sa.UniqueConstraint("identity", name="uq_donations_donor_identity"),
    )
    op.create_table(
        "donations_intent",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column(
            "key", sa.String(length=220), nullable=False, comment="idempotency key, unique for ever"
        ),
        sa.Column(
            "facts_hash", sa.String(length=64), nullable=False, comment="keyed hash of the request"
        ),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.Column("pay_url", sa.String(length=500), nullable=True),
        sa.Column(
            "scan", sa.String(length=500), nullable=True, comment="a code to scan, not a page"
        ),
        sa.Column("look_at", MOMENT, nullable=True, comment="when the provider is asked next"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("mode IN ('real', 'test')", name=op.f("ck_donations_intent_mode")),
        sa.CheckConstraint(
            "status IN ('created', 'pending', 'expired', 'failed', 'paid')",
            name=op.f("ck_donations_intent_status"),
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_donations_intent_amount")),
        sa.PrimaryKeyConstraint("id", name="pk_donations_intent"),
        sa.UniqueConstraint("key", name="uq_donations_intent_key"),
        sa.UniqueConstraint("reference", "provider", name="uq_donations_intent_reference_provider"),
        sa.UniqueConstraint("public_id", name="uq_donations_intent_public_id"),
    )
    op.create_index(
        "ix_donations_intent_quiet",
        "donations_intent",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('created', 'pending')"),
        postgresql_where=sa.text("status IN ('created', 'pending')"),
    )
    op.create_index(
        "ix_donations_intent_look",
        "donations_intent",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("status <> 'paid' AND look_at IS NOT NULL"),
        postgresql_where=sa.text("status <> 'paid' AND look_at IS NOT NULL"),
    )
    op.create_table(
        "donations_tally",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("donors", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_donations_tally_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_donations_tally"),
    )
    op.create_table(
        "funds_charity",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column(
            "uscc", sa.String(length=18), nullable=False, comment="unified social credit code"
        ),
        sa.Column(
            "certificate", sa.String(length=200), nullable=False, comment="fundraising certificate"
        ),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("icp", sa.String(length=100), nullable=False, comment="ICP filing of the site"),
        sa.Column("handler", sa.String(length=40), nullable=False, comment="who handles receipts"),
        sa.CheckConstraint("id = 1", name=op.f("ck_funds_charity_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_funds_charity"),
    )
    op.create_table(
        "funds_fund",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_funds_fund"),
        sa.UniqueConstraint("code", name="uq_funds_fund_code"),
    )
    op.create_table(
        "funds_unit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("area_name", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_depth", sa.SmallInteger(), nullable=True),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.Column(
            "closed_on",
            sa.Date(),
            nullable=True,
            comment="the first day on which it takes no gifts",
        ),
        sa.Column("closed_why", sa.String(length=10), nullable=True),
        sa.Column("successor_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "depth = CASE WHEN parent_id IS NULL THEN 0 ELSE parent_depth + 1 END",
            name=op.f("ck_funds_unit_depth"),
        ),
        sa.CheckConstraint(
            "parent_id IS NULL OR parent_id <> id", name=op.f("ck_funds_unit_not_its_own_parent")
        ),
        sa.CheckConstraint(
            "(parent_id IS NULL) = (parent_depth IS NULL)",
            name=op.f("ck_funds_unit_parent_depth"),
        ),
        sa.CheckConstraint(
            "(closed_on IS NULL) = (closed_why IS NULL) AND (successor_id IS NULL OR closed_why = 'merged')",
            name=op.f("ck_funds_unit_closed"),
        ),
        sa.CheckConstraint(
            "closed_why IN ('merged', 'left')", name=op.f("ck_funds_unit_closed_why")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id", "parent_depth"],
            ["funds_unit.id", "funds_unit.depth"],
            name="fk_funds_unit_parent_id_parent_depth",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["funds_unit.id"], name="fk_funds_unit_successor_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_unit"),
        sa.UniqueConstraint("code", name="uq_funds_unit_code"),
        sa.UniqueConstraint("id", "depth", name="uq_funds_unit_id_depth"),
    )
    op.create_index(
        "ix_funds_unit_area_code_code", "funds_unit", ["area_code", "code"], unique=False
    )
    op.create_index("ix_funds_unit_parent_id", "funds_unit", ["parent_id"], unique=False)
    op.create_table(
        "sandbox_session",
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("payment_id", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'declined', 'paid', 'expired')",
            name=op.f("ck_sandbox_session_status"),
        ),
        sa.PrimaryKeyConstraint("reference", name="pk_sandbox_session"),
        sa.UniqueConstraint("payment_id", name="uq_sandbox_session_payment_id"),
    )
    op.create_table(
        "donations_payment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "fee_fen",
            sa.BigInteger(),
            nullable=True,
            comment="null: stated later, see ``Fee``",
        ),
        sa.Column("paid_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "amount_fen >= 1 AND fee_fen >= 0", name=op.f("ck_donations_payment_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["donations_intent.id"], name="fk_donations_payment_intent_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_payment"),
        sa.UniqueConstraint("intent_id", name="uq_donations_payment_intent_id"),
        sa.UniqueConstraint(
            "provider",
            "account",
            "object_id",
            name="uq_donations_payment_provider_account_object_id",
        ),
    )
    op.create_table(
        "donations_status_event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["donations_intent.id"], name="fk_donations_status_event_intent_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_status_event"),
        sa.UniqueConstraint(
            "intent_id", "status", name="uq_donations_status_event_intent_id_status"
        ),
    )
    op.create_table(
        "funds_campaign",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fund_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "office_unit_id",
            sa.BigInteger(),
            nullable=False,
            comment="fund office: gifts without a unit go to its book",
        ),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("fundraising_basis", sa.String(length=10), nullable=False),
        sa.Column("filing_number", sa.String(length=60), nullable=False),
        sa.Column("platform_name", sa.String(length=120), nullable=False),
        sa.Column("platform_url", sa.String(length=300), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("purpose_en", sa.Text(), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("area_en", sa.Text(), nullable=False),
        sa.Column("beneficiaries", sa.Text(), nullable=False),
        sa.Column("beneficiaries_en", sa.Text(), nullable=False),
        sa.Column("use_plan", sa.Text(), nullable=False),
        sa.Column("use_plan_en", sa.Text(), nullable=False),
        sa.Column("cost_plan", sa.Text(), nullable=False),
        sa.Column("cost_plan_en", sa.Text(), nullable=False),
        sa.Column("leftover", sa.Text(), nullable=False),
        sa.Column("leftover_en", sa.Text(), nullable=False),
        sa.Column("fallback_use", sa.Text(), nullable=False),
        sa.Column("fallback_use_en", sa.Text(), nullable=False),
        sa.Column("methods", sa.Text(), nullable=False, comment="ways of accepting gifts"),
        sa.Column("methods_en", sa.Text(), nullable=False),
        sa.Column("bank_account", sa.String(length=300), nullable=False),
        sa.Column(
            "expected_fen", sa.BigInteger(), nullable=False, comment="expected amount of the plan"
        ),
        sa.Column("expected_basis", sa.Text(), nullable=False),
        sa.Column("expected_basis_en", sa.Text(), nullable=False),
        sa.Column("person_in_charge", sa.String(length=60), nullable=False),
        sa.Column("contact_phone", sa.String(length=60), nullable=False),
        sa.Column("contact_address", sa.String(length=200), nullable=False, comment="office"),
        sa.Column(
            "description",
            sa.Text(),
            nullable=False,
            comment="as typed, in the conventions of richtext",
        ),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("plan_version", sa.SmallInteger(), nullable=False, comment="0 until it is filed"),
        sa.Column("taken_down_at", MOMENT, nullable=True),
        sa.Column("taken_down_words", sa.Text(), nullable=False),
        sa.Column("taken_down_words_en", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "fundraising_basis IN ('public', 'directed', 'none')",
            name=op.f("ck_funds_campaign_basis"),
        ),
        sa.CheckConstraint(
            "status = 'draft' OR fundraising_basis <> 'public' OR filing_number <> ''",
            name=op.f("ck_funds_campaign_filed"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'filed') OR fundraising_basis <> 'public' OR platform_url <> ''",
            name=op.f("ck_funds_campaign_listed"),
        ),
        sa.CheckConstraint("expected_fen >= 0", name=op.f("ck_funds_campaign_expected_fen")),
        sa.CheckConstraint(
            "(taken_down_at IS NULL) = (taken_down_words = '')",
            name=op.f("ck_funds_campaign_taken_down_with_words"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'filed', 'open', 'ended', 'reported', 'closed')",
            name=op.f("ck_funds_campaign_status"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_funds_campaign_dates")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds_fund.id"], name="fk_funds_campaign_fund_id"),
        sa.ForeignKeyConstraint(
            ["office_unit_id"], ["funds_unit.id"], name="fk_funds_campaign_office_unit_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_campaign"),
        sa.UniqueConstraint("slug", name="uq_funds_campaign_slug"),
    )
    op.create_table(
        "sandbox_event",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column(
            "object_id", sa.String(length=40), nullable=False, comment="the session or the refund"
        ),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["reference"], ["sandbox_session.reference"], name="fk_sandbox_event_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sandbox_event"),
        sa.UniqueConstraint("object_id", "type", name="uq_sandbox_event_object_id_type"),
    )
    op.create_index(
        "ix_sandbox_event_undelivered",
        "sandbox_event",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("delivered_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "funds_campaign_unit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("admitted_at", MOMENT, nullable=False),
        sa.Column(
            "request_id",
            sa.String(length=32),
            nullable=True,
            comment="the approval that opened the book; null when opened with the campaign",
        ),
        sa.ForeignKeyConstraint(
            ["book_id"], ["ledger_book.id"], name="fk_funds_campaign_unit_book_id"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["funds_campaign.id"], name="fk_funds_campaign_unit_campaign_id"
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["funds_unit.id"], name="fk_funds_campaign_unit_unit_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_funds_campaign_unit"),
        sa.UniqueConstraint("book_id", name="uq_funds_campaign_unit_book_id"),
        sa.UniqueConstraint(
            "campaign_id", "unit_id", name="uq_funds_campaign_unit_campaign_id_unit_id"
        ),
        sa.UniqueConstraint("id", "book_id", name="uq_funds_campaign_unit_id_book_id"),
    )
    op.create_index(
        "ix_funds_campaign_unit_unit_id", "funds_campaign_unit", ["unit_id"], unique=False
    )
    op.create_table(
        "donations_sheet",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column(
            "form_key", sa.String(length=120), nullable=False, comment="one form is one sheet"
        ),
        sa.Column(
            "facts_hash", sa.String(length=64), nullable=False, comment="keyed hash of the form"
        ),
        sa.Column("campaign_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=4), nullable=False),
        sa.Column("collected_on", sa.Date(), nullable=False),
        sa.Column("entered_by_id", sa.String(length=64), nullable=False),
        sa.Column("entered_by_name", sa.String(length=120), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.CheckConstraint("method IN ('cash', 'bank')", name=op.f("ck_donations_sheet_method")),
        sa.ForeignKeyConstraint(
            ["campaign_unit_id"],
            ["funds_campaign_unit.id"],
            name="fk_donations_sheet_campaign_unit_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_sheet"),
        sa.UniqueConstraint("form_key", name="uq_donations_sheet_form_key"),
        sa.UniqueConstraint("public_id", name="uq_donations_sheet_public_id"),
    )
    op.create_index(
        "ix_donations_sheet_campaign_unit_id_id",
        "donations_sheet",
        ["campaign_unit_id", "id"],
        unique=False,
    )
    op.create_table(
        "donations_gift",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("intent_id", sa.BigInteger(), nullable=True),
        sa.Column("sheet_id", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("campaign_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=True),
        sa.Column("display", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("receipt_wanted", sa.Boolean(), nullable=False),
        sa.Column(
            "receipt_due",
            sa.Boolean(),
            nullable=False,
            comment="settled, wanted, and not issued yet",
        ),
        sa.Column("bill_wish", sa.String(length=10), nullable=False),
        sa.Column(
            "language",
            sa.String(length=2),
            server_default=sa.text("'zh'"),
            nullable=False,
            comment="in which the donor is written to",
        ),
        sa.Column(
            "moved",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="how often its unit was corrected",
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "bill_wish IN ('wanted', 'waived', 'anonymous')",
            name=op.f("ck_donations_gift_bill_wish"),
        ),
        sa.CheckConstraint(
            "display IN ('masked', 'name', 'anonymous')", name=op.f("ck_donations_gift_display")
        ),
        sa.CheckConstraint(
            "status IN ('created', 'pending', 'settled', 'failed', 'expired', 'withdrawn', 'partly_refunded', 'refunded', 'disputed')",
            name=op.f("ck_donations_gift_status"),
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_donations_gift_amount")),
        sa.CheckConstraint(
            "(intent_id IS NULL) <> (sheet_id IS NULL)", name=op.f("ck_donations_gift_origin")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_unit_id", "book_id"],
            ["funds_campaign_unit.id", "funds_campaign_unit.book_id"],
            name="fk_donations_gift_campaign_unit_id_book_id",
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donations_donor.id"], name="fk_donations_gift_donor_id"
        ),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["donations_intent.id"], name="fk_donations_gift_intent_id"
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["donations_sheet.id"], name="fk_donations_gift_sheet_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_gift"),
        sa.UniqueConstraint("intent_id", "line", name="uq_donations_gift_intent_id_line"),
        sa.UniqueConstraint("sheet_id", "line", name="uq_donations_gift_sheet_id_line"),
        sa.UniqueConstraint("public_id", name="uq_donations_gift_public_id"),
    )
    op.create_index(
        "ix_donations_gift_book_settled",
        "donations_gift",
        ["book_id", "settled_at"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NOT NULL"),
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_donations_gift_message",
        "donations_gift",
        ["id"],
        unique=False,
        sqlite_where=sa.text("message IS NOT NULL"),
        postgresql_where=sa.text("message IS NOT NULL"),
    )
    op.create_index(
        "ix_donations_gift_receipt_due",
        "donations_gift",
        ["id"],
        unique=False,
        sqlite_where=sa.text("receipt_due"),
        postgresql_where=sa.text("receipt_due"),
    )
    op.execute("INSERT INTO donations_tally (id, donors) VALUES (1, 0)")


def downgrade() -> None:
    for table in (
        "donations_gift",
        "donations_sheet",
        "funds_campaign_unit",
        "sandbox_event",
        "funds_campaign",
        "donations_status_event",
        "donations_payment",
        "sandbox_session",
        "funds_unit",
        "funds_fund",
        "funds_charity",
        "donations_tally",
        "donations_intent",
        "donations_donor",
    ):
        op.drop_table(table)
