"""Reading a list of invitations in XLSX: 姓名 邮箱 手机 角色 单位代码, one grant a row.

Rule: outside ``atomic()``; the archive is measured and looked at before it is opened, every cell is
plain text or a whole number, and every row is judged before any is used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from charity.kernel.errors import RuleBroken
from charity.kernel.sheets import NotAWorkbook, WorkbookActs, WorkbookTooLarge, first_sheet
from charity.people.channels import normal_address
from charity.people.errors import FileUnfit, ListUnfit, RoleUnknown
from charity.people.kinds import Channel, Role
from charity.people.rules import fit_name, fit_scope

COLUMNS = ("姓名", "邮箱", "手机", "角色", "单位代码")
MOST_BYTES = 1_000_000
MOST_ROWS = 500
_MOST_UNPACKED = 20_000_000
_MOST_PARTS = 60
_FAR_ROW = 5_000
_LONGEST_CELL = 400
_CELLS = frozenset({"s", "n", "inlineStr", "str"})

ROLES = {
    "专项基金管理员": Role.FUND_MANAGER,
    "审批人": Role.APPROVER,
    "出纳": Role.CASHIER,
    "会计": Role.ACCOUNTANT,
    "信息公开专员": Role.DISCLOSER,
    "监督员": Role.SUPERVISOR,
    "募集经办人": Role.UNIT_CLERK,
    "募集负责人": Role.UNIT_LEADER,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list that may stand; ``number`` is its number in the sheet."""

    number: int
    name: str
    email: str
    phone: str
    role: Role
    scope: str | None


def read(content: bytes) -> list[Row]:
    """The rows of an uploaded list. Raises ``FileUnfit``, ``ListUnfit``."""
    found: list[Row] = []
    wrong: list[tuple[int, str]] = []
    cells = _cells(content)
    for number, texts in cells:
        try:
            found.append(_row(number, texts))
        except _Odd:
            wrong.append((number, _("只能填写文字和数字，不能含公式、日期或过长的内容。")))
        except RuleBroken as error:
            wrong.append((number, error.sentence()))
    wrong.extend(_twice(found))
    if wrong:
        raise ListUnfit(sorted(wrong))
    if not found:
        raise FileUnfit
    return found


class _Odd(Exception):
    """A cell that is no plain text."""


def _row(number: int, texts: list[str | None]) -> Row:
    if None in texts:
        raise _Odd
    name, email, phone, role_name, scope = (text or "" for text in texts)
    role = ROLES.get(role_name)
    if role is None:
        raise RoleUnknown
    return Row(
        number,
        fit_name(name),
        normal_address(Channel.MAIL, email),
        normal_address(Channel.PHONE, phone),
        role,
        fit_scope(role, scope or None),
    )


def _twice(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Rows that say the same twice, or contradict an earlier one."""
    grants: dict[tuple[str, Role, str | None], int] = {}
    people: dict[str, Row] = {}
    for row in rows:
        first = grants.setdefault((row.email, row.role, row.scope), row.number)
        if first != row.number:
            yield row.number, _("与第 %(first)s 行重复。", first=first)
            continue
        for key in (row.email, row.phone):
            earlier = people.setdefault(key, row)
            if (earlier.name, earlier.email, earlier.phone) != (row.name, row.email, row.phone):
                yield (
                    row.number,
                    _("与第 %(first)s 行的姓名、邮箱或手机不一致。", first=earlier.number),
                )
                break


def _cells(content: bytes) -> list[tuple[int, list[str | None]]]:
    """The five texts of every row that is not empty; ``None`` for a cell that is no plain text."""
    if not content or len(content) > MOST_BYTES:
        raise FileUnfit
    try:
        with first_sheet(content, inflated=_MOST_UNPACKED, parts=_MOST_PARTS) as sheet:
            return list(_rows(sheet))
    except (NotAWorkbook, WorkbookActs, WorkbookTooLarge) as error:
        raise FileUnfit from error


def _rows(sheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    width = len(COLUMNS)
    count = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > _FAR_ROW:
            raise FileUnfit
        texts = [_text(cell) for cell in cells]
        if not any(text != "" for text in texts):
            continue
        padded = (texts + [""] * width)[:width]
        if any(text != "" for text in texts[width:]):
            raise FileUnfit
        if number == 1:
            if padded != list(COLUMNS):
                raise FileUnfit
            continue
        count += 1
        if count > MOST_ROWS:
            raise FileUnfit
        yield number, padded


def _text(cell: Any) -> str | None:
    """The cell's text; ``None`` when it is a formula, a date, a truth value, an error."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type not in _CELLS or isinstance(value, bool):
        return None
    if isinstance(value, float):
        # A phone number in a cell of numbers.
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else None
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or len(value) > _LONGEST_CELL or value.lstrip().startswith("="):
        return None
    return unicodedata.normalize("NFKC", value).strip() if value.isascii() else value.strip()
