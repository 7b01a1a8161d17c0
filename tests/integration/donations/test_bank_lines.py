"""Bank lines: written down once, one effect each, exactly as much; payouts, suspense, own lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import insert, text

from charity.approvals import errors as approval_errors
from charity.approvals.kinds import Kind
from charity.donations.hand import bank, bank_payouts, bank_queries, slips, suspense
from charity.donations.hand import queries as hand_queries
from charity.donations.hand.bank_queries import Asked, LineState
from charity.donations.hand.errors import (
    AccountCodeUnfit,
    AccountTaken,
    AccountUnknown,
    BeforeAccount,
    FutureDay,
    LineTaken,
    LineUnknown,
    MonthClosed,
    NotForYou,
    NotReady,
    OwnBookShort,
    SerialTaken,
    SuspenseMoved,
    TargetTaken,
    WrongDirection,
    WrongSum,
)
from charity.donations.hand.kinds import Direction, LineUse, Method, SuspenseStatus
from charity.donations.hand.suspense import GiftAsked
from charity.donations.models import Payout, PayoutBook
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import CursorUnfit, RuleBroken
from charity.kernel.ids import new_id, public_id
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry
from charity.people.queries import Signed
from tests import hand
from tests.gifts import COUNTY, SLUG, TOWN, Place, give, number
from tests.hand import ACCOUNT, Crew

BANK = f"bank:{ACCOUNT}"


@pytest.fixture
def crew(place: Place) -> Crew:
    """The town's people, the office, one bank account."""
    return hand.make_crew(TOWN)


def done(verb: Callable[..., None], *args: str, by: Signed) -> None:
    """A verb in a unit of work of its own."""
    with atomic():
        verb(*args, by=by)


def test_account_number_is_sealed_and_never_twice(place: Place, crew: Crew) -> None:
    raw = db.session().scalar(text("SELECT number FROM donations_bank_account"))
    assert b"7890" not in bytes(raw)
    assert [one.tail for one in bank_queries.accounts()] == ["7890"]
    db.session().rollback()
    for code, account, error in (
        ("other", "6222-0012-3456-7890", AccountTaken),
        (ACCOUNT, "6222001234567891", AccountCodeUnfit),
        ("Bad Code", "6222001234567892", AccountCodeUnfit),
    ):
        with pytest.raises(error):
            hand.add_account(crew.manager, code, account)
    with pytest.raises(NotForYou):
        hand.add_account(crew.cashier, "third", "6222001234567893")


def test_line_is_written_down_once(place: Place, crew: Crew) -> None:
    hand.line(crew, 100, serial="A-1")
    with pytest.raises(SerialTaken):
        hand.line(crew, 200, serial="A-1")
    hand.add_account(crew.manager, "second", "6222001234567894")
    hand.line(crew, 200, serial="A-1", account="second")
    assert bank_queries.open_lines().count == 2
    db.session().rollback()


def test_bad_lines_are_refused(place: Place, crew: Crew) -> None:
    today = clock.today()
    month = today.replace(day=1) - dt.timedelta(days=1)
    with atomic():
        ledger.close_period(f"{month:%Y-%m}", actor=crew.accountant.actor)
    bad: tuple[tuple[dict[str, object], type[RuleBroken]], ...] = (
        ({"booked_on": today + dt.timedelta(days=1)}, FutureDay),
        ({"booked_on": month}, MonthClosed),
        ({"booked_on": today - dt.timedelta(days=500)}, BeforeAccount),
        ({"account": "none"}, AccountUnknown),
    )
    for changes, error in bad:
        with pytest.raises(error):
            hand.line(crew, 100, **changes)
    asked = bank.LineAsked(
        account=ACCOUNT, serial="B-1", booked_on=today, direction=Direction.IN, amount_fen=1
    )
    for person in (crew.clerk, crew.leader, crew.accountant, crew.manager):
        with pytest.raises(NotForYou), atomic():
            bank.enter_line(asked, by=person)
    assert bank_queries.open_lines().count == 0
    db.session().rollback()


def test_who_sent_it_is_sealed(place: Place, crew: Crew) -> None:
    line = hand.line(crew, 100, memo="给孩子们", counterparty="张小明")
    row = db.session().execute(text("SELECT memo, counterparty FROM donations_bank_line")).one()
    assert "张小明".encode() not in bytes(row.counterparty)
    assert "孩子".encode() not in bytes(row.memo)
    assert bank_queries.line(line).counterparty == "张小明"
    db.session().rollback()


