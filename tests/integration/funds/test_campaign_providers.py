"""Payment providers of a campaign: switched by two people, and nothing is paid through another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from charity.approvals import services as approvals
from charity.approvals.errors import AlreadyAsked, FactsChanged, MayNotAsk, NotApproved, OwnRequest
from charity.audit.models import AuditRecord
from charity.donations import queries, services
from charity.donations.errors import ProviderOff
from charity.donations.kinds import PaymentStatus
from charity.donations.models import Intent
from charity.donations.services import GiftItem
from charity.funds import campaigns, providers
from charity.funds import services as funds
from charity.funds.errors import ProviderSwitched, ProviderUnfit, StepUnfit, UnknownCampaign
from charity.funds.kinds import CampaignStatus
from charity.funds.models import Campaign, CampaignProvider
from charity.funds.provider_queries import switches, taken
from charity.funds.unit_errors import TextUnfit
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests.gifts import (
    COUNTY,
    OFFICE,
    SLUG,
    body,
    campaign_facts,
    create,
    make_place,
    request,
    settle,
    tell,
)  # fmt: skip
from tests.people import make_person

OTHER = "other"
WHY = "接受境外捐赠"


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    """An open campaign, and another one beside it."""
    make_place()
    with atomic():
        facts = replace(campaign_facts(), slug=OTHER, filing_number="53620000TEST000002")
        funds.create_campaign("aixin", facts, office=OFFICE)
        funds.admit_unit(OTHER, COUNTY)


@pytest.fixture
def two(place: None) -> tuple[Signed, Signed]:
    """A manager and an approver."""
    with atomic():
        return (
            make_person("甲", Grant(Role.FUND_MANAGER, None)),
            make_person("乙", Grant(Role.APPROVER, None)),
        )


def ask(two: tuple[Signed, Signed], provider: str = "sandbox", *, on: bool = False) -> str:
    with atomic():
        return providers.ask_switch(SLUG, provider, on=on, reason=WHY, by=two[0])


def agree(name: str, two: tuple[Signed, Signed]) -> None:
    with atomic():
        approvals.decide(name, by=two[1], approve=True)
        providers.switch(name, two[1])


def now(slug: str = SLUG) -> frozenset[str]:
    found = taken([slug])[slug]
    db.session().rollback()
    return found


def test_from_the_start_only_test_money_is_taken() -> None:
    assert taken([SLUG, OTHER]) == {SLUG: {"sandbox"}, OTHER: {"sandbox"}}


def test_one_asks_another_agrees_and_only_then_it_is_so(two: tuple[Signed, Signed]) -> None:
    name = ask(two, "stripe", on=True)
    assert now() == {"sandbox"}
    with pytest.raises(NotApproved), atomic():
        providers.switch(name, two[1])
    with pytest.raises(OwnRequest), atomic():
        approvals.decide(name, by=two[0], approve=True)
    agree(name, two)
    assert now() == {"sandbox", "stripe"}
    assert now(OTHER) == {"sandbox"}
    (stripe,) = switches(SLUG, ["stripe"])
    assert (stripe.taken, stripe.reason) == (True, WHY)
    assert stripe.since is not None
    verbs = db.session().scalars(
        select(AuditRecord.verb).where(
            AuditRecord.object_id == SLUG, AuditRecord.verb == "campaign.provider"
        )
    )
    assert list(verbs) == ["campaign.provider"]


def test_the_newest_switch_counts(two: tuple[Signed, Signed]) -> None:
    for on in (True, False, True):
        agree(ask(two, "stripe", on=on), two)
        assert ("stripe" in now()) is on
    assert db.session().scalar(select(func.count()).select_from(CampaignProvider)) == 3


def test_a_gift_through_a_provider_that_is_off_is_refused_with_nothing_written(
    two: tuple[Signed, Signed],
) -> None:
    agree(ask(two), two)
    with pytest.raises(ProviderOff) as caught, atomic():
        services.create_intent(request((COUNTY, 100)))
    assert (caught.value.field, caught.value.status) == ("provider", 422)
    with pytest.raises(ProviderOff), atomic():
        services.check_item(GiftItem(SLUG, COUNTY, 100), "sandbox")
    # A basket goes through only what all of its campaigns take.
    both = (GiftItem(OTHER, COUNTY, 100), GiftItem(SLUG, COUNTY, 100))
    with pytest.raises(ProviderOff), atomic():
        services.create_intent(replace(request(), items=both))
    assert db.session().scalar(select(func.count()).select_from(Intent)) == 0
    db.session().rollback()
    with atomic():
        services.create_intent(replace(request(), items=both[:1]))


def test_switched_off_between_asking_and_paying(two: tuple[Signed, Signed]) -> None:
    with atomic():
        asked = services.create_intent(request((COUNTY, 100)))
    begun = create((COUNTY, 300))
    agree(ask(two), two)
    with pytest.raises(ProviderOff):
        services.start(asked.payment.id)
    assert queries.payment_by_id(asked.payment.id).provider_reference is None
    # What the provider holds already is still paid, and arrives.
    assert services.start(begun.payment.id)
    db.session().rollback()
    tell(body(begun))
    settle()
    assert queries.payment_by_id(begun.payment.id).status is PaymentStatus.PAID


def test_what_cannot_be_asked(two: tuple[Signed, Signed]) -> None:
    manager, approver = two
    with pytest.raises(ProviderSwitched), atomic():
        providers.ask_switch(SLUG, "sandbox", on=True, reason=WHY, by=manager)
    with pytest.raises(ProviderSwitched), atomic():
        providers.ask_switch(SLUG, "stripe", on=False, reason=WHY, by=manager)
    with pytest.raises(MayNotAsk), atomic():
        providers.ask_switch(SLUG, "stripe", on=True, reason=WHY, by=approver)
    for reason in ("", " ", "x" * 301, "\u202e"):
        with pytest.raises(TextUnfit), atomic():
            providers.ask_switch(SLUG, "stripe", on=True, reason=reason, by=manager)
    for provider in ("", "x" * 21, "a b", "\x00", "a;b"):
        with pytest.raises(ProviderUnfit), atomic():
            providers.ask_switch(SLUG, provider, on=True, reason=WHY, by=manager)
    with pytest.raises(UnknownCampaign), atomic():
        providers.ask_switch("nowhere", "stripe", on=True, reason=WHY, by=manager)
    ask(two, "stripe", on=True)
    with pytest.raises(AlreadyAsked):
        ask(two, "stripe", on=True)
    with atomic():
        campaigns.take_step(SLUG, CampaignStatus.ENDED, note="测试结束")
    with pytest.raises(StepUnfit):
        ask(two)


def test_what_was_agreed_to_is_looked_at_again(two: tuple[Signed, Signed]) -> None:
    name = ask(two, "stripe", on=True)
    with atomic():
        db.session().execute(
            update(Campaign).where(Campaign.slug == SLUG).values(name="另一个名称")
        )
    with atomic():
        approvals.decide(name, by=two[1], approve=True)
    with pytest.raises(FactsChanged), atomic():
        providers.switch(name, two[1])
    assert now() == {"sandbox"}


def test_a_switch_is_never_changed_and_needs_two(two: tuple[Signed, Signed]) -> None:
    agree(ask(two, "stripe", on=True), two)
    for change in (update(CampaignProvider).values(taken=False), delete(CampaignProvider)):
        with pytest.raises(DatabaseError), atomic():
            db.session().execute(change)
    campaign_id = db.session().scalar(select(Campaign.id).where(Campaign.slug == OTHER))
    db.session().rollback()
    row = {
        "id": new_id(), "campaign_id": campaign_id, "provider": "stripe", "taken": True,
        "reason": WHY, "request_id": "r1", "recorded_at": clock.now(),
        "first_person_id": "p", "second_person_id": "p",
    }  # fmt: skip
    with pytest.raises(IntegrityError), atomic():
        db.session().execute(insert(CampaignProvider).values(**row))
    assert now() == {"sandbox", "stripe"}
    assert now(OTHER) == {"sandbox"}
