"""Persons, accounts, sessions, roles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _persons()
    _sessions()
    _factors()
    _grants()


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False)


def _persons() -> None:
    op.create_table(
        "people_person",
        _id(),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_index", sa.String(length=64), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "(id_number IS NULL) = (id_number_index IS NULL)",
            name=op.f("ck_people_person_id_number_indexed"),
        ),
        sa.CheckConstraint(
            "(phone IS NULL) = (phone_index IS NULL)", name=op.f("ck_people_person_phone_indexed")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_person"),
        sa.UniqueConstraint("public_id", name="uq_people_person_public_id"),
        sa.UniqueConstraint("id_number_index", name="uq_people_person_id_number_index"),
        sa.UniqueConstraint("phone_index", name="uq_people_person_phone_index"),
    )
    op.create_table(
        "people_account",
        _id(),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True, comment="Argon2id"),
        sa.Column("password_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_account_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_account"),
        sa.UniqueConstraint("public_id", name="uq_people_account_public_id"),
    )
    op.create_index("ix_people_account_person_id", "people_account", ["person_id"], unique=False)
    op.create_table(
        "people_identity",
        _id(),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("address_index", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verified_at", MOMENT, nullable=True, comment="a link sent there was used"),
        sa.CheckConstraint("channel IN ('mail', 'phone')", name=op.f("ck_people_identity_channel")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["people_account.id"], name="fk_people_identity_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_identity"),
        sa.UniqueConstraint(
            "channel", "address_index", name="uq_people_identity_channel_address_index"
        ),
    )
    op.create_index(
        "ix_people_identity_account_id", "people_identity", ["account_id"], unique=False
    )


def _sessions() -> None:
    op.create_table(
        "people_session",
        _id(),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column(
            "agent",
            sa.String(length=120),
            nullable=False,
            comment="the browser, as it names itself",
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("second_factor_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended", sa.String(length=12), nullable=True),
        sa.CheckConstraint(
            "method IN ('password', 'link', 'demo')", name=op.f("ck_people_session_method")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended IS NULL)", name=op.f("ck_people_session_ended")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["people_account.id"], name="fk_people_session_account_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_session"),
        sa.UniqueConstraint("public_id", name="uq_people_session_public_id"),
        sa.UniqueConstraint("token_hash", name="uq_people_session_token_hash"),
    )
    op.create_index(
        "ix_people_session_open",
        "people_session",
        ["account_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "people_link",
        _id(),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "identity_id", sa.BigInteger(), nullable=True, comment="the address it was sent to"
        ),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.CheckConstraint("purpose IN ('sign_in', 'invite')", name=op.f("ck_people_link_purpose")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["people_account.id"], name="fk_people_link_account_id"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["people_identity.id"], name="fk_people_link_identity_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_link"),
        sa.UniqueConstraint("token_hash", name="uq_people_link_token_hash"),
    )
    op.create_index("ix_people_link_account_id", "people_link", ["account_id"], unique=False)
    op.create_table(
        "people_try",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("free_at", MOMENT, nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_people_try_failures")),
        sa.PrimaryKeyConstraint("key", name="pk_people_try"),
    )


def _factors() -> None:
    op.create_table(
        "people_totp",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(secret IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_people_totp_confirmed")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_totp_person_id"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_people_totp"),
    )
    op.create_table(
        "people_recovery_code",
        _id(),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_recovery_code_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_recovery_code"),
        sa.UniqueConstraint(
            "person_id", "code_hash", name="uq_people_recovery_code_person_id_code_hash"
        ),
    )
    op.create_table(
        "people_passkey",
        _id(),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False, comment="base64url"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_passkey_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_passkey"),
        sa.UniqueConstraint("public_id", name="uq_people_passkey_public_id"),
        sa.UniqueConstraint("credential_id", name="uq_people_passkey_credential_id"),
    )
    op.create_index("ix_people_passkey_person_id", "people_passkey", ["person_id"], unique=False)
    op.create_table(
        "people_challenge",
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("challenge", sa.String(length=120), nullable=False, comment="base64url"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "purpose IN ('register', 'assert')", name=op.f("ck_people_challenge_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["people_session.id"], name="fk_people_challenge_session_id"
        ),
        sa.PrimaryKeyConstraint("session_id", name="pk_people_challenge"),
    )


def _grants() -> None:
    op.create_table(
        "people_grant",
        _id(),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column(
            "scope", sa.String(length=64), nullable=False, comment="a code; empty for the fund"
        ),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column(
            "granted_by",
            sa.String(length=64),
            nullable=False,
            comment="public id of a person, or system",
        ),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "role IN ('fund_manager', 'approver', 'cashier', 'accountant', 'discloser',"
            " 'supervisor', 'unit_clerk', 'unit_leader', 'organization_manager')",
            name=op.f("ck_people_grant_role"),
        ),
        sa.CheckConstraint(
            "(scope = '') = (role IN ('fund_manager', 'approver', 'cashier', 'accountant',"
            " 'discloser', 'supervisor'))",
            name=op.f("ck_people_grant_scope"),
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_people_grant_revoked")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people_person.id"], name="fk_people_grant_person_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_people_grant"),
    )
    for name, columns, unique, where in (
        ("ix_people_grant_scope", ["scope"], False, "revoked_at IS NULL"),
        (
            "uq_people_grant_cashier_or_accountant",
            ["person_id"],
            True,
            "revoked_at IS NULL AND role IN ('cashier', 'accountant')",
        ),
        ("uq_people_grant_standing", ["person_id", "role", "scope"], True, "revoked_at IS NULL"),
    ):
        op.create_index(
            name,
            "people_grant",
            columns,
            unique=unique,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for table in (
        "people_grant",
        "people_challenge",
        "people_passkey",
        "people_recovery_code",
        "people_totp",
        "people_try",
        "people_link",
        "people_session",
        "people_identity",
        "people_account",
        "people_person",
    ):
        op.drop_table(table)