def waiting_slip(crew: Crew, *fens: int) -> str:
    """A confirmed slip."""
    hand.enter(crew, hand.asked(TOWN, SLUG, *fens))
    slip = hand.close(crew, TOWN, sum(fens))
    hand.confirm(slip, crew.leader)
    return slip


def test_slip_takes_exactly_its_sum_once(place: Place, crew: Crew) -> None:
    slip = waiting_slip(crew, 1_000, 500)
    for line, error in (
        (hand.line(crew, 1_499), WrongSum),
        (hand.line(crew, 1_501), WrongSum),
        (hand.line(crew, 1_500, Direction.OUT), WrongDirection),
        ("0" * 16, LineUnknown),
    ):
        with pytest.raises(error):
            hand.settle_slip(crew, line, slip)
    assert bank_queries.open_lines().count == 3
    assert hand.balances(place.books[TOWN]) == {"transit": 1_500, "pending_in": 1_500}
    first, second = hand.line(crew, 1_500), hand.line(crew, 1_500)
    hand.settle_slip(crew, first, slip)
    with pytest.raises(LineTaken):
        hand.settle_slip(crew, first, slip)
    with pytest.raises(TargetTaken):
        hand.settle_slip(crew, second, slip)
    with pytest.raises(LineTaken):
        hand.hold(crew, first)
    assert hand.balances(place.books[TOWN]) == {BANK: 1_500, "available": 1_500}
    assert hand.broken() == set()


def test_unconfirmed_slip_takes_no_line(place: Place, crew: Crew) -> None:
    hand.enter(crew, hand.asked(TOWN, SLUG, 100))
    slip = hand.close(crew, TOWN, 100)
    with pytest.raises(NotReady):
        hand.settle_slip(crew, hand.line(crew, 100), slip)
    with atomic():
        slips.withdraw_slip(slip, unit=TOWN, by=crew.clerk)
    with pytest.raises(NotReady):
        hand.settle_slip(crew, hand.line(crew, 100), slip)
    assert hand.broken() == set()


def test_transfer_is_found_by_its_code_and_settled(place: Place, crew: Crew) -> None:
    sheet = hand.enter(crew, hand.asked(TOWN, SLUG, 300, 200, method=Method.BANK))
    code = hand_queries.sheet(sheet, TOWN).gifts[0].code
    named = hand.line(crew, 500, memo=f"一元捐 {code[:4].lower()}-{code[4:]}")
    wrong = hand.line(crew, 400, memo=code)
    plain = hand.line(crew, 500)
    found = bank_queries.candidates(bank_queries.line(named))
    assert [(one.use, one.target, one.named, one.fits) for one in found] == [
        (LineUse.SHEET, sheet, True, True)
    ]
    (odd,) = bank_queries.candidates(bank_queries.line(wrong))
    assert (odd.named, odd.fits) == (True, False)
    (quiet,) = bank_queries.candidates(bank_queries.line(plain))
    assert (quiet.named, quiet.fits) == (False, True)
    assert hand_queries.uncounted(TOWN) == []
    with pytest.raises(WrongSum), atomic():
        bank.settle_sheet(wrong, sheet, by=crew.cashier)
    with atomic():
        bank.settle_sheet(named, sheet, by=crew.cashier)
    assert hand.balances(place.books[TOWN]) == {BANK: 500, "available": 500}
    assert bank_queries.candidates(bank_queries.line(plain)) == []
    number()
    assert hand.broken() == set()


def test_slip_named_in_memo_comes_first(place: Place, crew: Crew) -> None:
    first, second = waiting_slip(crew, 100), waiting_slip(crew, 100)
    line = bank_queries.line(hand.line(crew, 100, memo=f"{second.replace('-', '')} 现金"))
    found = bank_queries.candidates(line)
    assert [(one.target, one.named) for one in found] == [(second, True), (first, False)]
    db.session().rollback()


def test_shortfall_is_filled_first(place: Place, crew: Crew) -> None:
    book = place.books[TOWN]
    hand.settled_slip(crew, TOWN, SLUG, 1_000)
    taken = recipes.take_back(asset=BANK, fen=1_000, available=0)
    with atomic():
        ledger.post(
            [
                NewEntry(
                    book_id=book, kind=EntryKind.REFUND, legs=taken.legs,
                    occurred_on=clock.today(), cause_type="test", cause_id="r", effect="r",
                )
            ]
        )  # fmt: skip
    assert hand.balances(book)["shortfall"] == 1_000
    hand.settled_slip(crew, TOWN, SLUG, 1_500)
    assert hand.balances(book) == {BANK: 1_500, "available": 1_500}


