"""What a report's document must be, and how two versions differ."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from charity.disclosures import rules
from charity.disclosures.errors import PeriodUnfit, ReasonNeeded, TextNeeded, TextTooLong

NAMES = (
    *rules.ADD, *rules.TAKE, "reserved_fen", "proved_fen", "available_fen", "shortfall_fen",
    "left_fen", "clearing_fen", "transit_fen", "bank_fen", "pending_in_fen", "advance_fen",
)  # fmt: skip
DAY = dt.date(2026, 7, 1)


def column(**given: int) -> dict[str, int]:
    """A column that adds up: raised money of which some is used and some reserved."""
    found = dict.fromkeys(NAMES, 0) | given
    left = sum(found[name] for name in rules.ADD) - sum(found[name] for name in rules.TAKE)
    found["left_fen"] = left
    found["available_fen"] = left - found["reserved_fen"] + found["shortfall_fen"]
    found["bank_fen"] = left + found["pending_in_fen"] + found["advance_fen"]
    return found


def part(opening: dict[str, int], closing: dict[str, int]) -> dict[str, dict[str, int]]:
    movement = {name: closing[name] - opening[name] for name in NAMES}
    return {"opening": opening, "movement": movement, "closing": closing}


def document() -> dict[str, Any]:
    """Two units, one below the other, and a use."""
    upper = part(column(raised_fen=500), column(raised_fen=900, fees_fen=6, reserved_fen=100))
    lower = part(column(), column(raised_fen=300, used_fen=120, proved_fen=120))
    both = {
        name: rules.add([upper[name], lower[name]], NAMES) for name in rules.COLUMNS
    }  # fmt: skip
    use = {"id": "u1", "title": "煤", "used_fen": 120, "proved_fen": 120}
    return {
        "totals": both,
        "units": [
            {"code": "A", "name": "上", "own": upper, "subtree": both},
            {"code": "B", "name": "下", "own": lower, "subtree": lower},
        ],
        "uses": [use],
        "other_used_fen": 0,
    }


def test_a_document_that_adds_up() -> None:
    assert rules.disagreements(document()) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", ["opening", "movement", "closing"])
def test_one_fen_more_anywhere_is_found(name: str, where: str) -> None:
    for take in (
        lambda made: made["totals"],
        lambda made: made["units"][0]["own"],
        lambda made: made["units"][1]["subtree"],
    ):
        made = copy.deepcopy(document())
        take(made)[where][name] += 1
        assert rules.disagreements(made), (name, where)


def test_uses_that_do_not_sum_are_found() -> None:
    made = document()
    made["uses"][0]["used_fen"] -= 1
    assert rules.disagreements(made)
    made["other_used_fen"] = 1
    assert rules.disagreements(made) == []


def test_the_difference_of_two_versions() -> None:
    old, new = document(), document()
    assert rules.difference(old, new) == []
    new["units"][1]["own"]["closing"]["raised_fen"] = 301
    new["totals"]["closing"]["raised_fen"] = 1_201
    new["uses"] = [{"id": "u2", "title": "米", "used_fen": 7, "proved_fen": 0}]
    found = [
        (
            one["part"],
            one["code"],
            one["column"],
            one["figure"],
            one["before_fen"],
            one["after_fen"],
        )
        for one in rules.difference(old, new)
    ]
    assert found == [
        ("totals", "", "closing", "raised_fen", 1_200, 1_201),
        ("unit", "B", "closing", "raised_fen", 300, 301),
        ("use", "u2", "movement", "used_fen", 0, 7),
        ("use", "u1", "movement", "used_fen", 120, 0),
        ("use", "u1", "movement", "proved_fen", 120, 0),
    ]


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [(0, 0, True), (0, 30, True), (1, 0, False), (-1, 5, False), (0, 31, False)],
)
def test_days(first: int, last: int, fits: bool) -> None:
    days = [DAY + dt.timedelta(days=each) for each in (first, last, 30)]

    def check() -> None:
        rules.check_period(days[0], days[1], starts_on=DAY, today=days[2])

    if fits:
        check()
    else:
        with pytest.raises(PeriodUnfit):
            check()


def test_words() -> None:
    rules.check_words("字", "", "", correction=False)
    rules.check_words("字", "", "因为", correction=True)
    with pytest.raises(TextNeeded):
        rules.check_words(" \n", "", "", correction=False)
    with pytest.raises(TextTooLong):
        rules.check_words("字", "x" * 20_001, "", correction=False)
    with pytest.raises(ReasonNeeded):
        rules.check_words("字", "", " ", correction=True)
