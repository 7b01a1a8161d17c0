"""A donor on a phone gives to two units, gets receipts, checks one, and sees the rows move."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from charity.donations import fees
from charity.donations.providers import sandbox
from charity.kernel.db import db
from charity.kernel.money import split
from tests.e2e.conftest import Open
from tests.e2e.pages import BasketPage, GivePage, PayPage, Screen, ThanksPage, UnitsPage, VerifyPage
from tests.factories import site as world
from tests.live import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAMPAIGN = "家家幸福一元捐"
COUNTY, TOWN = "榆中县妇女联合会", "青城镇公益服务站"


def printed(pdf: bytes, folder: Path) -> str:
    """The words of a PDF, as poppler reads them."""
    path = folder / "receipt.pdf"
    path.write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True
    ).stdout


def fetched(page: Page, link: Locator) -> bytes:
    """What the link gives this browser, past the browser's own viewer of PDFs."""
    href = link.get_attribute("href")
    assert href
    answer = page.request.get(href)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    return answer.body()


def number_and_code(paper: str) -> tuple[str, str]:
    """What a donor would type from the paper."""
    number, code = re.search(r"T\d{4}-\d{8}", paper), re.search(r"(?:\w{4}-){3}\w{4}", paper)
    assert number, paper
    assert code, paper
    return number[0], code[0]


def test_two_units_one_basket_on_a_phone(opened: Open, tmp_path: Path) -> None:
    page = opened("/units")
    units = UnitsPage(page)
    units.of_campaign(CAMPAIGN)
    before = {unit: units.figures(unit) for unit in (COUNTY, TOWN)}

    give = units.open(COUNTY).give()
    give.name_is_masked()
    give.choose("50")
    give.no_sideways()
    basket = give.to_basket()
    give = basket.another().open(TOWN).give()
    give.own_amount("12.34")
    basket = give.to_basket()
    basket.name_is_masked()
    basket.fill_name("王秀花")
    basket.no_sideways()
    thanks = basket.give("¥62.34").pay()
    thanks.until_settled()
    thanks.no_sideways()

    receipts = [printed(fetched(page, link), tmp_path) for link in thanks.receipts()]
    assert len(receipts) == 2
    assert COUNTY in receipts[0]
    assert "伍拾元整" in receipts[0]
    assert "王秀花" in receipts[0]
    assert TOWN in receipts[1]
    assert "壹拾贰元叁角肆分" in receipts[1]

    page.goto("/verify")
    verify = VerifyPage(page)
    for paper, fen in zip(receipts, ("¥50.00", "¥12.34"), strict=True):
        verify.ask(*number_and_code(paper))
        expect(verify.answer()).to_contain_text("有效")
        expect(verify.answer()).to_contain_text(fen)
        expect(verify.answer()).to_contain_text("王")
        expect(verify.answer()).not_to_contain_text("王秀花")
    verify.ask("T2026-00000001", "0000-0000-0000-0000")
    expect(verify.answer()).to_contain_text("没有查到")

    page.goto("/units")
    units.of_campaign(CAMPAIGN)
    after = {unit: units.figures(unit) for unit in (COUNTY, TOWN)}
    shares = _fees(5000, 1234)
    assert after[COUNTY]["raised"] - before[COUNTY]["raised"] == 5000
    assert after[TOWN]["raised"] - before[TOWN]["raised"] == 1234
    assert after[COUNTY]["left"] - before[COUNTY]["left"] == 5000 - shares[0]
    assert after[TOWN]["left"] - before[TOWN]["left"] == 1234 - shares[1]
    # The town stands under the county: its gift shows there with the sub-units, and only there.
    assert after[COUNTY]["raised_with"] - before[COUNTY]["raised_with"] == 6234


def _fees(*fen: int) -> list[int]:
    return split(fees.estimate("sandbox", sum(fen)), list(fen))


# An outline or a shadow on the element, or on what is drawn in its place beside it.
RING = """element => [element, element.nextElementSibling].some(one => one &&
  (getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none'))"""


