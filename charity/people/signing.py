"""Signing in, from what was typed to a session.

Rule: a try is counted first, in a unit of work of its own; the password is hashed between units of
work; then the session begins, if what was checked still holds. So these open their own units of
work and are called outside ``atomic()``. Every refusal reads the same for an account that exists
and for one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.people import channels, factors, links, mail, passkeys, passwords, sessions, tries
from charity.people.errors import (
    Busy,
    LinkRefused,
    MailUnfit,
    PersonLeft,
    PhoneUnfit,
    SessionEnded,
    SignInRefused,
)
from charity.people.kinds import Channel, Ended, LinkPurpose, Method, Tried
from charity.people.models import Account, Identity, Person
from charity.people.rules import LINK_LASTS
from charity.people.services import mails_of, trail
from charity.people.signed import Signed

_TYPED = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun or strengthened. The token goes into the cookie and nowhere else."""

    token: str
    signed: Signed


@dataclass(frozen=True, slots=True)
class Strong(SignedIn):
    """The same after a second factor was set up, with recovery codes to be shown once."""

    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Typed:
    """An address as typed: what is counted, and where it leads if it is an address at all."""

    counted: str
    channel: Channel
    address: str | None


def _typed(text: str) -> _Typed:
    channel = channels.channel_of(text[:_TYPED])
    try:
        address = channels.normal_address(channel, text)
    except (MailUnfit, PhoneUnfit):
        counted = text[:_TYPED].encode("utf-8", "replace").decode()
        return _Typed(" ".join(counted.lower().split()), channel, None)
    return _Typed(address, channel, address)


def with_password(address: str, password: str, *, source: str, agent: str = "") -> SignedIn:
    """Sign in by mail address or phone number and password.

    ``source`` is the network address, ``agent`` the browser's own name. Raises
    ``SignInRefused``, ``TooManyTries``, ``Busy``.
    """
    typed = _typed(address)
    counted = [(Tried.ACCOUNT, typed.counted), (Tried.SOURCE, source)]
    atomically(tries.take)(counted)
    found = _password_of(typed)
    account_id, kept = found or (None, None)
    try:
        right = passwords.opens(kept, password)
        fresh = passwords.make_hash(password) if right and passwords.outdated(str(kept)) else None
    except Busy:
        atomically(_give_back)(counted)
        raise
    if not right or account_id is None or kept is None:
        raise SignInRefused
    return atomically(_begin_by_password)(
        account_id, kept, fresh=fresh, counted=typed.counted, source=source, agent=agent
    )


def _give_back(counted: list[tuple[Tried, str]]) -> None:
    for kind, what in counted:
        tries.give_back(kind, what)


def _password_of(typed: _Typed) -> tuple[str, str | None] | None:
    """The account's public id and password hash; the connection is given back at once."""
    # An index is asked for in any case: a strange address takes as long.
    index = channels.address_index(typed.channel, typed.address or typed.counted)
    row = (
        db.session()
        .execute(
            select(Account.public_id, Account.password_hash)
            .join(Identity, Identity.account_id == Account.id)
            .join(Person, Person.id == Account.person_id)
            .where(
                Identity.channel == typed.channel.value,
                Identity.address_index == index,
                Account.closed_at.is_(None),
                Person.left_at.is_(None),
            )
        )
        .first()
    )
    db.session().rollback()
    return None if row is None else (row.public_id, row.password_hash)


