"""Units by date, in a tree without circles, with teams; what is refused, and by what."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from charity.areas.errors import UnknownArea
from charity.donations.hand import sheets
from charity.donations.hand.errors import SheetUnfit
from charity.donations.hand.kinds import Method
from charity.donations.models import Gift
from charity.funds import services, teams, unit_errors, unit_queries, unit_register, units
from charity.funds.errors import CodeTaken, CodeUnfit
from charity.funds.kinds import UnitClosing, UnitLevel
from charity.funds.unit_tree import ancestors, subtree
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, create, give, make_place
from tests.people import make_person

VILLAGE = "GS-0004"
TODAY = clock.today()
APPEND_ONLY = r"append-only|not authorized|permission denied"


def days(number: int) -> dt.date:
    """So many days ago."""
    return TODAY - dt.timedelta(days=number)


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    """Office, county, town and a village registered a year ago, two of them raising."""
    make_place()
    with atomic():
        services.create_unit(
            VILLAGE, "老村", "Old village", level=UnitLevel.VILLAGE, area_code="620123101201",
            area_name="老村", parent=TOWN, since=days(365),
        )  # fmt: skip


def test_a_name_holds_from_its_day_on() -> None:
    with atomic():
        units.rename_unit(VILLAGE, "中村", "Middle", since=days(100))
    with atomic():
        units.rename_unit(VILLAGE, "新村", "New", since=days(10))
    names = {day: unit_queries.unit_on(VILLAGE, days(day)).name for day in (366, 365, 101, 100, 10)}
    assert names == {366: "老村", 365: "老村", 101: "老村", 100: "中村", 10: "新村"}
    assert unit_queries.unit_full(VILLAGE).name == "新村"
    assert unit_queries.names_between(VILLAGE, days(200), TODAY) == ["老村", "中村", "新村"]
    assert [change.text for change in unit_queries.history(VILLAGE) if change.kind == "name"] == [
        "新村",
        "中村",
        "老村",
    ]


def test_a_mistake_of_a_day_is_mended_by_a_later_row() -> None:
    for name in ("新忖", "新村"):
        with atomic():
            units.rename_unit(VILLAGE, name, "", since=days(10))
    assert unit_queries.unit_on(VILLAGE, days(10)).name == "新村"
    assert len([each for each in unit_queries.history(VILLAGE) if each.kind == "name"]) == 3


def test_an_area_holds_from_its_day_on_and_must_be_there() -> None:
    with atomic():
        units.place_unit(VILLAGE, "620522103001", "秦安县某村", since=days(5))
    assert unit_queries.unit_on(VILLAGE, days(6)).area_code == "620123101201"
    assert unit_queries.unit_on(VILLAGE, days(5)).area_code == "620522103001"
    for code in ("999999", "62", "62012", "6201231", "62012３", "620199001", "110101"):
        with pytest.raises(UnknownArea) as caught, atomic():
            units.place_unit(VILLAGE, code, "x")
        assert caught.value.sentence()


@pytest.mark.parametrize("since", [days(-1), days(366)])
def test_a_change_is_neither_ahead_nor_before_the_last(since: dt.date) -> None:
    with pytest.raises(unit_errors.DayUnfit) as caught, atomic():
        units.rename_unit(VILLAGE, "新村", "", since=since)
    assert str(days(365)) in caught.value.sentence()
    assert unit_queries.unit_full(VILLAGE).name == "老村"


def test_what_was_so_is_never_changed() -> None:
    for table in ("funds_unit_name", "funds_unit_area", "funds_unit_parent"):
        for statement in (f"UPDATE {table} SET valid_from = '2001-01-01'", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match=APPEND_ONLY), atomic():
                db.session().execute(text(statement))


def test_a_unit_moves_with_all_below_it() -> None:
    assert ancestors(VILLAGE) == (VILLAGE, TOWN, COUNTY, OFFICE)
    with atomic():
        units.move_unit(TOWN, OFFICE)
    assert ancestors(VILLAGE) == (VILLAGE, TOWN, OFFICE)
    assert subtree(OFFICE) == (OFFICE, COUNTY, TOWN, VILLAGE)
    assert [unit_queries.unit_full(code).depth for code in (COUNTY, TOWN, VILLAGE)] == [1, 1, 2]
    assert unit_queries.unit_on(TOWN, TODAY).parent_code == OFFICE
    with atomic():
        units.move_unit(COUNTY, None)
    assert ancestors(COUNTY) == (COUNTY,)
    assert ancestors("nobody") == subtree("nobody") == ()


@pytest.mark.parametrize(("code", "parent"), [(COUNTY, TOWN), (COUNTY, VILLAGE), (TOWN, TOWN)])
def test_no_unit_stands_below_itself(code: str, parent: str) -> None:
    with pytest.raises((unit_errors.InACircle, unit_errors.LevelUnfit)), atomic():
        units.move_unit(code, parent)
    assert ancestors(VILLAGE) == (VILLAGE, TOWN, COUNTY, OFFICE)


def test_without_the_rule_the_database_still_refuses_a_circle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The canary of the rule: taken away, the second wall is met and nothing else."""
    monkeypatch.setattr(units, "ancestors", lambda _code: ())
    monkeypatch.setattr(units.rules, "stands_below", lambda *_: True)
    with pytest.raises((IntegrityError, unit_errors.TooDeep)), atomic():
        units.move_unit(COUNTY, TOWN)
    with pytest.raises(IntegrityError), atomic():
        db.session().execute(
            text(
                "UPDATE funds_unit SET parent_depth = 2, depth = 3, parent_id ="
                " (SELECT id FROM funds_unit WHERE code = :town) WHERE code = :county"
            ),
            {"town": TOWN, "county": COUNTY},
        )
    monkeypatch.undo()
    assert ancestors(VILLAGE) == (VILLAGE, TOWN, COUNTY, OFFICE)


