"""One row for each raising unit: the sum of its books, kept in memory and never out of date."""

from __future__ import annotations

import dataclasses
import random

import pytest
from flask import Flask
from sqlalchemy import text

from charity.figures import queries as figures
from charity.figures import tree
from charity.funds import services as funds
from charity.funds import units
from charity.funds.kinds import CampaignStatus, UnitLevel
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import queries as ledger
from charity.ledger.queries import FIGURE_COLUMNS, Figures
from tests.gifts import (
    COUNTY,
    OFFICE,
    SLUG,
    TOWN,
    campaign_facts,
    create,
    give,
    make_place,
    settle,
    tell,
)
from tests.gifts import body as body_of

SECOND = "zonghe"
VILLAGES = ("GS-0011", "GS-0012")


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    """Two campaigns; office, county and a village raise in both, the town only in the first."""
    make_place()
    with atomic():
        funds.create_campaign("aixin", campaign_facts(slug=SECOND), office=OFFICE)
        funds.admit_unit(SECOND, COUNTY)
        for code in VILLAGES:
            funds.create_unit(
                code, f"村{code}", "", level=UnitLevel.VILLAGE, area_code="620123", parent=TOWN
            )
            funds.admit_unit(SLUG, code)
        funds.admit_unit(SECOND, VILLAGES[0])


def gift(slug: str, unit: str, fen: int) -> None:
    from charity.donations.services import GiftItem

    made = create(items=(GiftItem(slug, unit, fen),))
    tell(body_of(made))
    settle()


def plus(*all_of: Figures) -> Figures:
    return Figures(*(sum(getattr(one, name) for one in all_of) for name in FIGURE_COLUMNS))


def by_sql() -> dict[str, Figures]:
    """Each unit's own figures over all its books, asked of the database without anything kept."""
    rows = db.session().execute(ledger.book_figures()).mappings().all()
    places = db.session().execute(
        text(
            "SELECT book_id, code FROM funds_campaign_unit p JOIN funds_unit u ON u.id = p.unit_id"
        )
    )
    units_of = {row.book_id: row.code for row in places}
    found: dict[str, Figures] = {code: Figures() for code in units_of.values()}
    for row in rows:
        code = units_of[row["book_id"]]
        found[code] = plus(found[code], Figures(*(row[name] for name in FIGURE_COLUMNS)))
    return found


def check() -> None:
    """Every row of the table is the sum of the unit's books and of those below it."""
    own = by_sql()
    rows = {row.code: row for row in figures.unit_rows(limit=200).items}
    assert rows.keys() == own.keys()
    for code, row in rows.items():
        assert row.figures == own[code], code
        below = [
            row.figures,
            *(rows[each].subtree for each in rows if rows[each].parent_code == code),
        ]
        assert row.subtree == plus(*below), code
    totals = figures.totals()
    assert totals.figures == plus(*own.values())
    assert figures.campaign_figures() == {
        slug: plus(*(row.figures for row in figures.unit_rows(slug, limit=200).items))
        for slug in (SLUG, SECOND)
    }


def test_one_row_for_each_unit_whatever_it_raises_in() -> None:
    gift(SLUG, COUNTY, 1_000)
    gift(SECOND, COUNTY, 2_000)
    gift(SECOND, VILLAGES[0], 4_000)
    page = figures.unit_rows()
    assert [row.code for row in page.items].count(COUNTY) == 1
    county = next(row for row in page.items if row.code == COUNTY)
    assert (county.figures.raised_fen, county.subtree.raised_fen) == (3_000, 7_000)
    assert set(county.campaigns) == {SLUG, SECOND}
    (alone,) = [row for row in figures.unit_rows(SECOND).items if row.code == COUNTY]
    assert (alone.figures.raised_fen, alone.subtree.raised_fen) == (2_000, 6_000)
    check()


def test_what_is_kept_follows_gifts_and_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    places = [(SLUG, code) for code in (OFFICE, COUNTY, TOWN, *VILLAGES)] + [(SECOND, COUNTY)]
    for _ in range(6):
        gift(*chance.choice(places), chance.randrange(100, 10_000))
        check()
    with atomic():
        units.move_unit(VILLAGES[1], COUNTY)
    check()
    with atomic():
        funds.admit_unit(SECOND, TOWN)
    gift(SECOND, TOWN, 500)
    check()
    # The canary: kept without asking which books have moved, the table lies.
    monkeypatch.setattr(ledger, "books_moved", lambda *_: [])
    gift(SLUG, TOWN, 700)
    with pytest.raises(AssertionError):
        check()


def test_an_older_snapshot_gets_its_own_figures() -> None:
    """Another thread has kept what this reader's snapshot does not see yet: it is not believed."""
    give((TOWN, 1_000))
    ours = tree.sums()
    later = {book_id: tuple(2 * fen for fen in row) for book_id, row in ours.by_book.items()}
    theirs = tree.Sums(ours.n + 2, ours.tree, later, ours.proved)
    tree._kept[db.engine] = theirs
    check()
    assert tree._kept[db.engine] is theirs
    # The canary: believed because it is of the same n, it would show.
    tree._kept[db.engine] = tree.Sums(ours.n, ours.tree, later, ours.proved)
    with pytest.raises(AssertionError):
        check()


def test_nothing_is_asked_twice(query_log: list[str]) -> None:
    give((TOWN, 1_000))
    figures.unit_rows()
    query_log.clear()
    figures.unit_rows()
    assert not [each for each in query_log if "ledger_numbered_total" in each]


@pytest.fixture
def query_log() -> object:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_draft_is_in_no_table() -> None:
    draft = campaign_facts(slug="draft", status=CampaignStatus.DRAFT, filing_number="")
    with atomic():
        funds.create_campaign("aixin", draft, office=OFFICE)
    assert figures.unit_rows("draft").items == []
    assert all("draft" not in row.campaigns for row in figures.unit_rows().items)


def test_figures_have_the_fields_that_are_summed() -> None:
    assert tuple(field.name for field in dataclasses.fields(Figures)) == FIGURE_COLUMNS