def _begin_by_password(
    account_id: str, kept: str, *, fresh: str | None, counted: str, source: str, agent: str
) -> SignedIn:
    """The session, unless the password was changed while it was checked."""
    values = {"password_hash": fresh or kept}
    same = db.session().execute(
        update(Account)
        .where(Account.public_id == account_id, Account.password_hash == kept)
        .values(**values)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    if same.first() is None:
        raise SignInRefused
    tries.clear(Tried.ACCOUNT, counted)
    tries.give_back(Tried.SOURCE, source)
    try:
        return _entered(sessions.begin(account_id, Method.PASSWORD, agent=agent))
    except PersonLeft as error:
        raise SignInRefused from error


def _entered(token: str) -> SignedIn:
    return SignedIn(token, sessions.current(token))


def send_link(address: str, *, source: str) -> None:
    """Send a one-time link, if this address has an account; the caller is told nothing of that.

    Raises ``TooManyTries``, and ``ChannelClosed`` for every phone number while no gateway is set
    up.
    """
    typed = _typed(address)
    atomically(tries.take)([(Tried.LINK, typed.counted), (Tried.SOURCE, source)])
    if typed.address is not None:
        atomically(_send_link)(typed.channel, typed.address)


def _send_link(channel: Channel, address: str) -> None:
    channels.require_open(channel)
    account_id = links.account_of(channel, address)
    if account_id is None:
        return
    token, to = links.make(account_id, LinkPurpose.SIGN_IN, channel, address)
    minutes = int(LINK_LASTS[LinkPurpose.SIGN_IN].total_seconds()) // 60
    mail.sign_in_link(to, links.address_of(token), minutes=minutes)


def with_link(token: str, *, agent: str = "") -> SignedIn:
    """Sign in by a one-time link. Raises ``LinkRefused``."""
    return atomically(_begin_by_link)(token, agent)


def _begin_by_link(token: str, agent: str) -> SignedIn:
    account_id = links.use(token)
    try:
        return _entered(sessions.begin(account_id, Method.LINK, agent=agent))
    except PersonLeft as error:
        raise LinkRefused from error


def with_code(by: Signed, code: str, *, source: str) -> SignedIn:
    """Prove the second factor by an authenticator's or a recovery code: a new token.

    Raises ``FactorRefused``, ``FactorMissing``, ``TooManyTries``, ``SessionEnded``.
    """
    _count_factor(by, source)
    return atomically(_prove)(by, code, source)


def _count_factor(by: Signed, source: str) -> None:
    atomically(tries.take)([(Tried.FACTOR, by.person_id), (Tried.SOURCE, source)])


def _prove(by: Signed, code: str, source: str) -> SignedIn:
    factors.prove(by.person_id, code)
    return _strengthened(by, source)


def _strengthened(by: Signed, source: str) -> SignedIn:
    tries.clear(Tried.FACTOR, by.person_id)
    tries.give_back(Tried.SOURCE, source)
    return _entered(sessions.strengthen(by.session_id))


def confirm_totp(by: Signed, code: str, *, source: str) -> Strong:
    """Finish setting up an authenticator: it counts as proved, and recovery codes are shown once.

    Raises what ``factors.confirm_totp`` raises, and ``TooManyTries``.
    """
    _count_factor(by, source)
    return atomically(_confirm)(by, code, source)


def _confirm(by: Signed, code: str, source: str) -> Strong:
    codes = factors.confirm_totp(by, code)
    done = _strengthened(by, source)
    return Strong(done.token, done.signed, codes)


def with_passkey(by: Signed, answer: str, *, source: str) -> SignedIn:
    """Prove the second factor by a passkey: a new token.

    Raises ``PasskeyRefused``, ``TooManyTries``, ``SessionEnded``.
    """
    _count_factor(by, source)
    return atomically(_assert)(by, answer, source)


def _assert(by: Signed, answer: str, source: str) -> SignedIn:
    passkeys.prove(by, answer)
    return _strengthened(by, source)


def add_passkey(by: Signed, answer: str, label: str, *, source: str) -> Strong:
    """Finish registering a passkey: it counts as proved; recovery codes when there were none.

    Raises ``PasskeyRefused``, ``FactorStands``, ``TooManyTries``, ``SessionEnded``.
    """
    _count_factor(by, source)
    return atomically(_add_passkey)(by, answer, label, source)


def _add_passkey(by: Signed, answer: str, label: str, source: str) -> Strong:
    codes = passkeys.register(by, answer, label)
    done = _strengthened(by, source)
    return Strong(done.token, done.signed, codes)


def change_password(by: Signed, old: str | None, new: str, *, source: str) -> None:
    """Set the account's password; every other session of the person ends and they are told.

    ``old`` is needed when there is a password and this session did not begin with a one-time
    link. Raises ``SignInRefused``, ``TooManyTries``, ``Busy``, ``PasswordShort``,
    ``PasswordLong``, ``PasswordCommon``, ``SessionEnded``.
    """
    account = _own_account(by)
    fit = passwords.fit(new, by.name, *account.addresses)
    if account.kept is not None and account.method is not Method.LINK:
        counted = [(Tried.ACCOUNT, account.addresses[0]), (Tried.SOURCE, source)]
        atomically(tries.take)(counted)
        try:
            right = passwords.opens(account.kept, old or "")
        except Busy:
            atomically(_give_back)(counted)
            raise
        if not right:
            raise SignInRefused(field="old")
        atomically(_give_back)(counted)
    atomically(_set_password)(by, account.kept, passwords.make_hash(fit))


@dataclass(frozen=True, slots=True)
class _Own:
    kept: str | None
    addresses: tuple[str, ...]
    method: Method


def _own_account(by: Signed) -> _Own:
    session = db.session()
    method = sessions.method_of(by.session_id)
    kept = session.scalar(select(Account.password_hash).where(Account.public_id == by.account_id))
    rows = session.scalars(
        select(Identity.address)
        .join(Account, Account.id == Identity.account_id)
        .where(Account.public_id == by.account_id)
        .order_by(Identity.id)
    )
    found = _Own(kept, tuple(rows), method)
    session.rollback()
    return found


def _set_password(by: Signed, kept: str | None, fresh: str) -> None:
    sessions.method_of(by.session_id)
    changed = db.session().execute(
        update(Account)
        .where(
            Account.public_id == by.account_id,
            Account.closed_at.is_(None),
            Account.password_hash.is_(None) if kept is None else Account.password_hash == kept,
        )
        .values(password_hash=fresh, password_at=clock.now())
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise SessionEnded
    sessions.end_all(by.person_id, Ended.PASSWORD, by=by, keep=by.session_id)
    trail("password.changed", "account", by.account_id, by)
    for address in mails_of(by.person_id):
        mail.password_changed(address, by.name)
