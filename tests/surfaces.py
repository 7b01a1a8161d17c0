"""Everything that shows a campaign's figures, each read back as {place: {figure: fen}}.

A surface that says nothing about a figure leaves it out. Reports are those that run from a
campaign's first day until today: their closing figures are the figures of now.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import openpyxl
import pikepdf
from flask import Flask
from lxml import html

from charity.disclosures import words
from charity.ledger.queries import FIGURE_COLUMNS

Place = tuple[
    str, str, str
]  # campaign, unit, "own" or "subtree"; "" for what it does not divide by
Said = dict[Place, dict[str, int]]


@dataclass(frozen=True)
class World:
    """A site, the codes of the units of each campaign, and the report about all of each."""

    app: Flask
    units: Mapping[str, tuple[str, ...]]
    reports: Mapping[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str:
        """What a visitor gets."""
        return self.bytes(path).decode()

    def bytes(self, path: str) -> bytes:
        """The same, as it comes."""
        answer = self.app.test_client().get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.data


def units_of(app: Flask) -> dict[str, tuple[str, ...]]:
    """Every public campaign and its units, as the API lists them."""
    browser = app.test_client()
    return {
        each["slug"]: tuple(
            unit["code"]
            for unit in browser.get(f"/api/v1/campaigns/{each['slug']}/units").json["items"]
        )
        for each in browser.get("/api/v1/campaigns").json["items"]
    }


_STATEMENT = {
    "募集": "raised_fen",
    "捐赠退回": "refunded_fen",
    "支付手续费": "fees_fen",
    "已拨付": "used_fen",
    "结余": "left_fen",
    "结余中：可用": "available_fen",
    "结余中：已审批待拨": "reserved_fen",
    "已拨付中：已核销": "proved_fen",
}


def pages(world: World) -> Said:
    """The statement on each unit's page and on each campaign's."""
    said: Said = {}
    for slug, units in world.units.items():
        said[slug, "", "own"] = _statement(world.text(f"/campaigns/{slug}?lang=zh"))[0]
        for unit in units:
            own, subtree = _statement(world.text(f"/campaigns/{slug}/units/{unit}?lang=zh"))
            said[slug, unit, "own"], said[slug, unit, "subtree"] = own, subtree
    return said


def _statement(page: str) -> tuple[dict[str, int], dict[str, int]]:
    """Own and with sub-units, as the statement shows them."""
    own: dict[str, int] = {}
    subtree: dict[str, int] = {}
    for row in html.fromstring(page).xpath("//table[contains(@class, 'statement')]/tbody/tr"):
        name = _STATEMENT.get(" ".join(row.xpath("./th")[0].text_content().split()))
        cells = [fen(cell.text_content()) for cell in row.xpath("./td")]
        if name:
            own[name], subtree[name] = cells[0], cells[-1]
    return own, subtree


def fen(shown: str) -> int:
    """Whole fen of ¥1,234.50 as printed; a minus before what is taken away is no sign."""
    return int(Decimal(re.sub(r"[¥,−\s]", "", shown)) * 100)


_TABLE = {
    "募集": "raised_fen", "捐赠退回": "refunded_fen", "已审批待拨": "reserved_fen",
    "已拨付": "used_fen", "已核销": "proved_fen", "结余": "left_fen", "手续费": "fees_fen",
}  # fmt: skip


def table(world: World) -> Said:
    """The public table's page, one campaign at a time."""
    said: Said = {}
    for slug in world.units:
        next_page: str | None = f"/units?campaign={slug}&lang=zh"
        while next_page:
            tree = html.fromstring(world.text(next_page))
            said |= _table_rows(slug, tree)
            more = tree.xpath("//a[@rel='next']/@href")
            next_page = str(more[0]) if more else None
    return said


def _table_rows(slug: str, tree: html.HtmlElement) -> Said:
    said: Said = {}
    for row in tree.xpath("//table//tbody/tr"):
        code = row.xpath("./th/a/@href")[0].rpartition("/")[2]
        own, subtree = {}, {}
        for cell in row.xpath("./td[@data-label]"):
            name = _TABLE.get(cell.get("data-label"))
            money = cell.xpath(".//span[contains(@class, 'money')]")
            if name:
                own[name] = fen(money[0].text_content())
                subtree[name] = fen(money[-1].text_content())
        said[slug, code, "own"], said[slug, code, "subtree"] = own, subtree
    return said


