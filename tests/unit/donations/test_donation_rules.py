"""Limits, texts and codes of gifts, without a database."""

from __future__ import annotations

import datetime as dt

import pytest

from charity.donations import rules
from charity.donations.errors import (
    AmountTooLarge,
    AmountTooSmall,
    BelowMinimum,
    EmailUnfit,
    PhoneUnfit,
    TextUnfit,
)
from charity.donations.fees import FeeRule

LIMITS = rules.Limits(min_fen=1, max_fen=100_000_000, max_items=20, intent_hours=24)


@pytest.mark.parametrize("fen", [0, -1, True, 1.0, "1", None])
def test_amount_that_is_no_whole_positive_fen_is_too_small(fen: object) -> None:
    with pytest.raises(AmountTooSmall) as caught:
        rules.fit_amount(fen, "items.0.amount_fen", LIMITS)
    assert caught.value.field == "items.0.amount_fen"


@pytest.mark.parametrize("fen", [100_000_001, 10**12, 10**400])
def test_amount_above_the_limit(fen: int) -> None:
    with pytest.raises(AmountTooLarge):
        rules.fit_amount(fen, "amount_fen", LIMITS)


def test_amount_below_what_the_provider_takes() -> None:
    with pytest.raises(BelowMinimum) as caught:
        rules.require_least(399, 400, "amount_fen")
    assert (caught.value.field, caught.value.facts) == ("amount_fen", {"least": "¥4.00"})
    rules.require_least(400, 400, "amount_fen")


@pytest.mark.parametrize(
    "text",
    [
        "张\x00三",
        "张\n三",
        "张\u202e三",
        "张\u2066三",
        "\ud800",
        "张\ufeff三",
        "张\ue000三",
        "张三🙂",
        "a" * 61,
        "a" * 10**6,
        "张\u2028三",
    ],
)
def test_name_that_is_refused(text: str) -> None:
    with pytest.raises(TextUnfit) as caught:
        rules.fit_text(text, "donor.name", rules.NAME_LENGTH)
    assert caught.value.field == "donor.name"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  张三 ", "张三"),
        ("", None),
        ("   ", None),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("O'Brien-Łukasz", "O'Brien-Łukasz"),
        ("\u0065\u0301", "\u00e9"),
        ("𠮷野", "𠮷野"),
        ("阿依古丽（秦安）", "阿依古丽（秦安）"),
    ],
)
def test_name_that_is_taken(text: str, clean: str | None) -> None:
    assert rules.fit_text(text, "donor.name", rules.NAME_LENGTH) == clean


def test_message_may_have_lines_and_symbols_but_nothing_invisible() -> None:
    assert rules.fit_text("加油🙂\r\n❤️ 1+1", "message", 200, free=True) == "加油🙂\n❤️ 1+1"
    with pytest.raises(TextUnfit):
        rules.fit_text("加油\u202e", "message", 200, free=True)


def test_email_and_phone() -> None:
    assert rules.fit_email(" Zhang@Example.ORG ") == "Zhang@example.org"
    assert rules.fit_email("  ") is None
    for wrong in (
        "zhang",
        "a@b",
        "a b@c.org",
        "a@c.org\nbcc:x",
        "a" * 300 + "@c.org",
        "a@\x00.org",
    ):
        with pytest.raises(EmailUnfit):
            rules.fit_email(wrong)
    assert rules.fit_phone("+86 138-0000-0000") == "+8613800000000"
    assert rules.fit_phone("１３８００００００００") == "13800000000"
    for wrong in ("12", "abc", "1" * 40, "138\x000000000"):
        with pytest.raises(PhoneUnfit):
            rules.fit_phone(wrong)


@pytest.mark.parametrize(
    ("fen", "fee"), [(1, 1), (100, 1), (249, 1), (250, 2), (1_000, 6), (10_083, 60), (10_084, 61)]
)
def test_fee_is_rounded_half_up_and_at_least_one_fen(fen: int, fee: int) -> None:
    rule = FeeRule("x", dt.date(2023, 1, 1), "", permyriad=60, fixed_fen=0, least_fen=1)
    assert rule.of(fen) == fee
