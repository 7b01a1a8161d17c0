"""Every page of the URL map, as a visitor in both languages. tests/client.py reads each page."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from charity.kernel.access import Access, access_of
from tests.client import Client
from tests.factories import site as world

PAGES = (Access.PUBLIC, Access.PAYMENT_KEY, Access.SANDBOX_PAGE)
ARGUMENTS = {"slug": world.OPEN, "code": world.COUNTY}


def pages(app: Flask) -> list[Rule]:
    """Every address of a page that GET opens."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and rule.endpoint.partition(".")[0] in ("site", "sandbox")
        and access_of(app.view_functions[rule.endpoint]) in PAGES
    ]


def address(rule: Rule, gift: dict[str, str]) -> str:
    """The rule's address with names that are there."""
    path = str(rule)
    for argument in rule.arguments:
        value = {**ARGUMENTS, **gift}[argument]
        path = path.replace(f"<{argument}>", value)
    keyed = {"payment_id", "gift_id"} & rule.arguments
    return f"{path}?key={gift['key']}" if keyed else path


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_reads_well(site: Flask, gift: dict[str, str], lang: str) -> None:
    client = Client(site, lang, world.NAMES)
    titles: dict[str, str] = {}
    for rule in pages(site):
        path = address(rule, gift)
        if rule.endpoint == "site.gift_receipt":
            client.get(path, 404)
            continue
        page = client.get(path)
        if page.response.mimetype != "text/html" or rule.endpoint == "site.payment_status":
            continue
        title = page.all("//title")[0].text
        assert title not in titles, f"{path} and {titles[title]} have the same title"
        titles[title] = path
    assert len(titles) > 12


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_error_pages_read_well(site: Flask, lang: str) -> None:
    client = Client(site, lang, world.NAMES)
    client.get("/no-such-page", 404)
    client.get("/campaigns/none", 404)
    client.get(f"/campaigns/{world.OPEN}/units/NONE", 404)
    client.get("/campaigns?q=1&q=2", 400)
    client.post("/campaigns", {}, 405)
    client.post("/basket", {}, 400)
    client.get(f"/give/{world.ENDED}", 409)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_of_an_empty_database_read_well(app: Flask, lang: str) -> None:
    client = Client(app, lang, frozenset({"简体中文", "English"}))
    for path in ("/", "/campaigns", "/units", "/verify", "/help", "/transparency", "/basket"):
        client.get(path)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_verify_says_unknown(site: Flask, lang: str) -> None:
    client = Client(site, lang, world.NAMES)
    client.get("/verify?number=T2026-00000001&code=0000-0000-0000-0000")
    client.get("/verify?number=nothing&code=")
    client.get("/verify?number=%EF%BC%91&code=%F0%A0%AE%B7")


def test_language_is_chosen_kept_and_offered(site: Flask) -> None:
    client = Client(site, "zh", world.NAMES)
    assert client.get("/campaigns").all("//link[@rel='alternate']/@href") == ["/campaigns?lang=en"]
    client.lang = "en"
    chosen = client.get("/campaigns?lang=en")
    assert "lang=en" in chosen.response.headers["Set-Cookie"]
    assert "HttpOnly" in chosen.response.headers["Set-Cookie"]
    # The cookie now says more than the browser's own wish.
    client.get("/units")
    client.lang = "zh"
    client.get("/units?lang=zh")
    client.get("/units?lang=xx")
    assert "Accept-Language" in client.get("/").response.headers["Vary"]


def test_qr_code_opens_our_own_address(site: Flask) -> None:
    response = site.test_client().get(
        f"/campaigns/{world.OPEN}/units/{world.COUNTY}/qr.svg", headers={"Host": "evil.example"}
    )
    assert response.mimetype == "image/svg+xml"
    assert b"style" not in response.data
    assert b"script" not in response.data
