"""Figures on both databases, against what was given."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask

from charity.figures import queries as figures
from charity.figures.errors import LimitUnfit
from charity.funds import services as funds
from charity.funds.kinds import UnitLevel
from charity.kernel.atomic import atomic
from charity.kernel.errors import CursorUnfit
from charity.ledger.queries import Figures
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, give, make_place


@pytest.fixture(autouse=True)
def given(ctx: Flask) -> None:
    """Gifts of 10, 20 and 30 yuan down the tree, the last one nameless."""
    make_place()
    give((OFFICE, 1_000))
    give((COUNTY, 2_000))
    give((TOWN, 3_000))


def test_totals_are_sums_of_rows(ctx: Flask) -> None:
    totals = figures.totals()
    assert (totals.as_of_entry, totals.gifts, totals.donors, totals.units) == (6, 3, 1, 3)
    assert totals.figures.raised_fen == 6_000
    assert totals.figures.fees_fen == 36
    assert totals.figures.left_fen == totals.figures.available_fen == 5_964
    page = figures.unit_rows(SLUG)
    for name in (field.name for field in dataclasses.fields(Figures)):
        assert sum(getattr(row.figures, name) for row in page.items) == getattr(
            totals.figures, name
        )
    assert figures.campaign_figures() == {SLUG: totals.figures}
    assert page.as_of_entry == 6


def test_row_with_its_sub_units(ctx: Flask) -> None:
    rows = {row.code: row for row in figures.unit_rows(SLUG).items}
    assert [rows[code].figures.raised_fen for code in (OFFICE, COUNTY, TOWN)] == [
        1_000,
        2_000,
        3_000,
    ]
    assert [rows[code].subtree.raised_fen for code in (OFFICE, COUNTY, TOWN)] == [
        6_000,
        5_000,
        3_000,
    ]
    assert figures.unit_page(SLUG, COUNTY).row == rows[COUNTY]
    assert [row.code for row in figures.unit_page(SLUG, OFFICE).children] == [COUNTY]


def test_pages_follow_each_other_without_gap(ctx: Flask) -> None:
    with atomic():
        for number in range(10, 17):
            funds.create_unit(
                f"GS-{number:04}", f"测试村{number}", "Test village", level=UnitLevel.VILLAGE,
                area_code=f"6205220{number}", area_name="测试村", parent=TOWN,
            )  # fmt: skip
            funds.admit_unit(SLUG, f"GS-{number:04}")
    whole = [row.code for row in figures.unit_rows(limit=200).items]
    found, cursor = [], None
    while True:
        page = figures.unit_rows(None, None, cursor, 3)
        found += [row.code for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == whole
    assert len(found) == 10
    assert len(figures.unit_rows(q="测试村1").items) == 7
    assert figures.unit_rows(q="%").items == []


def test_made_up_cursor_or_limit_is_refused(ctx: Flask) -> None:
    for cursor in ("x", "====", "W10", "é", "WzFd", "A" * 500, "bnVsbA"):
        with pytest.raises(CursorUnfit):
            figures.unit_rows(cursor=cursor)
    for limit in (0, -1, 201):
        with pytest.raises(LimitUnfit):
            figures.unit_rows(limit=limit)


def test_recent_gifts_show_masked_names_and_no_amount(ctx: Flask) -> None:
    (gift,) = figures.unit_page(SLUG, TOWN).recent_gifts
    assert gift.display_name == "张*"
    assert not hasattr(gift, "amount_fen")
