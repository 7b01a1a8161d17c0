"""A unit comes into a campaign step by step, its book opened by two; stewards likewise."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import text

from charity.approvals import services as approvals
from charity.approvals.errors import FactsChanged, NotApproved, OwnRequest
from charity.funds import admission_queries, admissions, services, stewards, unit_queries, units
from charity.funds import queries as funds
from charity.funds.errors import AlreadyAdmitted
from charity.funds.kinds import AdmissionStep, CampaignStatus, UnitClosing, UnitLevel
from charity.funds.unit_errors import (
    NoSuchUnit,
    StepsMissing,
    StewardNotNeeded,
    StewardUnfit,
    TextUnfit,
)
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger.services import Actor
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, campaign_facts, make_place
from tests.people import make_person

NEW, OTHER = "GS-0011", "GS-0012"
TODAY = clock.today()
S = AdmissionStep


@pytest.fixture
def two(ctx: Flask) -> tuple[Signed, Signed]:
    """A manager and an approver; beside the usual place two units without a book."""
    make_place()
    with atomic():
        for code in (NEW, OTHER):
            services.create_unit(
                code, f"新村{code[-1]}", "", level=UnitLevel.VILLAGE, area_code="620123",
                parent=TOWN,
            )  # fmt: skip
        manager = make_person("甲", Grant(Role.FUND_MANAGER, None))
        return manager, make_person("乙", Grant(Role.APPROVER, None))


def missing(code: str = NEW, slug: str = SLUG) -> list[AdmissionStep]:
    return admission_queries.admission(slug, code).missing


def assess(actor: Actor, *codes: str, fit: bool = True) -> None:
    with atomic():
        admissions.assess(
            SLUG, codes or (NEW,), looked_at="看了证书和账目", fit=fit, on=TODAY, actor=actor
        )


def sign(actor: Actor, *codes: str, content: bytes = b"signed") -> None:
    stored = files.store().put(content, ".pdf")
    with atomic():
        admissions.sign(SLUG, codes or (NEW,), file=stored, signed_on=TODAY, actor=actor)


def name(actor: Actor, *codes: str) -> None:
    with atomic():
        admissions.name_in_plan(SLUG, codes or (NEW,), clause="附件一第 3 行", actor=actor)


def test_each_missing_step_is_a_sentence(two: tuple[Signed, Signed]) -> None:
    manager = two[0]
    left = [S.ASSESSMENT, S.AGREEMENT, S.NAMING]
    for step in (assess, sign, name):
        assert missing() == left
        with pytest.raises(StepsMissing) as caught, atomic():
            admissions.ask_books(SLUG, [NEW], by=manager)
        sentences = [sentence for _, _, sentence in caught.value.details()]
        assert len(sentences) == len(left)
        assert all(sentence.startswith(f"{NEW}：") for sentence in sentences)
        step(manager.actor)
        left = left[1:]
    assert missing() == []
    assess(manager.actor, fit=False)
    assert missing() == [S.ASSESSMENT]


def test_a_book_is_opened_by_two(two: tuple[Signed, Signed]) -> None:
    manager, approver = two
    for step in (assess, sign, name):
        step(manager.actor, NEW, OTHER)
    with atomic():
        request = admissions.ask_books(SLUG, [NEW, OTHER], by=manager)
    with pytest.raises(NotApproved), atomic():
        admissions.open_books(request, manager)
    with pytest.raises(OwnRequest), atomic():
        approvals.decide(request, by=manager, approve=True)
    assert funds.place(SLUG, NEW) is None
    with atomic():
        approvals.decide(request, by=approver, approve=True)
        books = admissions.open_books(request, approver)
    assert {code: funds.place(SLUG, code).book_id for code in (NEW, OTHER)} == books  # type: ignore[union-attr]
    view = admission_queries.admission(SLUG, NEW)
    assert view.admitted_at is not None
    assert view.missing == []
    with pytest.raises(AlreadyAdmitted), atomic():
        admissions.ask_books(SLUG, [NEW], by=manager)
    opened = text("SELECT count(*) FROM funds_campaign_unit WHERE request_id = :r")
    kept = db.session().execute(opened, {"r": request})
    assert kept.scalar() == 2


def test_what_was_asked_is_what_is_opened(two: tuple[Signed, Signed]) -> None:
    """Another agreement between asking and opening: the approval does not hold for it."""
    manager, approver = two
    for step in (assess, sign, name):
        step(manager.actor)
    with atomic():
        request = admissions.ask_books(SLUG, [NEW], by=manager)
    sign(manager.actor, content=b"another")
    with atomic():
        approvals.decide(request, by=approver, approve=True)
    with pytest.raises(FactsChanged), atomic():
        admissions.open_books(request, approver)
    assert funds.place(SLUG, NEW) is None


def test_a_campaign_that_is_not_filed_opens_no_book(two: tuple[Signed, Signed]) -> None:
    with atomic():
        services.create_campaign(
            "aixin",
            campaign_facts(slug="draft", status=CampaignStatus.DRAFT, filing_number=""),
            office=OFFICE,
        )
    assert S.FILED in missing(slug="draft")
    with atomic():
        units.end_unit(NEW, UnitClosing.LEFT)
    assert missing()[0] is S.UNIT_OPEN


def test_refused_steps_write_nothing(two: tuple[Signed, Signed]) -> None:
    actor = two[0].actor
    with pytest.raises(TextUnfit), atomic():
        admissions.name_in_plan(SLUG, [NEW], clause=" ", actor=actor)
    with pytest.raises(NoSuchUnit), atomic():
        admissions.name_in_plan(SLUG, [NEW, "nobody"], clause="附件一", actor=actor)
    assert missing() == [S.ASSESSMENT, S.AGREEMENT, S.NAMING]
    for table in ("funds_assessment", "funds_agreement", "funds_plan_naming", "funds_steward"):
        assert db.session().execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_a_steward_is_appointed_by_two_from_a_day_on(two: tuple[Signed, Signed]) -> None:
    manager, approver = two
    with pytest.raises(StewardNotNeeded), atomic():
        stewards.ask_steward(NEW, COUNTY, since=TODAY, reason="合并", by=manager)
    with atomic():
        units.end_unit(NEW, UnitClosing.MERGED, successor=TOWN)
    for unfit in (NEW, "nobody"):
        with pytest.raises(StewardUnfit), atomic():
            stewards.ask_steward(NEW, unfit, since=TODAY, reason="合并", by=manager)
    later = TODAY + dt.timedelta(days=3)
    with atomic():
        request = stewards.ask_steward(NEW, COUNTY, since=later, reason="合并到镇", by=manager)
    assert unit_queries.steward(NEW, later) is None
    with atomic():
        approvals.decide(request, by=approver, approve=True)
        stewards.appoint(request, approver)
    assert unit_queries.steward(NEW) is None  # its day has not come
    found = unit_queries.steward(NEW, later)
    assert found is not None
    assert (found.code, found.since, found.reason) == (COUNTY, later, "合并到镇")
    with pytest.raises(Exception, match=r"append-only|not authorized|permission denied"), atomic():
        db.session().execute(text("UPDATE funds_steward SET reason = ''"))
