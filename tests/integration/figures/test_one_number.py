"""One number, one query: each figure is the same on page, API, CSV and XLSX, to the fen.

The other side, a published report's PDF and JSON, hangs itself in by ``SURFACES``: a function from
the application to {(campaign, unit, "own" or "subtree"): {figure: fen}}, with "" for what it does
not divide by. A surface that says nothing about a figure leaves it out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from decimal import Decimal

import openpyxl
import pytest
from flask import Flask
from lxml import html
from sqlalchemy import Connection, create_engine, text

from charity.figures import checks, jobs
from charity.figures import queries as figures
from charity.kernel.db import db
from charity.ledger.queries import FIGURE_COLUMNS
from tests import hand, used
from tests.conftest import TestDatabase
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, give, make_place

Place = tuple[str, str, str]  # campaign, unit, own or subtree
Said = dict[Place, dict[str, int]]


def pages(app: Flask) -> Said:
    """The statement on each unit's page and on the campaign's."""
    browser = app.test_client()
    said: Said = {}
    for unit in (OFFICE, COUNTY, TOWN):
        tree = html.fromstring(browser.get(f"/campaigns/{SLUG}/units/{unit}?lang=zh").text)
        own, subtree = _statement(tree)
        said[SLUG, unit, "own"], said[SLUG, unit, "subtree"] = own, subtree
    tree = html.fromstring(browser.get(f"/campaigns/{SLUG}?lang=zh").text)
    said[SLUG, "", "own"] = _statement(tree)[0]
    return said


_WORDS = {
    "募集": "raised_fen",
    "捐赠退回": "refunded_fen",
    "支付手续费": "fees_fen",
    "已拨付": "used_fen",
    "结余": "left_fen",
    "结余中：可用": "available_fen",
    "结余中：已审批待拨": "reserved_fen",
    "已拨付中：已核销": "proved_fen",
}


def _statement(tree: html.HtmlElement) -> tuple[dict[str, int], dict[str, int]]:
    """Own and with sub-units, as the statement shows them."""
    own: dict[str, int] = {}
    subtree: dict[str, int] = {}
    for row in tree.xpath("//table[contains(@class, 'statement')]/tbody/tr"):
        name = _WORDS.get(" ".join(row.xpath("./th")[0].text_content().split()))
        cells = [_fen(cell.text_content()) for cell in row.xpath("./td")]
        if name:
            own[name], subtree[name] = cells[0], cells[-1]
    return own, subtree


def _fen(shown: str) -> int:
    plain = shown.strip().replace("¥", "").replace(",", "").replace("−", "")
    return int(Decimal(plain) * 100)


def table(app: Flask) -> Said:
    """The public table's page."""
    tree = html.fromstring(app.test_client().get(f"/units?campaign={SLUG}&lang=zh").text)
    words = {
        "募集": "raised_fen", "捐赠退回": "refunded_fen", "已审批待拨": "reserved_fen",
        "已拨付": "used_fen", "已核销": "proved_fen", "结余": "left_fen", "手续费": "fees_fen",
    }  # fmt: skip
    said: Said = {}
    for row in tree.xpath("//table//tbody/tr"):
        code = row.xpath("./th/a/@href")[0].rpartition("/")[2]
        own, subtree = {}, {}
        for cell in row.xpath("./td[@data-label]"):
            name = words.get(cell.get("data-label"))
            money = cell.xpath(".//span[contains(@class, 'money')]")
            if name:
                own[name] = _fen(money[0].text_content())
                subtree[name] = _fen(money[-1].text_content())
        said[SLUG, code, "own"], said[SLUG, code, "subtree"] = own, subtree
    return said


def api(app: Flask) -> Said:
    """Totals, campaigns and units of the API."""
    browser = app.test_client()
    said: Said = {("", "", "own"): _money(browser.get("/api/v1/totals").json)}
    for each in browser.get("/api/v1/campaigns").json["items"]:
        said[each["slug"], "", "own"] = _money(each)
    for each in browser.get(f"/api/v1/campaigns/{SLUG}/units").json["items"]:
        said[SLUG, each["code"], "own"] = _money(each)
        said[SLUG, each["code"], "subtree"] = _money(each["subtree"])
    return said


def _money(given: Mapping[str, int]) -> dict[str, int]:
    return {name: given[name] for name in FIGURE_COLUMNS}


def csv_file(app: Flask) -> Said:
    """The table as CSV."""
    answer = app.test_client().get(f"/units.csv?campaign={SLUG}&lang=zh")
    return _rows(list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))))


def xlsx_file(app: Flask) -> Said:
    """The table as a workbook."""
    answer = app.test_client().get(f"/units.xlsx?campaign={SLUG}&lang=zh")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)
    return _rows([[str(cell.value or "") for cell in row] for row in sheet.iter_rows()])


