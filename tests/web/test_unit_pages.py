"""A unit's public page: QR code, share card, print sheet, teams, steward; the table of units."""

from __future__ import annotations

import io
import re

import pytest
import zxingcpp
from flask import Flask
from lxml import etree
from PIL import Image, ImageDraw
from sqlalchemy import select

from charity.donations.models import Gift
from charity.funds import services as funds
from charity.funds import teams, units
from charity.funds.kinds import UnitClosing, UnitLevel
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.web import cards
from tests.client import Client, check_headers
from tests.factories import site as world

PAGE = f"/campaigns/{world.OPEN}/units/{world.VILLAGE}"
TEAM = "GS-YZ-T1-V1-T1"


def drawn(svg: bytes) -> Image.Image:
    """The QR code's SVG as pixels: rows of strokes, as a browser would draw them."""
    tree = etree.fromstring(svg)
    size = int(tree.get("width"))
    (path,) = tree.findall(".//{*}path[@stroke]")
    image = Image.new("L", (size, size), 255)
    draw, x, y = ImageDraw.Draw(image), 0.0, 0.0
    scale = int(re.search(r"scale\((\d+)\)", path.getparent().get("transform"))[1])  # type: ignore[index]
    for verb, numbers in re.findall(r"([Mmh])([-\d. ]+)", path.get("d")):
        given = [float(each) for each in re.findall(r"-?\d*\.?\d+", numbers)]
        if verb == "M":
            x, y = given
        elif verb == "m":
            x, y = x + given[0], y + given[1]
        else:
            left, top = int(x * scale), int((y - 0.5) * scale)
            draw.rectangle((left, top, left + int(given[0] * scale) - 1, top + scale - 1), fill=0)
            x += given[0]
    return image


