"""An approval on a phone: read, agreed to by keyboard, paid on its line, proved; axe clean."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from charity.disbursements import evidence
from charity.disbursements.kinds import EvidenceKind
from charity.donations.hand.kinds import Direction
from charity.kernel import files, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import public_id
from tests import hand, uses
from tests.e2e.conftest import Open, enter
from tests.e2e.pages import Screen
from tests.e2e.test_all_pages import find_wrong
from tests.factories import site as world
from tests.live import Site
from tests.uses import Team

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True)
class World:
    """The village's people, the office, and the charity's bank account of this module."""

    team: Team
    account: str


@pytest.fixture(scope="module")
def world_of_uses(live: Site) -> World:
    """Money of the village in the bank."""
    account = f"e2e-{public_id(6)}"
    with live.app.app_context():
        made = uses.make_team(world.VILLAGE, account)
        hand.enter(made.crew, hand.asked(world.VILLAGE, world.OPEN, 90_000))
        slip = hand.close(made.crew, world.VILLAGE, 90_000)
        hand.confirm(slip, made.crew.leader)
        line = hand.line(made.crew, 90_000, memo=slip, account=account)
        hand.settle_slip(made.crew, line, slip)
        uses.number()
        db.session.remove()
    return World(made, account)


def clean(page: Page) -> None:
    """Nothing is wider than the phone, and axe finds nothing."""
    Screen(page).no_sideways()
    assert not (wrong := find_wrong(page)), "\n".join(wrong)


def press(page: Page, name: str) -> None:
    """Reach a button by Tab alone and press it with Enter."""
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent")
        if focused and focused.strip() == name:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{page.url}: {name} is not reached by Tab")


def test_an_approval_on_a_phone(live: Site, opened: Open, world_of_uses: World) -> None:
    team, account = world_of_uses.team, world_of_uses.account
    with live.app.app_context():
        payee = uses.add_payee(team, unit=world.VILLAGE)
        made = uses.asked(
            team, 30_000, payee=payee, unit=world.VILLAGE, campaign=world.OPEN,
            evidence_kinds=(EvidenceKind.PHOTO,),
        )  # fmt: skip
        uses.decide(made, team.approver2)
        number = uses.view(made).number
        out = hand.line(team.crew, 30_000, Direction.OUT, account=account, memo=number)
        db.session.remove()
    page = opened("/")
    screen = Screen(page)
    enter(page, live, team.approver)
    page.goto("/desk/")
    screen.link(re.compile(number)).click()
    screen.heading("为特困家庭购买过冬取暖煤")
    clean(page)
    expect(page.get_by_role("main")).to_contain_text("批准后可用")
    press(page, "同意拨付 ¥300.00")
    expect(page.locator("#application-state")).to_contain_text("已审批待拨")
    clean(page)

    enter(page, live, team.cashier)
    page.goto("/desk/fund/payments")
    clean(page)
    mine = page.get_by_role("main").get_by_role("row").filter(has_text=number)
    mine.get_by_role("link").first.click()
    screen.heading(re.compile(f"拨付 {number}"))
    clean(page)
    expect(page.locator(f"input[value='{out}']")).to_be_checked()
    press(page, "用这条流水登记拨付")
    expect(page.locator("#application-state")).to_contain_text("待核销")

    with live.app.app_context():
        cleaned = uploads.clean_picture(hand.picture("JPEG", (800, 600)), "a.jpg")
        stored = files.store().put(cleaned.content, cleaned.suffix)
        with atomic():
            evidence.add(made, EvidenceKind.PHOTO, (cleaned, stored), "入户发放", by=team.clerk)
        db.session.remove()
    enter(page, live, team.approver)
    page.goto("/desk/")
    page.locator(f"a[href$='{made}']").first.click()
    screen.heading(re.compile("核对凭据"))
    shown = page.get_by_role("main").locator("ul.photos img").first
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 800)
    clean(page)
    press(page, "凭据属实，核销 ¥300.00")
    expect(page.locator("#application-state")).to_contain_text("已核销")
    clean(page)
