"""Persons, accounts, identities, sessions, links, second factors, grants, tries.

What finds a person is sealed with a blind index beside it; of tokens and codes only a hash is
kept.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from charity.kernel.crypto import Sealed
from charity.kernel.db import Base, Id, Moment, Ref


class Person(Base):
    """One human. The indexes are unique: a second person with the same ID or phone cannot be."""

    __tablename__ = "people_person"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("id_number_index"),
        UniqueConstraint("phone_index"),
        CheckConstraint(
            "(id_number IS NULL) = (id_number_index IS NULL)", name="id_number_indexed"
        ),
        CheckConstraint("(phone IS NULL) = (phone_index IS NULL)", name="phone_indexed"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    id_number: Mapped[str | None] = mapped_column(Sealed("people_person.id_number"))
    id_number_index: Mapped[str | None] = mapped_column(String(64))
    phone: Mapped[str | None] = mapped_column(Sealed("people_person.phone"))
    phone_index: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[Moment]
    left_at: Mapped[Moment | None]


class Account(Base):
    """One way in for a person; a person may have several."""

    __tablename__ = "people_account"
    __table_args__ = (
        UniqueConstraint("public_id"),
        Index("ix_people_account_person_id", "person_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people_person.id"))
    password_hash: Mapped[str | None] = mapped_column(String(200), comment="Argon2id")
    password_at: Mapped[Moment | None]
    created_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]


class Identity(Base):
    """An address of a channel by which an account is found and reached."""

    __tablename__ = "people_identity"
    __table_args__ = (
        UniqueConstraint("channel", "address_index"),
        CheckConstraint("channel IN ('mail', 'phone')", name="channel"),
        Index("ix_people_identity_account_id", "account_id"),
    )
    id: Mapped[Id]
    account_id: Mapped[Ref] = mapped_column(ForeignKey("people_account.id"))
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(Sealed("people_identity.address"))
    address_index: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    verified_at: Mapped[Moment | None] = mapped_column(comment="a link sent there was used")


class OpenSession(Base):
    """A session: only its token's hash is kept, and it ends here, not in the browser."""

    __tablename__ = "people_session"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("token_hash"),
        CheckConstraint("method IN ('password', 'link', 'demo')", name="method"),
        CheckConstraint("(ended_at IS NULL) = (ended IS NULL)", name="ended"),
        Index(
            "ix_people_session_open",
            "account_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("people_account.id"))
    method: Mapped[str] = mapped_column(String(10))
    agent: Mapped[str] = mapped_column(String(120), comment="the browser, as it names itself")
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    second_factor_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    ended: Mapped[str | None] = mapped_column(String(12))


class Link(Base):
    """A one-time link: only its token's hash is kept."""

    __tablename__ = "people_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("purpose IN ('sign_in', 'invite')", name="purpose"),
        Index("ix_people_link_account_id", "account_id"),
    )
    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[Ref] = mapped_column(ForeignKey("people_account.id"))
    identity_id: Mapped[Ref | None] = mapped_column(
        ForeignKey("people_identity.id"), comment="the address it was sent to"
    )
    purpose: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class Totp(Base):
    """A person's authenticator; ``last_step`` is the last time step used, never used again.

    ``pending`` is a new one that has not yet shown a right code; the old one holds until then.
    """

    __tablename__ = "people_totp"
    __table_args__ = (
        CheckConstraint("(secret IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
    )
    person_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("people_person.id"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str | None] = mapped_column(Sealed("people_totp.secret"))
    pending: Mapped[str | None] = mapped_column(Sealed("people_totp.pending"))
    created_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """One of ten codes for the day the authenticator is lost."""

    __tablename__ = "people_recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)
    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people_person.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class Passkey(Base):
    """A WebAuthn credential of a person."""

    __tablename__ = "people_passkey"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("credential_id"),
        Index("ix_people_passkey_person_id", "person_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people_person.id"))
    credential_id: Mapped[str] = mapped_column(String(1400), comment="base64url")
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class Challenge(Base):
    """A WebAuthn challenge given to one session; used once, soon."""

    __tablename__ = "people_challenge"
    __table_args__ = (CheckConstraint("purpose IN ('register', 'assert')", name="purpose"),)
    session_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("people_session.id"), primary_key=True, autoincrement=False
    )
    purpose: Mapped[str] = mapped_column(String(10))
    challenge: Mapped[str] = mapped_column(String(120), comment="base64url")
    expires_at: Mapped[Moment]


class RoleGrant(Base):
    """A role given, and perhaps taken away again. The rows stay."""

    __tablename__ = "people_grant"
    __table_args__ = (
        CheckConstraint(
            "role IN ('fund_manager', 'approver', 'cashier', 'accountant', 'discloser',"
            " 'supervisor', 'unit_clerk', 'unit_leader', 'organization_manager')",
            name="role",
        ),
        CheckConstraint(
            "(scope = '') = (role IN ('fund_manager', 'approver', 'cashier', 'accountant',"
            " 'discloser', 'supervisor'))",
            name="scope",
        ),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        Index(
            "uq_people_grant_standing",
            "person_id",
            "role",
            "scope",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        # 出纳 and 会计 are never the same person, whatever the code above thinks.
        Index(
            "uq_people_grant_cashier_or_accountant",
            "person_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND role IN ('cashier', 'accountant')"),
            postgresql_where=text("revoked_at IS NULL AND role IN ('cashier', 'accountant')"),
        ),
        Index(
            "ix_people_grant_scope",
            "scope",
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people_person.id"))
    role: Mapped[str] = mapped_column(String(24))
    scope: Mapped[str] = mapped_column(String(64), comment="a code; empty for the fund")
    granted_at: Mapped[Moment]
    granted_by: Mapped[str] = mapped_column(String(64), comment="public id of a person, or system")
    revoked_at: Mapped[Moment | None]
    revoked_by: Mapped[str | None] = mapped_column(String(64))


class Try(Base):
    """Failed tries under one key (a keyed hash of account or address) and when the next is due."""

    __tablename__ = "people_try"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[Moment]
    free_at: Mapped[Moment]


class ApiToken(Base):
    """A bearer token of a person's programs: only its hash is kept."""

    __tablename__ = "people_api_token"
    __table_args__ = (
        UniqueConstraint("public_id"),
        UniqueConstraint("token_hash"),
        Index("ix_people_api_token_person_id", "person_id"),
    )
    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[Ref] = mapped_column(ForeignKey("people_person.id"))
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(300), comment="as JSON")
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    used_at: Mapped[Moment | None]
