"""One-time links: used once, soon, by whoever reads the mailbox they were sent to."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select, update

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.channels import address_index, require_open
from charity.people.errors import ChannelClosed, LinkRefused
from charity.people.kinds import LINK_PATH, Channel, LinkPurpose
from charity.people.models import Account, Identity, Link, Person
from charity.people.rules import LINK_LASTS
from charity.people.services import trail
from charity.people.tokens import LONGEST, new_token, token_hash


def make(
    account_id: str,
    purpose: LinkPurpose,
    channel: Channel = Channel.MAIL,
    address: str | None = None,
) -> tuple[str, str]:
    """A link to the account's (normal) ``address``, or its first: (token, address).

    The token is never shown again. Raises ``ChannelClosed`` when there is no such address or no
    way to it.
    """
    require_atomic()
    require_open(channel)
    wanted = (
        select(Account.id, Identity.id.label("identity"), Identity.address)
        .join(Identity, Identity.account_id == Account.id)
        .where(
            Account.public_id == account_id,
            Account.closed_at.is_(None),
            Identity.channel == channel.value,
        )
        .order_by(Identity.id)
    )
    if address is not None:
        wanted = wanted.where(Identity.address_index == address_index(channel, address))
    found = db.session().execute(wanted).first()
    if found is None:
        raise ChannelClosed
    token, now = new_token(), clock.now()
    db.session().add(
        Link(
            id=new_id(),
            token_hash=token_hash(token),
            account_id=found.id,
            identity_id=found.identity,
            purpose=purpose.value,
            created_at=now,
            expires_at=now + LINK_LASTS[purpose],
            used_at=None,
        )
    )
    db.session().flush()
    return token, found.address


def address_of(token: str) -> str:
    """The whole address of a link, as it is sent and printed."""
    return f"{current_app.extensions['charity.settings'].base_url}{LINK_PATH}{token}"


def stands(token: str) -> bool:
    """Whether the link can still be used; asking changes nothing."""
    if not token or len(token) > LONGEST:
        return False
    found = db.session().scalar(
        select(Link.id).where(
            Link.token_hash == token_hash(token),
            Link.used_at.is_(None),
            Link.expires_at > clock.now(),
        )
    )
    return found is not None


def use(token: str) -> str:
    """Use the link up; the account's public id. Raises ``LinkRefused``, the second time always.

    One statement decides, so of two at once one is refused. Every other link of the account ends
    with it.
    """
    require_atomic()
    if not token or len(token) > LONGEST:
        raise LinkRefused
    session, now = db.session(), clock.now()
    used = session.execute(
        update(Link)
        .where(
            Link.token_hash == token_hash(token),
            Link.used_at.is_(None),
            Link.expires_at > now,
        )
        .values(used_at=now)
        .returning(Link.account_id, Link.identity_id, Link.purpose)
        .execution_options(synchronize_session=False)
    ).first()
    if used is None:
        raise LinkRefused
    account = session.execute(
        select(Account.public_id, Person.public_id.label("person"))
        .join(Person, Person.id == Account.person_id)
        .where(Account.id == used.account_id, Account.closed_at.is_(None), Person.left_at.is_(None))
    ).first()
    if account is None:
        raise LinkRefused
    session.execute(
        update(Link)
        .where(Link.account_id == used.account_id, Link.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Identity)
        .where(Identity.id == used.identity_id, Identity.verified_at.is_(None))
        .values(verified_at=now)
        .execution_options(synchronize_session=False)
    )
    trail("link.used", "account", account.public_id, None, after={"purpose": used.purpose})
    return str(account.public_id)


def account_of(channel: Channel, address: str) -> str | None:
    """Public id of the open account that has this normal address."""
    return db.session().scalar(
        select(Account.public_id)
        .join(Identity, Identity.account_id == Account.id)
        .join(Person, Person.id == Account.person_id)
        .where(
            Identity.channel == channel.value,
            Identity.address_index == address_index(channel, address),
            Account.closed_at.is_(None),
            Person.left_at.is_(None),
        )
    )


def was_used(account_id: str, channel: Channel) -> bool:
    """Whether the account's address of this channel was ever proved by a link."""
    found = db.session().scalar(
        select(Identity.id)
        .join(Account, Account.id == Identity.account_id)
        .where(
            Account.public_id == account_id,
            Identity.channel == channel.value,
            Identity.verified_at.is_not(None),
        )
    )
    return found is not None
