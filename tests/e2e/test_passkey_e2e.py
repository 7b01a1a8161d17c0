"""A passkey from the browser's dialogue to the desk, with Chromium's own authenticator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.e2e.conftest import Open, enter
from tests.e2e.pages import Screen
from tests.live import Site
from tests.people import make_person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FAILED = "设备没有确认"


@pytest.fixture
def approver(live: Site) -> Signed:
    """Somebody who approves and has no second factor yet."""
    with live.app.app_context():
        with atomic():
            made = make_person("高玉兰", Grant(Role.APPROVER), second_factor=False)
        db.session.remove()
    return made


def authenticator(page: Page) -> Callable[[bool], None]:
    """Put a device behind the browser; what is returned says whether its owner unlocks it."""
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasUserVerification": True,
        "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = chrome.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def unlocked(yes: bool) -> None:
        chrome.send("WebAuthn.setUserVerified", {**made, "isUserVerified": yes})

    return unlocked


def test_a_passkey_opens_what_needs_a_second_factor(
    live: Site, opened: Open, approver: Signed
) -> None:
    page = opened("/", may_answer=(409,))
    screen, unlocked = Screen(page), authenticator(page)
    enter(page, live, approver, second_factor=False)
    page.goto("/account/")
    unlocked(False)
    screen.button("添加通行密钥").click()
    expect(page.get_by_text(FAILED)).to_be_visible()
    screen.no_sideways()
    unlocked(True)
    screen.button("添加通行密钥").click()
    screen.heading("恢复码")
    expect(page.get_by_text(FAILED)).to_have_count(0)

    enter(page, live, approver, second_factor=False)
    page.goto("/account/")
    screen.button("添加通行密钥").click()
    screen.heading("验证身份")
    unlocked(False)
    screen.button("用通行密钥确认").click()
    expect(page.get_by_text(FAILED)).to_be_visible()
    unlocked(True)
    screen.button("用通行密钥确认").click()
    screen.heading("我的账号")
    expect(screen.button("移除 ")).to_have_count(1)
    screen.button("移除 ").click()
    expect(page.get_by_text("通行密钥已经移除")).to_be_visible()