def test_the_qr_code_opens_the_units_page(site: Flask) -> None:
    response = site.test_client().get(f"{PAGE}/qr.svg")
    check_headers(response)
    assert response.mimetype == "image/svg+xml"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    (code,) = zxingcpp.read_barcodes(drawn(response.data))
    assert code.text == f"http://127.0.0.1:8000{PAGE}"
    assert site.test_client().get(PAGE).status_code == 200
    again = site.test_client().get(
        f"{PAGE}/qr.svg", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert site.test_client().get(f"/campaigns/{world.OPEN}/units/NONE/qr.svg").status_code == 404


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_share_card_is_a_picture_with_the_same_code(site: Flask, lang: str) -> None:
    response = site.test_client().get(f"{PAGE}/card.png?lang={lang}")
    check_headers(response)
    assert response.mimetype == "image/png"
    image = Image.open(io.BytesIO(response.data))
    assert image.size == (cards.WIDTH, cards.HEIGHT)
    (code,) = zxingcpp.read_barcodes(image.convert("RGB"))
    assert code.text == f"http://127.0.0.1:8000{PAGE}"
    assert len(response.data) < 150_000
    assert site.test_client().get(f"{PAGE}/card.png?lang={lang}").data == response.data


def test_long_and_rare_names_stay_on_the_card() -> None:
    for unit in ("𠮷" * 120, "名" * 120, "W" * 120, "A very long name of a unit " * 4, "一"):
        made = cards.png(
            cards.Card(
                "会", "活动", unit, "备案", "规则", "测试", "https://example.org/" + "a" * 100
            )
        )
        image = Image.open(io.BytesIO(made)).convert("RGB")
        # Nothing is drawn into the margin beside the QR code.
        assert image.crop((1160, 20, 1200, 560)).getcolors() == [(40 * 540, (251, 247, 240))]


def test_the_page_says_what_a_messenger_asks_for(visitor: Client) -> None:
    page = visitor.get(PAGE)
    tags = {each.get("property"): each.get("content") for each in page.all("//meta[@property]")}
    assert tags["og:url"] == f"http://127.0.0.1:8000{PAGE}"
    assert tags["og:image"] == f"http://127.0.0.1:8000{PAGE}/card.png?lang=zh"
    assert "城河村公益金" in tags["og:title"]
    assert page.all("//link[@rel='canonical']/@href") == [PAGE]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_gift_through_a_team(site: Flask, lang: str) -> None:
    with site.app_context(), atomic():
        teams.open_team(world.VILLAGE, TEAM, "先锋队")
        teams.open_team(world.VILLAGE, f"{TEAM}2", "旧队")
        teams.close_team(f"{TEAM}2")
    client = Client(site, lang, world.NAMES)
    page = client.get(PAGE)
    (link,) = page.all("//section[.//h2[@id='teams']]//a/@href")
    form = client.get(link)
    assert form.all("//select[@name='team']/option[@selected]/@value") == [TEAM]
    assert form.all("//select[@name='team']/option/@value") == ["", TEAM]
    given = client.submit(link, team=TEAM, amount_choice="10", action="give")
    assert given.response.status_code == 303
    refused = client.submit(link, 409, team=f"{TEAM}2", amount_choice="10", action="give")
    assert refused.error_of("team")
    with site.app_context():
        assert db.session.scalars(select(Gift.team)).all() == [TEAM]


def test_a_team_stays_with_its_gift_in_the_basket(site: Flask) -> None:
    with site.app_context(), atomic():
        teams.open_team(world.VILLAGE, TEAM, "先锋队")
    client = Client(site, "zh", world.NAMES)
    address = f"/give/{world.OPEN}?unit={world.VILLAGE}&team={TEAM}"
    client.submit(address, team=TEAM, amount_choice="10", action="basket")
    client.submit("/basket")
    with site.app_context():
        assert db.session.scalars(select(Gift.team)).all() == [TEAM]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_unit_that_ended_says_so_and_takes_nothing(site: Flask, lang: str) -> None:
    with site.app_context(), atomic():
        units.end_unit(world.VILLAGE, UnitClosing.MERGED, successor=world.TOWN)
    client = Client(site, lang, world.NAMES)
    page = client.get(PAGE)
    assert world.TOWN in page.text
    assert not page.all(f"//a[contains(@href, '/give/{world.OPEN}?unit={world.VILLAGE}')]")
    address = f"/give/{world.OPEN}?unit={world.VILLAGE}"
    client.submit(address, 409, amount_choice="10", action="give")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sheet_to_print(site: Flask, lang: str) -> None:
    page = Client(site, lang, world.NAMES).get(f"{PAGE}/sheet")
    assert page.all("//img/@src")[-1].endswith("/qr.svg")
    assert f"http://127.0.0.1:8000{PAGE}" in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_table_has_one_row_for_each_unit(site: Flask, lang: str) -> None:
    """The county raises in two campaigns: one row, with a link to its page in each."""
    client = Client(site, lang, world.NAMES)
    page = client.get("/units")
    rows = page.all("//tbody//tr")
    assert len(rows) == len(world.UNITS)
    links = {
        href for href in page.all("//tbody//th//a/@href") if href.endswith(f"/units/{world.COUNTY}")
    }
    assert links == {
        f"/campaigns/{slug}/units/{world.COUNTY}" for slug in (world.OPEN, world.ENDED)
    }
    alone = client.get(f"/units?campaign={world.ENDED}")
    assert len(alone.all("//tbody//tr")) == 2


def test_a_long_table_turns_its_pages(site: Flask) -> None:
    with site.app_context(), atomic():
        for number in range(60):
            code = f"GS-N-{number:03}"
            funds.create_unit(
                code, f"村{number}", "", level=UnitLevel.VILLAGE, area_code="620123101201",
                area_name="城河村", parent=world.TOWN,
            )  # fmt: skip
            funds.admit_unit(world.OPEN, code)
    client = Client(site, "zh", world.NAMES)
    found, path = [], "/units"
    while path:
        page = client.get(path)
        found += page.all("//tbody//tr/th/a[1]/@href")
        path = next(iter(page.all("//nav[@class='pagination']//a[@rel='next']/@href")), "")
    assert len(found) == len(set(found)) == 64
