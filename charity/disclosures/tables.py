"""The tables of a report as CSV and XLSX, from the data document.

Rule: the CSV is for programs: whole fen, one line for each column of figures. The XLSX is for
people: yuan with two decimals, exact. Texts of others are never a formula in either.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from charity.disclosures import words
from charity.disclosures.document import Document
from charity.kernel.sheets import plain_cell

FIGURES = tuple(words.FIGURES)
HEADS = (
    "report", "version", "as_of_entry", "part", "code", "name", "scope", "column", *FIGURES,
    "title", "purpose", "category", "people", "area", "used_on",
)  # fmt: skip
_USE = ("title", "purpose", "category", "people", "area", "used_on")
_MONEY = "#,##0.00"
Columns = Mapping[str, Mapping[str, int]]


def write_csv(document: Document) -> bytes:
    """One table: totals, then units (own, subtree), each with its three columns, then uses."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADS)
    head = (document["report"], document["version"], document["as_of_entry"])
    for row in _rows(document):
        writer.writerow([*head, *(_cell(value) for value in row)])
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def _cell(value: object) -> object:
    """Numbers as they are; no text begins a formula."""
    return value if isinstance(value, int) else plain_cell(value)


def _rows(document: Document) -> Iterator[list[object]]:
    nothing = [""] * len(_USE)
    for name, figures in document["totals"].items():
        yield ["totals", "", "", "", name, *(figures[each] for each in FIGURES), *nothing]
    for unit in document["units"]:
        for scope in words.SCOPES:
            for name, figures in unit[scope].items():
                sums = [figures[each] for each in FIGURES]
                yield ["unit", unit["code"], unit["name"], scope, name, *sums, *nothing]
    for use in document["uses"]:
        sums = [use.get(each, "") for each in FIGURES]
        facts = [use[each] for each in _USE]
        yield ["use", use["id"], use["unit"], "own", "movement", *sums, *facts]


def write_xlsx(document: Document) -> bytes:
    """A workbook: what it is, totals, units, uses, and what a correction changed."""
    book = Workbook(write_only=True)
    _about(book, document)
    _totals(book, document["totals"])
    _units(book, document["units"])
    _used(book, document["uses"])
    if document["correction"] is not None:
        _changes(book, document["correction"]["changes"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(
    book: Workbook, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.append([_text(sheet, head, bold=True) for head in heads])
    for row in rows:
        sheet.append([_made(sheet, value) for value in row])


def _made(sheet: Any, value: object) -> Any:
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value=value)  # type: ignore[arg-type] # the stubs know no Decimal
        cell.number_format = _MONEY
        return cell
    return value if isinstance(value, int) else _text(sheet, value)


def _text(sheet: Any, value: object, *, bold: bool = False) -> Any:
    """A cell of text, also when it looks like a formula."""
    cell = WriteOnlyCell(sheet, value=str(value))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _yuan(fen: int) -> Decimal:
    """Yuan, exact."""
    return Decimal(fen).scaleb(-2)


def _about(book: Workbook, document: Document) -> None:
    campaign, charity = document["campaign"], document["charity"]
    lines: list[tuple[str, object]] = [
        ("报告", words.TITLE),
        ("报告编号", document["report"]),
        ("版本", document["version"]),
        ("募捐人", charity["name"]),
        ("统一社会信用代码", charity["uscc"]),
        ("募捐活动", campaign["name"]),
        ("备案编号", campaign["filing_number"]),
        ("开始日期", document["first_on"]),
        ("结束日期", document["last_on"]),
        ("截至分录", document["as_of_entry"]),
        ("币种", document["currency"]),
        ("情况说明", document["text"]),
    ]
    if document["mode"] == "test":
        lines.insert(0, ("测试数据", "本表不代表真实捐赠"))
    if document["correction"] is not None:
        lines.append(("更正原因", document["correction"]["reason"]))
    _sheet(book, "说明", ("项目", "内容"), lines)


def _totals(book: Workbook, totals: Columns) -> None:
    rows = [
        (label, *(_yuan(totals[column][name]) for column in words.COLUMNS))
        for name, label in words.FIGURES.items()
    ]
    heads = ("项目", *(f"{label}（元）" for label in words.COLUMNS.values()))
    _sheet(book, "合计", heads, rows)


def _units(book: Workbook, units: Sequence[Mapping[str, Any]]) -> None:
    heads = (
        "单位编码",
        "单位名称",
        "范围",
        "时段",
        *(f"{one}（元）" for one in words.FIGURES.values()),
    )
    rows = (
        (unit["code"], unit["name"], scope_label, column_label,
         *(_yuan(unit[scope][column][name]) for name in FIGURES))
        for unit in units
        for scope, scope_label in words.SCOPES.items()
        for column, column_label in words.COLUMNS.items()
    )  # fmt: skip
    _sheet(book, "各单位", heads, rows)


def _used(book: Workbook, uses: Sequence[Mapping[str, Any]]) -> None:
    heads = ("用款编号", "单位编码", "单位名称", "用途", "救助领域", "受助对象", "人数", "使用地区",
             "日期", "已拨付（元）", "其中已核销（元）")  # fmt: skip
    rows = (
        (use["number"], use["unit"], use["unit_name"], use["title"],
         words.PURPOSES[use["purpose"]], words.CATEGORIES[use["category"]], use["people"],
         use["area"], use["used_on"], _yuan(use["used_fen"]), _yuan(use["proved_fen"]))
        for use in uses
    )  # fmt: skip
    _sheet(book, "用款", heads, rows)


def _changes(book: Workbook, changes: Sequence[Mapping[str, Any]]) -> None:
    heads = ("部分", "编码", "名称", "时段", "项目", "更正前（元）", "更正后（元）")
    rows = (
        (words.PARTS[one["part"]], one["code"], one["name"], words.COLUMNS[one["column"]],
         words.FIGURES[one["figure"]], _yuan(one["before_fen"]), _yuan(one["after_fen"]))
        for one in changes
    )  # fmt: skip
    _sheet(book, "更正", heads, rows)
