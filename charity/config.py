"""Typed settings from the environment; the only reader of it.

A wrong value stops the start with its name and what was expected.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from enum import StrEnum
from importlib import resources
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class RunMode(StrEnum):
    """What this installation is for."""

    DEMO = "demo"  # test money, demo people, one button per role
    DEVELOPMENT = "development"  # test money, `.env` is read
    PRODUCTION = "production"  # real money only


PROVIDERS = ("sandbox", "stripe")
# What Stripe's library of our lock speaks; the webhook endpoint is set to the same.
STRIPE_API_VERSION = "2026-10-28.endive"
_MAIL_ADDRESS = r"[^@\s<>\",;]+@[A-Za-z0-9.-]+"
_WEBHOOK_SECRET = 16  # characters; an empty or guessable secret would let anyone settle gifts


class SettingsError(ValueError):
    """A setting is wrong; the text names it and says what was expected."""


class Settings(BaseSettings):
    """Every setting, by the name it has in the environment without ``CHARITY_``."""

    model_config = SettingsConfigDict(env_prefix="CHARITY_", extra="ignore", frozen=True)

    mode: RunMode = RunMode.DEVELOPMENT
    data_dir: Path = Path("instance")
    database_url: str = ""
    database_owner_url: str = ""
    secret_key: str = ""
    secret_key_fallbacks: Annotated[tuple[str, ...], NoDecode] = ()
    base_url: str = "http://127.0.0.1:8000"
    mail_url: str = "log:"
    mail_from: str = ""
    # Who is told when something stopped; and after how many hours without a backup (0: never).
    alert_to: Annotated[tuple[str, ...], NoDecode] = ()
    backup_hours: int = Field(default=26, ge=0, le=24 * 31)
    payment_providers: Annotated[tuple[str, ...], NoDecode] = ("sandbox",)
    stripe_secret_key: str = Field(default="", repr=False)
    stripe_webhook_secrets: Annotated[tuple[str, ...], NoDecode] = Field(default=(), repr=False)
    stripe_account: str = "stripe"  # acct_…, where one is to be told from another
    stripe_api_base: str = ""
    workers: int = Field(default=1, ge=1, le=64)
    # How many proxies of ours stand before the site; each is believed one X-Forwarded-For.
    proxies: int = Field(default=0, ge=0, le=5)
    metrics_token: str = ""
    metrics_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )

    @field_validator(
        "secret_key_fallbacks",
        "alert_to",
        "payment_providers",
        "metrics_networks",
        "stripe_webhook_secrets",
        mode="before",
    )
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("payment_providers")
    @classmethod
    def _known_providers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in PROVIDERS]
        if unknown or not value:
            raise ValueError(f"expected a comma list of {', '.join(PROVIDERS)}")
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or value.count("/") > 2 + value.endswith(
            "/"
        ):
            raise ValueError("expected http(s)://host[:port] without a path")
        return value.rstrip("/")

    @field_validator("mail_url")
    @classmethod
    def _mail_url(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            right = parts.port != 0 and (
                value == "log:" or (parts.scheme in ("smtp", "smtps") and bool(parts.hostname))
            )
        except ValueError:
            right = False
        if not right:
            raise ValueError("expected log: or smtp://[user:password@]host[:port] or smtps://…")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_from(cls, value: str) -> str:
        if value and not re.fullmatch(_MAIL_ADDRESS, value):
            raise ValueError("expected a mail address alone")
        return value

    @field_validator("alert_to")
    @classmethod
    def _alert_to(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(_MAIL_ADDRESS, each):
                raise ValueError("expected a comma list of mail addresses")
        return value

    @field_validator("stripe_api_base")
    @classmethod
    def _stripe_api_base(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s\"';,]+/?", value):
            raise ValueError("expected http(s)://host[:port] without a path, or nothing")
        return value.rstrip("/")

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("expected sqlite:///FILE or postgresql://…") from error
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("expected sqlite:///FILE or postgresql://…")
        return url.render_as_string(hide_password=False)

    @model_validator(mode="after")
    def _production(self) -> Settings:
        if self.mode is RunMode.PRODUCTION:
            if "sandbox" in self.payment_providers:
                raise ValueError("PAYMENT_PROVIDERS: production takes no sandbox money")
            if len(self.secret_key) < 32:
                raise ValueError("SECRET_KEY: expected at least 32 characters in production")
        if "stripe" in self.payment_providers:
            self._stripe()
        return self

    def _stripe(self) -> None:
        """A live key and production belong together: test money never meets real money."""
        live = self.mode is RunMode.PRODUCTION
        form = r"[sr]k_live_\w+" if live else r"[sr]k_test_\w+"
        if not re.fullmatch(form, self.stripe_secret_key, re.ASCII):
            kind = "live" if live else "test"
            raise ValueError(f"STRIPE_SECRET_KEY: expected a {kind} key (sk_{kind}_…) in this mode")
        secrets_ = self.stripe_webhook_secrets
        if not 1 <= len(secrets_) <= 2 or any(len(one) < _WEBHOOK_SECRET for one in secrets_):
            raise ValueError("STRIPE_WEBHOOK_SECRETS: expected one or two secrets (whsec_…)")
        if live and self.stripe_api_base.startswith("http://"):
            raise ValueError("STRIPE_API_BASE: expected https:// in production")

    @property
    def database(self) -> str:
        """The application's database URL; a file in ``data_dir`` unless set."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'charity.db').resolve()}"

    @property
    def owner_database(self) -> str:
        """The owner's URL, for init, upgrade and restore. SQLite has one file, one owner."""
        return self.database_owner_url or self.database

    @property
    def app_role(self) -> str | None:
        """The application's role on PostgreSQL, granted by init and upgrade."""
        url = make_url(self.database)
        return url.username if url.drivername.startswith("postgresql") else None

    def flask_secret(self) -> str:
        """``SECRET_KEY``, or one made on first use and kept beside the other keys."""
        if self.secret_key:
            return self.secret_key
        path = self.data_dir / "keys" / "secret_key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            # Another process may have been first: its key stays.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)
            fresh.unlink()
        return path.read_text().strip()


def load() -> Settings:
    """Settings from the environment (and ``.env`` in development). Raises ``SettingsError``."""
    try:
        settings = Settings()
        if settings.mode is RunMode.DEVELOPMENT and Path(".env").exists():
            settings = Settings(_env_file=".env")
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        where = f"CHARITY_{name}: " if name else "CHARITY_"
        raise SettingsError(where + first["msg"].removeprefix("Value error, ")) from error
    return settings


def export_default(name: str, value: str) -> None:
    """Let the processes we start find ``CHARITY_<name>`` as ``value``, unless it is set."""
    os.environ.setdefault(f"CHARITY_{name}", value)


def environment(**more: str) -> dict[str, str]:
    """The environment for a program we start, with ``more`` in it."""
    return {**os.environ, **more}


def bundle_dir() -> Path:
    """The folder of ``templates``, ``static`` and ``migrations``.

    In a wheel they lie inside the package; in the repository beside it.
    """
    packaged = Path(str(resources.files("charity"))) / "_bundle"
    return packaged if packaged.is_dir() else packaged.parent.parent
