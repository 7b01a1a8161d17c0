"""Units from a workbook: all or none, a sentence by row; and workbooks made to do harm."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest
from flask import Flask

from charity.funds import unit_import, unit_queries
from charity.funds.unit_errors import ImportUnfit
from charity.funds.unit_tree import ancestors
from charity.kernel import sheets
from charity.kernel.atomic import atomic
from charity.kernel.errors import RuleBroken
from charity.ledger.services import Actor
from tests.gifts import COUNTY, make_place

ACTOR = Actor("p1", "某人")
GOOD = ("V-1", "一村", "Village 1", "村、社区", "620123101201", "一村", COUNTY, "2024-03-01")


def workbook(*rows: Sequence[object], headings: Sequence[str] = unit_import.HEADINGS) -> bytes:
    """A workbook as a person would save it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (headings, *rows):
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed(content: bytes, **changes: bytes) -> bytes:
    """The same workbook with parts replaced or added; ``__`` in a name is a slash."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        named = {
            name.replace("__", "/").replace("_dot_", "."): body for name, body in changes.items()
        }
        for part in old.namelist():
            if part not in named:
                new.writestr(part, old.read(part))
        for part, body in named.items():
            new.writestr(part, body)
    return out.getvalue()


@pytest.fixture
def place(ctx: Flask) -> None:
    """A tree to hang them below."""
    make_place()


@pytest.mark.usefixtures("place")
def test_a_list_with_parents_in_it_is_registered_whole() -> None:
    rows = [
        ("T-9", "新镇", "New town", "乡镇", 620123101, "新镇", COUNTY, dt.date(2024, 2, 29)),
        ("V-9", "新村", "", "村", "620123101201", "新村", "T-9", None),
        (None,) * 8,
        ("C-9", "某公司", "", "社会单位", "620123", None, None, "2024/3/1"),
    ]
    with atomic():
        assert unit_import.register(workbook(*rows), "0" * 64, actor=ACTOR) == 3
    assert ancestors("V-9")[:3] == ("V-9", "T-9", COUNTY)
    assert unit_queries.unit_full("T-9").area_code == "620123101"
    assert unit_queries.history("T-9")[0].valid_from == dt.date(2024, 2, 29)
    assert unit_queries.unit_full("C-9").area_name == "甘肃省兰州市榆中县"


@pytest.mark.usefixtures("place")
def test_one_wrong_row_registers_nobody_and_is_named() -> None:
    wrong = [
        (0, "GS-0001"),
        (0, "V 2"),
        (0, "V-1"),
        (1, ""),
        (1, "村\u202e"),
        (3, "特级"),
        (4, "999999"),
        (6, "nobody"),
        (7, "昨天"),
        (7, "2024-02-30"),
        (7, "2999-01-01"),
    ]
    rows = [GOOD]
    for number, (column, value) in enumerate(wrong, start=2):
        row = [f"V-{number}", *GOOD[1:]]
        row[column] = value
        rows.append(tuple(row))  # type: ignore[arg-type]
    content = workbook(*rows)
    looked = unit_import.look(content)
    assert [fault.row for fault in looked.faults] == list(range(3, len(wrong) + 3))
    assert all(fault.sentence.endswith("。") for fault in looked.faults)
    with pytest.raises(ImportUnfit), atomic():
        unit_import.register(content, "0" * 64, actor=ACTOR)
    assert unit_queries.unit_count() == 3


@pytest.mark.usefixtures("place")
def test_two_thousand_units_at_once() -> None:
    rows = [
        (f"V-{n}", f"村{n}", "", "村", "620123101201", f"村{n}", COUNTY, "") for n in range(2_200)
    ]
    with atomic():
        assert unit_import.register(workbook(*rows), "0" * 64, actor=ACTOR) == 2_200
    assert unit_queries.unit_count() == 2_203


def sheet_xml(rows: str) -> bytes:
    """A sheet as a tool other than a spreadsheet might write it."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{main}">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


def bomb() -> bytes:
    """A megabyte that unpacks to a gigabyte."""
    return packed(workbook(GOOD), xl__worksheets__sheet1_dot_xml=b" " * (200 * 1024 * 1024))