def api(world: World) -> Said:
    """Totals, campaigns and units of the API."""
    said: Said = {("", "", "own"): _money(json.loads(world.text("/api/v1/totals")))}
    for each in json.loads(world.text("/api/v1/campaigns"))["items"]:
        said[each["slug"], "", "own"] = _money(each)
    for slug in world.units:
        for each in json.loads(world.text(f"/api/v1/campaigns/{slug}/units"))["items"]:
            said[slug, each["code"], "own"] = _money(each)
            said[slug, each["code"], "subtree"] = _money(each["subtree"])
    return said


def _money(given: Mapping[str, int]) -> dict[str, int]:
    return {name: given[name] for name in FIGURE_COLUMNS}


def csv_file(world: World) -> Said:
    """The table as CSV."""
    said: Said = {}
    for slug in world.units:
        content = world.bytes(f"/units.csv?campaign={slug}&lang=zh").decode("utf-8-sig")
        said |= _rows(slug, list(csv.reader(io.StringIO(content))))
    return said


def xlsx_file(world: World) -> Said:
    """The table as a workbook."""
    said: Said = {}
    for slug in world.units:
        book = openpyxl.load_workbook(io.BytesIO(world.bytes(f"/units.xlsx?campaign={slug}")))
        rows = list(book.worksheets[0].iter_rows())
        assert all(cell.data_type == "s" for row in rows for cell in row if cell.value)
        said |= _rows(slug, [[str(cell.value or "") for cell in row] for row in rows])
    return said


def _rows(slug: str, rows: list[list[str]]) -> Said:
    said: Said = {}
    count = len(FIGURE_COLUMNS)
    for row in rows[1:]:
        sums = [int(Decimal(cell) * 100) for cell in row[5:]]
        said[slug, row[0], "own"] = dict(zip(FIGURE_COLUMNS, sums[:count], strict=True))
        said[slug, row[0], "subtree"] = dict(zip(FIGURE_COLUMNS, sums[count:], strict=True))
    return said


def _document(slug: str, document: Mapping[str, Any]) -> Said:
    """The closing figures of a report's data."""
    shared = set(FIGURE_COLUMNS) & set(words.FIGURES)
    said: Said = {
        (slug, unit["code"], scope): {name: unit[scope]["closing"][name] for name in shared}
        for unit in document["units"]
        for scope in words.SCOPES
    }
    said[slug, "", "own"] = {name: document["totals"]["closing"][name] for name in shared}
    return said


def report_json(world: World) -> Said:
    """Each report's data document."""
    said: Said = {}
    for slug, report in world.reports.items():
        said |= _document(slug, json.loads(world.text(f"/disclosures/{report}.json")))
    return said


def report_api(world: World) -> Said:
    """Each report by the API."""
    said: Said = {}
    for slug, report in world.reports.items():
        said |= _document(slug, json.loads(world.text(f"/api/v1/disclosures/{report}")))
    return said


def report_csv(world: World) -> Said:
    """Each report's CSV."""
    said: Said = {}
    for slug, report in world.reports.items():
        content = world.bytes(f"/disclosures/{report}.csv").decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(content)):
            if row["part"] in ("totals", "unit") and row["column"] == "closing":
                place = (slug, row["code"], row["scope"] or "own")
                said[place] = {name: int(row[name]) for name in FIGURE_COLUMNS if name in row}
    return said


def report_xlsx(world: World) -> Said:
    """Each report's workbook: its sheet of units, in yuan for people."""
    figures = {f"{label}（元）": name for name, label in words.FIGURES.items()}
    scopes = {label: scope for scope, label in words.SCOPES.items()}
    said: Said = {}
    for slug, report in world.reports.items():
        book = openpyxl.load_workbook(io.BytesIO(world.bytes(f"/disclosures/{report}.xlsx")))
        heads, *rows = book["各单位"].iter_rows(values_only=True)
        for values in rows:
            row = dict(zip(heads, values, strict=True))
            if row["时段"] == words.COLUMNS["closing"]:
                said[slug, row["单位编码"], scopes[row["范围"]]] = {
                    name: round(Decimal(str(row[head])) * 100)
                    for head, name in figures.items()
                    if name in FIGURE_COLUMNS
                }
    return said


