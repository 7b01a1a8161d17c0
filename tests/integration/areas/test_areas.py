"""Areas: Gansu's own, with dates and successors; the table is the package's data, no more."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from charity.areas import queries, services
from charity.areas.errors import UnknownArea
from charity.areas.kinds import AreaLevel
from charity.config import bundle_dir
from charity.figures.checks import everything
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import services as ledger
from tests.conftest import TestDatabase
from tests.gifts import make_place

TODAY = dt.date(2026, 11, 22)
BEFORE = dt.date(2018, 8, 31)


def test_fourteen_prefectures_and_eighty_six_counties(ctx: Flask) -> None:
    (province,) = queries.children()
    assert (province.code, province.name, province.name_en) == ("620000", "甘肃省", "Gansu")
    prefectures = queries.children("620000")
    assert len(prefectures) == 14
    assert {one.level for one in prefectures} == {AreaLevel.PREFECTURE}
    counties = [one for each in prefectures for one in queries.children(each.code)]
    assert len(counties) == 86
    assert {one.level for one in counties} == {AreaLevel.COUNTY}
    assert len({one.code for one in counties}) == 86
    assert all(one.name and one.name_en.isascii() for one in counties)
    assert queries.children("620200") == []
    everyone = queries.everything()
    assert len(everyone) == 101
    assert [one.code for one in everyone] == sorted(one.code for one in everyone)


def test_names_from_the_top(ctx: Flask) -> None:
    assert queries.path_name("620522") == "甘肃省天水市秦安县"
    assert queries.path_name("622927") == "甘肃省临夏回族自治州积石山保安族东乡族撒拉族自治县"
    assert queries.path_name("620522103") == "甘肃省天水市秦安县"
    assert [one.code for one in queries.path("620200")] == ["620000", "620200"]


def test_a_county_that_became_a_city(ctx: Flask) -> None:
    county = queries.area("620824", BEFORE)
    assert (county.name, county.successor_code) == ("华亭县", "620881")
    assert queries.area("620881").name == "华亭市"
    assert queries.today_of("620824").name == "华亭市"
    assert queries.today_of("620881").code == "620881"
    with pytest.raises(UnknownArea):
        queries.area("620824", TODAY)
    with pytest.raises(UnknownArea):
        queries.area("620881", BEFORE)
    # On every day there is one of the two: one ends on the day on which the other begins.
    for day in (BEFORE, BEFORE + dt.timedelta(days=1), TODAY):
        pair = [queries.exists(code, day) for code in ("620824", "620881")]
        assert sorted(pair) == [False, True]
        assert len(queries.children("620800", day)) == 7


@pytest.mark.parametrize(
    ("code", "there"),
    [
        ("620000", True),
        ("620500", True),
        ("620522", True),
        ("620522103", True),  # a town of a county
        ("620522103901", True),
        ("620201100", True),  # a town of a city without counties
        ("620171", False),  # a zone
        ("620201", False),  # a statistical row
        ("620824", False),  # ended
        ("620824101", False),
        ("620500103", False),  # a town belongs to a county
        ("629999", False),
        ("110000", False),
        ("62", False),
        ("62052210", False),
        ("６２０５２２", False),
        ("62０522", False),
        ("620522'--", False),
        ("", False),
        ("x" * 500, False),
    ],
)
def test_codes(ctx: Flask, code: str, there: bool) -> None:
    assert queries.exists(code, TODAY) is there


def test_unknown_areas_have_a_sentence(ctx: Flask) -> None:
    for ask in (queries.area, queries.path, queries.path_name, queries.today_of):
        with pytest.raises(UnknownArea) as caught:
            ask("629999")
        assert caught.value.sentence()
    assert queries.children("629999") == []


def rows(url: str) -> set[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as conn:
        found = {tuple(row) for row in conn.execute(text("SELECT * FROM areas_area"))}
    engine.dispose()
    return found


def test_seeding_is_idempotent_and_mends(database: TestDatabase) -> None:
    before = rows(database.owner_url)
    assert len(before) == len(services.rows()) == 102
    engine = create_engine(database.owner_url)
    with engine.begin() as conn:
        assert services.seed(conn) == 0
        conn.execute(text("UPDATE areas_area SET name = '别名' WHERE code = '620522'"))
        conn.execute(text("DELETE FROM areas_area WHERE code = '620102'"))
        # The wrong row goes, and two right ones come.
        assert services.seed(conn) == 3
    engine.dispose()
    assert rows(database.owner_url) == before


def test_an_upgrade_brings_the_areas(database: TestDatabase) -> None:
    before = rows(database.owner_url)
    engine = create_engine(database.owner_url)
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM areas_area"))
    engine.dispose()
    role = None if database.dialect == "sqlite" else "charity_app"
    ledger.prepare(database.owner_url, bundle_dir() / "migrations", app_role=role, birth=None)
    assert rows(database.owner_url) == before


def test_the_application_does_not_write_areas(ctx: Flask, database: TestDatabase) -> None:
    if database.dialect == "sqlite":
        return  # SQLite has no roles; the table is brought to the data with every upgrade
    with pytest.raises(DBAPIError, match="permission denied"), atomic():
        db.session().execute(text("UPDATE areas_area SET name = 'x'"))


def verdicts() -> dict[str, bool]:
    return {check.name: check.ok for check in everything().checks}


def test_check_finds_codes_that_are_none(ctx: Flask) -> None:
    make_place()
    unit, campaign = (
        "every raising unit lies in an area that exists",
        "every campaign's area exists",
    )
    assert verdicts()[unit]
    assert verdicts()[campaign]
    for code, good in (("620824", True), ("620201100", True), ("620500103", False), ("1", False)):
        with atomic():
            db.session().execute(text("UPDATE funds_unit SET area_code = :code"), {"code": code})
            db.session().execute(
                text("UPDATE funds_campaign SET area_code = :code"), {"code": code}
            )
        found = verdicts()
        assert (found[unit], found[campaign]) == (good, good), code