def press_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until ``target`` has the focus, which must be visible on the way."""
    for _ in range(80):
        if target.evaluate("element => element === document.activeElement"):
            ring = target.evaluate(RING)
            assert ring, f"no visible focus on {target}"
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not reach {target} on {page.url}")


def test_keyboard_alone_is_enough(opened: Open, tmp_path: Path) -> None:
    page = opened("/", width=1280, height=800)
    screen = Screen(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    press_to(page, screen.link("查善款去向"))
    page.keyboard.press("Enter")
    screen.heading("募集单位收支公开表")
    press_to(page, page.get_by_role("link", name=TOWN).first)
    page.keyboard.press("Enter")
    screen.heading(TOWN)
    press_to(page, screen.link("向本单位捐赠"))
    page.keyboard.press("Enter")
    screen.heading("捐赠")
    press_to(page, page.get_by_role("radio", name="10 元", exact=True))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="50 元", exact=True)).to_be_checked()
    press_to(page, page.get_by_label("姓名或名称", exact=True))
    page.keyboard.type("李桂兰")
    press_to(page, screen.button("捐赠 ¥50.00"))
    page.keyboard.press("Enter")
    screen.heading("测试支付")
    press_to(page, screen.button("模拟支付成功"))
    page.keyboard.press("Space")
    ThanksPage(page).until_settled()
    (receipt,) = ThanksPage(page).receipts()
    press_to(page, receipt)
    assert "李桂兰" in printed(fetched(page, receipt), tmp_path)


def test_an_error_takes_the_focus_and_leads_to_its_field(opened: Open) -> None:
    page = opened(f"/give/{world.OPEN}?unit={world.COUNTY}", may_answer=(422,))
    GivePage(page).own_amount("壹佰")
    page.get_by_role("radio", name=re.compile("显示全名")).check()
    page.get_by_role("button", name="捐赠", exact=True).press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    # In the order of the page: the amount stands above the name.
    expect(alert.get_by_role("link")).to_contain_text(["请用数字填写金额", "请填写姓名或名称"])
    press_to(page, alert.get_by_role("link").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="其他金额")).to_be_focused()
    expect(page.get_by_role("textbox", name="其他金额")).to_have_value("壹佰")


def test_without_javascript(opened: Open, tmp_path: Path) -> None:
    page = opened(f"/campaigns/{world.OPEN}/units/{world.COUNTY}", java_script_enabled=False)
    screen = Screen(page)
    screen.link("向本单位捐赠").click()
    GivePage(page).choose("100")
    page.get_by_label("姓名或名称", exact=True).fill("赵春梅")
    page.get_by_role("button", name="捐赠", exact=True).click()
    screen.heading("测试支付")
    PayPage(page).pay().until_settled()
    (receipt,) = ThanksPage(page).receipts()
    assert "壹佰元整" in printed(fetched(page, receipt), tmp_path)


def rows(site: Site) -> int:
    """How many payments were asked for."""
    with site.app.app_context():
        count = db.session.scalar(text("SELECT count(*) FROM donations_intent"))
        db.session.remove()
    return int(count or 0)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_double_click_makes_one_gift(live: Site, opened: Open, scripts: bool) -> None:
    before = rows(live)
    page = opened(f"/give/{world.OPEN}?unit={world.TOWN}", java_script_enabled=scripts)
    give = GivePage(page)
    give.choose("10")
    give.button(re.compile("^捐赠")).dblclick(no_wait_after=True)
    give.heading("测试支付")
    assert rows(live) == before + 1
    pay = PayPage(page)
    pay.button("模拟支付成功").dblclick(no_wait_after=True)
    ThanksPage(page).until_settled()
    page.go_back()
    assert rows(live) == before + 1


def test_who_left_before_paying_can_go_back_and_pay(live: Site, opened: Open) -> None:
    page = opened(f"/give/{world.OPEN}?unit={world.TOWN}")
    GivePage(page).choose("10")
    GivePage(page).button(re.compile("^捐赠")).click()
    Screen(page).heading("测试支付")
    reference = page.url.rpartition("/")[2]
    with live.app.app_context():
        later = sandbox.session(reference).return_path
        db.session.remove()
    page.goto(later)
    Screen(page).heading("正在等待支付结果")
    Screen(page).link("回到支付页面").click()
    Screen(page).heading("测试支付")
    PayPage(page).pay().until_settled()


def test_a_decline_is_said_and_can_be_tried_again(opened: Open) -> None:
    page = opened(f"/give/{world.OPEN}?unit={world.TOWN}")
    GivePage(page).choose("1")
    GivePage(page).button(re.compile("^捐赠")).click()
    PayPage(page).button("模拟支付被拒").click()
    Screen(page).heading("这笔支付没有成功，您没有被扣款")
    BasketPage(page).no_sideways()
