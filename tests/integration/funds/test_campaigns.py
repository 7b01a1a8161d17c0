"""Campaigns on both databases: their steps, versions, files, taking down and putting back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from charity.approvals import services as approvals
from charity.approvals.errors import OwnRequest
from charity.approvals.kinds import Kind
from charity.areas.errors import UnknownArea
from charity.figures.checks import everything
from charity.funds import campaign_files, campaigns, errors, queries
from charity.funds import campaign_queries as reads
from charity.funds import services as funds
from charity.funds.kinds import CampaignStatus, FileKind, FundText, Need
from charity.funds.statements import publish_statement
from charity.kernel import clock
from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.uploads import Clean
from charity.ledger.services import Actor, Signature
from charity.people.kinds import Role
from charity.web.funddesk.campaigns import put_back as put_back_effect
from tests.gifts import OFFICE, SLUG, Place, create, give, make_place
from tests.people import Grant, make_person

WHO = Actor("p1", "某人")
DRAFT = "xinhuodong"


@pytest.fixture
def place(ctx: Flask) -> Place:
    """A fund with an open campaign."""
    return make_place()


def plan(**changes: object) -> dict[str, object]:
    """Everything a filed plan has, and its filing and listing."""
    return {
        **{need: f"{need} 的内容" for need in (
            "purpose", "area", "methods", "bank_account", "beneficiaries", "use_plan", "cost_plan",
            "leftover", "expected_basis", "fallback_use", "contact_address",
        )},
        "person_in_charge": "测试负责人",
        "contact_phone": "0931-0000000",
        "expected_fen": 100_000,
        "filing_number": "53620000TEST000009",
        "platform_name": "测试平台",
        "platform_url": "https://platform.example.org/new",
        **changes,
    }  # fmt: skip


def begin(**changes: object) -> str:
    """A draft whose plan is whole."""
    today = clock.today()
    with atomic():
        campaigns.begin(
            "aixin", slug=DRAFT, name="新活动", starts_on=today,
            ends_on=today + dt.timedelta(days=30), office=OFFICE, actor=WHO,
        )  # fmt: skip
        campaigns.write(DRAFT, plan(**changes), actor=WHO)
    return DRAFT


def step(to: CampaignStatus, slug: str = DRAFT, note: str = "") -> None:
    with atomic():
        campaigns.take_step(slug, to, actor=WHO, note=note)


def attach(slug: str = DRAFT, kind: FileKind = FileKind.PICTURE, **changes: str) -> str:
    """A file that is said to be kept."""
    pdf = kind is FileKind.REPORT
    cleaned = Clean(b"x", "application/pdf" if pdf else "image/png", ".x", 4, 3)
    cleaned = dataclasses.replace(cleaned, **changes) if changes else cleaned  # type: ignore[arg-type]
    with atomic():
        return campaign_files.attach(
            slug,
            kind,
            title="一张图",
            cleaned=cleaned,
            stored=Stored("a/b", "0" * 64, 1),
            actor=WHO,
        )


def needs_of(caught: pytest.ExceptionInfo[errors.NotReady]) -> set[Need]:
    return set(caught.value.needs)


def test_a_campaign_lives_its_whole_life(place: Place) -> None:
    slug = begin()
    with pytest.raises(errors.UnknownCampaign):
        queries.campaign(slug)
    step(CampaignStatus.FILED)
    assert queries.campaign(slug).plan_version == 1
    assert not queries.campaign(slug).accepts_gifts
    step(CampaignStatus.OPEN)
    assert queries.campaign(slug).accepts_gifts
    step(CampaignStatus.ENDED, note="物资已足够")
    assert not queries.campaign(slug).accepts_gifts
    attach(kind=FileKind.REPORT)
    step(CampaignStatus.REPORTED)
    step(CampaignStatus.CLOSED)
    taken = reads.steps_taken(slug)
    assert [one.status for one in taken] == list(CampaignStatus)
    assert taken[3].note == "物资已足够"
    assert reads.next_steps(slug) == []
    assert everything().ok


@pytest.mark.parametrize(
    ("lacking", "need"),
    [
        *(({need: ""}, Need(need)) for need in (
            "purpose", "area", "methods", "bank_account", "beneficiaries", "use_plan", "cost_plan",
            "leftover", "expected_basis", "fallback_use", "contact_address", "person_in_charge",
            "contact_phone", "filing_number",
        )),
        ({"expected_fen": 0}, Need.EXPECTED),
    ],
)  # fmt: skip
def test_a_plan_with_a_gap_is_not_filed(
    place: Place, lacking: dict[str, object], need: Need
) -> None:
    begin(**lacking)
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.FILED)
    assert needs_of(caught) == {need}
    assert [(name, bool(said)) for name, _code, said in caught.value.details()] == [
        (need.value, True)
    ]
    assert reads.desk_campaign(DRAFT).status is CampaignStatus.DRAFT
    assert [one.needs for one in reads.next_steps(DRAFT)] == [(need,)]


@pytest.mark.parametrize(
    ("lacking", "need"), [("platform_url", Need.LISTING), ("platform_name", Need.PLATFORM)]
)
def test_no_opening_without_a_page_on_the_platform(place: Place, lacking: str, need: Need) -> None:
    begin(**{lacking: ""})
    step(CampaignStatus.FILED)
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.OPEN)
    assert needs_of(caught) == {need}
    assert not queries.campaign(DRAFT).accepts_gifts


def test_no_opening_after_the_last_day(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    step(CampaignStatus.FILED)
    later = clock.today() + dt.timedelta(days=31)
    monkeypatch.setattr(clock, "today", lambda: later)
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.OPEN)
    assert needs_of(caught) == {Need.NOT_OVER}


def test_the_database_holds_the_two_conditions_by_itself(place: Place) -> None:
    for name, statement in (
        ("ck_funds_campaign_filed", "SET filing_number = ''"),
        ("ck_funds_campaign_listed", "SET platform_url = ''"),
        ("ck_funds_campaign_basis", "SET fundraising_basis = 'x'"),
        ("ck_funds_campaign_expected_fen", "SET expected_fen = -1"),
        ("ck_funds_campaign_taken_down_with_words", "SET taken_down_words = 'x'"),
    ):
        with pytest.raises(IntegrityError, match=name), atomic():
            db.session().execute(text(f"UPDATE funds_campaign {statement}"))


def test_steps_are_taken_once_and_in_order(place: Place) -> None:
    begin()
    for to in (CampaignStatus.OPEN, CampaignStatus.CLOSED, CampaignStatus.DRAFT):
        with pytest.raises(errors.StepUnfit):
            step(to)
    step(CampaignStatus.FILED)
    with pytest.raises(errors.StepUnfit):
        step(CampaignStatus.FILED)
    with pytest.raises(errors.UnknownCampaign):
        step(CampaignStatus.OPEN, "nowhere")
    with pytest.raises(AtomicError):
        campaigns.take_step(DRAFT, CampaignStatus.OPEN)


def test_ending_early_says_why(place: Place) -> None:
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.ENDED, SLUG)
    assert needs_of(caught) == {Need.EARLY_REASON}
    step(CampaignStatus.ENDED, SLUG, "原因")


def test_no_closing_while_the_ledger_says_money_is_on_its_way(place: Place) -> None:
    give((OFFICE, 1_000))
    step(CampaignStatus.ENDED, SLUG, "原因")
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.REPORTED, SLUG)
    assert needs_of(caught) == {Need.REPORT}
    attach(SLUG, FileKind.REPORT)
    step(CampaignStatus.REPORTED, SLUG)
    with pytest.raises(errors.NotReady) as caught:
        step(CampaignStatus.CLOSED, SLUG)
    assert needs_of(caught) == {Need.CLEARING}
    assert "渠道" in caught.value.details()[0][2]


def test_a_filed_plan_changes_as_a_new_version(place: Place) -> None:
    begin()
    with atomic():
        assert campaigns.write(DRAFT, {"purpose": "还是草稿"}, actor=WHO) == 0
    step(CampaignStatus.FILED)
    with pytest.raises(errors.PlanFiled) as caught, atomic():
        campaigns.write(DRAFT, {"purpose": "改了"}, actor=WHO)
    assert caught.value.details()[0][0] == "reason"
    with atomic():
        assert campaigns.write(DRAFT, {"purpose": "改了"}, actor=WHO, reason="扩大范围") == 2
    with pytest.raises(errors.NothingChanged), atomic():
        campaigns.write(DRAFT, {"purpose": "改了"}, actor=WHO, reason="再说一次")
    newer, older = reads.plan_versions(DRAFT)
    assert (newer.version, newer.plan["purpose"], newer.reason) == (2, "改了", "扩大范围")
    assert (older.version, older.plan["purpose"], older.reason) == (1, "还是草稿", "")
    assert reads.plan_version(DRAFT, 1) == older
    stored = (
        db.session().scalars(text("SELECT plan FROM funds_plan_version WHERE version = 2")).one()
    )
    assert hashlib.sha256(stored.encode()).hexdigest() == newer.sha256
    with pytest.raises(errors.UnknownCampaign):
        reads.plan_version(DRAFT, 3)
    with pytest.raises(DBAPIError, match=r"append-only|not authorized|denied"), atomic():
        db.session().execute(text("UPDATE funds_plan_version SET plan = '{}'"))
    # What is no part of the plan makes no version: the description, the page on the platform.
    with atomic():
        text_and_page = {"description": "新介绍", "platform_url": "https://platform.example.org/b"}
        assert campaigns.write(DRAFT, text_and_page, actor=WHO) == 2
    assert everything().ok


def test_a_change_cannot_take_away_what_was_filed(place: Place) -> None:
    begin()
    step(CampaignStatus.FILED)
    step(CampaignStatus.OPEN)
    for lacking, need in (("leftover", Need.LEFTOVER), ("platform_url", Need.LISTING),
                          ("filing_number", Need.FILING_NUMBER)):  # fmt: skip
        with pytest.raises(errors.NotReady) as caught, atomic():
            campaigns.write(DRAFT, {lacking: ""}, actor=WHO, reason="原因")
        assert needs_of(caught) == {need}
    assert reads.desk_campaign(DRAFT).plan_version == 1


def test_a_reported_campaign_is_history(place: Place) -> None:
    begin()
    for to in (CampaignStatus.FILED, CampaignStatus.OPEN, CampaignStatus.ENDED):
        step(to, note="原因")
    report = attach(kind=FileKind.REPORT)
    step(CampaignStatus.REPORTED)
    with pytest.raises(errors.StepUnfit), atomic():
        campaigns.write(DRAFT, {"description": "x"}, actor=WHO)
    with pytest.raises(errors.FileInUse), atomic():
        campaign_files.remove(DRAFT, report)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "长" * 61}, "name"),
        ({"name": "两\n行"}, "name"),
        ({"purpose": "长" * 2_001}, "purpose"),
        ({"description": "长" * 20_001}, "description"),
        ({"platform_url": "javascript:alert(1)"}, "platform_url"),
        ({"platform_url": "http://platform.example.org"}, "platform_url"),
        ({"fundraising_basis": "x"}, "fundraising_basis"),
        ({"expected_fen": -1}, "expected_fen"),
        ({"expected_fen": 10**15}, "expected_fen"),
        ({"description": "![图](picture:notours)"}, "description"),
    ],
)
def test_unfit_texts_stand_beside_their_field(
    place: Place, values: dict[str, object], field: str
) -> None:
    begin()
    before = reads.desk_campaign(DRAFT)
    with pytest.raises(errors.PlanUnfit) as caught, atomic():
        campaigns.write(DRAFT, values, actor=WHO)
    assert [(name, bool(said)) for name, _code, said in caught.value.details()] == [(field, True)]
    db.session.remove()
    assert reads.desk_campaign(DRAFT) == before


def test_areas_that_do_not_exist_are_refused(place: Place) -> None:
    begin()
    for code in ("629999", "620171", "", "x"):
        with pytest.raises(UnknownArea), atomic():
            campaigns.write(DRAFT, {"area_code": code}, actor=WHO)
    with atomic():
        campaigns.write(DRAFT, {"area_code": "620522"}, actor=WHO)
    assert reads.desk_campaign(DRAFT).area_code == "620522"


def test_pictures_stand_only_in_their_own_campaign(place: Place) -> None:
    begin()
    mine, other = attach(), attach(SLUG)
    with atomic():
        campaigns.write(DRAFT, {"description": f"![一张图](picture:{mine})"}, actor=WHO)
    for unfit in (f"![图](picture:{other})", f"![](picture:{mine})"):
        with pytest.raises(errors.PlanUnfit), atomic():
            campaigns.write(DRAFT, {"description": unfit}, actor=WHO)
    with pytest.raises(errors.FileInUse), atomic():
        campaign_files.remove(DRAFT, mine)
    with atomic():
        campaigns.write(DRAFT, {"description": ""}, actor=WHO)
        campaign_files.remove(DRAFT, mine, actor=WHO)
    for gone in (mine, other):
        with pytest.raises(errors.FileUnknown), atomic():
            campaign_files.remove(DRAFT, gone)


def test_files_are_what_they_are_for(place: Place) -> None:
    begin()
    with pytest.raises(errors.FileUnfit):
        attach(kind=FileKind.PICTURE, media_type="application/pdf")
    with pytest.raises(errors.FileUnfit):
        attach(kind=FileKind.REPORT, media_type="image/png")
    for title in ("", "  ", "长" * 121):
        with pytest.raises(errors.TitleMissing), atomic():
            campaign_files.attach(
                DRAFT, FileKind.DOCUMENT, title=title,
                cleaned=Clean(b"x", "application/pdf", ".pdf"), stored=Stored("a", "0" * 64, 1),
            )  # fmt: skip
    file = attach()
    with pytest.raises(errors.FileUnknown):
        reads.public_file(DRAFT, file)
    step(CampaignStatus.FILED)
    assert reads.public_file(DRAFT, file).title == "一张图"
    with atomic():
        campaigns.take_down(DRAFT, "核实中", actor=WHO)
    with pytest.raises(errors.FileUnknown):
        reads.public_file(DRAFT, file)
    assert reads.desk_file(DRAFT, file).id == file


def test_so_many_files_and_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    monkeypatch.setattr(campaign_files, "MOST", 2)
    attach()
    attach()
    with pytest.raises(errors.TooManyFiles):
        attach()


def test_one_takes_down_and_two_put_back(place: Place) -> None:
    with atomic():
        manager = make_person("测试管理员", Grant(Role.FUND_MANAGER, None))
        second = make_person("测试审批", Grant(Role.APPROVER, None))
    assert queries.campaign(SLUG).accepts_gifts
    for words in ("", "  ", "长" * 301):
        with pytest.raises(errors.WordsMissing), atomic():
            campaigns.take_down(SLUG, words, actor=manager.actor)
    with atomic():
        campaigns.take_down(SLUG, "有一处需要核实。", actor=manager.actor)
    down = queries.campaign(SLUG)
    assert (down.accepts_gifts, down.taken_down_words) == (False, "有一处需要核实。")
    with pytest.raises(Exception, match="campaign_not_open"):
        create((OFFICE, 1_000))
    with pytest.raises(errors.AlreadyTakenDown), atomic():
        campaigns.take_down(SLUG, "又一次", actor=manager.actor)
    facts = {
        "campaign": SLUG,
        "taken_down_at": down.taken_down_at.isoformat() if down.taken_down_at else None,
        "words": "有一处需要核实。",
    }
    with atomic():
        asked = approvals.request(Kind.CAMPAIGN_BACK, SLUG, facts, by=manager, title="恢复")
    with pytest.raises(OwnRequest), atomic():
        approvals.decide(asked, by=manager, approve=True)
    assert not queries.campaign(SLUG).accepts_gifts
    with atomic():
        put_back_effect(approvals.decide(asked, by=second, approve=True), second)
    assert queries.campaign(SLUG).accepts_gifts
    create((OFFICE, 1_000))
    with pytest.raises(errors.NotTakenDown), atomic():
        campaigns.put_back(SLUG, signed=Signature("a", "b", "0" * 64))


def test_an_approval_of_one_take_down_is_none_of_the_next(place: Place) -> None:
    """Taken down again between the yes and its effect: the facts are others."""
    with atomic():
        manager = make_person("测试管理员", Grant(Role.FUND_MANAGER, None))
        second = make_person("测试审批", Grant(Role.APPROVER, None))
        campaigns.take_down(SLUG, "第一次")
    with atomic():
        asked = approvals.request(
            Kind.CAMPAIGN_BACK, SLUG, {"campaign": SLUG, "taken_down_at": "x", "words": "第一次"},
            by=manager, title="恢复",
        )  # fmt: skip
    with pytest.raises(Exception, match="facts_changed"), atomic():
        put_back_effect(approvals.decide(asked, by=second, approve=True), second)
    assert not queries.campaign(SLUG).accepts_gifts


def test_a_draft_is_nowhere_to_be_taken_down(place: Place) -> None:
    begin()
    with pytest.raises(errors.StepUnfit), atomic():
        campaigns.take_down(DRAFT, "原因")


def test_what_the_fund_says_is_dated_and_stays(place: Place) -> None:
    today = clock.today()
    with atomic():
        publish_statement("aixin", FundText.RULES, "第一版", in_force_from=today, actor=WHO)
    with atomic():
        later = today + dt.timedelta(days=10)
        publish_statement("aixin", FundText.RULES, "第二版", in_force_from=later, actor=WHO)
    newer, older = reads.statements("aixin", FundText.RULES)
    assert (newer.version, newer.body, older.version, older.body) == (2, "第二版", 1, "第一版")
    assert reads.in_force([newer, older], today) == older
    assert reads.in_force([newer, older], today + dt.timedelta(days=10)) == newer
    assert reads.in_force([newer, older], today - dt.timedelta(days=1)) is None
    assert reads.statements("aixin", FundText.CONTACT) == []
    assert reads.statement("aixin", FundText.RULES, 1) == older
    with pytest.raises(errors.UnknownFund):
        reads.statement("aixin", FundText.RULES, 3)
    with pytest.raises(errors.UnknownFund), atomic():
        publish_statement("nowhere", FundText.RULES, "文", in_force_from=today)
    for body in ("", "  \n", "长" * 20_001):
        with pytest.raises(errors.PlanUnfit) as caught, atomic():
            publish_statement("aixin", FundText.RULES, body, in_force_from=today)
        assert caught.value.details()[0][0] == "body"
    with pytest.raises(DBAPIError, match=r"append-only|not authorized|denied"), atomic():
        db.session().execute(text("DELETE FROM funds_fund_statement"))


def test_checks_find_a_plan_without_its_version(place: Place) -> None:
    name = "every filed campaign's plan is its newest version"
    assert {check.name: check.ok for check in everything().checks}[name]
    with atomic():
        db.session().execute(text("UPDATE funds_campaign SET plan_version = 2"))
    assert not {check.name: check.ok for check in everything().checks}[name]


def test_entering_a_campaign_refuses_unknown_areas(place: Place) -> None:
    from tests.gifts import campaign_facts

    with pytest.raises(UnknownArea), atomic():
        funds.create_campaign(
            "aixin", campaign_facts(slug="other", area_code="629999"), office=OFFICE
        )
