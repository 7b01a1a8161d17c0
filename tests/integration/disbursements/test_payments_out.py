"""From promise to bank line: what is paid is what two signed, from the book that raised it."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import text

from charity.disbursements import ends, errors, holds, jobs, payment_errors, queries, services
from charity.disbursements.kinds import ApplicationStatus as S
from charity.disbursements.kinds import Function, HoldReason, PaymentKind, Purpose, Step
from charity.donations.hand.errors import LineTaken, WrongDirection, WrongSum
from charity.donations.hand.kinds import Direction
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import queries as ledger_queries
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry
from charity.people.kinds import Role
from charity.people.queries import Grant
from charity.web.funddesk import paying
from tests import gifts, hand, uses
from tests.gifts import COUNTY, TOWN, Place, make_place
from tests.people import make_person, trail_of
from tests.uses import Team


@pytest.fixture
def place(ctx: Flask) -> Place:
    return make_place()


@pytest.fixture
def team(place: Place) -> Team:
    made = uses.make_team()
    uses.fund(made, 100_000)
    return made


def test_the_line_pays_and_evidence_is_due(place: Place, team: Team) -> None:
    made = uses.approved(team)
    line = uses.pay(team, made)
    seen = uses.view(made)
    assert (seen.status, seen.paid_fen, seen.paid_on) == (S.PAID, 50_000, clock.today())
    assert seen.evidence_due_on == seen.ends_on + dt.timedelta(days=60)
    assert [(one.kind, one.line_id) for one in seen.payments] == [(PaymentKind.PAY, line)]
    standing = uses.standing(place.books[TOWN])
    assert (standing.available_fen, standing.reserved_fen, standing.in_bank_fen) == (
        50_000, 0, 50_000,
    )  # fmt: skip
    uses.number()
    figures = {row.book_id: row for row in db.session().execute(ledger_queries.book_figures())}
    assert figures[place.books[TOWN]].used_fen == 50_000
    db.session().rollback()
    assert "payment.pay" in trail_of(made)
    assert uses.broken() == set()


def test_one_payment_once(place: Place, team: Team) -> None:
    made = uses.approved(team, 20_000)
    line = uses.pay(team, made)
    with pytest.raises((errors.NotNow, LineTaken)):
        uses.pay(team, made)
    with pytest.raises(LineTaken):
        uses.pay(team, uses.approved(team, 20_000), line)
    assert uses.standing(place.books[TOWN]).in_bank_fen == 80_000
    assert uses.broken() == set()


def test_what_waits_or_ended_is_not_paid(place: Place, team: Team) -> None:
    waits = uses.asked(team, 1_000)
    with pytest.raises(errors.NotNow):
        uses.pay(team, waits)
    lapsed = uses.approved(team, 1_000)
    with atomic():
        services.void(lapsed, by=team.manager, reason="不再需要")
    with pytest.raises(payment_errors.ApprovalOver):
        uses.pay(team, lapsed, uses.line(team, 1_000))
    assert uses.stored("disbursements_payment") == 0


def test_amount_direction_and_day(place: Place, team: Team) -> None:
    made = uses.approved(team, 50_000)
    for line, error in (
        (uses.line(team, 49_999), WrongSum),
        (uses.line(team, 50_001), WrongSum),
        (uses.line(team, 50_000, Direction.IN), WrongDirection),
        (
            uses.line(team, 50_000, booked_on=clock.today() - dt.timedelta(days=1)),
            payment_errors.LineBefore,
        ),
    ):
        with pytest.raises(error):
            uses.pay(team, made, line)
    assert uses.status(made) is S.APPROVED
    uses.pay(team, made)  # each of those lines is still free, and none was used
    assert uses.stored("disbursements_payment") == 1


def test_changed_facts_are_not_paid(place: Place, team: Team) -> None:
    """Another payee's account behind the verbs: the hash says so."""
    made, other = uses.approved(team), uses.add_payee(team)
    with atomic():
        db.session().execute(
            text(
                "UPDATE disbursements_application SET payee_id ="
                " (SELECT id FROM disbursements_payee WHERE public_id = :payee)"
                " WHERE public_id = :id"
            ),
            {"payee": other, "id": made},
        )
    with pytest.raises(payment_errors.NotWhatWasApproved):
        uses.pay(team, made)
    assert uses.stored("disbursements_payment") == 0


