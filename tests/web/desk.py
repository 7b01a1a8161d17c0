"""Helps for tests of signed-in pages."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import pyotp
from flask import Flask

from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.people import factors
from charity.people.queries import Signed
from tests.factories import site as world

#: Names of the people of these tests, which may stand on a page of either language.
NAMES = world.NAMES | {
    "测试管理员", "测试另一位", "测试外人", "测试经办", "测试人员", "测试审批", "测试出纳",
    "测试银行", "测试基金会", "测试捐赠人1", "测试捐赠人2", "黎桂兰", "T-1",
}  # fmt: skip


def token_of(text: str) -> str:
    """The token of the first form of a page."""
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', text)
    assert found is not None
    return found[1]


def use_code(secret: str, at: dt.datetime) -> str:
    """What an authenticator with this secret shows."""
    return pyotp.TOTP(secret).at(at)


@dataclass(frozen=True)
class Someone:
    """A person of the tests and the application they are in."""

    app: Flask
    signed: Signed

    def with_totp(self) -> str:
        """Set up an authenticator; its secret."""
        from charity.kernel import clock

        with self.app.app_context():
            offer = atomically(factors.start_totp)(self.signed)
            atomically(factors.confirm_totp)(self.signed, use_code(offer.secret, clock.now()))
            db.session.remove()
        return offer.secret


def person_of(app: Flask, signed: Signed) -> Someone:
    """Helps for this person."""
    return Someone(app, signed)