def test_interest_and_charges_are_the_own_books(place: Place, crew: Crew) -> None:
    with pytest.raises(OwnBookShort):
        done(bank.enter_charge, hand.line(crew, 30, Direction.OUT), by=crew.cashier)
    done(bank.enter_interest, hand.line(crew, 100), by=crew.cashier)
    with pytest.raises(WrongDirection):
        done(bank.enter_interest, hand.line(crew, 5, Direction.OUT), by=crew.cashier)
    done(bank.enter_charge, hand.line(crew, 30, Direction.OUT), by=crew.cashier)
    assert hand.balances(place.own) == {BANK: 70, "available": 70}
    assert hand.broken() == set()


def suspense_balances() -> dict[str, int]:
    """What the suspense book holds."""
    with atomic():
        book = ledger.suspense_book()
    return hand.balances(book)


def test_unknown_money_is_held_and_given_by_two(place: Place, crew: Crew) -> None:
    line = hand.line(crew, 800, memo="爱心")
    hand.hold(crew, line)
    assert suspense_balances() == {BANK: 800, "held": 800}
    assert hand.broken() == set()
    asked = GiftAsked(form_id=public_id(), campaign=SLUG, unit=TOWN, reason="来电说明", name="孙八")
    for person in (crew.clerk, crew.leader, crew.manager):
        with pytest.raises(NotForYou), atomic():
            suspense.ask_give(line, asked, by=person)
    with atomic():
        request = suspense.ask_give(line, asked, by=crew.cashier)
    with pytest.raises(SuspenseMoved), atomic():
        suspense.ask_return(line, "退", by=crew.cashier)
    with pytest.raises(approval_errors.OwnRequest):
        hand.decide(request, crew.cashier, Kind.SUSPENSE)
    assert suspense_balances() == {BANK: 800, "held": 800}
    hand.decide(request, crew.accountant, Kind.SUSPENSE)
    assert suspense_balances() == {}
    assert hand.balances(place.books[TOWN]) == {BANK: 800, "available": 800}
    number()
    assert hand.broken() == set()
    assert bank_queries.held() == []
    with pytest.raises(SuspenseMoved), atomic():
        suspense.ask_give(line, asked, by=crew.cashier)


def test_refused_claim_leaves_the_money_held(place: Place, crew: Crew) -> None:
    line = hand.line(crew, 800)
    hand.hold(crew, line)
    asked = GiftAsked(form_id=public_id(), campaign=SLUG, unit=TOWN, reason="来电")
    with atomic():
        request = suspense.ask_give(line, asked, by=crew.cashier)
    hand.refuse(request, crew.accountant)
    view = bank_queries.line(line)
    assert bank_queries.askable(view)
    db.session().rollback()
    with atomic():
        suspense.ask_return(line, "汇错了", by=crew.cashier)
    withdrawn = text("SELECT count(*) FROM donations_gift WHERE status = 'withdrawn'")
    assert db.session().scalar(withdrawn) == 1
    assert suspense_balances() == {BANK: 800, "held": 800}
    assert hand.broken() == set()


def test_returned_only_with_the_outgoing_line(place: Place, crew: Crew) -> None:
    line = hand.line(crew, 800)
    hand.hold(crew, line)
    out = hand.line(crew, 800, Direction.OUT)
    with pytest.raises(NotReady), atomic():
        suspense.settle_return(out, line, by=crew.cashier)
    with atomic():
        request = suspense.ask_return(line, "汇错了", by=crew.cashier)
    hand.decide(request, crew.accountant, Kind.SUSPENSE)
    assert bank_queries.line(line).suspense is SuspenseStatus.RETURNING
    assert suspense_balances() == {BANK: 800, "held": 800}
    with pytest.raises(WrongSum):
        done(suspense.settle_return, hand.line(crew, 799, Direction.OUT), line, by=crew.cashier)
    (found,) = bank_queries.candidates(bank_queries.line(out))
    assert (found.use, found.target) == (LineUse.RETURN, line)
    db.session().rollback()
    with atomic():
        suspense.settle_return(out, line, by=crew.cashier)
    assert suspense_balances() == {}
    assert hand.broken() == set()