def test_an_account_changed_in_place_is_not_paid(place: Place, team: Team) -> None:
    made = uses.approved(team)
    with atomic():
        db.session().execute(text("UPDATE disbursements_payee SET tail = '9999'"))
    with pytest.raises(payment_errors.NotWhatWasApproved):
        uses.pay(team, made)


def test_money_still_at_the_provider_waits(place: Place, team: Team) -> None:
    gifts.give((COUNTY, 10_000))
    with atomic():
        county = make_person("测试县经办", Grant(Role.UNIT_CLERK, COUNTY))
    payee = uses.add_payee(team, by=county, unit=COUNTY)
    made = uses.draft(team, 5_000, by=county, unit=COUNTY, payee=payee)
    uses.submit(made, county)
    uses.approve(team, made)
    with pytest.raises(payment_errors.NotInBank) as refused:
        uses.pay(team, made)
    assert "¥0.00" in refused.value.sentence()
    assert uses.standing(place.books[COUNTY]).at_provider_fen > 5_000
    # The town's money in the same bank account is not the county's.
    assert uses.standing(place.books[TOWN]).in_bank_fen == 100_000


def test_held_it_is_not_paid(place: Place, team: Team) -> None:
    made = uses.approved(team)
    with atomic():
        holds.hold(made, HoldReason.CONCERN, "群众反映价格虚高", by=team.discloser)
    with pytest.raises(payment_errors.AlreadyHeld), atomic():
        holds.hold(made, HoldReason.CONCERN, "再次反映", by=team.discloser)
    with atomic():
        holds.hold(made, HoldReason.PAIRING, "结对暂停", by=None)
    with pytest.raises(payment_errors.HoldStands) as refused:
        uses.pay(team, made)
    assert "公众反映" in refused.value.sentence()
    with pytest.raises(errors.NotForYou), atomic():
        holds.release(made, HoldReason.CONCERN, "核实无误", by=team.discloser)
    with atomic():
        holds.release(made, HoldReason.CONCERN, "核实无误", by=team.manager)
    with pytest.raises(payment_errors.HoldStands):
        uses.pay(team, made)
    with pytest.raises(payment_errors.NoSuchHold), atomic():
        holds.release(made, HoldReason.CONCERN, "再次", by=team.manager)
    with atomic():
        holds.release(made, HoldReason.PAIRING, "结对恢复", by=None)
    assert uses.view(made).standing_holds == ()
    uses.pay(team, made)


@pytest.mark.parametrize("who", ["supervisor", "clerk"])
def test_who_may_not_hold(place: Place, team: Team, who: str) -> None:
    made = uses.approved(team)
    with pytest.raises(errors.NotForYou), atomic():
        holds.hold(made, HoldReason.QUESTION, "有疑问", by=getattr(team, who))


def test_only_a_cashier_without_another_part_books_it(place: Place, team: Team) -> None:
    with atomic():
        approving_cashier = make_person("测试兼任出纳", Grant(Role.CASHIER), Grant(Role.APPROVER))
    made = uses.asked(team)
    uses.decide(made, approving_cashier)
    uses.decide(made, team.approver)
    line = uses.line(team, 50_000)
    with pytest.raises(payment_errors.ConcernedHere), atomic():
        paying.pay(line, made, approving_cashier)
    uses.pay(team, made, line)


