"""People's tests hash cheaply: what a hash costs is not what they ask about."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.kernel.atomic import atomic
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.people import cheap_hashes, make_person, stopped

__all__ = ["cheap_hashes", "stopped"]


@pytest.fixture(autouse=True)
def _cheap(cheap_hashes: None) -> None:
    """Every test here."""


@pytest.fixture
def manager(ctx: Flask) -> Signed:
    """A fund manager, signed in with a fresh second factor."""
    with atomic():
        return make_person("测试管理员", Grant(Role.FUND_MANAGER), email="manager@example.org")
