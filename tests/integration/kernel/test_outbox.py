"""Messages after commit: once each, sealed, tried again with growing pauses; on both databases."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from email.message import EmailMessage
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import select, text

from charity.config import RunMode, SettingsError, load
from charity.kernel import clock, mail, outbox
from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from charity.kernel.errors import NotFound
from charity.kernel.mail import Letter, NotDelivered, SmtpChannel, channel_of, compose
from charity.kernel.outbox import OutboxMessage, State


def put(key: str = "k", to: str = "wang@example.org", text_: str = "您好") -> bool:
    """One message, committed."""
    with atomic():
        return outbox.put(to=to, subject="题目", text=text_, key=key)


def stored() -> OutboxMessage:
    """The only message."""
    found = db.session().scalars(select(OutboxMessage)).one()
    db.session().expunge(found)
    db.session().rollback()
    return found


class Post:
    """A channel that fails as often as told."""

    keeps = False

    def __init__(self, *failures: NotDelivered) -> None:
        self.failures = list(failures)
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> None:
        """Fail while failures are left."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(letter)


def test_one_key_is_one_message(ctx: Flask) -> None:
    assert put() is True
    assert put(text_="等等") is False
    assert [each.text for each in outbox.recent()] == ["您好"]
    db.session().rollback()
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert put() is False


def test_what_is_not_committed_is_not_sent(ctx: Flask) -> None:
    def undone() -> None:
        with atomic():
            outbox.put(to="a@b.cn", subject="s", text="t", key="k")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert outbox.recent() == []
    db.session().rollback()
    with pytest.raises(AtomicError):
        outbox.put(to="a@b.cn", subject="s", text="t", key="k")


def test_nothing_readable_is_stored(ctx: Flask) -> None:
    put(to="geheim@example.org", text_="一次性链接 abcdef")
    raw = db.session().execute(text("SELECT * FROM outbox_message")).one()
    assert not any(
        word in str(value) or word.encode() in bytes(value if isinstance(value, bytes) else b"")
        for value in raw
        for word in ("geheim", "abcdef", "题目")
    )
    db.session().rollback()