def test_the_bank_sends_it_back_and_it_is_paid_again(place: Place, team: Team) -> None:
    made = uses.paid(team)
    uses.bank_returned(team, made)
    seen = uses.view(made)
    assert (seen.status, seen.paid_fen, seen.evidence_due_on) == (S.APPROVED, 0, None)
    standing = uses.standing(place.books[TOWN])
    assert (standing.reserved_fen, standing.in_bank_fen) == (50_000, 100_000)
    assert ledger_queries.reservations(place.books[TOWN]) == [(made, 50_000)]
    uses.pay(team, made)
    uses.bank_returned(team, made)
    with atomic():
        services.void(made, by=team.manager, reason="账号已注销")
    assert uses.standing(place.books[TOWN]).available_fen == 100_000
    uses.number()
    assert uses.broken() == set()
    assert [one.step for one in uses.view(made).steps][-4:] == [
        Step.BANK_RETURNED, Step.PAID, Step.BANK_RETURNED, Step.VOIDED,
    ]  # fmt: skip


def test_part_of_it_is_handed_back(place: Place, team: Team) -> None:
    made = uses.paid(team)
    uses.money_back(team, made, 10_000)
    seen = uses.view(made)
    assert (seen.status, seen.used_fen) == (S.PAID, 40_000)
    with pytest.raises(payment_errors.PartCameBack):
        uses.bank_returned(team, made)
    with pytest.raises(payment_errors.MoreThanPaid):
        uses.money_back(team, made, 40_001)
    uses.money_back(team, made, 40_000)
    assert uses.status(made) is S.LAPSED
    assert uses.standing(place.books[TOWN]).available_fen == 100_000
    uses.number()
    assert uses.broken() == set()


def test_a_cost_of_fundraising_is_a_cost_and_never_used(place: Place, team: Team) -> None:
    made = uses.paid(
        team, 30_000, function=Function.FUNDRAISING, purpose=Purpose.CAMPAIGN_COST,
        people_count=0, people_codes=(),
    )  # fmt: skip
    uses.money_back(team, made, 1_000)
    uses.number()
    row = {
        row.book_id: row for row in db.session().execute(ledger_queries.book_figures())
    }[place.books[TOWN]]  # fmt: skip
    assert (row.costs_fen, row.used_fen, row.left_fen) == (29_000, 0, 71_000)
    db.session().rollback()
    assert uses.broken() == set()
    again = uses.paid(
        team, 500, function=Function.FUNDRAISING, purpose=Purpose.CAMPAIGN_COST, people_count=0,
        people_codes=(),
    )  # fmt: skip
    uses.bank_returned(team, again)
    uses.number()
    assert uses.broken() == set()


def test_an_approval_not_used_in_time_gives_the_money_back(
    place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = uses.approved(team)
    last = uses.view(made).expires_on
    assert last is not None
    noon = dt.time(4)  # at noon in Shanghai
    monkeypatch.setattr(clock, "now", lambda: dt.datetime.combine(last, noon, dt.UTC))
    assert jobs.expire_approvals() == 0
    after = last + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: dt.datetime.combine(after, noon, dt.UTC))
    assert jobs.expire_approvals() == 1
    assert jobs.expire_approvals() == 0
    assert uses.status(made) is S.LAPSED
    assert uses.standing(place.books[TOWN]).available_fen == 100_000
    with pytest.raises(payment_errors.ApprovalOver):
        uses.pay(team, made)
    uses.number()
    assert uses.broken() == set()


def test_a_line_after_the_last_day_is_not_it_even_before_the_job(
    place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = uses.approved(team)
    last = uses.view(made).expires_on
    assert last is not None
    after = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(4), dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: after)
    with pytest.raises(payment_errors.ApprovalOver):
        uses.pay(team, made)