#: The money columns of a report's table of units, on paper and on its page.
_UNIT_COLUMNS = (
    None, "raised_fen", "refunded_fen", "fees_fen", "used_fen", None, "left_fen", "proved_fen",
)  # fmt: skip
_AMOUNT = re.compile(r"¥?-?[\d,]+\.\d\d")


def _unit_row(amounts: list[str]) -> dict[str, int]:
    return {
        name: fen(amount)
        for name, amount in zip(_UNIT_COLUMNS, amounts, strict=True)
        if name is not None
    }


def report_page(world: World) -> Said:
    """Each report's page: its tables of units, in the order of its data."""
    said: Said = {}
    for slug, report in world.reports.items():
        codes = _codes(world, report)
        tree = html.fromstring(world.text(f"/disclosures/{report}?lang=zh"))
        for scope, found in zip(
            words.SCOPES,
            tree.xpath("//section[@aria-labelledby='by-unit']//table"),
            strict=True,
        ):
            rows = found.xpath("./tbody/tr[not(contains(@class, 'sum'))]")
            for code, row in zip(codes, rows, strict=True):
                amounts = [cell.text_content() for cell in row.xpath("./td")]
                said[slug, code, scope] = _unit_row(amounts)
    return said


def _codes(world: World, report: str) -> list[str]:
    document = json.loads(world.text(f"/disclosures/{report}.json"))
    return [unit["code"] for unit in document["units"]]


def report_pdf(world: World) -> Said:
    """Each report's PDF, as another program reads its text; and the data that lies in it."""
    said: Said = {}
    for slug, report in world.reports.items():
        content = world.bytes(f"/disclosures/{report}.pdf")
        with pikepdf.open(io.BytesIO(content)) as pdf:
            inside = pdf.attachments["report.json"].get_file().read_bytes()
        assert inside == world.bytes(f"/disclosures/{report}.json")
        asked = ["pdftotext", "-layout", "-", "-"]
        text = subprocess.run(asked, input=content, capture_output=True, check=True).stdout.decode()
        own, subtree = re.split(r"四、各募集单位|五、各募集单位|六、本期用款", text)[1:3]
        codes = _codes(world, report)
        for scope, part in (("own", own), ("subtree", subtree)):
            rows = [found for line in part.splitlines() if len(found := _AMOUNT.findall(line)) == 8]
            if scope == "own":
                rows.pop()  # the sum
            for code, row in zip(codes, rows, strict=True):
                said[slug, code, scope] = _unit_row(row)
    return said


#: Everything that shows figures. What is added here is compared with all the rest.
SURFACES: dict[str, Callable[[World], Said]] = {
    "page": pages,
    "table": table,
    "api": api,
    "csv": csv_file,
    "xlsx": xlsx_file,
    "report's page": report_page,
    "report by api": report_api,
    "report's json": report_json,
    "report's csv": report_csv,
    "report's xlsx": report_xlsx,
    "report's pdf": report_pdf,
}


def said_by_all(world: World) -> dict[Place, dict[str, dict[str, int]]]:
    """For each place, what each surface says of it."""
    found: dict[Place, dict[str, dict[str, int]]] = {}
    for name, ask in SURFACES.items():
        for place, values in ask(world).items():
            found.setdefault(place, {})[name] = values
    return found


def disagreements(said: Mapping[Place, Mapping[str, Mapping[str, int]]]) -> list[str]:
    """Every figure on which two surfaces differ."""
    wrong = []
    for place, by_surface in said.items():
        for figure in FIGURE_COLUMNS:
            sums = {name: values[figure] for name, values in by_surface.items() if figure in values}
            if len(set(sums.values())) > 1:
                wrong.append(f"{place} {figure}: {sums}")
    return wrong
