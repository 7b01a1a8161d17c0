"""Passkeys (WebAuthn) as a second factor.

Rule: a challenge belongs to one session, is asked for once and soon over; the origin is the site's
own address and nothing else; user verification is required, so the device asks who holds it.
"""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address
from urllib.parse import urlsplit

import webauthn
from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from charity.kernel import clock
from charity.kernel.atomic import require_atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id, public_id
from charity.people import factors
from charity.people.errors import NameUnfit, PasskeyRefused, SessionEnded
from charity.people.models import Challenge, OpenSession, Passkey, Person
from charity.people.rules import fit_name
from charity.people.services import locked, trail
from charity.people.signed import Signed

_LASTS = dt.timedelta(minutes=5)
_LONGEST = 20_000
_MOST = 10
_REGISTER, _ASSERT = "register", "assert"


def _site() -> tuple[str, str]:
    """(relying party's id, origin) of this site."""
    base = str(current_app.extensions["charity.settings"].base_url)
    return urlsplit(base).hostname or "", base


def offered() -> bool:
    """Whether browsers make passkeys for this site: they bind them to a name, never to figures.

    Source: WebAuthn Level 3, 5.1.3: an origin without a valid domain is a ``SecurityError``.
    """
    name, _ = _site()
    try:
        ip_address(name)
    except ValueError:
        return True
    return False


def start(by: Signed) -> str:
    """What the browser needs to make a passkey, as JSON. Raises ``FactorStands``."""
    require_atomic()
    factors.allow_change(by)
    person = locked(by.person_id)
    rp_id, _ = _site()
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name=rp_id,
        user_id=by.person_id.encode(),
        user_name=person.name,
        user_display_name=person.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(person.id),
    )
    _remember(by, _REGISTER, options.challenge)
    return webauthn.options_to_json(options)


def register(by: Signed, answer: str, label: str) -> tuple[str, ...]:
    """Keep the passkey that the browser made; recovery codes when there were none left.

    Raises ``PasskeyRefused``, ``FactorStands``, ``SessionEnded``.
    """
    require_atomic()
    person = locked(by.person_id)
    factors.allow_change(by)
    rp_id, origin = _site()
    challenge = _recall(by, _REGISTER)
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:_LONGEST],
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused from error
    if len(_descriptors(person.id)) >= _MOST:
        raise PasskeyRefused
    session = db.session()
    session.add(
        Passkey(
            id=new_id(),
            public_id=public_id(),
            person_id=person.id,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=_label(label),
            created_at=clock.now(),
            used_at=None,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise PasskeyRefused from error
    trail("factor.confirmed", "person", by.person_id, by, after={"kind": "passkey"})
    return factors.first_codes(person.id)


def _label(text: str) -> str:
    try:
        return fit_name(text)[:60]
    except NameUnfit:
        return "Passkey"


def ask(by: Signed) -> str:
    """What the browser needs to use a passkey of this person, as JSON."""
    require_atomic()
    person = locked(by.person_id)
    rp_id, _ = _site()
    options = webauthn.generate_authentication_options(
        rp_id=rp_id,
        allow_credentials=_descriptors(person.id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _remember(by, _ASSERT, options.challenge)
    return webauthn.options_to_json(options)


def prove(by: Signed, answer: str) -> None:
    """Whether the browser's answer was made by one of the person's passkeys, just now.

    Raises ``PasskeyRefused``, ``SessionEnded``. A counter that goes back (a copied key) is
    refused.
    """
    require_atomic()
    person = locked(by.person_id)
    rp_id, origin = _site()
    challenge = _recall(by, _ASSERT)
    try:
        given = webauthn.helpers.parse_authentication_credential_json(answer[:_LONGEST])
        row = (
            db.session()
            .scalars(
                select(Passkey).where(
                    Passkey.person_id == person.id,
                    Passkey.credential_id == bytes_to_base64url(given.raw_id),
                )
            )
            .first()
        )
        if row is None:
            raise PasskeyRefused
        proved = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused from error
    row.sign_count, row.used_at = proved.new_sign_count, clock.now()
    db.session().flush()
    trail("factor.proved", "person", by.person_id, by, after={"kind": "passkey"})


def remove(by: Signed, passkey_id: str) -> None:
    """Take a passkey away; needs a second factor proved just now. Raises ``FactorStands``."""
    require_atomic()
    person = locked(by.person_id)
    factors.allow_change(by)
    db.session().execute(
        delete(Passkey)
        .where(Passkey.person_id == person.id, Passkey.public_id == passkey_id)
        .execution_options(synchronize_session=False)
    )
    trail("factor.removed", "person", by.person_id, by, before={"kind": "passkey"})


def _descriptors(person_id: int) -> list[PublicKeyCredentialDescriptor]:
    rows = db.session().scalars(
        select(Passkey.credential_id).where(Passkey.person_id == person_id).order_by(Passkey.id)
    )
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(row)) for row in rows]


def _remember(by: Signed, purpose: str, challenge: bytes) -> None:
    """The session's one challenge; a new one replaces the old."""
    inner = _session_id(by)
    session = db.session()
    session.execute(delete(Challenge).where(Challenge.session_id == inner))
    session.add(
        Challenge(
            session_id=inner,
            purpose=purpose,
            challenge=bytes_to_base64url(challenge),
            expires_at=clock.now() + _LASTS,
        )
    )
    session.flush()


def _recall(by: Signed, purpose: str) -> bytes:
    """The session's challenge, which is used up by this."""
    found = (
        db.session()
        .execute(
            delete(Challenge)
            .where(Challenge.session_id == _session_id(by), Challenge.purpose == purpose)
            .returning(Challenge.challenge, Challenge.expires_at)
            .execution_options(synchronize_session=False)
        )
        .first()
    )
    if found is None or found.expires_at <= clock.now():
        raise PasskeyRefused
    return base64url_to_bytes(found.challenge)


def _session_id(by: Signed) -> int:
    found = db.session().scalar(
        select(OpenSession.id)
        .join(Person, Person.public_id == by.person_id)
        .where(OpenSession.public_id == by.session_id, OpenSession.ended_at.is_(None))
    )
    if found is None:
        raise SessionEnded
    return found
