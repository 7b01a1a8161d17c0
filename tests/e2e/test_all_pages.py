"""Every page of the URL map in a real browser: axe finds nothing, nothing is wider than it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from charity.kernel.db import db
from charity.kernel.ids import public_id
from charity.people.kinds import Role
from tests import hand, uses
from tests.e2e.conftest import Open
from tests.e2e.pages import GivePage, PayPage, Screen, ThanksPage
from tests.factories import site as world
from tests.live import Site
from tests.people import session_cookie
from tests.web import every

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    # What is drawn does not depend on the database; the donor's way is walked on both.
    pytest.mark.parametrize("live", ["sqlite"], indirect=True, scope="session"),
]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
WHOLE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
PHONE = 320
#: From which width on rows of tables are no longer cards (rem); each page says it in a link.
TABLES = "parseFloat(/[\\d.]+/.exec(document.querySelector('link[href*=table-rows]').media)[0])"
COLOURS = {"runOnly": ["cat.color"], "resultTypes": ["violations"]}
#: Colours are most of the work, and both languages have the same.
WORDS = {**WHOLE, "rules": {"color-contrast": {"enabled": False}}}


def post(site: Site, path: str, data: bytes, headers: dict[str, str] | None = None) -> Any:
    """One request of a script's."""
    request = urllib.request.Request(site.base + path, data, headers or {})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.loads(answer.read()) if answer.headers.get_content_subtype() == "json" else None


@pytest.fixture(scope="session")
def made(live: Site) -> dict[str, dict[str, str]]:
    """Gifts to look at: one waiting, one paid, one declined; their ids and keys. One village's
    bank gift makes sums of millions, as wide as a province's."""
    with live.app.app_context():
        _bank_gift(world.VILLAGE, 987_654_321)
        db.session.remove()
    found = {}
    for state, outcome in (("waiting", ""), ("settled", "paid"), ("failed", "declined")):
        body = {
            "items": [
                {"campaign": world.OPEN, "unit": unit, "amount_fen": 123_456}
                for unit in (world.COUNTY, world.VILLAGE)
            ],
            "donor": {"name": "买买提·吐尔逊江", "display": "masked"},
            "provider": "sandbox",
            "receipt": True,
            "bill_wish": "waived",
        }
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"axe-{state}"}
        answer = post(live, "/api/v1/gifts", json.dumps(body).encode(), headers)
        if outcome:
            post(
                live, f"/sandbox/pay/{answer['provider_reference']}", b"outcome=" + outcome.encode()
            )
        found[state] = {
            "payment_id": answer["payment_id"],
            "gift_id": answer["gifts"][0]["id"],
            "key": answer["secret"],
            "reference": answer["provider_reference"],
        }
    return found


def _bank_gift(unit: str, fen: int) -> None:
    account = f"wide-{public_id(6)}"
    crew = hand.make_crew(unit, account)
    hand.enter(crew, hand.asked(unit, world.OPEN, fen))
    slip = hand.close(crew, unit, fen)
    hand.confirm(slip, crew.leader)
    hand.settle_slip(crew, hand.line(crew, fen, memo=slip, account=account), slip)
    uses.number()


@dataclass(frozen=True)
class Address:
    """A page, and the cookie of who reads it; nobody's when there is none."""

    path: str
    cookie: tuple[str, str] | None = None

    def open(self, page: Page, site: Site) -> None:
        """Go there as this reader and nobody else."""
        page.context.clear_cookies()
        if self.cookie:
            name, value = self.cookie
            page.context.add_cookies([{"name": name, "value": value, "url": site.base}])
        page.goto(self.path)


@pytest.fixture(scope="session")
def addresses(live: Site, made: dict[str, dict[str, str]]) -> list[Address]:
    """Every page that GET opens, by the URL map, and the states of a page that look different."""
    things, people = every.things(live.app)
    readers = {role: session_cookie(live.app, who) for role, who in people.items()}
    weak = session_cookie(live.app, people[Role.SUPERVISOR], second_factor=False)
    found = [
        Address(place.path, readers[place.role] if place.role else None)
        for place in every.places(live.app, {**things, **made["settled"]})
        if not place.path.endswith("/status")
    ]
    states = [
        *(f"/payments/{made[s]['payment_id']}?key={made[s]['key']}" for s in ("waiting", "failed")),
        f"/campaigns/{world.ENDED}",
        f"/give/{world.OPEN}?unit={world.VILLAGE}",
        f"/units?campaign={world.OPEN}",
        "/units?q=nothing-is-called-this",
        "/verify?number=T2026-00000001&code=0000-0000-0000-0000",
        "/no-such-page",
        f"/give/{world.ENDED}",
    ]
    return [
        *found,
        *(Address(path) for path in states),
        Address("/login/second-factor", weak),
        Address("/desk/", weak),
    ]


