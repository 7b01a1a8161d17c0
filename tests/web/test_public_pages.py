"""The public side: list of gifts and uses, trace of a gift, table and files, checks."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest
from flask import Flask

from charity.donations.kinds import Display
from charity.donations.requests import DonorDetails
from charity.figures import jobs
from charity.jobs.schedule import job
from charity.jobs.worker import run_once
from charity.kernel.db import db
from tests import hand, used
from tests.client import Client, check_headers
from tests.factories import site as world
from tests.gifts import give

NAMES = world.NAMES | {used.TITLE, "李桂兰", "张三"}


@pytest.fixture
def told(site: Flask) -> dict[str, str]:
    """Four gifts of a county, one use that is proved and one that is not; ids by word."""
    with site.app_context():
        gifts = {
            name: give((world.COUNTY, fen), donor=donor).payment.gifts[0].id
            for name, fen, donor in (
                ("first", 4_000, DonorDetails(name="李桂兰", display=Display.NAME)),
                ("second", 3_000, DonorDetails(name="张三", email="z@example.org")),
                ("third", 50_000, DonorDetails()),
            )
        }
        give((world.TOWN, 100), donor=DonorDetails(name="赵四", display=Display.NAME))
        who = used.hands(world.COUNTY)
        crew = who.crew
        hand.settled_slip(crew, world.COUNTY, world.OPEN, 20_000)
        coal = used.use(who, 5_000, area_code="620123")
        used.prove(who, coal)
        used.use(who, 1_000, title="购买大米", people_count=11)
        jobs.follow_entries()
        db.session.remove()
    return gifts


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_shows_donors_as_they_chose_and_no_amount_beside_them(
    site: Flask, told: dict[str, str], lang: str
) -> None:
    client = Client(site, lang, NAMES | {"购买大米"})
    page = client.get("/ledger")
    rows = page.all("//main//table/tbody/tr")
    assert len(rows) == 4
    texts = [" ".join(row.text_content().split()) for row in rows]
    assert "购买大米" in texts[0]
    assert "−¥10.00" in texts[0]
    gifts = next(text for text in texts if "李桂兰" in text)
    assert "张*" in gifts
    assert "爱心人士" in gifts
    assert "¥770.00" in gifts
    assert "赵四" not in page.text
    merged = texts[-1]
    assert "¥" not in merged


def test_the_list_is_narrowed_and_refuses_a_made_up_place(
    visitor: Client, told: dict[str, str]
) -> None:
    visitor.names = NAMES | {"购买大米"}
    assert len(visitor.get("/ledger?kind=use").all("//tbody/tr")) == 2
    assert len(visitor.get(f"/ledger?unit={world.COUNTY}").all("//tbody/tr")) == 3
    assert "没有相符的记录" in visitor.get("/ledger?campaign=none").text
    assert "没有相符的记录" in visitor.get(f"/ledger?unit={world.VILLAGE}&kind=gift").text
    assert len(visitor.get("/ledger?kind=nonsense").all("//tbody/tr")) == 4
    visitor.get("/ledger?cursor=x", 422)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_trace_says_what_was_bought_and_shows_no_donor(
    site: Flask, told: dict[str, str], lang: str
) -> None:
    client = Client(site, lang, NAMES | {"购买大米"})
    first = client.get(f"/trace/{told['first']}")
    assert used.TITLE in first.text
    assert "李桂兰" not in first.text
    assert "¥39.76" in first.text
    second = client.get(f"/trace/{told['second']}")
    assert "购买大米" in second.text
    assert "张三" not in second.text
    third = client.get(f"/trace/{told['third']}")
    waits = "等待使用" if lang == "zh" else "Waiting to be used"
    assert waits in third.text or lang == "en"
    client.get("/trace/no-such-gift", 404)


def test_a_gift_page_leads_to_its_trace(site: Flask, visitor: Client) -> None:
    with site.app_context():
        made = give((world.COUNTY, 1_000))
        db.session.remove()
    page = visitor.get(f"/gifts/{made.payment.gifts[0].id}?key={made.secret}")
    assert page.all(f"//a[@href='/trace/{made.payment.gifts[0].id}']")


def test_the_table_shows_every_figure_own_and_with_sub_units(
    visitor: Client, told: dict[str, str]
) -> None:
    page = visitor.get("/units")
    (row,) = [
        row
        for row in page.all("//tbody/tr")
        if row.xpath(f"./th//a[contains(@href, '{world.COUNTY}')]")
        and not row.xpath("./th//a[contains(@href, '-T1')]")
    ]
    cells = {
        cell.get("data-label"): " ".join(cell.text_content().split()) for cell in row.xpath("./td")
    }
    assert cells["已核销"].startswith("¥50.00")
    assert cells["已拨付"].startswith("¥60.00")
    assert cells["募集"] == "¥770.00含下级单位 ¥771.00"
    assert page.all("//a[contains(@href, '/units.csv')]")


def test_the_files_hold_all_units_and_run_nothing(site: Flask, told: dict[str, str]) -> None:
    client = site.test_client()
    answer = client.get("/units.csv?lang=zh")
    check_headers(answer)
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row[0] for row in rows[1:]} == {code for code, *_ in world.UNITS}
    assert len({len(row) for row in rows}) == 1
    answer = client.get("/units.xlsx?lang=en")
    check_headers(answer)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert sheet.max_row == len(rows)
    narrowed = client.get(f"/units.csv?campaign={world.ENDED}&q=榆中").data.decode("utf-8-sig")
    assert len(narrowed.strip().splitlines()) == 2


def test_home_tells_what_was_used_for_how_many(visitor: Client, told: dict[str, str]) -> None:
    visitor.names = NAMES | {"购买大米"}
    page = visitor.get("/")
    assert "14 人次受助" in page.text
    assert "购买大米" in page.text
    campaign = visitor.get(f"/campaigns/{world.OPEN}")
    assert "帮助了 14 人次" in campaign.text
    unit = visitor.get(f"/campaigns/{world.OPEN}/units/{world.COUNTY}")
    assert used.TITLE in unit.text
    other = visitor.get(f"/campaigns/{world.OPEN}/units/{world.TOWN}")
    assert used.TITLE not in other.text


def test_transparency_shows_each_part_of_the_last_check(
    site: Flask, visitor: Client, told: dict[str, str]
) -> None:
    assert "还没有检查过" in visitor.get("/transparency").text
    run_once(site, job("sequence"))
    result = run_once(site, job("check"))
    assert result is not None
    assert json.loads(result.detail or "")["parts"]["figures"][1] == 0
    page = visitor.get("/transparency")
    assert "全部相符" in page.text
    assert len(page.all("//h2[@id='marks']/following-sibling::ul[1]/li")) >= 5
    assert "分录编号" in page.text


def test_the_api_tells_the_same(site: Flask, told: dict[str, str]) -> None:
    client = site.test_client()
    listed = client.get("/api/v1/ledger").json
    assert [row["kind"] for row in listed["items"]] == ["use", "use", "gift", "gift"]
    gifts = listed["items"][2]
    assert (gifts["unit"], gifts["amount_fen"], gifts["entries"]) == (world.COUNTY, 77_000, 4)
    assert gifts["donors"][-1] == "爱心人士"
    assert (listed["items"][3]["unit"], listed["items"][3]["amount_fen"]) == (None, None)
    trace = client.get(f"/api/v1/gifts/{told['second']}/trace").json
    assert (trace["used_fen"], trace["waiting_fen"]) == (2_024, 958)
    assert "donor" not in json.dumps(trace)
    assert client.get("/api/v1/ledger?kind=nonsense").status_code == 422
    assert client.get("/api/v1/gifts/none/trace").status_code == 404
    assert client.get("/api/v1/totals").json["helped"] == 14
    units = client.get("/api/v1/units?limit=1").json
    assert len(units["items"]) == 1
    assert units["next_cursor"]
