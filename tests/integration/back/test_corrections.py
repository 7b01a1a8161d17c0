"""The wrong unit and the wrong name: mended by two people, the old entries stay; both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from charity.approvals.errors import FactsChanged
from charity.donations import queries
from charity.donations.back import corrections, refunds
from charity.donations.back import queries as back_queries
from charity.donations.back.errors import (
    CorrectionUnderWay,
    PersonalData,
    RefundUnderWay,
    SameName,
    SameUnit,
    WordsNeeded,
)
from charity.donations.errors import UnitUnknown
from charity.donations.kinds import GiftStatus
from charity.donations.models import Donor, Gift
from charity.donations.services import DonorDetails
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import queries as ledger_queries
from tests.back import Two, agree, agreed, ask, balance, gift_of, give, send, status
from tests.gifts import COUNTY, SLUG, TOWN, Place, number
from tests.integration.back.test_refunds import all_checks_hold, spend

WHY = "登记时选错了单位"


def ask_unit(gift: str, two: Two, unit: str = TOWN) -> str:
    """A correction of the unit asked for; its request for approval."""
    with atomic():
        made = corrections.ask_unit(gift, by=two.asks, campaign=SLUG, unit=unit, reason=WHY)
    found = back_queries.correction(made).request_id
    db.session().rollback()
    return found


def figures(place: Place, unit: str) -> tuple[int, int, int]:
    """Raised, refunded and fees of a unit's book, numbered."""
    number()
    found = {row.book_id: row for row in db.session().execute(ledger_queries.book_figures())}
    row = found.get(place.books[unit])
    db.session().rollback()
    return (row.raised_fen, row.refunded_fen, row.fees_fen) if row else (0, 0, 0)


