"""Tries to pay, words looked at, and tokens of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "donations_try",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=True),
        sa.Column("donor", sa.String(length=64), nullable=True),
        sa.Column("intent_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "challenge", sa.String(length=128), nullable=True, comment="solved, and so used up"
        ),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["donations_intent.id"], name="fk_donations_try_intent_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_try"),
        sa.UniqueConstraint("challenge", name="uq_donations_try_challenge"),
    )
    op.create_index("ix_donations_try_at", "donations_try", ["at"])
    for column in ("address", "device", "donor"):
        op.create_index(f"ix_donations_try_{column}_at", "donations_try", [column, "at"])
    op.create_table(
        "donations_word_decision",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gift_id", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["gift_id"], ["donations_gift.id"], name="fk_donations_word_decision_gift_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_donations_word_decision"),
    )
    op.create_index("ix_donations_word_decision_gift_id", "donations_word_decision", ["gift_id"])
    op.create_table(
        "people_api_token",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=300), nullable=False, comment="as JSON"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_api_token_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_api_token"),
        sa.UniqueConstraint("public_id", name="uq_people_api_token_public_id"),
        sa.UniqueConstraint("token_hash", name="uq_people_api_token_token_hash"),
    )
    op.create_index("ix_people_api_token_person_id", "people_api_token", ["person_id"])


def downgrade() -> None:
    op.drop_table("people_api_token")
    op.drop_table("donations_word_decision")
    op.drop_table("donations_try")
