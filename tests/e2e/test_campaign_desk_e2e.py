"""A manager brings a campaign from nothing to its first donor; the law's facts are in view."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from tests.e2e.conftest import Open, enter
from tests.e2e.pages import Screen
from tests.factories import site as world
from tests.live import Site
from tests.people import Grant, make_person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLUG = "liulanqi"
SECTIONS = {
    "目的和用途": {
        "募捐目的": "帮助困难家庭。", "受益人": "困难家庭", "募得款物用途": "谁募集谁使用。",
        "募捐成本": "不列支。", "剩余财产的处理": "用于同类项目。",
        "备用用途": "用于本县同类帮扶。",
    },
    "负责人、账户和金额": {
        "负责人姓名": "测试负责人", "联系电话": "0931-0000000", "办公地址": "兰州市测试路 1 号",
        "接受捐赠方式": "网上支付", "银行账户": "测试户名 测试银行 000",
        "预计募集金额": "100000", "预计募集金额的依据": "按去年测算",
    },
    "备案和指定平台": {
        "备案编号": "53620000TEST000010", "指定平台名称": "测试平台",
        "活动在指定平台上的页面地址": "https://platform.example.org/x",
    },
}  # fmt: skip


def enter_new(page: Page, live: Site) -> None:
    """Sign in as a new fund manager, with a fresh second factor."""
    with live.app.app_context():
        with atomic():
            manager = make_person("测试管理员", Grant(Role.FUND_MANAGER, None))
        db.session.remove()
    enter(page, live, manager)


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_role("main").get_by_label(label, exact=True).fill(text)


def test_a_manager_opens_a_campaign(live: Site, opened: Open, tmp_path: Path) -> None:
    page = opened("/", may_answer=(404,))
    screen = Screen(page)
    enter_new(page, live)
    page.goto("/desk/fund/campaigns")
    screen.link("新建募捐活动").click()
    today = clock.today()
    fill(page, "活动名称", "浏览器里的活动")
    fill(page, "网址中的名称", SLUG)
    fill(page, "开始日期", today.isoformat())
    fill(page, "结束日期", (today + dt.timedelta(days=30)).isoformat())
    screen.button("建立草稿").click()
    screen.heading("浏览器里的活动")
    assert page.get_by_text("请填写募捐目的。").is_visible()
    screen.link("名称、日期和地区").click()
    page.get_by_label("行政区划").select_option("620522")
    fill(page, "开展地区", "天水市秦安县")
    screen.button("保存").click()
    for section, texts in SECTIONS.items():
        screen.heading("浏览器里的活动")
        screen.link(section).click()
        for label, text in texts.items():
            fill(page, label, text)
        screen.no_sideways()
        screen.button("保存").click()
    screen.heading("浏览器里的活动")
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), (43, 106, 77)).save(picture, "JPEG")
    file = tmp_path / "a.jpg"
    file.write_bytes(picture.getvalue())
    fill(page, "图片内容或文件名称", "一片绿色")
    page.get_by_label("文件", exact=True).set_input_files(file)
    screen.button("上传").click()
    page.get_by_text("文件已添加。").wait_for()
    number = page.get_by_text("picture:").first.inner_text()
    screen.link("活动介绍").click()
    fill(page, "活动介绍", f"## 为什么\n\n**一元**就够。\n\n![一片绿色]({number})")
    screen.button("保存").click()
    screen.no_sideways()
    screen.button("备案").click()
    page.get_by_text("已进入下一步。").wait_for()
    screen.button("开始募捐").click()
    page.get_by_text("已进入下一步。").wait_for()
    screen.link("打开公开页面").click()
    screen.heading("浏览器里的活动")
    assert page.get_by_role("img", name="一片绿色").evaluate("image => image.naturalWidth") == 400
    screen.link("我要捐赠").click()
    screen.heading("捐赠")


@pytest.mark.parametrize("live", ["sqlite"], indirect=True, scope="session")
def test_what_the_law_wants_in_view_is_in_view(opened: Open) -> None:
    """慈善法 Art. 25 on a phone, without scrolling."""
    page = opened(f"/campaigns/{world.OPEN}", width=375, height=667)
    head = page.locator(".page-head")
    for text in (
        "甘肃爱心慈善基金会（测试）", "51620000MJX000001QA00006", "甘慈测字 0001 号", "测试负责人",
        "0931-0000000", "测试指定平台",
    ):  # fmt: skip
        box = head.get_by_text(text).first.bounding_box()
        assert box is not None, text
        assert box["y"] + box["height"] <= 667, f"{text} stands at {box}"