def test_refusals_of_a_new_unit() -> None:
    def new(**changes: object) -> None:
        facts: dict[str, object] = {
            "code": "GS-9", "name": "名", "name_en": "", "level": UnitLevel.VILLAGE,
            "area_code": "620123", "parent": TOWN,
        }  # fmt: skip
        unit_register.create_unit(**{**facts, **changes})  # type: ignore[arg-type]

    cases: list[tuple[type[RuleBroken], dict[str, object]]] = [
        (CodeTaken, {"code": TOWN}),
        (CodeUnfit, {"code": "a b"}),
        (CodeUnfit, {"code": "GS-９"}),
        (unit_errors.NameUnfit, {"name": " "}),
        (unit_errors.NameUnfit, {"name": "名\u202e字"}),
        (unit_errors.NameUnfit, {"name": "名\u200b字"}),
        (unit_errors.NameUnfit, {"name": "a" + "\u0301" * 100}),
        (unit_errors.NameUnfit, {"name": "名\n字"}),
        (unit_errors.NameUnfit, {"name": "名" * 121}),
        (unit_errors.NameUnfit, {"name_en": "\x07"}),
        (UnknownArea, {"area_code": "629999"}),
        (unit_errors.ParentUnknown, {"parent": "nobody"}),
        (unit_errors.InACircle, {"parent": "GS-9"}),
        (unit_errors.LevelUnfit, {"level": UnitLevel.COUNTY}),
        (unit_errors.DayUnfit, {"since": days(-1)}),
    ]
    for error, changes in cases:
        with pytest.raises(error) as caught, atomic():
            new(**changes)
        assert caught.value.sentence()
    with atomic():
        new(name="𠮷村", name_en="Ji village")
    assert unit_queries.unit_full("GS-9").name == "𠮷村"
    assert unit_queries.unit_full("GS-9").area_name == "甘肃省兰州市榆中县"


def test_a_unit_that_ends_keeps_its_book_and_takes_no_gifts() -> None:
    give((TOWN, 1_000))
    with atomic():
        units.move_unit(VILLAGE, COUNTY)
    with atomic():
        units.end_unit(TOWN, UnitClosing.MERGED, successor=COUNTY)
    view = unit_queries.unit_full(TOWN)
    assert (view.closed_on, view.successor_code, view.is_open) == (TODAY, COUNTY, False)
    from charity.figures import queries as figures

    assert figures.unit_page(SLUG, TOWN).row.figures.raised_fen == 1_000
    with pytest.raises(unit_errors.UnitNotTaking) as caught:
        create((TOWN, 1_000))
    assert caught.value.field == "items.0.unit"
    for verb in (
        lambda: units.rename_unit(TOWN, "又名", ""),
        lambda: units.move_unit(TOWN, OFFICE),
        lambda: units.end_unit(TOWN, UnitClosing.LEFT),
        lambda: teams.open_team(TOWN, "T", "队"),
    ):
        with pytest.raises(unit_errors.UnitClosed), atomic():
            verb()
    with pytest.raises(unit_errors.ParentClosed), atomic():
        units.move_unit(VILLAGE, TOWN)


