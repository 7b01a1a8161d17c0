"""A gift's way from intent to ledger."""

from __future__ import annotations

from charity.donations import queries
from charity.donations.kinds import GiftStatus, PaymentStatus
from charity.kernel.atomic import atomic
from charity.ledger import services as ledger
from tests.gifts import COUNTY, OFFICE, TOWN, Place, body, create, give, settle, tell


def balances(place: Place) -> dict[str, tuple[int, int]]:
    """(available, clearing) of each unit's book."""
    with atomic():
        sheet = ledger.worksheet(place.books.values())
        return {
            code: (sheet.balance(book, "available"), sheet.balance(book, "clearing:sandbox"))
            for code, book in place.books.items()
        }


def test_gift_settles_with_its_fee_and_gets_a_number(place: Place) -> None:
    made = give((COUNTY, 1_000))
    seen = queries.payment(made.payment.id, made.secret)
    assert (seen.status, seen.fee_fen) == (PaymentStatus.PAID, 6)
    (gift,) = seen.gifts
    assert (gift.status, gift.entry_number, gift.is_final) == (GiftStatus.SETTLED, 1, True)
    assert gift.donor_shown == "张*"
    assert balances(place)[COUNTY] == (994, 994)
    assert queries.donors() == 1
    assert [status for status, _ in seen.stages] == ["created", "pending", "paid"]


def test_basket_splits_its_fee_exactly(place: Place) -> None:
    give((OFFICE, 100), (COUNTY, 100), (TOWN, 101))
    # 301 fen at 0.6 % is 2 fen: the largest remainder is the third gift's, then the first's.
    assert [part for part, _ in balances(place).values()] == [99, 100, 100]


def test_gift_without_unit_goes_to_the_fund_office(place: Place) -> None:
    made = give((None, 500))
    assert made.payment.gifts[0].unit_code == OFFICE
    assert balances(place)[OFFICE] == (497, 497)


def test_same_event_twice_settles_once(place: Place) -> None:
    made = create((COUNTY, 1_000))
    raw = body(made)
    tell(raw, body(made), raw)
    assert settle() == 2
    assert balances(place)[COUNTY] == (994, 994)
