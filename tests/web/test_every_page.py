"""Every page of the URL map, as a visitor in both languages. tests/client.py reads each page."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Map, Rule

from charity.kernel.access import Access, Mark
from tests.client import Client
from tests.factories import site as world
from tests.people import sign_in
from tests.web import every
from tests.web.desk import NAMES

#: Pages that lead on for whoever is signed in, or answer with a part of a page.
PARTS = {"site.payment_status"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_reads_well(site: Flask, gift: dict[str, str], lang: str) -> None:
    things, people = every.things(site)
    nobody = Client(site, lang, NAMES)
    readers = {role: Client(site, lang, NAMES) for role in people}
    for role, who in people.items():
        sign_in(readers[role].http, who)
    titles: dict[str, str] = {}
    wrong: list[str] = []
    for place in every.places(site, {**things, **gift}):
        client = readers[place.role] if place.role else nobody
        try:
            page = client.get(place.path)
        except AssertionError as error:
            wrong.append(f"{place}: {error}"[:600])
            continue
        if page.response.mimetype != "text/html" or place.endpoint in PARTS:
            continue
        title = page.all("//title")[0].text
        if title in titles:
            wrong.append(f"{place.path} and {titles[title]} have the same title: {title}")
        titles[title] = place.path
        if place.role and page.response.headers["Cache-Control"] != "no-store":
            wrong.append(f"{place.path} may be stored")
    assert not wrong, "\n".join(wrong)
    assert len(titles) > 12


def test_a_page_whose_argument_nobody_made_is_found() -> None:
    """The canary: a new kind of thing in an address must be made, or the test fails."""
    rule = Rule("/planted/<thing_id>", endpoint="site.planted")
    Map([rule]).update()
    with pytest.raises(AssertionError, match="thing_id"):
        every.address(rule, Mark(Access.PUBLIC), {"slug": "", "code": ""})
    assert every.address(rule, Mark(Access.PUBLIC), {"thing_id": "a"}) == "/planted/a"
    assert every.address(rule, Mark(Access.PUBLIC), {"thing_id": "a", "site:thing_id": "b"}) == (
        "/planted/b"
    )


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
