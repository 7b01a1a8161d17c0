"""Numbers, codes, canonical facts, limits."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from charity.receipts import rules
from charity.receipts.errors import AmountWrong, TextTooLong
from charity.receipts.kinds import Series
from tests.factories.receipts import facts


def test_numbers_are_written_and_read() -> None:
    assert rules.format_number(Series.TEST, 2026, 1) == "T2026-00000001"
    for typed in (
        "T2026-00000001", "t2026-00000001", " T2026 00000001 ",
        "Ｔ２０２６－０００００００１", "T202600000001", "T2026—00000001", "T2026−00000001",
    ):  # fmt: skip
        assert rules.normal_number(typed) == "T2026-00000001", typed


@pytest.mark.parametrize(
    "typed", ["", "X2026-00000001", "T2026-1", "T2026-000000001", "T" * 1_000_000, "\x00", "\ud800"]
)
def test_what_is_no_number(typed: str) -> None:
    assert rules.normal_number(typed) is None


@pytest.mark.parametrize("seq", [0, -1, 10**8])
def test_a_series_has_an_end(seq: int) -> None:
    with pytest.raises(ValueError, match="series"):
        rules.format_number(Series.REAL, 2026, seq)


@given(st.text(rules.CODE_ALPHABET, min_size=16, max_size=16))
def test_codes_are_read_as_hands_write_them(bare: str) -> None:
    code = rules.group_code(bare)
    assert rules.normal_code(code) == code
    assert rules.normal_code(code.lower().replace("-", " ")) == code
    assert rules.normal_code(bare.replace("0", "O").replace("1", "l")) == code


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(text: str) -> None:
    code = rules.normal_code(text)
    assert code is None or len(code) == 19


def test_facts_are_canonical_json() -> None:
    made = facts(donor="“张\n三” é <&> \u2028", donor_public=None)
    data = rules.facts_json(made)
    assert data == rfc8785.dumps(json.loads(data))
    assert rules.facts_hash(made) == hashlib.sha256(data).hexdigest()
    content = json.loads(data)
    assert content["amount_fen"] == 27_482_494
    assert content["given_on"] == "2026-11-20"
    assert content["issued_at"] == "2026-11-21T03:04:05Z"


def test_every_fact_changes_the_hash() -> None:
    made = facts()
    seen = {rules.facts_hash(made)}
    for field in dataclasses.fields(made):
        value = getattr(made, field.name)
        other: object = "x"
        if isinstance(value, bool):
            other = not value
        elif isinstance(value, int):
            other = value + 1
        elif isinstance(value, dt.datetime):
            other = value + dt.timedelta(seconds=1)
        elif isinstance(value, dt.date):
            other = value + dt.timedelta(days=1)
        seen.add(rules.facts_hash(dataclasses.replace(made, **{field.name: other})))
    assert len(seen) == 1 + len(dataclasses.fields(made))


@pytest.mark.parametrize("field", rules.LIMITS)
def test_texts_have_limits(field: str) -> None:
    rules.require_fits(facts(**{field: "字" * rules.LIMITS[field]}))
    with pytest.raises(TextTooLong) as refusal:
        rules.require_fits(facts(**{field: "字" * (rules.LIMITS[field] + 1)}))
    assert refusal.value.field == field


@pytest.mark.parametrize("fen", [0, -1, 10**12])
def test_amounts_have_limits(fen: int) -> None:
    with pytest.raises(AmountWrong):
        rules.require_fits(facts(amount_fen=fen))


def test_texts_are_brought_onto_one_line() -> None:
    assert rules.clean(" 张\n\t三\u3000 李\u0301 ") == "张 三 李\u0301"
