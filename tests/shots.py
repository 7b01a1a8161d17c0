"""Screenshots of every main page into ``shots/``: ``make shots``.

A fresh installation with demo data, a donor's way through it, and its papers; at the widths of a
phone, a tablet and a desk, some pages in English and in the dark.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from charity.app import import_models
from charity.config import bundle_dir
from charity.ledger import services as ledger
from charity.ledger.kinds import Mode
from tests.conftest import TestDatabase
from tests.live import CHROMIUM, Site, running

WIDTHS = (360, 768, 1280)
OUT = Path(__file__).resolve().parents[1] / "shots"
Shoot = Callable[[str], None]


def _shoot(page: Page, name: str) -> None:
    """The whole page into a file."""
    page.wait_for_load_state("load")
    page.screenshot(path=OUT / f"{name}.png", full_page=True, animations="disabled")


def _walk(page: Page, slug: str, codes: list[str], shoot: Shoot) -> str:
    """A donor's way, with a picture of every screen; the address of the payment's page."""
    page.goto("/basket")
    shoot("20-basket-empty")
    page.goto(f"/give/{slug}?unit={codes[0]}")
    shoot("21-give")
    page.locator("[name=amount]").fill("壹佰")
    page.locator("[name=display][value=name]").check()
    page.locator("[name=action][value=give]").click()
    page.wait_for_selector("#error-summary")
    shoot("22-give-errors")
    for code, amount in zip(codes, ("50", "12.34"), strict=False):
        page.goto(f"/give/{slug}?unit={code}")
        page.locator("[name=amount]").fill(amount)
        page.locator("[name=action][value=basket]").click()
        page.wait_for_url("**/basket")
    page.locator("[name=donor_name]").fill("买买提·吐尔逊江")
    shoot("23-basket")
    page.locator("[name=action][value=give]").click()
    page.wait_for_url("**/sandbox/pay/**")
    shoot("24-sandbox")
    page.locator("[value=paid]").click()
    page.wait_for_url("**/payments/**")
    shoot("25-payment-waiting")
    page.wait_for_selector("[id^=receipt-]", timeout=60_000)
    page.wait_for_timeout(1500)
    shoot("26-payment-done")
    address = page.url
    page.locator("[id^=gift-]").first.click()
    page.wait_for_url("**/gifts/**")
    shoot("27-gift")
    paper = page.get_by_role("main").get_by_role("link", name=re.compile("查验|Check"))
    paper.click()
    page.wait_for_url("**/verify?**")
    shoot("28-verify-valid")
    return address


def _plain(page: Page, slug: str, codes: list[str], shoot: Shoot) -> None:
    """Pages that anyone opens."""
    for name, path in (
        ("01-home", "/"),
        ("02-campaigns", "/campaigns"),
        ("03-campaign", f"/campaigns/{slug}"),
        ("04-unit", f"/campaigns/{slug}/units/{codes[0]}"),
        ("05-units", "/units"),
        ("06-units-none", "/units?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E4%B8%AA"),
        ("07-verify", "/verify"),
        ("08-verify-unknown", "/verify?number=T2026-00000000&code=0000-0000-0000-0000"),
        ("09-help", "/help"),
        ("10-transparency", "/transparency"),
        ("11-privacy", "/privacy"),
        ("12-not-found", "/no-such-page"),
        ("13-refused", "/units?q=1&q=2"),
    ):
        page.goto(path)
        shoot(name)


def _papers(page: Page, payment: str) -> None:
    """The receipts as PDF and as pictures of their pages."""
    page.goto(payment)
    links = [link.get_attribute("href") for link in page.locator("[id^=receipt-]").all()]
    for number, href in enumerate(links, 1):
        answer = page.request.get(str(href))
        for _ in range(10):
            if answer.status == 200:
                break
            time.sleep(1)
            answer = page.request.get(str(href))
        file = OUT / f"40-receipt-{number}.pdf"
        file.write_bytes(answer.body())
        subprocess.run(["pdftoppm", "-r", "110", "-png", file, file.with_suffix("")], check=True)


def _look(browser: Browser, site: Site) -> None:
    from charity.funds import queries as funds

    with site.app.app_context():
        slug = funds.campaigns()[0].slug
    first = browser.new_page(base_url=site.base)
    first.goto(f"/campaigns/{slug}")
    hrefs = [link.get_attribute("href") or "" for link in first.locator("tbody th a").all()]
    codes = [href.rpartition("/")[2] for href in hrefs][1:3]
    first.close()
    payment = ""
    for lang, locale, scheme in (
        ("zh", "zh-CN", "light"),
        ("en", "en-GB", "light"),
        ("zh", "zh-CN", "dark"),
    ):
        for width in WIDTHS if scheme == "light" and lang == "zh" else (360, 1280):
            context = browser.new_context(
                base_url=site.base,
                viewport={"width": width, "height": 800},
                locale=locale,
                timezone_id="Asia/Shanghai",
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page = context.new_page()
            mark = f"{lang}-{width}" + ("-dark" if scheme == "dark" else "")

            def shoot(name: str, page: Page = page, mark: str = mark) -> None:
                _shoot(page, f"{name}-{mark}")

            _plain(page, slug, codes, shoot)
            payment = _walk(page, slug, codes, shoot)
            print(f"shots: {mark}")
            if lang == "zh" and width == 360 and scheme == "light":
                _papers(page, payment)
            context.close()


def main() -> None:
    """Make all pictures anew."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with tempfile.TemporaryDirectory(prefix="charity-shots-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'charity.db'}"
        import_models()
        ledger.prepare(url, bundle_dir() / "migrations", app_role=None, birth=Mode.TEST)
        database = TestDatabase("sqlite", url, url)
        demo = ["demo", "load", "--gifts", "400"]
        with running(database, folder, demo) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM["executable_path"]), args=list(CHROMIUM["args"])
            )
            _look(browser, site)
            browser.close()
    print(f"shots: {len(list(OUT.iterdir()))} files in {OUT.name}/")


if __name__ == "__main__":
    main()
