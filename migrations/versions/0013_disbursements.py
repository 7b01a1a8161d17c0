"""Applications, payees, payments and holds, with the figures their rules go by."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SINCE = dt.date(2023, 1, 1)
FIRST_ID = 101  # behind those of the first figures
OWN = "机构内部用款规定（试行）"

# key, value, source
FIGURES = (
    ("approvals.days.application", 30, OWN),
    ("disbursements.reserve_days", 90, OWN),
    ("disbursements.evidence_days", 60, OWN),
    ("disbursements.split_days", 15, OWN),
    ("disbursements.use_days", 1095, OWN),
)


def upgrade() -> None:
    _use_plan()
    _payee()
    _application()
    _of_application()
    _payment()
    _hold()
    _figures()


def _use_plan() -> None:
    op.create_table(
        "disbursements_use_plan",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False, comment="JSON list; empty: every one"),
        sa.Column("categories", sa.Text(), nullable=False, comment="JSON list; empty: every one"),
        sa.Column("use_from", sa.Date(), nullable=False),
        sa.Column("use_until", sa.Date(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False, comment="where the filed plan says so"),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "version >= 1 AND clause <> ''", name=op.f("ck_disbursements_use_plan_clause")
        ),
        sa.CheckConstraint("use_until >= use_from", name=op.f("ck_disbursements_use_plan_dates")),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["funds_campaign.id"],
            name=op.f("fk_disbursements_use_plan_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_use_plan")),
        sa.UniqueConstraint(
            "campaign_id", "version", name=op.f("uq_disbursements_use_plan_campaign_id_version")
        ),
    )


def _payee() -> None:
    op.create_table(
        "disbursements_payee",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column(
            "name_index", sa.String(length=64), nullable=False, comment="blind index of the name"
        ),
        sa.Column("shown", sa.String(length=120), nullable=False, comment="a person's is masked"),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("bank_name", sa.String(length=120), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column(
            "account_index",
            sa.String(length=64),
            nullable=False,
            comment="blind index of the number",
        ),
        sa.Column(
            "tail",
            sa.String(length=4),
            nullable=False,
            comment="last four digits, all that is shown",
        ),
        sa.Column(
            "phone_index", sa.String(length=64), nullable=True, comment="as people's, of a person"
        ),
        sa.Column("id_number_index", sa.String(length=64), nullable=True, comment="as people's"),
        sa.Column(
            "same_index",
            sa.String(length=64),
            nullable=False,
            comment="the same for every account of one payee: split payments",
        ),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("retired_by_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(kind = 'organization') = (uscc IS NOT NULL)", name=op.f("ck_disbursements_payee_uscc")
        ),
        sa.CheckConstraint(
            "kind = 'organization' OR phone_index IS NOT NULL OR id_number_index IS NOT NULL",
            name=op.f("ck_disbursements_payee_known_person"),
        ),
        sa.CheckConstraint(
            "kind IN ('person', 'organization')", name=op.f("ck_disbursements_payee_kind")
        ),
        sa.CheckConstraint(
            "(retired_at IS NULL) = (retired_by_id IS NULL)",
            name=op.f("ck_disbursements_payee_retired"),
        ),
        sa.CheckConstraint("length(tail) = 4", name=op.f("ck_disbursements_payee_tail")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["funds_unit.id"], name=op.f("fk_disbursements_payee_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_payee")),
        sa.UniqueConstraint("public_id", name=op.f("uq_disbursements_payee_public_id")),
    )
    op.create_index(
        "ix_disbursements_payee_same_index", "disbursements_payee", ["same_index"], unique=False
    )
    op.create_index(
        "uq_disbursements_payee_account",
        "disbursements_payee",
        ["unit_id", "account_index"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )


def _application() -> None:
    op.create_table("disbursements_application", *_asked_for(), *_came_of_it(), *_rules())
    op.create_index(
        "ix_disbursements_application_book_id",
        "disbursements_application",
        ["book_id"],
        unique=False,
    )
    op.create_index(
        "ix_disbursements_application_campaign_unit_id_id",
        "disbursements_application",
        ["campaign_unit_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_disbursements_application_payee_id",
        "disbursements_application",
        ["payee_id"],
        unique=False,
    )
    op.create_index(
        "ix_disbursements_application_request_id",
        "disbursements_application",
        ["request_id"],
        unique=False,
    )
    op.create_index(
        "ix_disbursements_application_status_id",
        "disbursements_application",
        ["status", "id"],
        unique=False,
    )


def _asked_for() -> list[sa.Column]:
    return [
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("campaign_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("book_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="counts changes of what is asked for"
        ),
        sa.Column("copied_from", sa.String(length=32), nullable=True, comment="public id"),
        sa.Column(
            "title",
            sa.String(length=120),
            nullable=False,
            comment="public; no names of people helped",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="public; no names of people helped"),
        sa.Column("function", sa.String(length=12), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("people_count", sa.Integer(), nullable=False),
        sa.Column(
            "people_codes", sa.Text(), nullable=False, comment="JSON list of codes, never names"
        ),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("area_name", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("evidence_kinds", sa.String(length=200), nullable=False, comment="JSON list"),
        sa.Column("evidence_plan", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payee_id", sa.BigInteger(), nullable=True),
    ]


def _came_of_it() -> list[sa.Column]:
    return [
        sa.Column("written_by_id", sa.String(length=64), nullable=False),
        sa.Column("written_by_name", sa.String(length=120), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column(
            "asked_by_id", sa.String(length=64), nullable=True, comment="who submitted it last"
        ),
        sa.Column("asked_by_name", sa.String(length=120), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column(
            "request_id", sa.String(length=32), nullable=True, comment="of the last approval"
        ),
        sa.Column(
            "words",
            sa.Text(),
            nullable=False,
            comment="questions, or why refused, voided or lapsed",
        ),
        sa.Column("approved_hash", sa.String(length=64), nullable=True, comment="SHA-256, hex"),
        sa.Column("first_person_id", sa.String(length=64), nullable=True),
        sa.Column("second_person_id", sa.String(length=64), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True, comment="the last day to pay"),
        sa.Column(
            "reserved_times", sa.SmallInteger(), nullable=False, comment="counts reservations"
        ),
        sa.Column("paid_times", sa.SmallInteger(), nullable=False, comment="counts payments"),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column(
            "paid_fen",
            sa.BigInteger(),
            nullable=False,
            comment="0 again when the bank sent it back",
        ),
        sa.Column("returned_fen", sa.BigInteger(), nullable=False, comment="of it, handed back"),
        sa.Column("evidence_due_on", sa.Date(), nullable=True),
        sa.Column("proved_at", MOMENT, nullable=True),
        sa.Column("proved_by_id", sa.String(length=64), nullable=True),
        sa.Column("proved_by_name", sa.String(length=120), nullable=True),
    ]


def _rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(
            "(function = 'fundraising') = (purpose = 'campaign_cost')",
            name=op.f("ck_disbursements_application_function_purpose"),
        ),
        sa.CheckConstraint(
            "(status = 'proved') = (proved_at IS NOT NULL)",
            name=op.f("ck_disbursements_application_proved"),
        ),
        sa.CheckConstraint(
            "(status IN ('paid', 'proved')) = (paid_fen > returned_fen)",
            name=op.f("ck_disbursements_application_paid_fen"),
        ),
        sa.CheckConstraint(
            "function IN ('programme', 'fundraising')",
            name=op.f("ck_disbursements_application_function"),
        ),
        sa.CheckConstraint(
            "status <> 'waiting' OR request_id IS NOT NULL",
            name=op.f("ck_disbursements_application_asked"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'waiting', 'returned', 'refused', 'approved', 'paid', 'proved', 'withdrawn', 'lapsed')",
            name=op.f("ck_disbursements_application_status"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'withdrawn')"
            " OR (payee_id IS NOT NULL AND asked_by_id IS NOT NULL)",
            name=op.f("ck_disbursements_application_payee_asked"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'paid', 'proved') OR (approved_hash IS NOT NULL AND first_person_id IS NOT NULL AND second_person_id IS NOT NULL AND first_person_id <> second_person_id AND first_person_id <> asked_by_id AND second_person_id <> asked_by_id AND expires_on IS NOT NULL)",
            name=op.f("ck_disbursements_application_signed"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('paid', 'proved') OR evidence_due_on IS NOT NULL",
            name=op.f("ck_disbursements_application_evidence_due"),
        ),
        sa.CheckConstraint(
            "amount_fen >= CASE WHEN status IN ('draft', 'withdrawn') THEN 0 ELSE 1 END",
            name=op.f("ck_disbursements_application_amount"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_disbursements_application_dates")),
        sa.CheckConstraint(
            "people_count >= 0", name=op.f("ck_disbursements_application_people_count")
        ),
        sa.CheckConstraint(
            "returned_fen >= 0 AND paid_fen >= returned_fen AND paid_fen <= amount_fen",
            name=op.f("ck_disbursements_application_returned_fen"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_unit_id", "book_id"],
            ["funds_campaign_unit.id", "funds_campaign_unit.book_id"],
            name="fk_disbursements_application_campaign_unit_id",
        ),
        sa.ForeignKeyConstraint(
            ["payee_id"],
            ["disbursements_payee.id"],
            name=op.f("fk_disbursements_application_payee_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_application")),
        sa.UniqueConstraint("number", name=op.f("uq_disbursements_application_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_disbursements_application_public_id")),
    ]


def _of_application() -> None:
    op.create_table(
        "disbursements_budget_line",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False, comment="袋, 人, 月"),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount_fen = quantity * price_fen", name=op.f("ck_disbursements_budget_line_amount")
        ),
        sa.CheckConstraint("line >= 1", name=op.f("ck_disbursements_budget_line_line")),
        sa.CheckConstraint(
            "quantity >= 1 AND price_fen >= 1", name=op.f("ck_disbursements_budget_line_price")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name=op.f("fk_disbursements_budget_line_application_id"),
        ),
        sa.PrimaryKeyConstraint(
            "application_id", "line", name=op.f("pk_disbursements_budget_line")
        ),
    )
    op.create_table(
        "disbursements_attachment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_disbursements_attachment_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_disbursements_attachment_size")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name=op.f("fk_disbursements_attachment_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_attachment")),
        sa.UniqueConstraint(
            "application_id",
            "sha256",
            name=op.f("uq_disbursements_attachment_application_id_sha256"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_disbursements_attachment_public_id")),
    )
    op.create_table(
        "disbursements_step",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False, comment="after it"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=True),
        sa.Column("by_id", sa.String(length=64), nullable=True, comment="null: the system"),
        sa.Column("by_name", sa.String(length=120), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name=op.f("fk_disbursements_step_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_step")),
    )
    op.create_index(
        "ix_disbursements_step_application_id_id",
        "disbursements_step",
        ["application_id", "id"],
        unique=False,
    )


def _payment() -> None:
    op.create_table(
        "disbursements_payment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column(
            "line_id", sa.String(length=32), nullable=False, comment="public id of the bank line"
        ),
        sa.Column(
            "account", sa.String(length=20), nullable=False, comment="code of the charity's account"
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("facts_sha256", sa.String(length=64), nullable=True, comment="of what was paid"),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(kind = 'pay') = (facts_sha256 IS NOT NULL)",
            name=op.f("ck_disbursements_payment_facts"),
        ),
        sa.CheckConstraint(
            "kind IN ('pay', 'bank_return', 'money_back')",
            name=op.f("ck_disbursements_payment_kind"),
        ),
        sa.CheckConstraint("amount_fen >= 1", name=op.f("ck_disbursements_payment_amount")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name=op.f("fk_disbursements_payment_application_id"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_disbursements_payment_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_payment")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_disbursements_payment_entry_id")),
        sa.UniqueConstraint("line_id", name=op.f("uq_disbursements_payment_line_id")),
    )
    op.create_index(
        "ix_disbursements_payment_application_id_id",
        "disbursements_payment",
        ["application_id", "id"],
        unique=False,
    )


def _hold() -> None:
    op.create_table(
        "disbursements_hold",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=64), nullable=True, comment="null: the system"),
        sa.Column("by_name", sa.String(length=120), nullable=True),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("released_words", sa.String(length=500), nullable=True),
        sa.Column("released_by_id", sa.String(length=64), nullable=True),
        sa.Column("released_by_name", sa.String(length=120), nullable=True),
        sa.CheckConstraint(
            "reason IN ('question', 'concern', 'payee', 'pairing', 'disclosure', 'audit')",
            name=op.f("ck_disbursements_hold_reason"),
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (released_words IS NULL)",
            name=op.f("ck_disbursements_hold_released"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["disbursements_application.id"],
            name=op.f("fk_disbursements_hold_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disbursements_hold")),
        sa.UniqueConstraint("public_id", name=op.f("uq_disbursements_hold_public_id")),
    )
    op.create_index(
        "uq_disbursements_hold_standing",
        "disbursements_hold",
        ["application_id", "reason"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )


def _figures() -> None:
    """Those that are not there: a figure outlives the tables of a migration taken down."""
    table = sa.table(
        "parameters_parameter",
        *(sa.column(name) for name in ("id", "key", "value", "source", "note", "doubtful")),
        sa.column("valid_from", sa.Date()),
        sa.column("entered_at", MOMENT),
    )
    conn = op.get_bind()
    have = set(conn.scalars(sa.select(table.c.key)))
    for number, (key, value, source) in enumerate(FIGURES, start=FIRST_ID):
        if key not in have:
            conn.execute(
                table.insert().values(
                    id=number, key=key, value=value, valid_from=SINCE, source=source, note="",
                    doubtful=False, entered_at=dt.datetime(2023, 1, 1, tzinfo=dt.UTC),
                )
            )  # fmt: skip


def downgrade() -> None:
    conn = op.get_bind()
    if conn.scalar(sa.text("SELECT count(*) FROM disbursements_application")):
        raise RuntimeError("money was asked for: that is never taken down")
    for table in (
        "hold",
        "payment",
        "step",
        "attachment",
        "budget_line",
        "application",
        "payee",
        "use_plan",
    ):
        op.drop_table(f"disbursements_{table}")
