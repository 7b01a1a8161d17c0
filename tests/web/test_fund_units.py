"""Raising units at the fund's desk: found, changed by date, admitted by two, registered by list."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from charity.funds import queries as funds
from charity.funds import services, unit_queries
from charity.funds.kinds import UnitLevel
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.client import Client, Page
from tests.factories import site as world
from tests.integration.funds.test_unit_import import GOOD, workbook
from tests.people import make_person, sign_in
from tests.web.desk import NAMES

DESK = "/desk/fund/units"
NEW = "GS-NEW"
#: Names typed in these tests, and what a page names of them.
WORDS = NAMES | {"城河村爱心公益金", "新村", "先锋队", "甘肃省兰州市榆中县", "青城镇", "城河村"}


@pytest.fixture
def cast(site: Flask) -> dict[str, Signed]:
    """A manager, an approver, a cashier."""
    with site.app_context():
        with atomic():
            made = {
                "manager": make_person("测试管理员", Grant(Role.FUND_MANAGER)),
                "approver": make_person("测试审批", Grant(Role.APPROVER)),
                "cashier": make_person("测试出纳", Grant(Role.CASHIER)),
            }
        db.session.remove()
    return made


def browser(site: Flask, who: Signed, lang: str = "zh") -> Client:
    """A browser in which this person is signed in."""
    made = Client(site, lang, frozenset(WORDS))
    sign_in(made.http, who)
    return made


@pytest.fixture
def manager(site: Flask, cast: dict[str, Signed]) -> Client:
    """The manager's browser."""
    return browser(site, cast["manager"])


def send(client: Client, path: str, status: int = 303, /, **data: object) -> Page:
    """Open the page a form stands on and send the form with its token."""
    opened = client.get(path.rpartition("/")[0] if "admissions" in path else path)
    return client.post(path, {"csrf_token": opened.value("csrf_token"), **data}, status)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_reads_well(site: Flask, cast: dict[str, Signed], lang: str) -> None:
    client = browser(site, cast["manager"], lang)
    for path in (
        DESK,
        f"{DESK}?q=none",
        f"/desk/fund/unit-labels?campaign={world.OPEN}",
        "/desk/fund/unit-new",
        "/desk/fund/unit-import",
        *(
            f"{DESK}/{world.TOWN}{rest}"
            for rest in ("", "/name", "/area", "/parent", "/end", "/steward", "/teams/new")
        ),
        f"{DESK}/{world.TOWN}/admissions/{world.OPEN}",
        f"{DESK}/{world.TOWN}/admissions/{world.ENDED}",
    ):
        client.get(path)


def test_filters_and_place_stand_in_the_address(manager: Client) -> None:
    def codes(query: str) -> list[str]:
        page = manager.get(f"{DESK}?{query}")
        return [href.rpartition("/")[2] for href in page.all("//tbody//th/a/@href")]

    assert codes("") == [world.OFFICE, world.COUNTY, world.TOWN, world.VILLAGE]
    assert codes("q=青城镇") == [world.TOWN]
    assert codes("level=village") == [world.VILLAGE]
    assert codes("area=620100") == codes("area=620123") == [world.COUNTY, world.TOWN, world.VILLAGE]
    assert codes(f"below={world.TOWN}") == [world.TOWN, world.VILLAGE]
    assert codes(f"campaign={world.ENDED}") == [world.OFFICE, world.COUNTY]
    assert codes("state=ended") == []
    manager.get(f"{DESK}?cursor=made-up", 422)


def test_a_unit_is_registered_and_changed_by_date(site: Flask, manager: Client) -> None:
    new = {"code": NEW, "name": "新村", "name_en": "", "level": "village", "area_code": "620123",
           "area_name": "", "parent": world.TOWN, "since": "2024-05-01"}  # fmt: skip
    path = "/desk/fund/unit-new"
    assert send(manager, path, 422, **{**new, "area_code": "629999"}).error_of("area_code")
    assert send(manager, path, 422, **{**new, "since": "gestern"}).error_of("since")
    assert send(manager, path, 422, **{**new, "name": "新\u202e村"}).error_of("name")
    assert send(manager, path, 409, **{**new, "code": world.TOWN}).error_of("code")
    send(manager, path, **new)
    send(manager, f"{DESK}/{NEW}/name", name="城河村爱心公益金", name_en="", since="2025-01-01")
    assert send(manager, f"{DESK}/{NEW}/parent", 422, parent=NEW).error_of("parent")
    send(manager, f"{DESK}/{NEW}/parent", parent=world.COUNTY)
    send(manager, f"{DESK}/{NEW}/teams/new", code="T-1", name="先锋队")
    send(manager, f"{DESK}/{NEW}/teams/T-1/move", unit=world.TOWN, code="T-2")
    manager.get(f"{DESK}/{world.TOWN}/teams/T-1/name", 404)
    manager.get(f"{DESK}/{world.TOWN}/teams/T-2/steal", 404)
    page = manager.get(f"{DESK}/{NEW}")
    assert "2025年1月1日" in page.text
    assert "T-2" in page.text
    send(manager, f"{DESK}/{NEW}/end", why="merged", successor=world.TOWN, on="2026-01-01")
    with site.app_context():
        view = unit_queries.unit_full(NEW)
        assert (view.name, view.successor_code) == ("城河村爱心公益金", world.TOWN)


