"""Pure decisions about units: texts, levels, days, steps."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.funds import unit_rules as rules
from charity.funds.kinds import AdmissionStep, UnitLevel

DAY = dt.date(2026, 11, 22)
ONE = dt.timedelta(days=1)


@pytest.mark.parametrize("text", ["秦安县", "𠮷野家", "A·B（丙）", "Ünit 1", "  两边有空  "])
def test_names_that_can_be_shown(text: str) -> None:
    assert rules.clean_text(text, 120) == text.strip()


@pytest.mark.parametrize(
    "text", ["a\u202eb", "a\u200bb", "a\x00b", "a\nb", "a" + "\u0301" * 4, "字" * 121]
)
def test_names_that_cannot(text: str) -> None:
    assert rules.clean_text(text, 120) is None


@given(st.text(max_size=200))
def test_clean_text_stays_as_it_is(text: str) -> None:
    clean = rules.clean_text(text, 120)
    if clean is not None:
        assert rules.clean_text(clean, 120) == clean
        assert len(clean) <= 120


def test_levels() -> None:
    assert rules.stands_below(UnitLevel.VILLAGE, UnitLevel.TOWN)
    assert rules.stands_below(UnitLevel.TOWN, UnitLevel.TOWN)
    assert not rules.stands_below(UnitLevel.TOWN, UnitLevel.VILLAGE)
    assert rules.stands_below(UnitLevel.COUNTY, UnitLevel.OTHER)


def test_a_day_on_which_it_closes_is_closed() -> None:
    assert rules.is_open(DAY, None, DAY)
    assert not rules.is_open(DAY + ONE, None, DAY)
    assert rules.is_open(None, DAY + ONE, DAY)
    assert not rules.is_open(None, DAY, DAY)


def test_a_change_fits_between_the_last_and_today() -> None:
    assert rules.fits_day(DAY, DAY, DAY)
    assert not rules.fits_day(DAY + ONE, DAY, None)
    assert not rules.fits_day(DAY - ONE, DAY, DAY)


def test_steps_come_in_their_order() -> None:
    everything = {
        "assessed_fit": False,
        "signed": False,
        "named": False,
        "filed": False,
        "unit_open": False,
    }
    assert rules.missing_steps(**everything) == [
        AdmissionStep.UNIT_OPEN,
        AdmissionStep.ASSESSMENT,
        AdmissionStep.AGREEMENT,
        AdmissionStep.NAMING,
        AdmissionStep.FILED,
    ]
    assert rules.missing_steps(**dict.fromkeys(everything, True)) == []
