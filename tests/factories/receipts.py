"""Facts of receipts, invented."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from charity.receipts.rules import LARGEST_FEN, LIMITS, Facts

_BASE = Facts(
    number="T2026-00000001",
    code="7K2M-9QXP-4HTB-E3WD",
    test=True,
    donor="张小明",
    donor_public="张*",
    donor_uscc=None,
    campaign_name="家家幸福一元捐",
    filing_number="53620000MJT00000XXA26001",
    unit_name="秦安县刘坪镇妇女联合会",
    amount_fen=27_482_494,
    currency="CNY",
    given_on=dt.date(2026, 11, 20),
    issued_on=dt.date(2026, 11, 21),
    issued_at=dt.datetime(2026, 11, 21, 3, 4, 5, tzinfo=dt.UTC),
    handler="王惠兰",
    charity_name="陇原示例慈善基金会",
    charity_uscc="53620000MJT0000001",
    bill_wish="wanted",
    base_url="https://charity.example.org",
)


def facts(**changes: Any) -> Facts:
    """Facts of a receipt for test money, with what the test changes."""
    return dataclasses.replace(_BASE, **changes)


def longest_facts() -> Facts:
    """Every text at its limit, the largest amount, and all that may stand on the page at once."""

    def filled(field: str) -> str:
        words = "结对帮扶爱心甘肃临夏回族自治州积石山保安族东乡族撒拉族自治县"
        return (words * 20)[: LIMITS[field]]

    return facts(
        **{field: filled(field) for field in LIMITS},
        donor_uscc="91620000MA00000001",
        amount_fen=LARGEST_FEN,
        replaces="T2026-00000002",
        base_url=f"https://{'a' * 40}.example.org",
    )
