"""Channels that carry messages to people: mail now, a telephone gateway later.

A channel is handed an address, a subject and a text, and returns when the next station has taken
them. ``MAIL_URL`` says how mail goes: ``log:`` (nothing leaves the house; the message can be read
at the outbox's page), ``smtp://user:password@host:port`` (STARTTLS; only a relay on this very
machine may do without) or ``smtps://…`` (TLS from the start). Neither address nor content is ever
logged.
"""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import structlog
from flask import current_app

from charity.kernel import clock

TIMEOUT_S = 20.0
MAIL = "mail"
_PORTS = {"smtp": 587, "smtps": 465}
_log = structlog.get_logger(__name__)


class NotDelivered(Exception):
    """The message was not taken. ``forever``: trying again cannot help. No personal data."""

    def __init__(self, reason: str, *, forever: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.forever = forever


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one address. ``token`` is its own for ever, the same at every attempt."""

    to: str
    subject: str
    text: str
    token: str


class Channel(Protocol):
    """One way to reach people."""

    keeps: bool
    """Whether what was sent stays readable with us, because nothing left the house."""

    def send(self, letter: Letter) -> None:
        """Hand the letter on; returns once it is taken. Raises NotDelivered."""
        ...


class LogChannel:
    """Mail of demonstrations and development: said in the log, read at the outbox's page."""

    keeps = True

    def send(self, letter: Letter) -> None:
        """Say that there is a letter, not to whom nor what it says."""
        _log.info("mail.kept", letter=letter.token)


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """Mail by SMTP, with the standard library."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    sender: str
    keeps = False

    def send(self, letter: Letter) -> None:
        """Hand the letter to the mail server. Raises NotDelivered."""
        message = compose(letter, self.sender)
        try:
            with contextlib.closing(self._connect()) as server:
                self._greet(server)
                server.send_message(message)
                # It is taken: a farewell that fails must not send it a second time.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            forever = all(500 <= code < 600 for code, _ in error.recipients.values())
            raise NotDelivered("recipient refused", forever=forever) from None
        except smtplib.SMTPNotSupportedError:
            raise NotDelivered("not supported by the mail server", forever=True) from None
        except smtplib.SMTPResponseException as error:
            # The server's words may quote the address: only its number is kept.
            raise NotDelivered(f"mail server answered {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        if self.tls:
            secure = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=secure)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)

    def _greet(self, server: smtplib.SMTP) -> None:
        relay = _is_here(self.host) and not self.user
        if not self.tls and not relay:
            server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password)


def compose(letter: Letter, sender: str) -> EmailMessage:
    """The letter as mail: plain text, marked as written by a machine.

    The library refuses line ends in headers and addresses that are none: such a letter can never
    be sent. Raises NotDelivered.
    """
    message = EmailMessage()
    try:
        message["To"] = Address(addr_spec=letter.to)
        message["From"] = Address(addr_spec=sender)
        message["Subject"] = letter.subject
    except (ValueError, IndexError, MessageError):
        raise NotDelivered("address or subject unfit", forever=True) from None
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{letter.token}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text, cte="base64")
    return message


def channel(name: str) -> Channel:
    """The channel of this name, as the settings have it. Raises LookupError."""
    if name != MAIL:
        raise LookupError(f"no channel {name!r}")
    settings = current_app.extensions["charity.settings"]
    return channel_of(settings.mail_url, settings.mail_from or _sender(settings.base_url))


def channel_of(url: str, sender: str) -> Channel:
    """The channel a ``MAIL_URL`` means. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "log":
        return LogChannel()
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("expected log:, smtp://[user:password@]host[:port] or smtps://…")
    return _smtp(parts, sender)


def _smtp(parts: SplitResult, sender: str) -> SmtpChannel:
    return SmtpChannel(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender,
    )


def _sender(base_url: str) -> str:
    return f"noreply@{urlsplit(base_url).hostname or 'localhost'}"


def _is_here(host: str) -> bool:
    """Whether ``host`` is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