def test_a_request_nobody_decided_goes_back_to_its_unit(
    place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = uses.asked(team)
    after = clock.now() + dt.timedelta(days=31)
    assert jobs.follow_requests() == 0
    monkeypatch.setattr(clock, "now", lambda: after)
    assert jobs.follow_requests() == 1
    assert jobs.follow_requests() == 0
    seen = uses.view(made)
    assert (seen.status, seen.steps[-1].step) == (S.RETURNED, Step.ASK_EXPIRED)


# --- what a refund takes --------------------------------------------------------------------


def take(book: int, fen: int, cause: str) -> None:
    """A refund by bank of money the book promised, as donations enter it."""
    with atomic():
        sheet = ledger.worksheet([book])
        taken = recipes.take_back(
            asset=recipes.bank(hand.ACCOUNT),
            fen=fen,
            available=sheet.balance(book, recipes.AVAILABLE),
            reservations=ledger_queries.reservations(book),
        )
        sheet.add(
            NewEntry(
                book_id=book, kind=EntryKind.REFUND, legs=taken.legs, occurred_on=clock.today(),
                cause_type="refund", cause_id=cause, effect="refund",
            )
        )  # fmt: skip
        sheet.post()


def test_a_refund_of_promised_money_brings_it_back_to_its_approvers(
    place: Place, team: Team
) -> None:
    book = place.books[TOWN]
    old, new = uses.approved(team, 50_000), uses.approved(team, 40_000)
    assert jobs.bring_back_taken() == 0
    take(book, 15_000, "r1")  # 10,000 available, 5,000 of the newer promise
    with pytest.raises(payment_errors.ReservationTaken):
        uses.pay(team, new)
    uses.pay(team, old)  # the older one is whole
    assert jobs.bring_back_taken() == 1
    assert jobs.bring_back_taken() == 0
    seen = uses.view(new)
    assert (seen.status, seen.steps[-1].step) == (S.WAITING, Step.TAKEN)
    assert (seen.approved_hash, seen.expires_on) == (None, None)
    standing = uses.standing(book)
    assert (standing.available_fen, standing.reserved_fen) == (35_000, 0)
    uses.decide(new, team.approver)
    with pytest.raises(errors.MoreThanAvailable):
        uses.decide(new, team.approver2)
    uses.fund(team, 5_000)
    uses.decide(new, team.approver2)
    assert uses.status(new) is S.APPROVED
    assert ledger_queries.reservations(book) == [(new, 40_000)]
    db.session().rollback()
    uses.pay(team, new)


def test_between_refund_and_job_it_is_void_or_expired_only_for_what_is_left(
    place: Place, team: Team
) -> None:
    book = place.books[TOWN]
    made = uses.approved(team, 100_000)
    take(book, 30_000, "r1")
    with atomic():
        services.void(made, by=team.manager, reason="不再需要")
    standing = uses.standing(book)
    assert (standing.available_fen, standing.reserved_fen) == (70_000, 0)
    assert uses.status(made) is S.LAPSED


def test_taken_and_nobody_to_ask_again_it_goes_back_to_its_unit(place: Place, team: Team) -> None:
    made = uses.approved(team, 100_000)
    take(place.books[TOWN], 1, "r1")
    from charity.people import roles

    with atomic():
        roles.revoke(team.clerk.person_id, Role.UNIT_CLERK, TOWN, by=None)
    assert jobs.bring_back_taken() == 1
    assert uses.status(made) is S.RETURNED
    assert uses.standing(place.books[TOWN]).reserved_fen == 0
    assert ends.taken() == []


def test_used_money_in_public_rows_names_nobody(place: Place, team: Team) -> None:
    with atomic():
        from charity.disbursements import payees

        person = payees.add(uses.person_facts(name="收款人某某"), by=team.crew.other)
    to_person = uses.paid(team, 1_000, payee=person)
    to_company = uses.paid(team, 2_000)
    rows = {row.id: row for row in queries.use_rows().items}
    assert set(rows) == {to_person, to_company}
    assert rows[to_person].payee == ""
    assert rows[to_company].payee == "测试煤炭销售有限公司"
    assert "收款人" not in repr(rows)
    assert "TK-001" not in repr(rows)
    first = queries.use_rows(limit=1)
    rest = queries.use_rows(limit=1, cursor=first.next_cursor)
    assert {first.items[0].id, rest.items[0].id} == set(rows)
    assert rest.next_cursor is None
    db.session().rollback()
