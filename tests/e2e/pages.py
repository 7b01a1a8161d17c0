"""The pages of the site as a donor sees them: found by role and label only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from playwright.sync_api import Download, Locator, Page, expect


def fen_of(text: str) -> int:
    """The whole fen of ¥1,234.50 as printed."""
    found = re.search(r"¥([\d,]+\.\d\d)", text)
    assert found, text
    return int(Decimal(found[1].replace(",", "")) * 100)


@dataclass(frozen=True)
class Screen:
    """What is open in the browser."""

    page: Page

    def heading(self, name: str | re.Pattern[str]) -> None:
        """Wait until the page's own heading says this."""
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button by its words."""
        return self.page.get_by_role("main").get_by_role("button", name=name)

    def link(self, name: str | re.Pattern[str]) -> Locator:
        """The first link of the page's own part with these words."""
        return self.page.get_by_role("main").get_by_role("link", name=name).first

    def no_sideways(self) -> None:
        """Nothing is cut off or has to be scrolled for sideways, once all its styles have come."""
        self.page.wait_for_load_state()
        wide, seen = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= seen, f"{self.page.url}: {wide} px wide in {seen} px"

    def not_squeezed(self) -> None:
        """No words stand one above the other because something beside them took the place."""
        squeezed = self.page.evaluate(
            """() => [...document.querySelectorAll('main *')].filter(one => {
              const box = one.getBoundingClientRect();
              const size = parseFloat(getComputedStyle(one).fontSize);
              return one.textContent.trim().length > 5 && !one.closest('thead')
                && one.checkVisibility() && box.width > 0
                && box.width < 3 * size && box.height > 5 * size;
            }).map(one => one.outerHTML.slice(0, 160))"""
        )
        assert not squeezed, f"{self.page.url}: {squeezed}"


@dataclass(frozen=True)
class UnitPage(Screen):
    """One raising unit in one campaign."""

    def give(self) -> GivePage:
        """Go on to giving."""
        self.link("向本单位捐赠").click()
        self.heading("捐赠")
        return GivePage(self.page)


@dataclass(frozen=True)
class DonorPart(Screen):
    """What giving asks of the donor."""

    def name_is_masked(self) -> None:
        """The default: part of the name is hidden in public."""
        expect(self.page.get_by_role("radio", name=re.compile("隐去部分姓名"))).to_be_checked()

    def fill_name(self, name: str) -> None:
        """Write the donor's name."""
        self.page.get_by_label("姓名或名称", exact=True).fill(name)


@dataclass(frozen=True)
class GivePage(DonorPart):
    """The giving form."""

    def choose(self, yuan: str) -> None:
        """Tap one of the given amounts."""
        self.page.get_by_role("radio", name=f"{yuan} 元", exact=True).check()

    def own_amount(self, yuan: str) -> None:
        """Type an amount."""
        self.page.get_by_role("textbox", name="其他金额").fill(yuan)

    def to_basket(self) -> BasketPage:
        """Put it into the basket."""
        self.button(re.compile("放入爱心篮")).click()
        self.heading("爱心篮")
        return BasketPage(self.page)


@dataclass(frozen=True)
class BasketPage(DonorPart):
    """Several gifts, one payment."""

    def another(self) -> UnitsPage:
        """Choose one more unit."""
        self.link("再选一个募集单位").click()
        self.heading("募集单位收支公开表")
        return UnitsPage(self.page)

    def give(self, amount: str) -> PayPage:
        """Press the button that says the amount."""
        self.button(f"捐赠 {amount}").click()
        self.heading("测试支付")
        return PayPage(self.page)


@dataclass(frozen=True)
class UnitsPage(Screen):
    """The public table."""

    def of_campaign(self, name: str) -> None:
        """Show one campaign's rows only."""
        self.page.get_by_label("募捐活动", exact=True).select_option(name)
        self.button("查找").click()

    def row(self, unit: str) -> Locator:
        """One unit's row."""
        cell = self.page.get_by_role("rowheader", name=re.compile(re.escape(unit)))
        return self.page.get_by_role("row").filter(has=cell)

    def figures(self, unit: str) -> dict[str, int]:
        """Raised, used and left of the unit's own book, and with its sub-units, in fen."""
        cells = self.row(unit).get_by_role("cell").all_inner_texts()
        names = ("raised", "refunded", "matched", "fees", "costs", "reserved", "used", "proved")
        found = {}
        for name, text in zip((*names, "left"), cells, strict=True):
            # A unit without sub-units has one figure in a cell, another has two.
            sums = [fen_of(part) for part in re.findall(r"-?¥[0-9,.]+", text)]
            found[name], found[f"{name}_with"] = sums[0], sums[-1]
        return found

    def open(self, unit: str) -> UnitPage:
        """Go to the unit's page."""
        self.page.get_by_role("link", name=unit).first.click()
        self.heading(unit)
        return UnitPage(self.page)


@dataclass(frozen=True)
class PayPage(Screen):
    """The built-in provider's page."""

    def pay(self) -> ThanksPage:
        """Pay with test money."""
        self.button("模拟支付成功").click()
        return ThanksPage(self.page)


@dataclass(frozen=True)
class ThanksPage(Screen):
    """The payment's page, which settles by itself."""

    def until_settled(self) -> None:
        """Wait; nobody reloads."""
        expect(self.page.get_by_role("heading", level=1, name="谢谢您，捐赠已入账")).to_be_visible(
            timeout=30_000
        )

    def receipts(self) -> list[Locator]:
        """The links to the receipts."""
        return self.page.get_by_role("link", name=re.compile("下载捐赠确认书")).all()


@dataclass(frozen=True)
class VerifyPage(Screen):
    """Is this receipt ours?"""

    def ask(self, number: str, code: str) -> None:
        """Fill number and code, and ask."""
        self.page.get_by_label("确认书编号").fill(number)
        self.page.get_by_label("校验码").fill(code)
        self.button("查验").click()

    def answer(self) -> Locator:
        """The verdict."""
        return self.page.get_by_role("status")


def bytes_of(download: Download) -> bytes:
    """What was downloaded."""
    return download.path().read_bytes()
