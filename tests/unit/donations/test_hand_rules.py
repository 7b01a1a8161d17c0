"""Codes in memos, counts to the fen, serial numbers, reasons and days: pure rules, by table."""

from __future__ import annotations

import datetime as dt

import pytest

from charity.donations.errors import TextUnfit
from charity.donations.hand import rules
from charity.donations.hand.errors import (
    AccountUnfit,
    CountedLess,
    CountedMore,
    FutureDay,
    LineAmountUnfit,
    MonthClosed,
    ReasonNeeded,
    SerialUnfit,
)
from charity.kernel.errors import RuleBroken

TODAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("memo", "codes", "slips"),
    [
        ("捐款 7K3M-9QTD", {"7K3M9QTD"}, set()),
        ("捐款7k3m9qtd谢谢", {"7K3M9QTD"}, set()),
        ("７Ｋ３Ｍ－９ＱＴＤ", {"7K3M9QTD"}, set()),
        ("缴款单S2026-000012", set(), {"S2026-000012"}),
        ("S2026000012 和 S2026-000013", set(), {"S2026-000012", "S2026-000013"}),
        ("S2026-000012 7K3M-9QTD", {"7K3M9QTD"}, {"S2026-000012"}),
        ("X7K3M9QTD", set(), set()),  # nine signs
        ("7K3M9QTI", set(), set()),  # no I in a code
        ("一元捐", set(), set()),
        (None, set(), set()),
    ],
)
def test_memo_names(memo: str | None, codes: set[str], slips: set[str]) -> None:
    found = rules.named_in(memo)
    assert (set(found.codes), set(found.slips)) == (codes, slips)


def test_printed_code_is_found_again() -> None:
    assert rules.named_in(f"捐 {rules.printed_code('7K3M9QTD')}").codes == {"7K3M9QTD"}
    assert rules.named_in(rules.slip_number(2026, 12)).slips == {"S2026-000012"}


@pytest.mark.parametrize(
    ("counted", "error", "difference"),
    [(1_000, None, ""), (999, CountedLess, "¥0.01"), (1_050, CountedMore, "¥0.50"),
     (0, CountedLess, "¥10.00")],
)  # fmt: skip
def test_counted_is_entered(counted: int, error: type[RuleBroken] | None, difference: str) -> None:
    if error is None:
        rules.require_counted(counted, 1_000)
        return
    with pytest.raises(error) as caught:
        rules.require_counted(counted, 1_000)
    assert caught.value.facts == {"entered": "¥10.00", "difference": difference}


def test_days() -> None:
    assert rules.fit_day(TODAY, today=TODAY, closed=False, field="day") == TODAY
    with pytest.raises(FutureDay):
        rules.fit_day(TODAY + dt.timedelta(days=1), today=TODAY, closed=False, field="day")
    with pytest.raises(MonthClosed):
        rules.fit_day(TODAY, today=TODAY, closed=True, field="day")


@pytest.mark.parametrize("serial", ["", " ", "序号1", "a b", "=1+1", "x" * 61, "-1", "a\nb"])
def test_serial_unfit(serial: str) -> None:
    with pytest.raises(SerialUnfit):
        rules.fit_serial(serial)


def test_serial_fits() -> None:
    assert rules.fit_serial(" ２０２６-0001/a ") == "2026-0001/a"


@pytest.mark.parametrize("fen", [0, -1, True, 1.5, "1", 10**13 + 1])
def test_line_amount_unfit(fen: object) -> None:
    with pytest.raises(LineAmountUnfit):
        rules.fit_line_amount(fen)


@pytest.mark.parametrize("reason", ["", "  ", None, "长" * 201, "a\u202eb"])
def test_reason_needed(reason: str | None) -> None:
    with pytest.raises(ReasonNeeded):
        rules.fit_reason(reason)


@pytest.mark.parametrize("number", ["1234567", "12345678a!", "1" * 35, ""])
def test_account_unfit(number: str) -> None:
    with pytest.raises(AccountUnfit):
        rules.fit_account_number(number)


def test_words_of_the_bank() -> None:
    assert rules.fit_words("  款项\n来自 + 某某 ", "memo", 20) == "款项 来自 + 某某"
    assert rules.fit_words(" ", "memo", 20) is None
    for bad in ("长" * 21, "a\u200bb", "a\x00b"):
        with pytest.raises(TextUnfit):
            rules.fit_words(bad, "memo", 20)
