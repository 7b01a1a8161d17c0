"""A clerk asks for the unit's money on a phone, by keyboard alone, and gives photos of its use."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from charity.donations.hand.kinds import Direction
from charity.funds import services as funds
from charity.funds.kinds import UnitLevel
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
_MOST_STOPS = 150


NAME = "用款试点村"


@dataclass(frozen=True)
class Village:
    """A unit that only this test uses, and everyone who has a part in using its money."""

    unit: str
    account: str
    team: Team

    @property
    def desk(self) -> str:
        """Where its applications are."""
        return f"/desk/unit/{self.unit}/applications"


@pytest.fixture(scope="module")
def village(live: Site) -> Village:
    """A village with its people, the office, and an account with 1,000 yuan of the village's."""
    unit, account = f"E2E-{public_id(6).upper()}", f"use-{public_id(6)}"
    with live.app.app_context():
        with atomic():
            funds.create_unit(
                unit, NAME, "Pilot village", level=UnitLevel.VILLAGE, area_code="620123101201",
                area_name=NAME, parent=world.TOWN,
            )  # fmt: skip
            funds.admit_unit(world.OPEN, unit)
        made = uses.make_team(unit, account=account)
        hand.enter(made.crew, hand.asked(unit, world.OPEN, 100_000))
        slip = hand.close(made.crew, unit, 100_000)
        hand.confirm(slip, made.crew.leader)
        hand.settle_slip(made.crew, uses.line(made, 100_000, Direction.IN, account=account), slip)
        uses.number()
        db.session.remove()
    return Village(unit, account, made)


def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until this has the focus, as somebody without a mouse does."""
    expect(wanted).to_have_count(1)
    for _stop in range(_MOST_STOPS):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by Tab")


def field(page: Page, label: str, nth: int = 0) -> Locator:
    """A field by how its label begins; behind it may stand that it is optional."""
    begins = re.compile(rf"^{re.escape(label)}")
    return page.get_by_role("main").get_by_label(begins).nth(nth)


def write(page: Page, label: str, text: str, nth: int = 0) -> None:
    """Go to a field and type, over what stood there."""
    reach(page, field(page, label, nth))
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def press(page: Page, wanted: Locator) -> None:
    """Go to a button or link and press Enter."""
    reach(page, wanted)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sound(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than the phone."""
    assert not find_wrong(page), "\n".join(find_wrong(page))
    Screen(page).no_sideways()


def photo(folder: Path, name: str, shade: int) -> Path:
    made = Image.new("RGB", (1200, 900), (shade, 90, 60))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    out = io.BytesIO()
    made.save(out, "JPEG", exif=exif)
    path = folder / name
    path.write_bytes(out.getvalue())
    return path


def test_a_phone_and_a_keyboard_are_enough(
    live: Site, opened: Open, village: Village, tmp_path: Path
) -> None:
    page = opened("/", may_answer=(422,))
    screen = Screen(page)
    enter(page, live, village.team.clerk)
    page.goto("/desk/unit/applications")
    sound(page)
    press(page, screen.link(NAME))
    screen.heading("用款申请")
    expect(page.get_by_text("¥1,000.00").first).to_be_visible()
    sound(page)
    press(page, screen.link("新的用款申请"))

    write(page, "用款事由", "为五户家庭购买过冬取暖煤")
    write(page, "具体说明", "入冬以来取暖困难。")
    write(page, "受助人数", "5")
    write(page, "申请金额（元）", "1000.01")
    write(page, "内容", "取暖煤")
    write(page, "数量", "1")
    write(page, "单价（元）", "1000.01")
    write(page, "户名", "测试煤炭销售有限公司")
    write(page, "账号", "6222001234567891")
    write(page, "统一社会信用代码", uses.USCC)
    reach(page, field(page, "收款方"))
    page.keyboard.press("End")
    reach(page, page.get_by_role("main").get_by_role("checkbox", name="现场照片"))
    page.keyboard.press("Space")
    write(page, "凭据说明", "发放照片。")
    press(page, screen.button("保存草稿"))
    # What is wrong stands on top, has the focus, and leads to its field.
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(1)
    sound(page)
    write(page, "单位", "批")
    write(page, "开户银行", "测试银行城关支行")
    press(page, screen.button("保存草稿"))
    expect(page.get_by_role("alert")).to_contain_text("校验位不正确")
    write(page, "账号", uses.account())
    press(page, screen.button("保存草稿"))
    screen.heading("为五户家庭购买过冬取暖煤")
    sound(page)

    press(page, screen.button("提交 ¥1,000.01 的用款申请"))
    expect(page.get_by_role("alert")).to_contain_text("还差 ¥0.01")
    sound(page)
    press(page, screen.link("修改申请"))
    write(page, "申请金额（元）", "1000")
    write(page, "单价（元）", "1000")
    press(page, screen.button("保存草稿"))
    press(page, screen.button("提交 ¥1,000.00 的用款申请"))
    expect(page.locator("#application-state")).to_contain_text("审批中")
    sound(page)

    used = page.url.rpartition("/")[2]
    with live.app.app_context():
        uses.approve(village.team, used)
        uses.pay(village.team, used, uses.line(village.team, 100_000, account=village.account))
        db.session.remove()

    page.goto("/desk/")
    press(page, screen.link("为五户家庭购买过冬取暖煤"))
    screen.heading("使用凭据")
    sound(page)
    write(page, "图片说明", "在村委会发放")
    page.get_by_label("从手机或电脑选择图片").set_input_files(
        [photo(tmp_path, "a.jpg", 10), photo(tmp_path, "b.jpg", 20)]
    )
    page.get_by_label("用相机拍一张").set_input_files(photo(tmp_path, "c.jpg", 30))
    press(page, screen.button("提交凭据"))
    expect(page.get_by_role("main").get_by_text("已提交，待核对")).to_have_count(3)
    sound(page)
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("", f"/{used}", f"/{used}/evidence", f"/{used}/hand-back", "/new"):
        page.goto(village.desk + path)
        screen.no_sideways()
    with live.app.app_context():
        assert uses.broken() == set()
        db.session.remove()