def test_the_log_channel_keeps_it_and_logs_no_word_of_it(
    ctx: Flask, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put(to="geheim@example.org", text_="链接 abcdef")
    assert outbox.deliver_due() == 1
    said = capsys.readouterr()
    for written in (said.out, said.err, caplog.text):
        assert "geheim" not in written
        assert "abcdef" not in written
    (kept,) = outbox.kept()
    assert (kept.to, kept.text, kept.state) == ("geheim@example.org", "链接 abcdef", State.SENT)
    assert kept.subject == "【测试 TEST】题目"


def test_what_left_the_house_is_gone(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    monkeypatch.setattr(outbox, "channel", lambda _name: post)
    put()
    assert outbox.deliver_due() == 1
    assert post.sent[0].to == "wang@example.org"
    row = stored()
    assert (row.recipient, row.subject, row.body) == (None, None, None)
    with pytest.raises(NotFound):
        outbox.kept()


def test_a_failure_waits_ever_longer_and_is_given_up_after_three_days(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    post = Post(*(NotDelivered("OSError") for _ in range(50)))
    monkeypatch.setattr(outbox, "channel", lambda _name: post)
    put()
    pauses: list[dt.timedelta] = []
    began = now
    for _ in range(50):
        outbox.deliver_due()
        row = stored()
        if row.state == State.FAILED.value:
            break
        pauses.append(row.next_at - now)
        now = row.next_at
    assert stored().state == State.FAILED.value
    assert now - began >= outbox.GIVE_UP
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[3]
    assert pauses[-1] <= dt.timedelta(hours=6)
    assert outbox.counts() == {"failed": 1}
    db.session().rollback()


def test_two_tries_have_one_message_id(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least once: a crash after sending sends again, under the name it had before."""
    post = Post()
    monkeypatch.setattr(outbox, "channel", lambda _name: post)
    put()
    with monkeypatch.context() as patched:

        def die(*_: object, **__: object) -> None:
            raise SystemExit

        patched.setattr(outbox, "_sent", die)
        with pytest.raises(SystemExit):
            outbox.deliver_due()
    db.session().rollback()
    assert outbox.deliver_due() == 0  # leased
    later = clock.now() + outbox.LEASE
    monkeypatch.setattr(clock, "now", lambda: later)
    assert outbox.deliver_due() == 1
    assert len(post.sent) == 2
    assert len({letter.token for letter in post.sent}) == 1


@pytest.mark.parametrize(
    "to",
    ["a@b.cn\r\nBcc: x@y.cn", "a@b.cn, c@d.cn", "not an address", "", "a@b.cn\n", "<a@b.cn>"],
)
def test_an_address_that_is_none_reaches_nobody(ctx: Flask, to: str) -> None:
    with pytest.raises(NotDelivered) as refused:
        compose(Letter(to, "s", "t", "k"), "noreply@example.org")
    assert refused.value.forever


def test_headers_cannot_be_injected(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with atomic():
        outbox.put(to="a@b.cn", subject="题\r\nBcc: x@y.cn", text="t\r\n.\r\nX: y", key="k")
    post = Post()
    monkeypatch.setattr(outbox, "channel", lambda _name: post)
    outbox.deliver_due()
    message = compose(post.sent[0], "noreply@example.org")
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    assert message.get_content_type() == "text/plain"
    with pytest.raises(NotDelivered):
        compose(Letter("a@b.cn", "题\nBcc: x@y.cn", "t", "k"), "noreply@example.org")


class FakeServer:
    """What smtplib gives, without a network."""

    did: ClassVar[list[str]] = []
    refuses: ClassVar[dict[str, tuple[int, bytes]]] = {}
    dies_at_quit = False

    def __init__(self, host: str, port: int, timeout: float, **_: object) -> None:
        assert timeout > 0
        type(self).did = [f"connect {host}:{port}"]

    def starttls(self, context: object) -> None:
        """Noted."""
        self.did.append("starttls")

    def login(self, user: str, password: str) -> None:
        """Noted."""
        self.did.append(f"login {user} {password}")

    def send_message(self, message: EmailMessage) -> None:
        """Refuse or take."""
        if self.refuses:
            raise smtplib.SMTPRecipientsRefused(self.refuses)
        self.did.append(f"send {message['To']}")

    def quit(self) -> None:
        """Die if told."""
        if self.dies_at_quit:
            raise smtplib.SMTPServerDisconnected("gone")

    def close(self) -> None:
        """Noted."""
        self.did.append("close")


LETTER = Letter("a@b.cn", "s", "t", "token")


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("smtp://u:p%40@mail.example", ["connect mail.example:587", "starttls", "login u p@"]),
        ("smtps://u:p@mail.example", ["connect mail.example:465", "login u p"]),
        ("smtp://127.0.0.1:25", ["connect 127.0.0.1:25"]),
        ("smtp://mail.example:25", ["connect mail.example:25", "starttls"]),
    ],
)
def test_smtp_is_secured_unless_it_stays_on_this_machine(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch, url: str, did: list[str]
) -> None:
    monkeypatch.setattr(mail.smtplib, "SMTP", FakeServer)
    monkeypatch.setattr(mail.smtplib, "SMTP_SSL", FakeServer)
    channel_of(url, "noreply@example.org").send(LETTER)
    assert FakeServer.did == [*did, "send a@b.cn", "close"]


def test_what_was_taken_is_not_sent_again_for_a_bad_farewell(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rude(FakeServer):
        dies_at_quit = True

    monkeypatch.setattr(mail.smtplib, "SMTP", Rude)
    channel_of("smtp://127.0.0.1", "noreply@example.org").send(LETTER)


@pytest.mark.parametrize(("code", "forever"), [(550, True), (451, False)])
def test_a_refusal_is_for_ever_only_if_the_server_says_so(
    ctx: Flask, monkeypatch: pytest.MonkeyPatch, code: int, forever: bool
) -> None:
    class Refusing(FakeServer):
        refuses: ClassVar[dict[str, tuple[int, bytes]]] = {"a@b.cn": (code, b"a@b.cn is not here")}

    monkeypatch.setattr(mail.smtplib, "SMTP", Refusing)
    with pytest.raises(NotDelivered) as refused:
        channel_of("smtp://127.0.0.1", "noreply@example.org").send(LETTER)
    assert (refused.value.forever, "a@b.cn" in refused.value.reason) == (forever, False)


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "log", "smtp://x:port", "mail.example"])
def test_a_wrong_mail_url_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CHARITY_MODE", RunMode.DEMO.value)
    monkeypatch.setenv("CHARITY_MAIL_URL", url)
    with pytest.raises(SettingsError, match="MAIL_URL"):
        load()


def test_a_smtp_channel_keeps_nothing() -> None:
    assert SmtpChannel("h", 25, False, "", "", "a@b.cn").keeps is False