SHEET = "xl__worksheets__sheet1_dot_xml"
ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccccccc">]><worksheet>&b;</worksheet>'
ATTACKS: dict[str, tuple[type[RuleBroken], object]] = {
    "no zip": (sheets.NotAWorkbook, b"PK\x03\x04 no"),
    "empty": (sheets.NotAWorkbook, b""),
    "html": (sheets.NotAWorkbook, b"<html></html>"),
    "another zip": (
        sheets.NotAWorkbook,
        lambda: packed(b"PK\x05\x06" + b"\x00" * 18, a_dot_txt=b"x"),
    ),
    "too large": (sheets.WorkbookTooLarge, lambda: b"PK" + b"\x00" * sheets.MAX_BYTES),
    "bomb": (sheets.WorkbookTooLarge, bomb),
    "entities": (sheets.WorkbookActs, lambda: packed(workbook(GOOD), **{SHEET: ENTITY})),
    "entities in UTF-16": (
        sheets.WorkbookActs,
        lambda: packed(workbook(GOOD), **{SHEET: ENTITY.decode().encode("utf-16")}),
    ),
    "macro": (sheets.WorkbookActs, lambda: packed(workbook(GOOD), xl__vbaProject_dot_bin=b"x")),
    "link": (
        sheets.WorkbookActs,
        lambda: packed(workbook(GOOD), xl__externalLinks__externalLink1_dot_xml=b"<x/>"),
    ),
    "formula": (sheets.CellUnfit, lambda: workbook(("=1+1", *GOOD[1:]))),
    "command": (sheets.CellUnfit, lambda: workbook((*GOOD[:1], "=cmd|'/c calc'!A0", *GOOD[2:]))),
    "error": (sheets.CellUnfit, lambda: workbook(("#REF!", *GOOD[1:]))),
    "long": (sheets.CellUnfit, lambda: workbook((GOOD[0], "村" * 3_000, *GOOD[2:]))),
    "heading missing": (
        sheets.HeadingMissing,
        lambda: workbook(GOOD[1:], headings=unit_import.HEADINGS[1:]),
    ),
    "heading twice": (
        sheets.HeadingMissing,
        lambda: workbook((*GOOD, "x"), headings=(*unit_import.HEADINGS, "编码")),
    ),
    "nothing": (sheets.NoRows, workbook),
    "too many": (sheets.TooManyRows, lambda: workbook(*[GOOD] * (unit_import.MOST_ROWS + 1))),
    "a row far down": (
        sheets.TooManyRows,
        lambda: packed(
            workbook(GOOD),
            **{
                SHEET: sheet_xml(
                    '<row r="1">'
                    + "".join(
                        f'<c t="inlineStr"><is><t>{h}</t></is></c>' for h in unit_import.HEADINGS
                    )
                    + '</row><row r="1048576"><c t="inlineStr"><is><t>V</t></is></c></row>'
                )
            },
        ),
    ),
    "broken sheet": (sheets.NotAWorkbook, lambda: packed(workbook(GOOD), **{SHEET: b"<worksheet"})),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_workbook_made_to_do_harm_is_refused_in_a_sentence(name: str) -> None:
    error, content = ATTACKS[name]
    made = content() if callable(content) else content
    with pytest.raises(error) as caught:
        sheets.read(made, unit_import.HEADINGS, most_rows=unit_import.MOST_ROWS)
    assert str(caught.value.message)


def test_the_same_workbook_without_the_harm_is_read() -> None:
    """The canary: what is refused above is refused for the harm, not for how the test packs it."""
    (row,) = sheets.read(packed(workbook(GOOD)), unit_import.HEADINGS, most_rows=10)
    assert (row.number, row.cells["编码"]) == (2, "V-1")


def test_the_blank_workbook_is_read_back_and_holds_no_formula() -> None:
    made = sheets.write(unit_import.HEADINGS, [("=1+1", "@x", "+1", "-1", "", "", "", "")])
    (row,) = sheets.read(made, unit_import.HEADINGS, most_rows=10)
    assert row.cells["编码"] == "=1+1"
    with pytest.raises(sheets.NoRows):
        sheets.read(unit_import.blank(), unit_import.HEADINGS, most_rows=10)
