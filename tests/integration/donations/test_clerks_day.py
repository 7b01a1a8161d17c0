"""A clerk's day to the fen: entered, counted, confirmed, banked. Identities at each step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from charity.approvals import errors as approval_errors
from charity.approvals import services as approving
from charity.approvals.kinds import Kind
from charity.donations import queries
from charity.donations.errors import CampaignUnknown, KeyConflict, UnitUnknown
from charity.donations.hand import queries as hand_queries
from charity.donations.hand import sheets, slip_queries, slips
from charity.donations.hand.errors import (
    AlreadyWithdrawn,
    CountedLess,
    CountedMore,
    FutureDay,
    InSlip,
    MonthClosed,
    NoLines,
    NotCollecting,
    NotForYou,
    NothingToCount,
    NotYours,
    OwnSlip,
    ReasonNeeded,
    SheetUnfit,
    SheetUnknown,
    SlipMoved,
    SlipUnknown,
    TooManyLines,
)
from charity.donations.hand.kinds import SlipStatus
from charity.donations.hand.sheets import LineAsked
from charity.donations.kinds import Display, GiftStatus
from charity.figures import queries as figures
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import services as ledger
from charity.people.queries import Signed
from charity.receipts import jobs as receipts
from tests import hand
from tests.gifts import COUNTY, SLUG, TOWN, Place, number
from tests.hand import Crew


@pytest.fixture
def crew(place: Place) -> Crew:
    """The town's clerk and leader, the office, one bank account."""
    return hand.make_crew(TOWN)


def status(gift_id: str) -> GiftStatus:
    """Where a gift is now."""
    found = queries.gift_public(gift_id).status
    db.session().rollback()
    return found


def test_whole_day_to_the_fen(place: Place, crew: Crew) -> None:
    book = place.books[TOWN]
    sheet = hand.enter(crew, hand.asked(TOWN, SLUG, 1_000, 2_505, 1))
    gifts = hand.gifts_of(sheet)
    assert hand.balances(book) == {}
    assert [status(one) for one in gifts] == [GiftStatus.CREATED] * 3
    assert hand.broken() == set()

    slip = hand.close(crew, TOWN, 3_506)
    assert hand.balances(book) == {}
    assert hand.broken() == set()

    hand.confirm(slip, crew.leader)
    assert hand.balances(book) == {"transit": 3_506, "pending_in": 3_506}
    assert [status(one) for one in gifts] == [GiftStatus.PENDING] * 3
    assert figures.totals().figures.raised_fen == 0
    assert hand.broken() == set()

    line = hand.line(crew, 3_506, memo=f"现金缴款 {slip}")
    hand.settle_slip(crew, line, slip)
    assert hand.balances(book) == {"bank:icbc-main": 3_506, "available": 3_506}
    assert [status(one) for one in gifts] == [GiftStatus.SETTLED] * 3
    assert slip_queries.slip(slip).status is SlipStatus.SETTLED
    number()
    assert hand.broken() == set()
    totals = figures.totals()
    assert (totals.figures.raised_fen, totals.gifts, totals.donors) == (3_506, 3, 3)
    db.session().rollback()


def test_receipts_come_when_it_is_settled(place: Place, crew: Crew) -> None:
    from charity.funds import services as funds
    from charity.funds.services import CharityFacts

    with atomic():
        funds.set_charity(
            CharityFacts(
                name="测试基金会", name_en="Test", uscc="53620000MJX000001Q", certificate="测",
                address="测", phone="0931", email="a@example.org", icp="测", handler="测试",
            )
        )  # fmt: skip
    lines = (LineAsked(100, name="张三"), LineAsked(200, name="李四", receipt=False))
    hand.enter(crew, hand.asked(TOWN, SLUG, lines=lines))
    slip = hand.close(crew, TOWN, 300)
    hand.confirm(slip, crew.leader)
    number()
    assert receipts.issue_receipts() == 0
    hand.settle_slip(crew, hand.line(crew, 300), slip)
    number()
    assert receipts.issue_receipts() == 1
    assert db.session().scalar(text("SELECT count(*) FROM receipts_receipt")) == 1
    db.session().rollback()


def test_gift_by_hand_has_no_payment_and_opens_with_its_own_key(place: Place, crew: Crew) -> None:
    sheet = hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    (gift,) = hand.gifts_of(sheet)
    key = hand_queries.gift_keys(hand_queries.sheet(sheet, TOWN))[gift]
    view = queries.gift(gift, key)
    assert view.payment_id is None
    assert (view.amount_fen, view.currency, view.unit_code) == (100, "CNY", TOWN)
    with pytest.raises(RuleBroken):
        queries.gift(gift, "0" * 32)
    assert db.session().scalar(text("SELECT count(*) FROM donations_intent")) == 0
    db.session().rollback()