def test_a_unit_and_all_below_it_come_into_a_campaign(
    site: Flask, manager: Client, cast: dict[str, Signed]
) -> None:
    with site.app_context():
        with atomic():
            for code, parent in ((NEW, world.TOWN), ("GS-NEW-2", NEW)):
                services.create_unit(
                    code, "新村", "", level=UnitLevel.VILLAGE, area_code="620123", parent=parent
                )
        db.session.remove()
    path = f"{DESK}/{NEW}/admissions/{world.OPEN}"
    refused = send(manager, f"{path}/book", 409, **{"book-below": "y"})
    assert len(refused.all("//*[@id='error-summary']//li")) == 6
    send(manager, f"{path}/assess", **{
        "assess-looked_at": "看了账目", "assess-fit": "yes", "assess-assessed_on": "2026-01-02",
        "assess-below": "y",
    })  # fmt: skip
    signed_on = {"sign-signed_on": "2026-01-03", "sign-below": "y"}
    program = {"sign-file": (io.BytesIO(b"MZ"), "a.pdf"), **signed_on}
    assert send(manager, f"{path}/sign", 415, **program).error_of("sign-file")
    pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n"
    send(manager, f"{path}/sign", **{"sign-file": (io.BytesIO(pdf), "a.pdf"), **signed_on})
    kept = manager.http.get(f"{path}/agreement")
    assert (kept.data, kept.mimetype) == (pdf, "application/pdf")
    assert kept.headers["Content-Disposition"].startswith("attachment")
    send(manager, f"{path}/name", **{"name-clause": "附件一", "name-below": "y"})
    send(manager, f"{path}/book", **{"book-below": "y"})
    (link,) = {each for each in manager.get(path).all("//main//a/@href") if "/approvals/" in each}
    approver = browser(site, cast["approver"])
    form = approver.get(link).all("//form[.//input[@name='seen']]")[0]
    button = form.xpath(".//button[@name]")[0]
    said = {each.get("name"): each.get("value") for each in form.xpath(".//input[@name]")}
    said |= {button.get("name"): button.get("value"), "reason": ""}
    approver.post(form.get("action") or link, said)
    with site.app_context():
        assert funds.place(world.OPEN, NEW) is not None
        assert funds.place(world.OPEN, "GS-NEW-2") is not None
    assert "分账已于" in manager.get(path).text


def test_units_by_list_are_looked_through_then_registered(site: Flask, manager: Client) -> None:
    path = "/desk/fund/unit-import"
    row = (*GOOD[:6], world.TOWN, "")
    wrong = workbook(row, ("V-2", *row[1:4], "999999", *row[5:]))
    page = send(manager, path, 422, file=(io.BytesIO(wrong), "a.xlsx"))
    assert "第 3 行" in page.text
    page = send(manager, path, 200, file=(io.BytesIO(workbook(row)), "a.xlsx"))
    with site.app_context():
        assert unit_queries.unit_count() == 4
    confirmed = {"csrf_token": page.value("csrf_token"), "sha256": page.value("sha256")}
    manager.post(path, confirmed)
    with site.app_context():
        assert unit_queries.unit_full("V-1").parent_code == world.TOWN
    assert manager.post(path, confirmed, 422).summary
    manager.post(path, {**confirmed, "sha256": "0" * 64}, 404)
    assert send(manager, path, 422, file=(io.BytesIO(b"no"), "a.xlsx")).error_of("file")
    assert manager.http.get("/desk/fund/unit-import/blank.xlsx").data[:2] == b"PK"


def test_who_reads_may_not_change(site: Flask, cast: dict[str, Signed]) -> None:
    cashier = browser(site, cast["cashier"])
    page = cashier.get(f"{DESK}/{world.TOWN}")
    assert not page.all("//a[contains(@href, '/end')]")
    for path in ("/desk/fund/unit-new", "/desk/fund/unit-import", f"{DESK}/{world.TOWN}/name"):
        cashier.get(path, 404)


def test_labels_to_print(manager: Client) -> None:
    page = manager.get(f"/desk/fund/unit-labels?campaign={world.OPEN}&below={world.TOWN}")
    assert page.all("//img[contains(@src, 'qr.svg')]/@src") == [
        f"/campaigns/{world.OPEN}/units/{code}/qr.svg" for code in (world.TOWN, world.VILLAGE)
    ]
    manager.get("/desk/fund/unit-labels", 404)
