"""Passkeys, with an authenticator made of software."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from webauthn.helpers import bytes_to_base64url, encode_cbor

from charity.kernel.atomic import atomic
from charity.people import passkeys, queries, sessions, signing
from charity.people.errors import FactorStands, PasskeyRefused
from charity.people.kinds import Method, Role
from charity.people.queries import Grant, Signed
from charity.people.signing import SignedIn, Strong
from tests.people import Clock, make_person

ORIGIN, RP, SOURCE = "http://127.0.0.1:8000", "127.0.0.1", "198.51.100.7"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """An authenticator: one P-256 key and a counter."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0

    def _data(self, flags: int, rp: str, more: bytes = b"") -> bytes:
        return (
            hashlib.sha256(rp.encode()).digest()
            + bytes([flags])
            + struct.pack(">I", self.count)
            + more
        )

    @staticmethod
    def _client(kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def make(
        self, options: str, *, flags: int = PRESENT | VERIFIED, origin: str = ORIGIN, rp: str = RP
    ) -> str:
        """The answer to ``passkeys.start``."""
        client = self._client("webauthn.create", json.loads(options)["challenge"], origin)
        point = self.key.public_key().public_numbers()
        cose = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        made = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cose
        attestation = {
            "fmt": "none",
            "attStmt": {},
            "authData": self._data(flags | ATTESTED, rp, made),
        }
        return self._answer(clientDataJSON=client, attestationObject=encode_cbor(attestation))

    def use(
        self, options: str, *, flags: int = PRESENT | VERIFIED, origin: str = ORIGIN, rp: str = RP
    ) -> str:
        """The answer to ``passkeys.ask``."""
        self.count += 1
        client = self._client("webauthn.get", json.loads(options)["challenge"], origin)
        data = self._data(flags, rp)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signed)

    def _answer(self, **response: bytes) -> str:
        name = bytes_to_base64url(self.credential_id)
        parts = {key: bytes_to_base64url(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})


@pytest.fixture
def approver(ctx: Flask, stopped: Clock) -> Signed:
    """An approver without a second factor; the clock stands still."""
    with atomic():
        return make_person("测试审批", Grant(Role.APPROVER), second_factor=False)


def begin(who: Signed) -> str:
    with atomic():
        return passkeys.start(who)


def ask(who: Signed) -> str:
    with atomic():
        return passkeys.ask(who)


def register(who: Signed, device: Device) -> Strong:
    return signing.add_passkey(who, device.make(begin(who)), "测试手机", source=SOURCE)


def prove(who: Signed, answer: str) -> SignedIn:
    return signing.with_passkey(who, answer, source=SOURCE)


def another(who: Signed) -> Signed:
    with atomic():
        return sessions.current(sessions.begin(who.account_id, Method.PASSWORD))


def test_a_passkey_is_made_and_used(approver: Signed) -> None:
    device = Device()
    strong = register(approver, device)
    assert len(strong.recovery_codes) == 10
    assert queries.is_fresh(strong.signed)
    assert [label for _, label in queries.factors(approver.person_id).passkeys] == ["测试手机"]
    plain = another(approver)
    done = prove(plain, device.use(ask(plain)))
    assert queries.is_fresh(done.signed)
    assert done.signed.session_id == plain.session_id


def test_an_answer_is_good_once(approver: Signed) -> None:
    device = Device()
    register(approver, device)
    plain = another(approver)
    answer = device.use(ask(plain))
    prove(plain, answer)
    with pytest.raises(PasskeyRefused):
        prove(plain, answer)


WRONG: list[dict[str, Any]] = [
    {"origin": "https://evil.example"},
    {"rp": "evil.example"},
    {"flags": PRESENT},
    {"flags": 0},
]


def test_answers_for_another_site_or_without_its_holder(approver: Signed) -> None:
    device = Device()
    for wrong in WRONG:
        options = begin(approver)
        with pytest.raises(PasskeyRefused), atomic():
            passkeys.register(approver, device.make(options, **wrong), "x")
    strong = register(approver, device)
    for wrong in WRONG:
        options = ask(strong.signed)
        with pytest.raises(PasskeyRefused), atomic():
            passkeys.prove(strong.signed, device.use(options, **wrong))
    assert prove(strong.signed, device.use(ask(strong.signed)))


def test_answers_of_strangers(approver: Signed) -> None:
    device, stranger = Device(), Device()
    strong = register(approver, device)
    with pytest.raises(PasskeyRefused):
        prove(strong.signed, stranger.use(ask(strong.signed)))
    forged = Device(credential_id=device.credential_id)
    with pytest.raises(PasskeyRefused):
        prove(strong.signed, forged.use(ask(strong.signed)))
    with atomic():
        other = make_person("测试别人", second_factor=False)
    with pytest.raises(PasskeyRefused):
        prove(other, device.use(ask(other)))


def test_a_challenge_belongs_to_its_session_and_runs_out(approver: Signed, stopped: Clock) -> None:
    device = Device()
    strong = register(approver, device)
    plain = another(approver)
    options = ask(strong.signed)
    with pytest.raises(PasskeyRefused):
        prove(plain, device.use(options))
    options = ask(plain)
    stopped.on(minutes=5)
    with pytest.raises(PasskeyRefused):
        prove(plain, device.use(options))
    options = begin(strong.signed)
    with pytest.raises(PasskeyRefused):
        prove(strong.signed, device.use(options))


def test_a_copied_key_is_noticed(approver: Signed) -> None:
    device = Device()
    strong = register(approver, device)
    prove(strong.signed, device.use(ask(strong.signed)))
    device.count -= 1
    with pytest.raises(PasskeyRefused):
        prove(strong.signed, device.use(ask(strong.signed)))


def test_a_second_one_needs_the_first(approver: Signed) -> None:
    first, second = Device(), Device()
    strong = register(approver, first)
    with pytest.raises(FactorStands):
        begin(another(approver))
    assert register(strong.signed, second).recovery_codes == ()
    kept = queries.factors(approver.person_id).passkeys
    assert len(kept) == 2
    plain = another(approver)
    with pytest.raises(FactorStands), atomic():
        passkeys.remove(plain, kept[0][0])
    with atomic():
        passkeys.remove(strong.signed, kept[0][0])
    assert queries.factors(approver.person_id).passkeys == kept[1:]


def test_what_is_no_answer_is_refused(approver: Signed) -> None:
    for answer in ("", "{}", "[]", "null", "{", '{"id": 1}', "x" * 100_000, "\x00"):
        begin(approver)
        with pytest.raises(PasskeyRefused), atomic():
            passkeys.register(approver, answer, "x")
        ask(approver)
        with pytest.raises(PasskeyRefused), atomic():
            passkeys.prove(approver, answer)
