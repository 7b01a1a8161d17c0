"""Reading a table from an XLSX workbook of somebody else's, as text, or refusing it in a sentence.

Rule: a workbook is only a table here. Before it is opened its parts are counted and weighed (a
small file may hold gigabytes), and a declaration of entities, a macro or a link to another file
refuses it. Formulas are refused, never computed: nothing of ours shows what a formula says. One
sheet is read, by the headings of its first row, and no further than the rows allowed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from flask_babel import lazy_gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from charity.kernel.errors import RuleBroken

MAX_BYTES = 4 * 1024 * 1024
MAX_INFLATED = 64 * 1024 * 1024
MAX_PARTS = 200
MAX_COLUMNS = 40
MAX_CELL = 2_000
_ENTITY = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFUSED_PARTS = ("vbaproject", "externallink", "activex", "embeddings/", "connections.xml")


# What openpyxl meets in a broken file comes out as any of these.
_BROKEN = (
    AttributeError, IndexError, InvalidFileException, KeyError, OSError, ParseError, RuntimeError,
    TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class NotAWorkbook(RuleBroken):
    """Neither an XLSX file nor whole."""

    code = "not_a_workbook"
    message = _("这不是可以读取的 XLSX 表格。请用电子表格软件另存为 XLSX 后再上传。")
    field = "file"


class WorkbookTooLarge(RuleBroken):
    """More than we read: bytes, unpacked bytes, parts."""

    code = "workbook_too_large"
    message = _("表格文件太大。请删去多余的内容，或者分成几个文件上传。")
    field = "file"
    status = 413


class WorkbookActs(RuleBroken):
    """Macros, links to other files, embedded objects or entities."""

    code = "workbook_acts"
    message = _("表格里含有宏、外部链接或嵌入的对象，不能使用。请只保留文字后再上传。")
    field = "file"


class HeadingMissing(RuleBroken):
    """A column is not there, or is there twice."""

    code = "heading_missing"
    message = _("第一行应有且只有一个“%(heading)s”列。请使用下载的空白表格。")
    field = "file"


class TooManyRows(RuleBroken):
    """More rows than are taken at once."""

    code = "too_many_rows"
    message = _("一次最多 %(most)s 行，请分成几个文件上传。")
    field = "file"


class NoRows(RuleBroken):
    """Nothing below the headings."""

    code = "no_rows"
    message = _("表格里没有内容。")
    field = "file"


class CellUnfit(RuleBroken):
    """A formula, an error value, or more text than a cell should have."""

    code = "cell_unfit"
    message = _("第 %(row)s 行“%(heading)s”：单元格里是公式、错误值或过长的文字，请改为普通文字。")
    field = "file"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its number in the sheet as people see it, and its cells by heading."""

    number: int
    cells: dict[str, str]


def read(content: bytes, headings: Sequence[str], *, most_rows: int) -> list[SheetRow]:
    """The rows below ``headings`` that hold anything, every cell as text without blanks around it.

    Raises NotAWorkbook, WorkbookTooLarge, WorkbookActs, HeadingMissing, CellUnfit, TooManyRows,
    NoRows.
    """
    with first_sheet(content) as sheet:
        return _rows(sheet, headings, most_rows)


@contextmanager
def first_sheet(
    content: bytes, *, inflated: int = MAX_INFLATED, parts: int = MAX_PARTS
) -> Iterator[Any]:
    """The first visible sheet of a workbook that was weighed before it was opened.

    It unpacks to at most ``inflated`` bytes in ``parts`` parts.
    Raises NotAWorkbook (also for what openpyxl meets while rows are read), WorkbookTooLarge,
    WorkbookActs.
    """
    _weigh(content, inflated, parts)
    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=False, keep_links=False, keep_vba=False
        )
    except _BROKEN:
        raise NotAWorkbook from None
    try:
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise NotAWorkbook
        # What a sheet says of its own size is not believed.
        sheet.reset_dimensions()
        yield sheet
    except _BROKEN:
        raise NotAWorkbook from None
    finally:
        book.close()


def write(headings: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> bytes:
    """A workbook of text only, for people to fill in; no cell of it is ever a formula."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate([headings, *rows], start=1):
        for column, text in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            cell.value = text
            cell.data_type = "s"
            cell.number_format = "@"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# What spreadsheets take for the beginning of a formula, also behind blanks they drop.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def plain_cell(value: object) -> str:
    """One cell of an export. What a spreadsheet would run as a formula gets an apostrophe first."""
    text = "" if value is None else str(value)
    risky = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text


def _weigh(content: bytes, inflated: int, most_parts: int) -> None:
    """Refuse what would fill the memory, reach outside, or act, before anything is opened."""
    if len(content) > MAX_BYTES:
        raise WorkbookTooLarge
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > most_parts:
                raise WorkbookTooLarge
            room = inflated
            for part in parts:
                if any(name in part.filename.lower() for name in _REFUSED_PARTS):
                    raise WorkbookActs
                room -= _unpacked(packed, part, room)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError,
            EOFError, ValueError):  # fmt: skip
        raise NotAWorkbook from None


def _unpacked(packed: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> int:
    """The true size of a part, read no further than ``room``; what the list says may be a lie."""
    size, tail = 0, b""
    with packed.open(part) as stream:
        while chunk := stream.read(1 << 16):
            size += len(chunk)
            if size > room:
                raise WorkbookTooLarge
            # UTF-16 declares entities, too; its zeros are taken out before looking.
            if _ENTITY.search((tail + chunk).replace(b"\x00", b"")):
                raise WorkbookActs
            tail = chunk[-64:]
    return size


def _rows(sheet: Any, headings: Sequence[str], most_rows: int) -> list[SheetRow]:
    found: list[SheetRow] = []
    places: dict[str, int] | None = None
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
        filled = any(cell.value not in (None, "") for cell in row)
        # Formatted rows without content are common; without end they are not.
        if number > (most_rows + 1 if filled else 10 * most_rows):
            raise TooManyRows(most=most_rows)
        if places is None:
            places = _places(row, headings)
            continue
        cells = {
            heading: _text(row[place], number, heading) if place < len(row) else ""
            for heading, place in places.items()
        }
        if any(cells.values()):
            found.append(SheetRow(number, cells))
    if not found:
        raise NoRows
    return found


def _places(row: Sequence[Any], headings: Sequence[str]) -> dict[str, int]:
    said = [_text(cell, 1, "") for cell in row]
    for heading in headings:
        if said.count(heading) != 1:
            raise HeadingMissing(heading=heading)
    return {heading: said.index(heading) for heading in headings}


def _text(cell: Any, number: int, heading: str) -> str:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return ""
    if kind in ("f", "e") or not isinstance(value, str | int | float | dt.date | bool):
        raise CellUnfit(row=number, heading=heading)
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        # Spreadsheets keep every number as one with a point: 620522.0 was typed as 620522.
        return str(int(value)) if value.is_integer() else str(value)
    text = str(value).strip()
    if len(text) > MAX_CELL:
        raise CellUnfit(row=number, heading=heading)
    return text
