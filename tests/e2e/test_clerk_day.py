"""A clerk's day on a phone, and a cashier who finds a line nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from charity.kernel.db import db
from charity.kernel.ids import public_id
from tests import hand
from tests.e2e.conftest import Open, enter
from tests.e2e.pages import Screen
from tests.factories import site as world
from tests.hand import Crew
from tests.live import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNIT = f"/desk/unit/{world.VILLAGE}"


@pytest.fixture(scope="module")
def crew(live: Site) -> Crew:
    """The village's people, the office, one bank account."""
    with live.app.app_context():
        made = hand.make_crew(world.VILLAGE, account=f"e2e-{public_id(6)}")
        db.session.remove()
    return made


def fill(page: Page, label: str, text: str, nth: int = 0) -> None:
    page.get_by_role("main").get_by_label(label).nth(nth).fill(text)


def test_a_clerks_day_on_a_phone(live: Site, opened: Open, crew: Crew, tmp_path: Path) -> None:
    page = opened("/", may_answer=(422,))
    screen = Screen(page)
    enter(page, live, crew.clerk)
    page.goto("/desk/unit/")
    screen.no_sideways()
    screen.link("城河村公益金").click()
    screen.heading("城河村公益金")
    screen.link("登记捐款").click()
    fill(page, "金额（元）", "30")
    fill(page, "姓名或名称", "王秀花")
    fill(page, "金额（元）", "12.5", nth=1)
    screen.no_sideways()
    screen.button("保存登记表").click()
    screen.heading("捐款登记表")
    expect(page.get_by_text("¥42.50").first).to_be_visible()
    screen.no_sideways()

    page.goto(f"{UNIT}/day")
    photo = tmp_path / "slip.jpg"
    photo.write_bytes(hand.picture("JPEG", (1200, 900)))
    fill(page, "清点的现金", "42")
    page.get_by_label("银行缴款回单的照片").set_input_files(photo)
    screen.button("关账并生成缴款单").click()
    expect(page.get_by_text("少 ¥0.50").first).to_be_visible()
    screen.no_sideways()
    fill(page, "清点的现金", "42.50")
    page.get_by_label("银行缴款回单的照片").set_input_files(photo)
    screen.button("关账并生成缴款单").click()
    expect(page.get_by_role("main").get_by_text("待确认").first).to_be_visible()
    expect(screen.button("确认 ¥42.50")).to_have_count(0)
    slip = page.url

    enter(page, live, crew.leader)
    page.goto("/desk/")
    page.goto(slip)
    screen.no_sideways()
    screen.button("确认 ¥42.50").click()
    expect(page.get_by_role("main").get_by_text("已确认，待到账").first).to_be_visible()


def test_a_cashier_finds_an_unknown_line(live: Site, opened: Open, crew: Crew) -> None:
    page = opened("/")
    screen = Screen(page)
    enter(page, live, crew.cashier)
    page.goto("/desk/fund/bank")
    screen.link("登记一条流水").click()
    fill(page, "流水号", f"E2E-{live.database.dialect}")
    fill(page, "金额（元）", "88.80")
    fill(page, "附言", "爱心")
    screen.no_sideways()
    screen.button("登记这条流水").click()
    expect(page.get_by_text("没有金额一致的").first).to_be_visible()
    screen.button("不知道是谁的，转入待认领").click()
    expect(page.get_by_role("main").get_by_text("待认领").first).to_be_visible()
    screen.link("查看待认领款").click()
    page.get_by_role("main").get_by_label("募捐活动").select_option(world.OPEN)
    fill(page, "募集单位编号", world.VILLAGE)
    fill(page, "认定的依据", "汇款人来电，报出金额和日期")
    screen.no_sideways()
    screen.button("提出认领").click()
    screen.link("查看申请").wait_for()
    request = screen.link("查看申请").get_attribute("href")
    held = page.url

    enter(page, live, crew.accountant)
    page.goto(str(request))
    page.get_by_role("button", name="同意", exact=True).click()
    page.goto(held)
    expect(page.get_by_role("main").get_by_text("已认领").first).to_be_visible()
    with live.app.app_context():
        assert hand.broken() == set()
        db.session.remove()
