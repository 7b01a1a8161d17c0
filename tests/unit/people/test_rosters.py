"""Reading a list of invitations: every row judged, odd files refused before anything is read."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence

import pytest
from flask import Flask
from flask_babel import Babel

from charity.people import rosters
from charity.people.errors import FileUnfit, ListUnfit
from charity.people.kinds import Role
from tests.people import GOOD_ROW as GOOD
from tests.people import ROSTER_HEAD as HEAD
from tests.people import but, sheet


def wrong_rows(*rows: Sequence[object]) -> list[int]:
    with pytest.raises(ListUnfit) as refused:
        rosters.read(sheet(*rows))
    assert all(sentence for _, sentence in refused.value.rows)
    return [number for number, _ in refused.value.rows]


@pytest.fixture(autouse=True)
def _context() -> Iterator[None]:
    """Sentences are made in the reader's language, so there is an application."""
    bare = Flask("rosters")
    Babel(bare, default_locale="zh_Hans_CN")
    with bare.app_context():
        yield


def test_a_good_list() -> None:
    rows = rosters.read(
        sheet(
            GOOD,
            [],
            ["李四", "B@Example.org ", 13900005678, "出纳", None],
            ["李四", "b@example.org", "139 0000 5678", "募集负责人", "GS-2"],
        )
    )
    assert [(row.number, row.name, row.role, row.scope) for row in rows] == [
        (2, "张三", Role.UNIT_CLERK, "GS-1"),
        (4, "李四", Role.CASHIER, None),
        (5, "李四", Role.UNIT_LEADER, "GS-2"),
    ]
    assert {row.phone for row in rows} == {"+8613900001234", "+8613900005678"}


@pytest.mark.parametrize(
    "row",
    [
        but(0, "=1+1"),
        but(0, "张\u202e三"),
        but(0, ""),
        but(0, True),
        but(0, "张" * 500),
        but(1, "no address"),
        but(1, '=HYPERLINK("https://evil.example")'),
        but(2, "123"),
        but(2, 1.5),
        but(2, dt.date(2026, 1, 1)),
        but(2, None),
        but(3, "国王"),
        but(3, ""),
        but(4, ""),
        but(4, "GS 1"),
        but(4, "=A1"),
        ["张三", "a@example.org", "13900001234", "出纳", "GS-1"],
    ],
)
def test_every_row_is_judged(row: Sequence[object]) -> None:
    assert wrong_rows(but(4, "GS-7"), row, but(4, "GS-8")) == [3]


def test_what_is_said_twice_or_differently() -> None:
    assert wrong_rows(GOOD, GOOD) == [3]
    assert wrong_rows(GOOD, but(0, "李四")) == [3]
    other = but(4, "GS-2")
    assert wrong_rows(GOOD, [*other[:2], "13900009999", *other[3:]]) == [3]
    assert wrong_rows(GOOD, ["李四", "b@example.org", GOOD[2], "审批人", None]) == [3]


def rebuilt(content: bytes, changes: dict[str, bytes]) -> bytes:
    """The same archive with some parts changed or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename not in changes:
                new.writestr(part, old.read(part))
        for name, text in changes.items():
            new.writestr(name, text)
    return stream.getvalue()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
FILES = {
    "empty": b"",
    "text": "姓名,邮箱".encode(),
    "cut": sheet(GOOD)[:-200],
    "no rows": sheet(),
    "other head": sheet(GOOD, head=["邮箱", *HEAD[1:]]),
    "no head": sheet(),
    "too many columns": sheet([*GOOD, "x"], head=[*HEAD, "备注"]),
    "too many rows": sheet(*[but(4, f"GS-{n}") for n in range(rosters.MOST_ROWS + 1)]),
    "a row far below": sheet(*[[]] * 6_000, GOOD),
    "macros": rebuilt(sheet(GOOD), {"xl/vbaProject.bin": b"x"}),
    "outside links": rebuilt(sheet(GOOD), {"xl/externalLinks/externalLink1.xml": b"<x/>"}),
    "entities": rebuilt(sheet(GOOD), {"xl/worksheets/sheet1.xml": ENTITY}),
    "broken sheet": rebuilt(sheet(GOOD), {"xl/worksheets/sheet1.xml": b"<worksheet><row"}),
    "no workbook": rebuilt(sheet(GOOD), {"xl/workbook.xml": b"<x/>"}),
    "bomb": rebuilt(sheet(GOOD), {"xl/media/zeros.bin": bytes(21_000_000)}),
    "too large": bytes(rosters.MOST_BYTES + 1),
    "other zip": rebuilt(sheet(GOOD), {f"more/{n}": b"" for n in range(100)}),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_list(name: str) -> None:
    with pytest.raises((FileUnfit, ListUnfit)) as refused:
        rosters.read(FILES[name])
    assert isinstance(refused.value, FileUnfit)
    assert refused.value.sentence()