def test_same_form_twice_is_one_sheet(place: Place, crew: Crew) -> None:
    asked = hand.asked(TOWN, SLUG, 100, 200)
    assert hand.enter(crew, asked) == hand.enter(crew, asked)
    assert len(hand_queries.uncounted(TOWN)) == 2
    with pytest.raises(KeyConflict):
        hand.enter(crew, replace(asked, lines=(LineAsked(100),)))


TOMORROW = dt.timedelta(days=1)
BAD: dict[str, tuple[Callable[[sheets.SheetAsked], sheets.SheetAsked], type[RuleBroken]]] = {
    "tomorrow": (
        lambda s: replace(s, collected_on=s.collected_on + TOMORROW),
        FutureDay,
    ),
    "before the campaign": (
        lambda s: replace(s, collected_on=s.collected_on - dt.timedelta(days=101)),
        NotCollecting,
    ),
    "no campaign": (lambda s: replace(s, campaign="none"), CampaignUnknown),
    "no lines": (lambda s: replace(s, lines=()), NoLines),
    "31 lines": (lambda s: replace(s, lines=(LineAsked(1),) * 31), TooManyLines),
    "no amount": (lambda s: replace(s, lines=(LineAsked(0),)), SheetUnfit),
    "direction override": (lambda s: replace(s, lines=(LineAsked(1, name="a\u202e"),)), SheetUnfit),
    "no phone": (lambda s: replace(s, lines=(LineAsked(1, phone="12"),)), SheetUnfit),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_sheet_changes_nothing(place: Place, crew: Crew, name: str) -> None:
    change, error = BAD[name]
    with pytest.raises(error):
        hand.enter(crew, change(hand.asked(TOWN, SLUG, 100)))
    assert db.session().scalar(text("SELECT count(*) FROM donations_sheet")) == 0
    db.session().rollback()


def test_each_wrong_line_says_what(place: Place, crew: Crew) -> None:
    lines = (LineAsked(1), LineAsked(0), LineAsked(5, phone="x"))
    with pytest.raises(SheetUnfit) as caught:
        hand.enter(crew, hand.asked(TOWN, SLUG, lines=lines))
    assert [field for field, _, _ in caught.value.details()] == [
        "lines.1.amount_fen",
        "lines.2.phone",
    ]


def test_unit_without_a_book_takes_nothing(place: Place) -> None:
    crew = hand.make_crew(COUNTY)
    with atomic():
        db.session().execute(text("SELECT 1"))
    with pytest.raises((UnitUnknown, NotForYou)):
        hand.enter(crew, hand.asked("GS-9999", SLUG, 100))


def test_closed_month_takes_nothing(place: Place, crew: Crew) -> None:
    month = clock.today().replace(day=1) - dt.timedelta(days=1)
    with atomic():
        ledger.close_period(f"{month:%Y-%m}", actor=crew.accountant.actor)
    with pytest.raises(MonthClosed):
        hand.enter(crew, hand.asked(TOWN, SLUG, 100, collected_on=month))


def test_people_of_elsewhere_enter_nothing(place: Place, crew: Crew) -> None:
    for person in (crew.leader, crew.cashier, crew.manager):
        with pytest.raises(NotForYou):
            hand.enter(crew, hand.asked(TOWN, SLUG, 100), by=person)
    with pytest.raises(NotForYou):
        hand.enter(crew, hand.asked(COUNTY, SLUG, 100))


def test_own_mistake_is_withdrawn_and_kept(place: Place, crew: Crew) -> None:
    sheet = hand.enter(crew, hand.asked(TOWN, SLUG, 100, 200))
    first, second = hand.gifts_of(sheet)
    withdraw = sheets.withdraw_gift
    for by, unit, reason, error in (
        (crew.other, TOWN, "写错了", NotYours),
        (crew.clerk, TOWN, " ", ReasonNeeded),
        (crew.clerk, COUNTY, "写错了", SheetUnknown),
    ):
        with pytest.raises(error), atomic():
            withdraw(first, unit=unit, reason=reason, by=by)
    with atomic():
        withdraw(first, unit=TOWN, reason="写错了", by=crew.clerk)
    with pytest.raises(AlreadyWithdrawn), atomic():
        withdraw(first, unit=TOWN, reason="写错了", by=crew.clerk)
    view = hand_queries.sheet(sheet, TOWN)
    assert [(one.withdrawn, one.withdrawn_reason) for one in view.gifts] == [
        (True, "写错了"),
        (False, None),
    ]
    assert view.total_fen == 200
    slip = hand.close(crew, TOWN, 200)
    assert [one.id for one in slip_queries.slip_gifts(slip)] == [second]
    with pytest.raises(InSlip), atomic():
        withdraw(second, unit=TOWN, reason="写错了", by=crew.clerk)
    assert hand.broken() == set()


def test_counted_must_be_entered(place: Place, crew: Crew) -> None:
    with pytest.raises(NothingToCount):
        hand.close(crew, TOWN, 100)
    hand.enter(crew, hand.asked(TOWN, SLUG, 1_000))
    with pytest.raises(CountedLess) as less:
        hand.close(crew, TOWN, 999)
    assert "¥10.00" in less.value.sentence()
    assert "¥0.01" in less.value.sentence()
    with pytest.raises(CountedMore):
        hand.close(crew, TOWN, 1_001)
    with pytest.raises(NotForYou):
        hand.close(crew, TOWN, 1_000, by=crew.leader)
    assert hand.close(crew, TOWN, 1_000)
    with pytest.raises(NothingToCount):
        hand.close(crew, TOWN, 1_000)


def test_slip_numbers_have_no_gap(place: Place, crew: Crew) -> None:
    made = []
    for fen in (100, 200, 300):
        hand.enter(crew, hand.asked(TOWN, SLUG, fen))
        with pytest.raises(CountedLess):
            hand.close(crew, TOWN, 1)
        made.append(hand.close(crew, TOWN, fen))
    year = clock.today().year
    assert made == [f"S{year}-{n:06d}" for n in (1, 2, 3)]


def test_who_entered_or_counted_does_not_confirm(place: Place, crew: Crew) -> None:
    """Two clerks' gifts in one slip; one is leader too. Neither confirms, with either hat."""
    from charity.people import roles
    from charity.people.kinds import Role
    from tests.people import hand_in

    hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    hand.enter(crew, hand.asked(TOWN, SLUG, 200), by=crew.other)
    slip = hand.close(crew, TOWN, 300)
    with atomic():
        roles.grant(crew.other.person_id, Role.UNIT_LEADER, TOWN, by=None)
        roles.grant(crew.clerk.person_id, Role.UNIT_LEADER, TOWN, by=None)
    own, concerned = hand_in(crew.clerk.person_id), hand_in(crew.other.person_id)
    with pytest.raises(approval_errors.OwnRequest):
        hand.confirm(slip, own)
    with pytest.raises(approval_errors.Concerned):
        hand.confirm(slip, concerned)
    assert slip_queries.slip(slip).status is SlipStatus.WAITING
    hand.confirm(slip, crew.accountant)
    assert slip_queries.slip(slip).status is SlipStatus.CONFIRMED
    assert hand.broken() == set()


def test_own_rule_stands_without_the_approvals(
    place: Place, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Canary: with the approvals' look taken away, the slip's own rule still refuses."""
    hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    slip = hand.close(crew, TOWN, 100)
    view = approving.queries.request(slip_queries.slip(slip).request_id)
    monkeypatch.setattr(slips.approvals, "use", lambda *_: None)
    for person in (crew.clerk,):
        with pytest.raises(OwnSlip), atomic():
            slips.confirmed(view, person)


def test_slip_is_confirmed_once(place: Place, crew: Crew) -> None:
    hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    slip = hand.close(crew, TOWN, 100)
    hand.confirm(slip, crew.leader)
    with pytest.raises(approval_errors.NotWaiting):
        hand.confirm(slip, crew.accountant)
    assert hand.balances(place.books[TOWN]) == {"transit": 100, "pending_in": 100}


def test_refused_slip_goes_back_and_is_counted_again(place: Place, crew: Crew) -> None:
    hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    slip = hand.close(crew, TOWN, 100)
    hand.refuse(hand.latest(Kind.SLIP, slip), crew.leader)
    with pytest.raises(approval_errors.NotWaiting):
        hand.confirm(slip, crew.accountant)
    undo = slips.withdraw_slip
    refusals: tuple[tuple[Signed, str, type[RuleBroken]], ...] = (
        (crew.other, TOWN, NotYours),
        (crew.clerk, COUNTY, SlipUnknown),
    )
    for by, unit, error in refusals:
        with pytest.raises(error), atomic():
            undo(slip, unit=unit, by=by)
    with atomic():
        undo(slip, unit=TOWN, by=crew.clerk)
    with pytest.raises(SlipMoved), atomic():
        undo(slip, unit=TOWN, by=crew.clerk)
    again = hand.close(crew, TOWN, 100)
    assert again != slip
    hand.confirm(again, crew.leader)
    with pytest.raises(SlipMoved), atomic():
        undo(again, unit=TOWN, by=crew.clerk)
    assert hand.broken() == set()


def test_anonymous_and_nameless_gifts_are_counted_as_donors(place: Place, crew: Crew) -> None:
    lines = (
        LineAsked(100),
        LineAsked(100, name="王五", display=Display.ANONYMOUS),
        LineAsked(100, name="赵六", phone="13800000001"),
        LineAsked(100, name="赵六", phone="13800000001"),
    )
    hand.enter(crew, hand.asked(TOWN, SLUG, lines=lines))
    slip = hand.close(crew, TOWN, 400)
    hand.confirm(slip, crew.leader)
    hand.settle_slip(crew, hand.line(crew, 400), slip)
    assert hand.broken() == set()
    assert queries.donors() == 3
    db.session().rollback()
