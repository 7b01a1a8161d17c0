"""The use of money under real parallel connections, on both databases, each with a canary.

Two agree at one instant; two cashiers book one payment; a change and an approval meet; a void and a
payment meet: each comes out as if one had been first.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from flask import Flask

from charity.approvals import services as approvals
from charity.approvals.kinds import RequestStatus
from charity.disbursements import services, store
from charity.disbursements.kinds import ApplicationStatus as S
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import queries as ledger_queries
from charity.people.queries import Signed
from charity.web.funddesk import paying
from tests import uses
from tests.gifts import TOWN, Place, make_place
from tests.races.test_ledger_races import together
from tests.uses import Team

pytestmark = pytest.mark.race
ROUNDS = int(os.environ.get("ROUNDS", "2"))


@pytest.fixture
def place(ctx: Flask) -> Place:
    return make_place()


@pytest.fixture
def team(place: Place) -> Team:
    made = uses.make_team()
    uses.fund(made, 1_000_000)
    return made


def agree(request: str, by: Signed) -> object:
    """One person's word with what it sets off, as the page does it."""
    after = approvals.decide(request, by=by, approve=True)
    if after.status is RequestStatus.APPROVED:
        services.approved(after, by)
    return after.status


def refusals(said: list[object]) -> list[object]:
    """What was refused by a rule; anything else that was raised is shown."""
    wrong = [one for one in said if isinstance(one, Exception) and not isinstance(one, RuleBroken)]
    assert wrong == []
    return [one for one in said if isinstance(one, RuleBroken)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_agree_at_the_same_instant(ctx: Flask, place: Place, team: Team, round_: int) -> None:
    """Both words count, and the money is promised once."""
    made = uses.asked(team, 10_000)
    request = str(uses.view(made).request_id)
    work = atomically(agree)
    people = (team.approver, team.approver2, team.approver3, team.manager)
    said = together(ctx, [lambda who=who: work(request, who) for who in people])
    # Two were in time; for the others it was decided.
    assert len(refusals(said)) == 2
    assert uses.status(made) is S.APPROVED
    assert uses.standing(place.books[TOWN]).reserved_fen == 10_000
    assert uses.broken() == set()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_person_twice_at_the_same_instant(
    ctx: Flask, place: Place, team: Team, round_: int
) -> None:
    made = uses.asked(team, 10_000)
    request = str(uses.view(made).request_id)
    work = atomically(agree)
    together(ctx, [lambda: work(request, team.approver) for _ in range(4)])
    assert uses.status(made) is S.WAITING
    assert uses.standing(place.books[TOWN]).reserved_fen == 0


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_last_words_on_two_applications_for_the_same_money(
    ctx: Flask, place: Place, team: Team, round_: int
) -> None:
    both = [uses.asked(team, 1_000_000, payee=uses.add_payee(team)) for _ in range(2)]
    requests = [str(uses.view(made).request_id) for made in both]
    for made in both:
        uses.decide(made, team.approver)
    work = atomically(agree)
    said = together(ctx, [lambda one=one: work(one, team.approver2) for one in requests])
    assert [type(one).__name__ for one in refusals(said)] == ["MoreThanAvailable"]
    assert uses.standing(place.books[TOWN]).available_fen == 0
    assert uses.broken() == set()


def lines_for(team: Team, fen: int, count: int) -> list[str]:
    return [uses.line(team, fen) for _ in range(count)]


def pay_with(made: str, team: Team) -> Callable[[str], None]:
    def pay(line: str) -> None:
        paying.pay(line, made, team.cashier)

    return atomically(pay)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_double_pay(ctx: Flask, place: Place, team: Team, round_: int) -> None:
    """Four lines of the same amount at one instant: one of them is this payment."""
    made = uses.approved(team, 10_000)
    lines, pay = lines_for(team, 10_000, 4), pay_with(made, team)
    said = together(ctx, [lambda line=line: pay(line) for line in lines])
    assert len(refusals(said)) == 3
    assert uses.status(made) is S.PAID
    assert uses.standing(place.books[TOWN]).in_bank_fen == 990_000
    assert uses.stored("disbursements_payment") == 1
    assert uses.broken() == set()


def test_double_pay_canary(
    ctx: Flask, place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the state, the claim's name and the count of payments two lines pay one promise."""
    made, other = uses.approved(team, 10_000), uses.approved(team, 10_000)
    lines = lines_for(team, 10_000, 2)
    monkeypatch.setattr(store, "require", lambda *_: None)
    monkeypatch.setattr("charity.disbursements.states.require", lambda *_: None)
    monkeypatch.setattr("charity.disbursements.promises.promised", lambda row: row.amount_fen)
    for line in lines:
        atomically(paying.pay)(line, made, team.cashier)
    assert uses.stored("disbursements_payment") == 2
    assert uses.standing(place.books[TOWN]).in_bank_fen == 980_000
    assert uses.status(other) is S.APPROVED
    assert ledger_queries.reservations(place.books[TOWN]) != [(other, 10_000)] or uses.broken()
    db.session().rollback()
    assert "an application is paid, and handed back, as its payments say" in uses.broken()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_paid_or_void_but_not_both(ctx: Flask, place: Place, team: Team, round_: int) -> None:
    made = uses.approved(team, 10_000)
    line, pay = uses.line(team, 10_000), pay_with(made, team)
    void = atomically(services.void)
    said = together(
        ctx,
        [lambda: pay(line), lambda: void(made, by=team.manager, reason="不再需要")],
    )
    assert len(refusals(said)) == 1
    assert uses.status(made) in {S.PAID, S.LAPSED}
    standing = uses.standing(place.books[TOWN])
    assert (standing.reserved_fen, standing.available_fen + 10_000) in {
        (0, 1_000_000),
        (0, 1_010_000),
    }
    assert uses.broken() == set()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_changed_or_approved_but_not_both(
    ctx: Flask, place: Place, team: Team, round_: int
) -> None:
    """Whoever is first: either what was looked at is promised, or nothing is."""
    made = uses.asked(team, 10_000)
    uses.decide(made, team.approver)
    seen = uses.view(made)
    assert seen.payee is not None
    request, facts = str(seen.request_id), uses.facts(20_000, seen.payee.id)
    change, work = atomically(services.change), atomically(agree)
    said = together(
        ctx,
        [lambda: change(made, facts, by=team.clerk), lambda: work(request, team.approver2)],
    )
    assert len(refusals(said)) == 1
    after = uses.view(made)
    reserved = uses.standing(place.books[TOWN]).reserved_fen
    assert (after.status, after.amount_fen, reserved) in {
        (S.APPROVED, 10_000, 10_000),
        (S.DRAFT, 20_000, 0),
    }
    assert uses.broken() == set()
