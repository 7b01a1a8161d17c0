"""Applications from draft to promise: what is refused, in words, and that nothing is half done."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from flask import Flask
from sqlalchemy import text

from charity.approvals import errors as approval_errors
from charity.approvals import queries as approval_queries
from charity.approvals import services as approvals
from charity.disbursements import attachments, errors, queries, services, use_plans
from charity.disbursements.kinds import (
    ApplicationStatus as S,
)
from charity.disbursements.kinds import (
    Category,
    Function,
    Purpose,
    Step,
)
from charity.disbursements.services import BudgetFacts
from charity.funds import units
from charity.funds.kinds import UnitClosing
from charity.funds.stewards import appoint, ask_steward
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import queries as ledger_queries
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests import hand, uses
from tests.gifts import COUNTY, SLUG, TOWN, Place, make_place
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


def test_a_draft_asks_nobody_and_promises_nothing(place: Place, team: Team) -> None:
    made = uses.draft(team)
    seen = uses.view(made)
    assert (seen.status, seen.version, seen.request_id) == (S.DRAFT, 1, None)
    assert seen.number.startswith(f"Y{clock.today().year}-")
    assert seen.payee is not None
    assert (seen.unit_code, seen.slug, seen.book_id) == (TOWN, SLUG, place.books[TOWN])
    assert seen.budget[0].amount_fen == seen.amount_fen == 50_000
    assert approval_queries.waiting_for(team.approver) == []
    assert uses.standing(place.books[TOWN]).reserved_fen == 0


def test_two_agree_and_the_money_is_promised(place: Place, team: Team) -> None:
    made = uses.asked(team)
    assert uses.status(made) is S.WAITING
    uses.decide(made, team.approver)
    assert uses.status(made) is S.WAITING  # one is not enough
    assert uses.standing(place.books[TOWN]).reserved_fen == 0
    uses.decide(made, team.approver2)
    seen = uses.view(made)
    assert seen.status is S.APPROVED
    assert seen.expires_on == clock.today() + dt.timedelta(days=90)
    standing = uses.standing(place.books[TOWN])
    assert (standing.available_fen, standing.reserved_fen) == (50_000, 50_000)
    assert ledger_queries.reservations(place.books[TOWN]) == [(made, 50_000)]
    assert [step.step for step in seen.steps] == [Step.CREATED, Step.SUBMITTED, Step.APPROVED]
    assert "application.approved" in trail_of(made)
    uses.number()
    assert uses.broken() == set()


def test_to_the_fen(place: Place, team: Team) -> None:
    """All that is available may be used, and not one fen more."""
    over = uses.draft(team, 100_001)
    with pytest.raises(errors.MoreThanAvailable) as refused:
        uses.submit(over, team.clerk)
    assert "¥0.01" in refused.value.sentence()
    assert uses.status(over) is S.DRAFT
    uses.approved(team, 100_000)
    assert uses.standing(place.books[TOWN]).available_fen == 0


def test_the_second_of_two_that_both_fit_alone_is_not_approved(place: Place, team: Team) -> None:
    first, second = uses.asked(team, 60_000), uses.asked(team, 60_000)
    uses.approve(team, first)
    uses.decide(second, team.approver)
    with pytest.raises(errors.MoreThanAvailable):
        uses.decide(second, team.approver2)
    # The decision was not taken either, and can be taken when there is money again.
    assert uses.status(second) is S.WAITING
    assert len(approval_queries.request(str(uses.view(second).request_id)).decisions) == 1
    assert uses.standing(place.books[TOWN]).reserved_fen == 60_000
    uses.fund(team, 20_000)
    uses.decide(second, team.approver2)
    assert uses.status(second) is S.APPROVED


def test_another_units_money_is_refused_in_words(place: Place, team: Team) -> None:
    with atomic():
        stranger = make_person("测试外村经办", Grant(Role.UNIT_CLERK, "GS-0009"))
        leader = make_person("测试县负责人", Grant(Role.UNIT_LEADER, COUNTY))
    before = uses.stored("disbursements_application")
    payee = uses.add_payee(team)
    for person, unit in ((stranger, TOWN), (team.clerk, COUNTY), (team.manager, TOWN)):
        with pytest.raises(errors.NotYourBook) as refused, atomic():
            services.create(uses.facts(unit=unit, payee=payee), by=person)
        assert "谁募集，谁使用" in refused.value.sentence()
    made = uses.draft(team)
    with pytest.raises(errors.NotYourBook):
        uses.submit(made, stranger)
    assert uses.stored("disbursements_application") == before + 1
    # Whoever answers for the county answers for the town below it.
    uses.submit(made, leader)


def test_another_units_payee_is_not_on_the_list(place: Place, team: Team) -> None:
    with atomic():
        county = make_person("测试县经办", Grant(Role.UNIT_CLERK, COUNTY))
    foreign = uses.add_payee(team, by=county, unit=COUNTY)
    with pytest.raises(errors.NoSuchPayee), atomic():
        services.create(uses.facts(payee=foreign), by=team.clerk)


def test_a_book_with_a_shortfall_waits(
    place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = queries.standing(place.books[TOWN])
    db.session().rollback()
    owing = queries.Standing(real.available_fen, real.in_bank_fen, 0, 0, 0, 7_000)
    monkeypatch.setattr("charity.disbursements.use_queries.standing", lambda _book: owing)
    made = uses.draft(team)
    with pytest.raises(errors.BookHasShortfall) as refused:
        uses.submit(made, team.clerk)
    assert "¥70.00" in refused.value.sentence()


OUTSIDE = {
    "purpose": (errors.OutsidePurpose, {"purpose": Purpose.EDUCATION}),
    "people": (errors.OutsideCategory, {"category": Category.ORPHAN}),
    "before": (errors.OutsideDates, {"starts_on": dt.date(2020, 1, 1)}),
    "after": (errors.OutsideDates, {"ends_on": dt.date(2099, 1, 1)}),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_of_the_plan(place: Place, team: Team, name: str) -> None:
    error, changes = OUTSIDE[name]
    made = uses.draft(team, **changes)
    with atomic():
        use_plans.set_plan(
            SLUG, purposes=[Purpose.LIVING], categories=[Category.DESTITUTE],
            use_from=clock.today() - dt.timedelta(days=1),
            use_until=clock.today() + dt.timedelta(days=365),
            clause="方案第三条：用于特困家庭的基本生活", by=team.manager,
        )  # fmt: skip
    with pytest.raises(error) as refused:
        uses.submit(made, team.clerk)
    if error in (errors.OutsidePurpose, errors.OutsideCategory):
        assert "方案第三条" in refused.value.sentence()
    assert uses.status(made) is S.DRAFT
    uses.asked(team)  # what is inside goes through


def test_outside_of_the_area(place: Place, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    made, inside = uses.draft(team, area_code="620502"), uses.draft(team, area_code="620123")
    with atomic():
        db.session().execute(
            text("UPDATE funds_campaign SET area_code = '620100' WHERE slug = :slug"),
            {"slug": SLUG},
        )
    with pytest.raises(errors.OutsideArea) as refused:
        uses.submit(made, team.clerk)
    assert "兰州市" in refused.value.sentence()
    uses.submit(inside, team.clerk)


def test_without_stated_uses_the_campaign_itself_is_the_frame(place: Place, team: Team) -> None:
    early = uses.draft(team, starts_on=clock.today() - dt.timedelta(days=101))
    with pytest.raises(errors.OutsideDates):
        uses.submit(early, team.clerk)
    uses.asked(team, ends_on=clock.today() + dt.timedelta(days=400))


INCOMPLETE = {
    "title": (errors.TextUnfit, {"title": ""}),
    "reason": (errors.TextUnfit, {"reason": " "}),
    "amount": (errors.AmountUnfit, {"amount_fen": 0, "budget": ()}),
    "budget": (errors.BudgetUnfit, {"budget": ()}),
    "sum": (errors.BudgetDiffers, {"budget": (BudgetFacts("煤", 3, "吨", 10_000),)}),
    "people": (errors.PeopleUnfit, {"people_count": 0, "people_codes": ()}),
    "codes": (errors.CodesUnfit, {"people_count": 1}),
    "evidence": (errors.EvidencePlanUnfit, {"evidence_kinds": ()}),
    "how": (errors.TextUnfit, {"evidence_plan": ""}),
    "where": (errors.OutsideArea, {"area_code": ""}),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_draft_may_leave_open_what_is_asked_may_not(place: Place, team: Team, name: str) -> None:
    error, changes = INCOMPLETE[name]
    if name == "where":
        with atomic():
            db.session().execute(text("UPDATE funds_campaign SET area_code = '620000'"))
    made = uses.draft(team, **changes)
    with pytest.raises(error):
        uses.submit(made, team.clerk)
    assert uses.status(made) is S.DRAFT


def test_without_a_payee_nothing_is_asked(place: Place, team: Team) -> None:
    with atomic():
        made = services.create(uses.facts(payee=None), by=team.clerk)
    with pytest.raises(errors.PayeeNeeded):
        uses.submit(made, team.clerk)


def test_a_change_takes_the_request_back_and_begins_again(place: Place, team: Team) -> None:
    made = uses.asked(team)
    uses.decide(made, team.approver)
    old = str(uses.view(made).request_id)
    payee = uses.view(made).payee
    assert payee is not None
    with atomic():
        services.change(made, uses.facts(70_000, payee.id), by=team.clerk)
    seen = uses.view(made)
    assert (seen.status, seen.version, seen.amount_fen) == (S.DRAFT, 2, 70_000)
    assert approval_queries.request(old).status.value == "withdrawn"
    with pytest.raises(approval_errors.NotWaiting), atomic():
        approvals.decide(old, by=team.approver2, approve=True)
    uses.submit(made, team.clerk)
    assert str(uses.view(made).request_id) != old
    uses.decide(made, team.approver2)  # of the two, none was counted before
    assert uses.status(made) is S.WAITING
    uses.decide(made, team.approver)
    assert uses.standing(place.books[TOWN]).reserved_fen == 70_000


def test_what_is_approved_is_not_changed(place: Place, team: Team) -> None:
    made = uses.approved(team)
    payee = uses.view(made).payee
    assert payee is not None
    with pytest.raises(errors.NotChangeable), atomic():
        services.change(made, uses.facts(1, payee.id), by=team.clerk)
    with pytest.raises(errors.NotNow), atomic():
        services.withdraw(made, by=team.clerk)
    assert uses.view(made).amount_fen == 50_000


def test_the_money_stays_where_it_was_asked_from(place: Place, team: Team) -> None:
    made = uses.draft(team)
    with pytest.raises(errors.NotChangeable), atomic():
        services.change(made, uses.facts(unit=COUNTY), by=team.clerk)


def test_approval_of_a_stale_version(place: Place, team: Team) -> None:
    """What an approver looked at is not what stands there now: their word is not taken."""
    made = uses.asked(team)
    old = approval_queries.request(str(uses.view(made).request_id))
    payee = uses.view(made).payee
    assert payee is not None
    with atomic():
        services.change(made, uses.facts(90_000, payee.id), by=team.clerk)
    uses.submit(made, team.clerk)
    request = str(uses.view(made).request_id)
    with pytest.raises(approval_errors.FactsChanged), atomic():
        approvals.decide(request, by=team.approver, approve=True, seen=old.facts_sha256)


def test_facts_changed_behind_the_verbs_are_not_approved(place: Place, team: Team) -> None:
    made = uses.asked(team)
    uses.decide(made, team.approver)
    with atomic():
        db.session().execute(
            text("UPDATE disbursements_application SET title = '别的' WHERE public_id = :id"),
            {"id": made},
        )
    with pytest.raises(approval_errors.FactsChanged):
        uses.decide(made, team.approver2)
    assert uses.standing(place.books[TOWN]).reserved_fen == 0


def test_sent_back_with_questions(place: Place, team: Team) -> None:
    made = uses.asked(team)
    with pytest.raises(errors.QuestionsNeeded), atomic():
        services.send_back(made, by=team.approver, questions="  ")
    with pytest.raises(approval_errors.MayNotDecide), atomic():
        services.send_back(made, by=team.cashier, questions="请补充报价")
    with pytest.raises(approval_errors.OwnRequest), atomic():
        services.send_back(made, by=team.clerk, questions="请补充报价")
    with atomic():
        services.send_back(made, by=team.approver, questions="请补充报价")
    seen = uses.view(made)
    assert (seen.status, seen.words) == (S.RETURNED, "请补充报价")
    assert approval_queries.waiting_for(team.approver2) == []
    db.session().rollback()
    uses.submit(made, team.clerk)
    uses.approve(team, made)
    assert uses.status(made) is S.APPROVED


def test_refused_with_a_reason(place: Place, team: Team) -> None:
    made = uses.asked(team)
    uses.decide(made, team.approver)
    with pytest.raises(approval_errors.ReasonNeeded):
        uses.decide(made, team.approver2, approve=False)
    uses.decide(made, team.approver2, approve=False, reason="价格明显偏高")
    seen = uses.view(made)
    assert (seen.status, seen.words) == (S.REFUSED, "价格明显偏高")
    assert uses.standing(place.books[TOWN]).reserved_fen == 0
    with atomic():
        again = services.copy(made, by=team.clerk)
    assert uses.view(again).copied_from == made
    assert (uses.view(again).status, uses.view(again).title) == (S.DRAFT, seen.title)


def test_a_copy_of_another_units_is_refused(place: Place, team: Team) -> None:
    made = uses.draft(team)
    with atomic():
        stranger = make_person("测试外村经办", Grant(Role.UNIT_CLERK, "GS-0009"))
    with pytest.raises(errors.NotYourBook), atomic():
        services.copy(made, by=stranger)


def test_void_gives_the_money_back(place: Place, team: Team) -> None:
    made = uses.approved(team)
    with pytest.raises(errors.ReasonNeeded), atomic():
        services.void(made, by=team.manager, reason="")
    with pytest.raises(errors.NotForYou), atomic():
        services.void(made, by=team.discloser, reason="不再需要")
    with atomic():
        services.void(made, by=team.manager, reason="供应商无法供货")
    assert uses.status(made) is S.LAPSED
    standing = uses.standing(place.books[TOWN])
    assert (standing.available_fen, standing.reserved_fen) == (100_000, 0)
    with pytest.raises(errors.NotNow), atomic():
        services.void(made, by=team.manager, reason="再来一次")
    uses.number()
    assert uses.broken() == set()


def test_by_amount_more_persons_decide(place: Place, team: Team) -> None:
    uses.fund(team, 6_000_000)
    made = uses.asked(team, 5_000_000)
    request = approval_queries.request(str(uses.view(made).request_id))
    assert request.needed == 3
    db.session().rollback()
    uses.approve(team, made)
    assert uses.status(made) is S.WAITING
    uses.decide(made, team.approver3)
    assert uses.status(made) is S.APPROVED
    assert approval_queries.request(str(uses.view(uses.asked(team, 100)).request_id)).needed == 2


def test_split_to_slip_below_a_level(place: Place, team: Team) -> None:
    uses.fund(team, 10_000_000)
    uses.asked(team, 3_000_000)
    second = uses.draft(team, 2_000_000)  # another account of the same company
    with pytest.raises(errors.SplitPayment) as refused:
        uses.submit(second, team.clerk)
    assert "¥50,000.00" in refused.value.sentence()
    uses.asked(team, 1_999_999)
    other = uses.add_payee(team, uscc="91620000MA00000007", name="另一家测试公司")
    uses.asked(team, 2_000_000, payee=other)


def test_a_unit_that_owes_evidence_waits(
    place: Place, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    owed = uses.paid(team, 10_000)
    late = uses.view(owed).evidence_due_on
    assert late is not None
    waiting = uses.asked(team, 20_000)
    uses.decide(waiting, team.approver)
    ready = uses.draft(team, 30_000, ends_on=late)
    monkeypatch.setattr(
        clock, "now", lambda: dt.datetime.combine(late + dt.timedelta(days=1), dt.time(8), dt.UTC)
    )
    for refused in (
        lambda: uses.submit(ready, team.clerk),
        lambda: uses.decide(waiting, team.approver2),
    ):
        with pytest.raises(RuleBroken) as error:
            refused()
        assert error.value.code in {"evidence_overdue", "request_expired"}
    with pytest.raises(errors.EvidenceOverdue) as told:
        uses.submit(ready, team.clerk)
    assert uses.view(owed).number in told.value.sentence()


def test_files_are_part_of_what_is_signed(place: Place, team: Team) -> None:
    made = uses.draft(team)
    stored = files.store().put(hand.picture(), ".png")
    with atomic():
        attachments.attach(
            made, title="三家报价", media_type="image/png", stored=stored, by=team.clerk
        )
    with pytest.raises(errors.AttachmentTaken), atomic():
        attachments.attach(
            made, title="又一次", media_type="image/png", stored=stored, by=team.clerk
        )
    uses.submit(made, team.clerk)
    request = approval_queries.request(str(uses.view(made).request_id))
    assert request.facts["attachments"] == [{"title": "三家报价", "sha256": stored.sha256}]
    db.session().rollback()
    file = uses.view(made).attachments[0].id
    with pytest.raises(errors.NotNow), atomic():
        attachments.detach(made, file, by=team.clerk)
    assert io.BytesIO(files.store().get(stored.path, stored.sha256)).read(4)


def test_fundraising_costs_help_nobody_and_say_so(place: Place, team: Team) -> None:
    with pytest.raises(errors.FunctionUnfit):
        uses.draft(team, function=Function.FUNDRAISING)
    with pytest.raises(errors.FunctionUnfit):
        uses.draft(team, purpose=Purpose.CAMPAIGN_COST)
    made = uses.draft(
        team, function=Function.FUNDRAISING, purpose=Purpose.CAMPAIGN_COST, people_count=0,
        people_codes=(),
    )  # fmt: skip
    uses.submit(made, team.clerk)


def test_a_steward_applies_for_a_unit_that_left(place: Place, team: Team) -> None:
    made = uses.draft(team)
    with atomic():
        county = make_person("测试县经办", Grant(Role.UNIT_CLERK, COUNTY))
        units.end_unit(TOWN, UnitClosing.LEFT)
    with pytest.raises(errors.StewardNeeded):
        uses.submit(made, team.clerk)
    with atomic():
        request = ask_steward(
            TOWN, COUNTY, since=clock.today(), reason="镇级单位撤销", by=team.manager
        )
    with atomic():
        approvals.decide(request, by=team.approver, approve=True)
        appoint(request, team.approver)
    with pytest.raises(errors.HasSteward) as refused:
        uses.submit(made, team.clerk)
    assert "测试县" in refused.value.sentence()
    uses.submit(made, county)
    uses.approve(team, made)
    assert uses.standing(place.books[TOWN]).reserved_fen == 50_000


def test_lists_go_page_by_page(place: Place, team: Team) -> None:
    made = [uses.asked(team, 1_000) for _ in range(5)]
    uses.draft(team)
    first = queries.applications(S.WAITING, limit=2)
    second = queries.applications(S.WAITING, first.next_cursor, limit=2)
    third = queries.applications(S.WAITING, second.next_cursor, limit=2)
    found = [one.id for page in (first, second, third) for one in page.items]
    assert found == made[::-1]
    assert third.next_cursor is None
    assert len(queries.of_unit(TOWN).items) == 6
    assert queries.of_unit(COUNTY).items == ()
    with pytest.raises(RuleBroken):
        queries.of_unit(TOWN, cursor="nothing")
