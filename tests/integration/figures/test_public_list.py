"""The public list: no amount beside a name, and no group so small that it tells of one gift."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from charity.donations.kinds import Display
from charity.donations.requests import DonorDetails
from charity.figures import jobs, list_queries
from charity.figures.errors import LimitUnfit
from charity.figures.kinds import RowKind
from charity.figures.list_queries import ListRow
from charity.kernel.db import db
from charity.kernel.errors import CursorUnfit
from tests import back, hand, used
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, give, make_place

NAMED = DonorDetails(name="李桂兰", email="li@example.org", display=Display.NAME)
NOBODY = DonorDetails()


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    make_place()


def rows(**asked: object) -> list[ListRow]:
    jobs.follow_entries()
    db.session().rollback()
    found = list_queries.public_list(**asked).items  # type: ignore[arg-type]
    db.session().rollback()
    return found


def test_three_gifts_of_a_day_are_one_row_with_names_and_their_sum() -> None:
    give((COUNTY, 1_000))
    give((COUNTY, 2_000), donor=NAMED)
    give((COUNTY, 3_000), donor=NOBODY)
    (row,) = rows()
    assert (row.kind, row.unit_code, row.entries, row.fen) == (RowKind.GIFT, COUNTY, 3, 6_000)
    assert row.names == ("李桂兰", "张*", "爱心人士")
    assert (row.first_n, row.n) == (1, 5)


def test_fewer_than_three_stand_together_without_unit_names_or_sum() -> None:
    give((COUNTY, 1_000), donor=NOBODY)
    (row,) = rows()
    assert (row.unit_code, row.entries, row.fen, row.names) == (None, 1, None, ())
    give((TOWN, 700), donor=NAMED)
    (row,) = rows()
    assert (row.unit_code, row.entries, row.fen, row.names) == (None, 2, None, ())
    give((OFFICE, 300))
    (row,) = rows()
    assert (row.unit_code, row.entries, row.fen, row.names) == (None, 3, 2_000, ())
    assert rows(unit=COUNTY) == []


def test_a_group_that_grew_to_three_leaves_the_others() -> None:
    for fen in (100, 200):
        give((COUNTY, fen))
    give((TOWN, 50))
    assert [(one.unit_code, one.entries) for one in rows()] == [(None, 3)]
    give((COUNTY, 300))
    found = rows()
    assert [(one.unit_code, one.entries, one.fen) for one in found] == [
        (COUNTY, 3, 600),
        (None, 1, None),
    ]
    give((TOWN, 60), (TOWN, 70))
    assert {(one.unit_code, one.fen) for one in rows()} == {(COUNTY, 600), (TOWN, 180)}


def test_uses_gifts_back_and_pages_by_number() -> None:
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, 3_000, 3_000, 3_000)
    first = used.use(who, 1_000)
    used.use(who, 2_000, people_count=7)
    found = rows()
    assert [one.kind for one in found] == [RowKind.USE, RowKind.USE, RowKind.GIFT]
    assert [one.fen for one in found] == [2_000, 1_000, 9_000]
    assert found[1].use is not None
    assert (found[1].use.id, found[1].use.title, found[1].use.people_count) == (
        first,
        used.TITLE,
        3,
    )
    assert [one.fen for one in rows(kind=RowKind.USE)] == [2_000, 1_000]
    assert [one.fen for one in rows(kind=RowKind.GIFT, campaign=SLUG)] == [9_000]
    assert rows(campaign="none") == []
    assert rows(unit=TOWN) == []
    paged, cursor = [], None
    while True:
        page = list_queries.public_list(cursor=cursor, limit=1)
        paged += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == found
    assert list_queries.latest_uses(1)[0].fen == 2_000


def test_a_gift_that_went_back_is_named_no_more_and_counted_as_back() -> None:
    two = back.two_people()
    back.give_own(1_000)
    gone = back.gift_of(back.give((COUNTY, 1_000), donor=NAMED))
    for _ in range(2):
        back.give((COUNTY, 500))
    back.agreed(gone, two)
    back.send()
    back.number()
    found = {one.kind: one for one in rows()}
    assert found[RowKind.GIFT].entries == 3
    assert "李桂兰" not in found[RowKind.GIFT].names
    assert (found[RowKind.BACK].entries, found[RowKind.BACK].fen) == (1, None)


def test_made_up_cursor_or_limit_is_refused() -> None:
    for cursor in ("x", "-1", "1.0", "9" * 17, "é", "٣", "0"):
        with pytest.raises(CursorUnfit):
            list_queries.public_list(cursor=cursor)
    for limit in (0, 201):
        with pytest.raises(LimitUnfit):
            list_queries.public_list(limit=limit)


def test_a_row_with_a_name_has_no_amount_of_one_gift() -> None:
    """Whatever is shown: a row with names has the sum of three gifts or more."""
    for count, donor in enumerate((NAMED, replace(NAMED, name="王有福"), NOBODY), start=1):
        for _ in range(count):
            give(((OFFICE, COUNTY, TOWN)[count - 1], 100 * count), donor=donor)
    for row in rows():
        assert not row.names or (row.fen is not None and row.entries >= 3)
