"""Approvals and parameters, with the figures a database begins with.

The figures are rows of this migration, not of a command: a database at this revision has them
all, so nothing runs without them, and each is dated and has its source like any later one.
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LIVE = sa.text("status IN ('waiting', 'approved')")
SINCE = dt.date(2023, 1, 1)
OWN = "机构内部审批规定（试行）"
DOUBT = "机构内部审批规定（试行）；数额存疑：尚无理事会决议，以决议为准"

# key, value, source, doubtful
FIGURES = (
    ("approvals.days.refund", 14, OWN, False),
    ("approvals.days.slip", 30, OWN, False),
    ("approvals.days.open_book", 30, OWN, False),
    ("approvals.days.switch_provider", 7, OWN, False),
    ("approvals.days.parameter", 30, OWN, False),
    ("approvals.days.correction", 14, OWN, False),
    ("approvals.days.reset_factor", 2, OWN, False),
    ("approvals.days.campaign_back", 7, OWN, False),
    ("approvals.days.suspense", 30, OWN, False),
    ("approvals.days.steward", 30, OWN, False),
    ("approvals.delegation_days", 90, OWN, False),
    ("approvals.level_two_fen", 5_000_000, DOUBT, True),
    ("approvals.level_three_fen", 50_000_000, DOUBT, True),
    ("gifts.min_fen", 1, OWN, False),
    (
        "gifts.max_fen",
        100_000_000,
        "机构内部规定：大额网络捐赠先核实捐赠人；数额存疑：反洗钱规定没有给出网络捐赠的数额",
        True,
    ),
    ("gifts.max_items", 20, OWN, False),
    ("gifts.intent_hours", 24, OWN, False),
)


def upgrade() -> None:
    op.create_table(
        "approvals_request",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False, comment="canonical JSON"),
        sa.Column("facts_sha256", sa.String(length=64), nullable=False, comment="hex"),
        sa.Column(
            "needed", sa.SmallInteger(), nullable=False, comment="persons besides the requester"
        ),
        sa.Column(
            "concerned",
            sa.Text(),
            nullable=False,
            comment="JSON list: persons who may not decide",
        ),
        sa.Column("asked_by_id", sa.String(length=64), nullable=False),
        sa.Column("asked_by_name", sa.String(length=120), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "length(facts_sha256) = 64", name=op.f("ck_approvals_request_facts_sha256")
        ),
        sa.CheckConstraint("needed >= 1", name=op.f("ck_approvals_request_needed")),
        sa.CheckConstraint("expires_at > asked_at", name=op.f("ck_approvals_request_expires_at")),
        sa.PrimaryKeyConstraint("id", name="pk_approvals_request"),
        sa.UniqueConstraint("public_id", name="uq_approvals_request_public_id"),
        sa.UniqueConstraint(
            "id", "kind", "subject_id", name="uq_approvals_request_id_kind_subject_id"
        ),
        sa.UniqueConstraint(
            "id",
            "asked_by_id",
            "facts_sha256",
            name="uq_approvals_request_id_asked_by_id_facts_sha256",
        ),
    )
    op.create_index(
        "ix_approvals_request_kind_subject_id", "approvals_request", ["kind", "subject_id"]
    )
    op.create_index("ix_approvals_request_kind_id", "approvals_request", ["kind", "id"])
    op.create_index("ix_approvals_request_facts_sha256", "approvals_request", ["facts_sha256"])
    op.create_index("ix_approvals_request_asked_by_id", "approvals_request", ["asked_by_id"])
    op.create_table(
        "approvals_request_scope",
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["approvals_request.id"], name="fk_approvals_request_scope_request_id"
        ),
        sa.PrimaryKeyConstraint("request_id", "code", name="pk_approvals_request_scope"),
    )
    op.create_index("ix_approvals_request_scope_code", "approvals_request_scope", ["code"])
    _state_and_decisions()
    _delegations()
    _parameters()


def _state_and_decisions() -> None:
    op.create_table(
        "approvals_state",
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by_id", sa.String(length=64), nullable=True, comment="null: the system"),
        sa.Column("changed_by_name", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was withdrawn; else empty"),
        sa.CheckConstraint(
            "status IN ('waiting', 'approved', 'refused', 'withdrawn', 'expired', 'used')",
            name=op.f("ck_approvals_state_status"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "kind", "subject_id"],
            ["approvals_request.id", "approvals_request.kind", "approvals_request.subject_id"],
            name="fk_approvals_state_request_id",
        ),
        sa.PrimaryKeyConstraint("request_id", name="pk_approvals_state"),
    )
    op.create_index(
        "uq_approvals_state_live",
        "approvals_state",
        ["kind", "subject_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("ix_approvals_state_status", "approvals_state", ["status", "request_id"])
    op.create_table(
        "approvals_decision",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by_id", sa.String(length=64), nullable=False),
        sa.Column("facts_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("for_id", sa.String(length=64), nullable=True),
        sa.Column("for_name", sa.String(length=120), nullable=True),
        sa.Column("approve", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "person_id <> asked_by_id", name=op.f("ck_approvals_decision_not_the_requester")
        ),
        sa.CheckConstraint(
            "for_id IS NULL OR (for_id <> asked_by_id AND for_id <> person_id)",
            name=op.f("ck_approvals_decision_for_another"),
        ),
        sa.CheckConstraint(
            "(for_id IS NULL) = (for_name IS NULL)", name=op.f("ck_approvals_decision_for_name")
        ),
        sa.CheckConstraint(
            "approve OR length(reason) >= 1", name=op.f("ck_approvals_decision_reason")
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "asked_by_id", "facts_sha256"],
            [
                "approvals_request.id",
                "approvals_request.asked_by_id",
                "approvals_request.facts_sha256",
            ],
            name="fk_approvals_decision_request_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_approvals_decision"),
        sa.UniqueConstraint(
            "request_id", "person_id", name="uq_approvals_decision_request_id_person_id"
        ),
        sa.UniqueConstraint("request_id", "for_id", name="uq_approvals_decision_request_id_for_id"),
    )
    op.create_index("ix_approvals_decision_person_id", "approvals_decision", ["person_id"])


def _delegations() -> None:
    op.create_table(
        "approvals_delegation",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column(
            "scope", sa.String(length=64), nullable=True, comment="null: the fund; else a unit"
        ),
        sa.Column("from_id", sa.String(length=64), nullable=False),
        sa.Column("from_name", sa.String(length=120), nullable=False),
        sa.Column("to_id", sa.String(length=64), nullable=False),
        sa.Column("to_name", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_approvals_delegation_another_person")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_approvals_delegation_dates")),
        sa.PrimaryKeyConstraint("id", name="pk_approvals_delegation"),
        sa.UniqueConstraint("public_id", name="uq_approvals_delegation_public_id"),
    )
    op.create_index("ix_approvals_delegation_to_id", "approvals_delegation", ["to_id"])
    op.create_index("ix_approvals_delegation_from_id", "approvals_delegation", ["from_id"])


def _parameters() -> None:
    made = op.create_table(
        "parameters_parameter",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="in the unit of its catalogue"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "source", sa.String(length=300), nullable=False, comment="law article or decision"
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False, comment="存疑: the source says why"),
        sa.Column(
            "approval_id",
            sa.String(length=16),
            nullable=True,
            comment="public id of the request",
        ),
        sa.Column("first_person_id", sa.String(length=64), nullable=True),
        sa.Column("second_person_id", sa.String(length=64), nullable=True),
        sa.Column("approved_hash", sa.String(length=64), nullable=True, comment="SHA-256, hex"),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(source) >= 1", name=op.f("ck_parameters_parameter_source")),
        sa.CheckConstraint(
            "(approval_id IS NULL) = (approved_hash IS NULL)"
            " AND (approval_id IS NULL) = (first_person_id IS NULL)"
            " AND (approval_id IS NULL) = (second_person_id IS NULL)",
            name=op.f("ck_parameters_parameter_signed"),
        ),
        sa.CheckConstraint(
            "first_person_id IS NULL OR first_person_id <> second_person_id",
            name=op.f("ck_parameters_parameter_two_people"),
        ),
        sa.CheckConstraint(
            "approved_hash IS NULL OR length(approved_hash) = 64",
            name=op.f("ck_parameters_parameter_hash"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_parameters_parameter"),
        sa.UniqueConstraint("key", "valid_from", name="uq_parameters_parameter_key_valid_from"),
        sa.UniqueConstraint("approval_id", name="uq_parameters_parameter_approval_id"),
    )
    op.bulk_insert(
        made,
        [
            {
                "id": number,
                "key": key,
                "value": value,
                "valid_from": SINCE,
                "source": source,
                "note": "",
                "doubtful": doubtful,
                # Known from the day the rule holds, so that databases made on different days agree.
                "entered_at": dt.datetime(2023, 1, 1, tzinfo=dt.UTC),
            }
            for number, (key, value, source, doubtful) in enumerate(FIGURES, start=1)
        ],
    )


def downgrade() -> None:
    conn = op.get_bind()
    if conn.scalar(sa.text("SELECT count(*) FROM approvals_request")):
        raise RuntimeError("two people have signed: that is never taken down")
    for table in (
        "parameters_parameter",
        "approvals_delegation",
        "approvals_decision",
        "approvals_state",
        "approvals_request_scope",
        "approvals_request",
    ):
        op.drop_table(table)