def test_a_gift_moves_to_its_right_unit_with_its_fee(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    with atomic():
        shown = corrections.preview_unit(gift, SLUG, TOWN)
    assert [(one.book_id, one.available_fen, one.shortfall_fen) for one in shown] == [
        (place.books[COUNTY], -994, 0),
        (place.books[TOWN], 994, 0),
    ]
    agree(ask_unit(gift, two), two, corrections.apply)
    assert (balance(place.books[COUNTY], "available"), balance(place.books[TOWN], "available")) == (
        0,
        994,
    )
    # It was never raised by the one and is raised by the other; nothing was refunded.
    assert figures(place, COUNTY) == (0, 0, 0)
    assert figures(place, TOWN) == (1_000, 0, 6)
    view = queries.gift_public(gift)
    assert (view.unit_code, view.status) == (TOWN, GiftStatus.SETTLED)
    assert view.entry_number is not None
    db.session().rollback()
    groups = db.session().execute(
        text("SELECT DISTINCT group_id FROM ledger_entry WHERE cause_id = :gift"
             " AND (corrects IS NOT NULL OR idempotency_key LIKE '%-1')").bindparams(gift=gift)
    ).all()  # fmt: skip
    assert len(groups) == 1
    assert groups[0][0] is not None
    db.session().rollback()
    all_checks_hold()


def test_it_may_move_back_and_then_go_back_to_its_donor(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    agree(ask_unit(gift, two), two, corrections.apply)
    agree(ask_unit(gift, two, COUNTY), two, corrections.apply)
    assert figures(place, TOWN) == (0, 0, 0)
    agreed(gift, two)
    send()
    assert status(gift) == GiftStatus.REFUNDED
    assert (balance(place.books[COUNTY], "available"), balance(place.own, "available")) == (
        0,
        29_994,
    )
    all_checks_hold()


def test_what_was_spent_spills_into_a_shortfall_but_is_no_refund(place: Place, two: Two) -> None:
    book = place.books[COUNTY]
    gift = gift_of(give((COUNTY, 1_000)))
    spend(book, 900)
    agree(ask_unit(gift, two), two, corrections.apply)
    assert (balance(book, "available"), balance(book, "shortfall")) == (0, 900)
    assert figures(place, COUNTY) == (0, 0, 0)
    assert balance(place.books[TOWN], "available") == 994
    all_checks_hold()


def test_what_may_not_be_corrected(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    with pytest.raises(SameUnit):
        ask_unit(gift, two, COUNTY)
    with pytest.raises(UnitUnknown):
        ask_unit(gift, two, "NOWHERE")
    with pytest.raises(WordsNeeded), atomic():
        corrections.ask_unit(gift, by=two.asks, campaign=SLUG, unit=TOWN, reason=" ")
    with pytest.raises(PersonalData), atomic():
        corrections.ask_unit(
            gift, by=two.asks, campaign=SLUG, unit=TOWN, reason="身份证 620102199001011234"
        )
    ask_unit(gift, two)
    with pytest.raises(CorrectionUnderWay):
        ask(gift, two)
    other = gift_of(give((COUNTY, 1_000)))
    ask(other, two)
    with pytest.raises(RefundUnderWay):
        ask_unit(other, two)


def test_what_was_agreed_is_what_is_done(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    request = ask_unit(gift, two)
    from sqlalchemy import update

    from charity.donations.back.models import Correction

    office = next(iter(set(place.books.values()) - {place.books[COUNTY], place.books[TOWN]}))
    from charity.funds import queries as funds

    units = funds.unit_books().subquery("u")
    with atomic():
        there = (
            db.session()
            .scalars(select(units.c.campaign_unit_id).where(units.c.book_id == office))
            .one()
        )
        db.session().execute(update(Correction).values(to_campaign_unit_id=there))
    with pytest.raises(FactsChanged):
        agree(request, two, corrections.apply)
    assert figures(place, COUNTY) == (1_000, 0, 6)


def ask_name(gift: str, two: Two, name: str) -> str:
    """A correction of the name asked for; its request for approval."""
    with atomic():
        made = corrections.ask_name(gift, by=two.asks, name=name, reason="名字写错一个字")
    found = back_queries.correction(made).request_id
    db.session().rollback()
    return found


def test_a_name_is_written_right_beside_the_old_row(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    before = queries.donors()
    db.session().rollback()
    request = ask_name(gift, two, "章三")
    facts = db.session().scalar(
        text("SELECT facts FROM approvals_request WHERE public_id = :id").bindparams(id=request)
    )
    assert facts is not None
    assert "章三" not in facts
    assert "章*" in facts
    db.session().rollback()
    agree(request, two, corrections.apply)
    rows = db.session().execute(
        select(Donor.name, Donor.settled_at, Gift.id)
        .outerjoin(Gift, Gift.donor_id == Donor.id)
        .order_by(Donor.id)
    ).all()  # fmt: skip
    assert [(row[0], row[1] is not None, row[2] is not None) for row in rows] == [
        ("张三", False, False),
        ("章三", True, True),
    ]
    assert queries.donors() == before
    db.session().rollback()
    all_checks_hold()


def test_a_donor_with_other_gifts_stays_a_donor(place: Place, two: Two) -> None:
    give((COUNTY, 100))
    gift = gift_of(give((COUNTY, 1_000)))
    assert queries.donors() == 1
    db.session().rollback()
    agree(ask_name(gift, two, "章三"), two, corrections.apply)
    assert queries.donors() == 2
    db.session().rollback()
    all_checks_hold()


def test_names_that_cannot_be_corrected(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    with pytest.raises(SameName):
        ask_name(gift, two, "张三")
    nobody = gift_of(give((COUNTY, 1_000), donor=DonorDetails()))
    with pytest.raises(SameName):
        ask_name(nobody, two, "张三")


def test_who_looks_at_the_names_is_kept(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    request = ask_name(gift, two, "章三")
    (view,) = back_queries.corrections_of(gift)
    assert (view.from_name, view.to_name, view.request_id) == ("张*", "章*", request)
    db.session().rollback()
    with atomic():
        names = corrections.reveal(view.id, by=two.decides)
    assert (names.before, names.after) == ("张三", "章三")
    seen = text("SELECT actor_id FROM audit_record WHERE verb = 'correction.names_seen'")
    assert db.session().scalar(seen) == two.decides.person_id
    db.session().rollback()


def test_a_refund_lets_a_lapsed_correction_go(place: Place, two: Two) -> None:
    from charity.approvals import services as approvals

    gift = gift_of(give((COUNTY, 1_000)))
    request = ask_unit(gift, two)
    with atomic():
        approvals.withdraw(request, by=two.asks)
    refund = agreed(gift, two)
    send()
    assert refunds.RefundState(back_queries.refund(refund).state) is refunds.RefundState.DONE