def payout(nets: dict[int, int]) -> str:
    """A provider's payout of these nets, entered as part of the provider's own intake."""
    group, row_id = new_id(), new_id()
    with atomic():
        sheet = ledger.worksheet(nets)
        for book, net in nets.items():
            sheet.add(
                NewEntry(
                    book_id=book, kind=EntryKind.PAYOUT,
                    legs=recipes.payout(provider="sandbox", net=net),
                    occurred_on=clock.today(), cause_type="payout", cause_id=str(row_id),
                    effect=f"payout:{book}", group_id=group,
                )
            )  # fmt: skip
        sheet.post()
        session = db.session()
        session.execute(
            insert(Payout).values(
                id=row_id, provider="sandbox", account="sandbox", object_id=f"po_{row_id}",
                amount_fen=sum(nets.values()), currency="CNY", group_id=group,
                sent_at=clock.now(), recorded_at=clock.now(),
            )
        )  # fmt: skip
        for book, net in nets.items():
            session.execute(
                insert(PayoutBook).values(id=new_id(), payout_id=row_id, book_id=book, net_fen=net)
            )
    return str(row_id)


def test_payout_lends_what_a_book_cannot_bear_and_is_repaid(place: Place, crew: Crew) -> None:
    town, county = place.books[TOWN], place.books[COUNTY]
    give((TOWN, 10_000), (COUNTY, 10_000))
    done(bank.enter_interest, hand.line(crew, 200), by=crew.cashier)
    made = payout({town: -300, county: 9_000})
    line = hand.line(crew, 8_700)
    with pytest.raises(OwnBookShort), atomic():
        bank_payouts.settle_payout(line, made, by=crew.cashier)
    assert bank_queries.line(line).use is None
    db.session().rollback()
    done(bank.enter_interest, hand.line(crew, 100), by=crew.cashier)
    with atomic():
        bank_payouts.settle_payout(line, made, by=crew.cashier)
    assert hand.balances(county)[BANK] == 9_000
    assert "transit" not in hand.balances(county)
    assert hand.balances(town) == {"clearing:sandbox": 10_240, "available": 9_940, "advance": 300}
    assert hand.balances(place.own)["advanced"] == 300
    number()
    assert hand.broken() == set()
    hand.settled_slip(crew, TOWN, SLUG, 1_000)
    has = hand.balances(town)
    assert (has[BANK], has.get("advance", 0)) == (700, 0)
    own = hand.balances(place.own)
    assert (own[BANK], own.get("advanced", 0)) == (300, 0)
    number()
    assert hand.broken() == set()


def test_payout_is_proposed_and_taken_once(place: Place, crew: Crew) -> None:
    give((TOWN, 10_000))
    made = payout({place.books[TOWN]: 9_940})
    line, other = hand.line(crew, 9_940), hand.line(crew, 9_940)
    (found,) = bank_queries.candidates(bank_queries.line(line))
    assert (found.use, found.target) == (LineUse.PAYOUT, made)
    db.session().rollback()
    with atomic():
        bank_payouts.settle_payout(line, made, by=crew.cashier)
    assert bank_queries.candidates(bank_queries.line(other)) == []
    db.session().rollback()
    with pytest.raises(TargetTaken), atomic():
        bank_payouts.settle_payout(other, made, by=crew.cashier)
    assert hand.balances(place.books[TOWN]) == {BANK: 9_940, "available": 9_940}
    assert hand.broken() == set()


def test_list_pages_by_key_and_filters(place: Place, crew: Crew) -> None:
    today = clock.today()
    made = [hand.line(crew, 100 + n, booked_on=today - dt.timedelta(days=n // 2)) for n in range(7)]
    hand.hold(crew, made[0])
    seen: list[str] = []
    cursor = None
    while True:
        page = bank_queries.lines(Asked(), cursor, limit=3)
        seen += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert [bank_queries.line(one).booked_on for one in seen] == sorted(
        (bank_queries.line(one).booked_on for one in made), reverse=True
    )
    count = {
        state: len(bank_queries.lines(Asked(state=state)).items) for state in (None, *LineState)
    }
    assert count == {None: 7, LineState.OPEN: 6, LineState.DONE: 1}
    assert len(bank_queries.lines(Asked(since=today, until=today)).items) == 2
    assert bank_queries.lines(Asked(direction=Direction.OUT)).items == []
    for bad in ("x", "2026-11-22", "2026-11-22.x", "2026-13-01.1", "2026-11-22." + "9" * 30):
        with pytest.raises(CursorUnfit):
            bank_queries.lines(Asked(), bad)
    db.session().rollback()
