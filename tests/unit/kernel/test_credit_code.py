"""A credit code is taken in the forms people type it, and refused with any character changed."""

from __future__ import annotations

import pytest

from charity.kernel import credit_code

CODE = "91110000600037341L"


@pytest.mark.parametrize(
    "typed", [CODE, " 91110000600037341l ", "９１１１００００６０００３７３４１Ｌ"]
)
def test_taken(typed: str) -> None:
    assert credit_code.clean(typed) == CODE


@pytest.mark.parametrize(
    "wrong", ["", CODE[:-1], CODE + "0", "x" * 50, "9111000060003734IL", "\x00"]
)
def test_refused(wrong: str) -> None:
    assert credit_code.clean(wrong) is None


@pytest.mark.parametrize("place", range(18))
def test_any_one_changed_digit_is_found(place: int) -> None:
    # The modulus 31 is prime and no weight is a multiple of it.
    changed = "2" if CODE[place] != "2" else "3"
    assert credit_code.clean(CODE[:place] + changed + CODE[place + 1 :]) is None
