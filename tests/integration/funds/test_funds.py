"""Campaigns, units and their books: what is made, what is refused, and by which constraint."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from charity.audit.models import AuditRecord
from charity.funds import errors, queries, services, unit_errors
from charity.funds.kinds import CampaignStatus, UnitLevel
from charity.kernel.atomic import AtomicError, atomic
from charity.kernel.db import db
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, Place, campaign_facts, make_place


@pytest.fixture
def place(ctx: Flask) -> Place:
    """An open campaign with three units."""
    return make_place()


def unit(code: str, parent: str | None = None) -> int:
    """A unit with some name."""
    return services.create_unit(
        code, "名", "name", level=UnitLevel.OTHER, area_code="620000", area_name="甘肃省",
        parent=parent,
    )  # fmt: skip


def test_units_stand_in_a_tree_with_their_books(place: Place) -> None:
    views = [queries.unit(SLUG, code) for code in (OFFICE, COUNTY, TOWN)]
    assert [(view.depth, view.parent_code) for view in views] == [
        (0, None),
        (1, OFFICE),
        (2, COUNTY),
    ]
    assert [view.code for view in queries.children(SLUG, OFFICE)] == [COUNTY]
    assert queries.fund_office_code(SLUG) == OFFICE
    assert len(set(place.books.values())) == 3
    assert set(queries.places([SLUG])) == {(SLUG, OFFICE), (SLUG, COUNTY), (SLUG, TOWN)}


def test_campaign_is_seen_when_filed_and_takes_gifts_when_open(place: Place) -> None:
    assert [view.slug for view in queries.campaigns()] == [SLUG]
    assert queries.campaign(SLUG).accepts_gifts
    draft = campaign_facts(slug="draft", status=CampaignStatus.DRAFT, filing_number="")
    with atomic():
        services.create_campaign("aixin", draft, office=OFFICE)
    with pytest.raises(errors.UnknownCampaign):
        queries.campaign("draft")
    assert [view.slug for view in queries.campaigns()] == [SLUG]
    future = draft.starts_on + dt.timedelta(days=150)
    ended = campaign_facts(slug="later", starts_on=future, ends_on=future)
    with atomic():
        services.create_campaign("aixin", ended, office=OFFICE)
    assert not queries.campaign("later").accepts_gifts


def test_refusals(place: Place) -> None:
    cases = [
        (errors.CodeTaken, lambda: unit(COUNTY)),
        (errors.CodeUnfit, lambda: unit("无")),
        (errors.CodeUnfit, lambda: unit("-x")),
        (unit_errors.ParentUnknown, lambda: unit("GS-9", parent="GS-9999")),
        (errors.CodeTaken, lambda: services.create_fund("aixin", "名", "name")),
        (errors.AlreadyAdmitted, lambda: services.admit_unit(SLUG, TOWN)),
        (errors.UnknownUnit, lambda: services.admit_unit(SLUG, "GS-9999")),
        (errors.UnknownCampaign, lambda: services.admit_unit("nowhere", TOWN)),
        (
            errors.CodeTaken,
            lambda: services.create_campaign("aixin", campaign_facts(), office=OFFICE),
        ),
        (
            errors.DatesUnfit,
            lambda: services.create_campaign(
                "aixin",
                campaign_facts(slug="x", ends_on=dt.date(2000, 1, 1)),
                office=OFFICE,
            ),
        ),
    ]
    for error, verb in cases:
        with pytest.raises(error) as caught, atomic():
            verb()
        assert caught.value.sentence()
    for missing in (
        lambda: queries.unit(SLUG, "GS-9999"),
        lambda: queries.unit("nowhere", TOWN),
        lambda: queries.fund_office_code("nowhere"),
    ):
        with pytest.raises((errors.UnknownUnit, errors.UnknownCampaign)):
            missing()


def test_verbs_need_a_unit_of_work(place: Place) -> None:
    with pytest.raises(AtomicError):
        unit("GS-0009")


def test_database_refuses_by_name(place: Place) -> None:
    names = {
        "ck_funds_campaign_filed": "UPDATE funds_campaign SET filing_number = ''",
        "ck_funds_campaign_dates": "UPDATE funds_campaign SET ends_on = '2000-01-01'",
        "ck_funds_campaign_status": "UPDATE funds_campaign SET status = 'x'",
        "ck_funds_unit_depth": "UPDATE funds_unit SET depth = 5 WHERE parent_id IS NULL",
        "ck_funds_unit_not_its_own_parent": "UPDATE funds_unit SET parent_id = id, depth = 1",
    }
    for name, statement in names.items():
        with pytest.raises(IntegrityError, match=name), atomic():
            db.session().execute(text(statement))
    copy = (
        "INSERT INTO funds_campaign_unit (id, campaign_id, unit_id, book_id, admitted_at)"
        " SELECT 1, campaign_id, {unit}, {book}, admitted_at FROM funds_campaign_unit LIMIT 1"
    )
    other_unit = "(SELECT max(unit_id) + 1 FROM funds_campaign_unit)"
    for pattern, statement in (
        ("book_id", copy.format(unit=other_unit, book="book_id")),
        ("campaign_id", copy.format(unit="unit_id", book="1")),
    ):
        with pytest.raises(IntegrityError, match=pattern), atomic():
            db.session().execute(text(statement))


def test_every_verb_leaves_a_row_in_the_trail(place: Place) -> None:
    verbs = list(db.session().scalars(select(AuditRecord.verb).order_by(AuditRecord.id)))
    assert verbs == [
        "fund.created",
        *["unit.created"] * 3,
        "campaign.created",
        *["unit.admitted"] * 3,
    ]
    with pytest.raises(Exception, match=r"append-only|not authorized|permission denied"), atomic():
        db.session().execute(text("UPDATE audit_record SET verb = 'x'"))
    with pytest.raises(Exception, match=r"append-only|not authorized|permission denied"), atomic():
        db.session().execute(text("DELETE FROM audit_record"))


def test_charity_is_stated_once_and_restated(ctx: Flask) -> None:
    assert queries.charity() is None
    facts = services.CharityFacts(
        name="甲", name_en="A", uscc="53620000MADEUP00XT", certificate="", address="",
        phone="", email="", icp="", handler="",
    )  # fmt: skip
    with atomic():
        services.set_charity(facts)
    with atomic():
        services.set_charity(facts)
    view = queries.charity()
    assert view is not None
    assert (view.name, view.uscc) == ("甲", "53620000MADEUP00XT")
