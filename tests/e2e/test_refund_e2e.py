"""A donor's gift goes back: asked by one person, agreed by another, sent by the worker."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from tests.back import give_own
from tests.e2e.conftest import Open, enter
from tests.e2e.pages import BasketPage, Screen, UnitsPage, VerifyPage
from tests.e2e.test_donor import TOWN
from tests.factories import site as world
from tests.live import Site
from tests.people import Grant, make_person

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def enter_new(page: Page, live: Site, role: Role, name: str) -> None:
    """Sign in as a new person with this role and a fresh second factor."""
    with live.app.app_context():
        with atomic():
            who = make_person(name, Grant(role, None))
        db.session.remove()
    enter(page, live, who)


def test_a_gift_goes_back_between_two_people(live: Site, opened: Open) -> None:
    with live.app.app_context():
        give_own(10_000)
        db.session.remove()
    table = f"/units?campaign={world.OPEN}"
    donor = opened(table)
    units = UnitsPage(donor)
    before = units.figures(TOWN)
    give = units.open(TOWN).give()
    give.choose("10")
    give.fill_name("王秀花")
    donor.get_by_label(re.compile("邮箱")).fill("wang@example.org")
    thanks = BasketPage(donor).give("¥10.00").pay()
    thanks.until_settled()
    Screen(donor).link("这笔捐赠的详情").click()
    Screen(donor).link("查验这份确认书").click()
    verify = VerifyPage(donor)
    expect(verify.answer()).to_contain_text("有效")
    paper = donor.url
    number = parse_qs(urlsplit(paper).query)["number"][0]

    manager = opened("/", width=1_000, height=800)
    enter_new(manager, live, Role.FUND_MANAGER, "甲管理")
    manager.goto("/desk/fund/refunds")
    screen = Screen(manager)
    screen.link("查找捐赠").click()
    manager.get_by_label("捐赠编号、支付编号或确认书编号").fill(number)
    screen.button("查找").click()
    screen.heading(re.compile("捐赠 "))
    assert "王秀花" not in manager.content()
    manager.get_by_label("退回原因").select_option(label="重复捐赠")
    manager.get_by_label(re.compile("说明")).fill("同一天两笔")
    screen.button("提出退回申请").click()
    screen.heading("退回一笔捐赠")
    screen.no_sideways()
    screen.link("查看审批").click()
    assert manager.get_by_role("button", name="同意", exact=True).count() == 0
    sheet = manager.url

    approver = opened("/", width=1_000, height=800)
    enter_new(approver, live, Role.APPROVER, "乙审批")
    approver.goto(sheet)
    approver.get_by_role("button", name="同意", exact=True).click()
    expect(approver.get_by_role("main")).to_contain_text("已批准")

    manager.go_back()
    state = manager.locator("#refund-state")
    for _ in range(60):
        manager.reload()
        if "已退回" in state.inner_text():
            break
        manager.wait_for_timeout(500)
    expect(state).to_contain_text("已退回")

    donor.goto(paper)
    expect(verify.answer()).to_contain_text("作废")
    donor.goto(table)
    expect(units.row(TOWN)).to_be_visible()
    after = units.figures(TOWN)
    assert after["left"] == before["left"]
    manager.goto("/desk/fund/outbox")
    expect(manager.get_by_role("main")).to_contain_text("您的捐赠已经退回")