def _rows(rows: list[list[str]]) -> Said:
    said: Said = {}
    count = len(FIGURE_COLUMNS)
    for row in rows[1:]:
        figures_ = [int(Decimal(cell) * 100) for cell in row[5:]]
        said[SLUG, row[0], "own"] = dict(zip(FIGURE_COLUMNS, figures_[:count], strict=True))
        said[SLUG, row[0], "subtree"] = dict(zip(FIGURE_COLUMNS, figures_[count:], strict=True))
    return said


#: Everything that shows figures. What is added here is compared with all the rest.
SURFACES: dict[str, Callable[[Flask], Said]] = {
    "page": pages,
    "table": table,
    "api": api,
    "csv": csv_file,
    "xlsx": xlsx_file,
}


@pytest.fixture
def world(app: Flask) -> Flask:
    """Gifts online and by hand, a use that is proved and one that is not, one promised."""
    with app.app_context():
        make_place()
        give((OFFICE, 123_456), (COUNTY, 2_000), (TOWN, 33_333))
        who = used.hands(COUNTY)
        crew = who.crew
        hand.settled_slip(crew, COUNTY, SLUG, 30_000, 20_001)
        coal = used.use(who, 12_345)
        used.prove(who, coal)
        used.use(who, 5_000)
        used.approved(who, 2_500)
        used.number()
        jobs.follow_entries()
        db.session.remove()
    return app


def said_by_all(app: Flask) -> dict[Place, dict[str, dict[str, int]]]:
    """For each place, what each surface says of it."""
    found: dict[Place, dict[str, dict[str, int]]] = {}
    for name, ask in SURFACES.items():
        for place, values in ask(app).items():
            found.setdefault(place, {})[name] = values
    return found


def disagreements(app: Flask) -> list[str]:
    """Every figure on which two surfaces differ."""
    wrong = []
    for place, by_surface in said_by_all(app).items():
        for figure in FIGURE_COLUMNS:
            said = {name: values[figure] for name, values in by_surface.items() if figure in values}
            if len(set(said.values())) > 1:
                wrong.append(f"{place} {figure}: {said}")
    return wrong


def test_each_figure_is_the_same_wherever_it_is_shown(world: Flask) -> None:
    assert disagreements(world) == []
    said = said_by_all(world)
    assert {place[1] for place in said} == {"", OFFICE, COUNTY, TOWN}
    assert set(said[SLUG, COUNTY, "subtree"]) >= {"page", "table", "api", "csv", "xlsx"}
    county = said[SLUG, COUNTY, "own"]["api"]
    assert (county["used_fen"], county["proved_fen"], county["reserved_fen"]) == (
        17_345,
        12_345,
        2_500,
    )


def test_a_posting_changed_by_the_owner_moves_all_and_the_check_complains(
    world: Flask, database: TestDatabase
) -> None:
    """The owner writes past every guard: all surfaces follow alike, and the check says so."""
    before = said_by_all(world)[SLUG, TOWN, "own"]
    with world.app_context():
        assert checks.everything().ok
        db.session.remove()
    engine = create_engine(database.owner_url)
    with engine.begin() as conn:
        _take_guards_away(conn)
        for statement in FORGED:
            conn.execute(text(statement))
    engine.dispose()
    with world.app_context():
        figures.tree._kept.clear()
        db.session.remove()
    after = said_by_all(world)[SLUG, TOWN, "own"]
    assert disagreements(world) == []
    for surface, values in after.items():
        assert values["raised_fen"] == before[surface]["raised_fen"] + 1, surface
        assert values["left_fen"] == before[surface]["left_fen"] + 1, surface
    with world.app_context():
        report = checks.everything()
        db.session.remove()
    assert not report.ok
    found = {check.name for check in report.checks if not check.ok}
    assert "every line of a book comes to what the entries about it posted" in found
    assert any("entry has its postings" in name for name in found)


def _take_guards_away(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        names = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in conn.scalars(names).all():
            conn.execute(text(f'DROP TRIGGER "{name}"'))
        return
    for table in ("ledger_posting", "ledger_numbered_total"):
        conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


_BOOK = f"(SELECT id FROM ledger_book WHERE unit = '{TOWN}')"
_ENTRY = f"(SELECT id FROM ledger_entry WHERE book_id = {_BOOK} AND kind = 'gift')"
_TOTAL = (
    "UPDATE ledger_numbered_total SET {side} = {side} + 1 WHERE book_id = {book}"
    " AND kind = 'gift' AND account_id IN (SELECT id FROM ledger_account WHERE kind = '{kind}')"
)
#: One fen more in the town's gift: its posting, and the totals that pages read.
FORGED = (
    f"UPDATE ledger_posting SET amount_fen = amount_fen + 1 WHERE entry_id = {_ENTRY}",
    _TOTAL.format(side="credits", book=_BOOK, kind="available"),
    _TOTAL.format(side="debits", book=_BOOK, kind="clearing"),
)