def test_what_hinders_an_end() -> None:
    with pytest.raises(unit_errors.HasSubUnits) as caught, atomic():
        units.end_unit(TOWN, UnitClosing.LEFT)
    assert "1" in caught.value.sentence()
    with atomic():
        units.move_unit(COUNTY, None)
    with pytest.raises(unit_errors.OfficeStays), atomic():
        units.end_unit(OFFICE, UnitClosing.LEFT)
    for successor in (None, VILLAGE, "nobody"):
        with pytest.raises(unit_errors.SuccessorUnfit), atomic():
            units.end_unit(VILLAGE, UnitClosing.MERGED, successor=successor)


def test_a_team_keeps_its_code_and_its_unit() -> None:
    with atomic():
        teams.open_team(TOWN, "T-1", "一队", since=days(50))
    with atomic():
        teams.rename_team("T-1", "先锋队", since=days(10))
    assert unit_queries.team_names("T-1") == [(days(50), "一队"), (days(10), "先锋队")]
    given = create((TOWN, 1_000), items=_items(TOWN, "T-1"))
    with atomic():
        teams.move_team("T-1", COUNTY, "T-2")
    old, new = unit_queries.team("T-1"), unit_queries.team("T-2")
    assert (old.unit_code, old.closed_on, old.moved_to, old.is_open) == (TOWN, TODAY, "T-2", False)
    assert (new.unit_code, new.name, new.is_open) == (COUNTY, "先锋队", True)
    assert db.session().scalars(select(Gift.team)).all() == ["T-1"]
    assert given.payment.gifts[0].unit_code == TOWN
    for code in ("T-1", "T-2", TOWN):
        with pytest.raises(CodeTaken), atomic():
            teams.open_team(TOWN, code, "又一队")
    for verb in (
        lambda: teams.rename_team("T-1", "别名"),
        lambda: teams.close_team("T-1"),
        lambda: teams.move_team("T-1", OFFICE, "T-3"),
    ):
        with pytest.raises(unit_errors.TeamNotTaking), atomic():
            verb()
    with pytest.raises(unit_errors.NoSuchTeam), atomic():
        teams.close_team("T-9")
    with pytest.raises(unit_errors.NothingChanged), atomic():
        teams.move_team("T-2", COUNTY, "T-4")


def _items(unit: str | None, team: str) -> tuple[object, ...]:
    from charity.donations.services import GiftItem

    return (GiftItem(SLUG, unit, 1_000, team),)


def test_a_gift_names_an_open_team_of_its_own_unit() -> None:
    with atomic():
        teams.open_team(TOWN, "T-1", "一队")
        teams.open_team(COUNTY, "T-2", "二队")
        teams.open_team(TOWN, "T-3", "三队")
        teams.close_team("T-3")
    create(items=_items(TOWN, "T-1"))
    for unit, team in ((TOWN, "T-2"), (TOWN, "T-3"), (TOWN, "nobody"), (None, "T-1")):
        with pytest.raises(unit_errors.TeamNotTaking) as caught:
            create(items=_items(unit, team))
        assert caught.value.field == "items.0.team"
    assert db.session().scalars(select(Gift.team)).all() == ["T-1"]


def test_a_sheet_names_a_team_that_was_open_on_its_day() -> None:
    with atomic():
        clerk = make_person("某经办", Grant(Role.UNIT_CLERK, TOWN))
        teams.open_team(TOWN, "T-1", "一队", since=days(5))
        teams.open_team(COUNTY, "T-2", "二队", since=days(50))

    def enter(team: str, ago: int) -> str:
        asked = sheets.SheetAsked(
            form_id=f"{team}{ago}",
            campaign=SLUG,
            unit=TOWN,
            method=Method.CASH,
            collected_on=days(ago),
            lines=(sheets.LineAsked(1_000, team=team),),
        )
        with atomic():
            return sheets.enter(asked, by=clerk)

    assert enter("T-1", 5)
    for team, ago in (("T-1", 6), ("T-2", 5), ("nobody", 5)):
        with pytest.raises(SheetUnfit):
            enter(team, ago)
