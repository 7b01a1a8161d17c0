"""A live site on each database, and a browser that fails the test when a page complains."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from charity.kernel.db import db
from charity.people.queries import Signed
from tests.conftest import BOTH, make_database
from tests.factories import site as world
from tests.live import CHROMIUM, Site, running
from tests.people import session_cookie


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium, as pytest-playwright starts it."""
    return dict(CHROMIUM)


@pytest.fixture(scope="session", params=BOTH)
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Site and worker on a fresh database of each dialect, with the small site in it."""
    for database in make_database(request.param, request, tmp_path_factory.mktemp("live-db")):
        with running(database, tmp_path_factory.mktemp("live")) as site:
            with site.app.app_context():
                world.build()
                db.session.remove()
            yield site


Open = Callable[..., Page]


def enter(page: Page, live: Site, who: Signed, *, second_factor: bool = True) -> None:
    """Go on as this person, in a session of its own."""
    name, value = session_cookie(live.app, who, second_factor=second_factor)
    page.context.clear_cookies()
    page.context.add_cookies([{"name": name, "value": value, "url": live.base}])


@pytest.fixture
def opened(live: Site, browser: Browser) -> Iterator[Open]:
    """Opens pages of the site in a fresh browser; anything a page complains of fails the test.

    What the console may say: nothing, but that an address answered with a status the test expects.
    What may be asked of other hosts: nothing.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    expected: set[int] = set()

    def listen(message: ConsoleMessage) -> None:
        refused = re.search(r"responded with a status of (\d+)", message.text)
        if refused and int(refused[1]) in expected:
            return
        if message.type in ("error", "warning"):
            wrong.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def asked(url: str) -> None:
        if not url.startswith((live.base, "data:", "blob:")):
            wrong.append(f"asked of another host: {url}")

    def make(
        path: str = "/",
        *,
        width: int = 360,
        height: int = 740,
        may_answer: tuple[int, ...] = (),
        **options: Any,
    ) -> Page:
        expected.update(may_answer)
        settings = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        context = browser.new_context(
            base_url=live.base, viewport={"width": width, "height": height}, **settings
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        page.on("request", lambda request: asked(request.url))
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not wrong, wrong
