"""How a week's sample is drawn, and which records tell of access."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.audit.kinds import SampleKind
from charity.audit.rules import days_of, is_access, places, week_of

ORIGIN, WEEK = "7g3kq0example00", "2026-W47"


def by_hand(size: int, wanted: int) -> list[int]:
    """The recipe as the page tells it, written a second time."""
    found: list[int] = []
    for turn in range(10_000):
        sign = hashlib.sha256(f"{ORIGIN}/{WEEK}/entry/{turn}".encode()).hexdigest()
        place = int(sign[:16], 16) % size + 1
        if place not in found:
            found.append(place)
        if len(found) == min(size, wanted):
            return found
    raise AssertionError("never")


@pytest.mark.parametrize("size", [1, 7, 20, 21, 5_000, 1_000_000])
def test_anyone_draws_the_same(size: int) -> None:
    drawn = places(ORIGIN, WEEK, SampleKind.ENTRY, size, 20)
    assert list(drawn) == by_hand(size, 20)


@given(st.integers(0, 400), st.integers(0, 30))
def test_as_many_as_wanted_each_once_and_in_reach(size: int, wanted: int) -> None:
    drawn = places(ORIGIN, WEEK, SampleKind.REFUND, size, wanted)
    assert len(drawn) == len(set(drawn)) == min(size, wanted)
    assert all(1 <= place <= size for place in drawn)


def test_week_kind_and_ledger_change_the_draw() -> None:
    here = places(ORIGIN, WEEK, SampleKind.ENTRY, 1_000, 20)
    assert here != places(ORIGIN, "2026-W48", SampleKind.ENTRY, 1_000, 20)
    assert here != places("another", WEEK, SampleKind.ENTRY, 1_000, 20)
    assert here != places(ORIGIN, WEEK, SampleKind.ACCESS, 1_000, 20)


def test_every_place_is_as_likely() -> None:
    """300 weeks of 10 out of 50: each place about 60 times, none of them hardly ever."""
    counted = Counter(
        place
        for week in range(300)
        for place in places(ORIGIN, f"week {week}", SampleKind.ENTRY, 50, 10)
    )
    assert set(counted) == set(range(1, 51))
    assert min(counted.values()) > 30
    assert max(counted.values()) < 95


def test_weeks() -> None:
    assert week_of(dt.date(2026, 11, 22)) == "2026-W47"
    assert week_of(dt.date(2027, 1, 1)) == "2026-W53"
    assert days_of("2026-W47") == (dt.date(2026, 11, 16), dt.date(2026, 11, 23))
    for wrong in ("2026-W54", "2026-W00", "2025-W53", "2026W47", "2026-W4", "", "２０２６-W47",
                  "9999-W53"):  # fmt: skip
        assert days_of(wrong) is None, wrong


@pytest.mark.parametrize(
    ("verb", "tells"),
    [
        ("correction.names_seen", True),
        ("payee.revealed", True),
        ("payee.account_revealed", True),
        ("evidence.seen", True),
        ("export.made", True),
        ("export.refused", True),
        ("campaign.taken_down", False),
        ("team.opened", False),
        ("refund.asked", False),
        ("unforeseen", False),
    ],
)
def test_which_records_tell_of_access(verb: str, tells: bool) -> None:
    assert is_access(verb) is tells
