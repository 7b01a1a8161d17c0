"""Reading, writing and dividing money."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charity.kernel.money import (
    MoneyError,
    capital_figures,
    format_yuan,
    parse_yuan,
    plain,
    split,
    yuan,
)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("1", 100),
        ("30.5", 3050),
        ("30.50", 3050),
        (" 30 ", 3000),
        ("３０．５０", 3050),
        ("9999999999.99", 999_999_999_999),
    ],
)
def test_amounts_are_read(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        *(
            (text, "not_an_amount")
            for text in (
                "-1", "+1", "NaN", "inf", "1e308", "1e2", "0x10", "1.005", "1.", ".5", "01", "00",
                "1,000", "1 000", "1_000", "壹佰", "一百", "٣", "१", "½", "1\n2", "1\x00", "¥1",
                "10000000000", "1000000000000", "1" * 1_000_000, "\ud800", "1。5",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str, code: str) -> None:
    with pytest.raises(MoneyError) as refusal:
        parse_yuan(text)
    assert refusal.value.code == code


@given(st.integers(0, 999_999_999_999))
def test_written_and_read_again(fen: int) -> None:
    assert parse_yuan(plain(fen)) == fen
    assert format_yuan(fen).replace(",", "") == plain(fen)


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    with contextlib.suppress(MoneyError):
        assert 0 <= parse_yuan(text) < 10**12


def test_written() -> None:
    assert format_yuan(27_482_494) == "274,824.94"
    assert yuan(27_482_494) == "¥274,824.94"
    assert plain(27_482_494) == "274824.94"
    assert format_yuan(5) == "0.05"
    assert format_yuan(-5) == "-0.05"
    assert yuan(-12_345_600) == "-¥123,456.00"


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角"),
        (50, "伍角"),
        (105, "壹元零伍分"),
        (110, "壹元壹角"),
        (1_000, "壹拾元整"),
        (3_000, "叁拾元整"),
        (10_100, "壹佰零壹元整"),
        (1_234_567, "壹万贰仟叁佰肆拾伍元陆角柒分"),
        (1_000_000, "壹万元整"),
        (10_001_000, "壹拾万零壹拾元整"),
        (10_000_000_110, "壹亿零壹元壹角"),
        (999_999_999_999, "玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_capital_figures(fen: int, words: str) -> None:
    assert capital_figures(fen) == words


@pytest.mark.parametrize("fen", [-1, 10**18])
def test_no_capital_figures_beyond_the_range(fen: int) -> None:
    with pytest.raises(ValueError, match="capital figures"):
        capital_figures(fen)


def oracle(fen: int) -> str:
    import cn2an

    words = str(cn2an.an2cn(plain(fen), "rmb"))
    # For 8 0000 4101 the rules of payment allow both 捌亿零肆仟… and 捌亿肆仟…; we write the 零.
    if fen >= 10**10 and 1_000 <= fen // 100 % 10**8 < 10**4:
        words = words.replace("亿", "亿零")
    return words


def test_capital_figures_agree_with_another_implementation() -> None:
    chance = random.Random(20261121)
    amounts = list(range(2_000)) + [10**k + d for k in range(2, 13) for d in (-1, 0, 1, 10, 100)]
    for _ in range(20_000):
        digits = chance.randint(3, 13)
        # Many zeros: they are where such words go wrong.
        text = "".join(chance.choice("00000123456789") for _ in range(digits))
        amounts.append(int(text))
    wrong = [(a, capital_figures(a), oracle(a)) for a in amounts if capital_figures(a) != oracle(a)]
    assert wrong == []


@given(st.integers(0, 10**13 - 1))
def test_capital_figures_read_back(fen: int) -> None:
    assert capital_figures(fen) == oracle(fen)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=60).filter(any),
)
@example(100, [1, 1, 1])
def test_parts_sum_to_the_whole_and_are_within_a_fen(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    whole = sum(weights)
    assert sum(parts) == total
    assert all(
        abs(part * whole - total * weight) < whole
        for part, weight in zip(parts, weights, strict=True)
    )
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_ties_go_to_the_earlier() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(2, [1, 1, 1]) == [1, 1, 0]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1]])
def test_nothing_to_divide_by(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, weights)
