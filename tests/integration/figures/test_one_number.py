"""One number, one query: each figure of the demonstration's campaigns and units is the same on
page, table, API, CSV and XLSX, and in a report's page, data, files and printed text, to the fen."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, text

from charity.cli import demo
from charity.cli import demo_data as data
from charity.figures import checks
from charity.figures import queries as figures
from charity.funds import queries as funds
from charity.kernel.db import db
from tests import reports, surfaces
from tests.conftest import TestDatabase
from tests.surfaces import World

SEED, GIFTS = 20230512, 120
TOWN = data.UNITS[2].code
pytestmark = pytest.mark.slow


@pytest.fixture
def world(app: Flask) -> World:
    """The demonstration, and a report about all of each campaign until today."""
    with app.app_context():
        demo.load_places()
        demo.load_people()
        demo.load_gifts(GIFTS, SEED)
        demo.load_story(SEED, ("sandbox",))
        db.session.remove()
    with app.app_context():
        people = reports.office()
        starts = {one.slug: one.starts_on for one in funds.campaigns()}
        db.session.rollback()
        whole = {
            slug: reports.published(people, drawn=True, slug=slug, first_on=starts[slug]).id
            for slug in starts
        }
        db.session.remove()
    return World(app, surfaces.units_of(app), whole)


def test_each_figure_is_the_same_wherever_it_is_shown(world: World, database: TestDatabase) -> None:
    """And when the owner writes past every guard, what is shown follows alike, what was published
    does not, and the check says so."""
    said = surfaces.said_by_all(world)
    assert surfaces.disagreements(said) == []
    assert set(world.units) == {data.SLUG, data.GENERAL, data.EMERGENCY}
    for slug, units in world.units.items():
        assert len(units) > 2
        for unit in units:
            assert set(said[slug, unit, "own"]) == set(surfaces.SURFACES)
            assert set(said[slug, unit, "subtree"]) == set(surfaces.SURFACES)
    whole = said[data.SLUG, "", "own"]["report's json"]
    assert min(whole[name] for name in ("refunded_fen", "reserved_fen", "proved_fen")) > 0

    place = (data.SLUG, TOWN, "own")
    before = said[place]
    with world.app.app_context():
        assert checks.everything().ok
        db.session.remove()
    engine = create_engine(database.owner_url)
    with engine.begin() as conn:
        _take_guards_away(conn)
        for statement in FORGED:
            conn.execute(text(statement))
    engine.dispose()
    with world.app.app_context():
        figures.tree._kept.clear()
        db.session.remove()
    assert surfaces.said_by_all(dataclasses.replace(world, reports={}))[place] == {
        surface: _one_fen_more(values)
        for surface, values in before.items()
        if not surface.startswith("report")
    }
    assert surfaces.report_json(world)[place] == before["report's json"]
    with world.app.app_context():
        drawn = _anew(world)
        report = checks.everything()
        db.session.remove()
    assert drawn == {
        name: value
        for name, value in _one_fen_more(before["report's json"]).items()
        if name in ("raised_fen", "left_fen")
    }
    assert not report.ok
    found = {check.name for check in report.checks if not check.ok}
    assert "every line of a book comes to what the entries about it posted" in found
    assert any("entry has its postings" in name for name in found)


def _one_fen_more(values: dict[str, int]) -> dict[str, int]:
    moved = {"raised_fen", "left_fen", "available_fen"}
    return {name: value + (name in moved) for name, value in values.items()}


def _anew(world: World) -> dict[str, int]:
    """What a report that is drafted now says of the town."""
    people = reports.office()
    start = funds.campaign(data.SLUG).starts_on
    db.session.rollback()
    draft = reports.begin(people.drafts, start, slug=data.SLUG)
    reports.write(draft, people.drafts)
    units = reports.prepared(draft).document["units"]
    closing = next(unit["own"]["closing"] for unit in units if unit["code"] == TOWN)
    return {name: closing[name] for name in ("raised_fen", "left_fen")}


def _take_guards_away(conn: Connection) -> None:
    if conn.dialect.name == "sqlite":
        names = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in conn.scalars(names).all():
            conn.execute(text(f'DROP TRIGGER "{name}"'))
        return
    for table in ("ledger_posting", "ledger_numbered_total"):
        conn.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


_BOOK = f"(SELECT id FROM ledger_book WHERE unit = '{TOWN}' AND campaign = '{data.SLUG}')"
_ENTRY = f"(SELECT min(id) FROM ledger_entry WHERE book_id = {_BOOK} AND kind = 'gift')"
_TOTAL = (
    "UPDATE ledger_numbered_total SET {side}s = {side}s + 1 WHERE book_id = {book}"
    " AND kind = 'gift' AND account_id ="
    " (SELECT {side}_account_id FROM ledger_posting WHERE entry_id = {entry})"
)
#: One fen more in a gift to the town: its posting, and the totals that pages read.
FORGED = (
    f"UPDATE ledger_posting SET amount_fen = amount_fen + 1 WHERE entry_id = {_ENTRY}",
    _TOTAL.format(side="credit", book=_BOOK, entry=_ENTRY),
    _TOTAL.format(side="debit", book=_BOOK, entry=_ENTRY),
)