def find_wrong(page: Page, *, colours: bool = True) -> list[str]:
    """What axe finds, one line for each kind: all of it in the light, colours in the dark again."""
    page.evaluate(AXE)
    if not colours:
        return _axe(page, WORDS)
    # Reduced motion: a colour is measured as it is, not on its way.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = _axe(page, WHOLE)
    page.emulate_media(color_scheme="dark")
    return [*found, *_axe(page, COLOURS)]


def _axe(page: Page, options: dict[str, Any]) -> list[str]:
    result = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{page.url}: {one['id']}: {one['nodes'][0]['html'][:160]}: "
        f"{one['nodes'][0]['failureSummary'][:200]}"
        for one in result["violations"]
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page(live: Site, opened: Open, addresses: list[Address], lang: str) -> None:
    """Axe finds nothing, nothing is wider than its screen, and every link leads somewhere."""
    locale = "zh-CN" if lang == "zh" else "en-GB"
    page = opened("/", locale=locale, width=PHONE, height=568, may_answer=(404, 409))
    wrong: list[str] = []
    titles: set[str] = set()
    links: dict[str, Address] = {}
    for address in addresses:
        address.open(page, live)
        assert page.evaluate("document.documentElement.lang") == {"zh": "zh-Hans", "en": "en"}[lang]
        # Chinese breaks anywhere; English words are the longer ones.
        tables = [int(16 * page.evaluate(TABLES))] if lang == "en" else []
        for width in (*tables, PHONE):
            page.set_viewport_size({"width": width, "height": 568})
            Screen(page).no_sideways()
            Screen(page).not_squeezed()
        titles.add(page.title())
        wrong += find_wrong(page, colours=lang == "zh")
        for href in page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)"):
            if href.startswith(live.base):
                links.setdefault(href.partition("#")[0], address)
    assert len(titles) > 14
    assert not wrong, "\n".join(wrong)
    dead = _dead(page, live, links) if lang == "zh" else {}  # both languages have the same links
    assert not dead, dead


def _dead(page: Page, live: Site, links: dict[str, Address]) -> dict[str, tuple[str, int]]:
    """Addresses that a reader is led to and is not answered at: from where, and with what."""
    found = {}
    for href, address in links.items():
        cookie = "=".join(address.cookie) if address.cookie else "lang=zh"
        status = page.request.get(href, headers={"Cookie": cookie}).status
        # A jump within a page that is refused leads to that page again; the page of an address
        # that is not there offers itself in the other language.
        refused = href == live.base + address.path or "/no-such-page" in href
        if status >= 400 and not refused:
            found[href] = (address.path, status)
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_forms_with_errors_and_a_full_basket_please_axe(opened: Open, lang: str) -> None:
    locale = "zh-CN" if lang == "zh" else "en-GB"
    page = opened(f"/give/{world.OPEN}", locale=locale, width=320, may_answer=(422,))
    page.locator("[name=amount]").fill("1e308")
    page.locator("[name=display][value=name]").check()
    page.locator("[name=action][value=give]").click()
    page.wait_for_selector("#error-summary")
    wrong = find_wrong(page)
    Screen(page).no_sideways()
    page.goto(f"/give/{world.OPEN}?unit={world.VILLAGE}")
    page.locator("[name=action][value=basket]").click()
    page.wait_for_url("**/basket")
    wrong += find_wrong(page)
    Screen(page).no_sideways()
    assert not wrong, "\n".join(wrong)


def test_what_is_wrong_is_found(opened: Open) -> None:
    """The canary: an image without words, words that the dark makes unreadable or that are
    squeezed into a column of letters."""
    page = opened("/help")
    Screen(page).not_squeezed()
    page.evaluate(
        """() => {
          const image = document.createElement('img');
          image.src = '/static/img/mark.svg';
          const words = document.createElement('p');
          words.style.color = '#333';
          words.textContent = 'words';
          document.querySelector('main').append(image, words);
        }"""
    )
    found = find_wrong(page)
    assert any("image-alt" in line for line in found)
    assert any("color-contrast" in line and "words" in line for line in found)
    page.evaluate("document.querySelector('main p').style.inlineSize = '1em'")
    with pytest.raises(AssertionError):
        Screen(page).not_squeezed()


def test_the_payment_page_settles_by_itself(opened: Open) -> None:
    """Told aloud as it changes, without a reload."""
    page = opened(f"/give/{world.OPEN}?unit={world.COUNTY}")
    GivePage(page).choose("10")
    page.locator("[name=action][value=give]").click()
    PayPage(page).pay()
    loads = page.evaluate("performance.timeOrigin")
    ThanksPage(page).until_settled()
    assert page.evaluate("performance.timeOrigin") == loads
    Screen(page).no_sideways()
