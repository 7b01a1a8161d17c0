"""Asking for a payment: keys, refusals, secrets, expiry."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from charity.donations import errors, jobs, queries, services
from charity.donations.kinds import BillWish, Display, GiftStatus, PaymentStatus
from charity.donations.models import Donor, Gift, Intent
from charity.donations.services import DonorDetails, GiftItem
from charity.funds import campaigns
from charity.funds.kinds import CampaignStatus
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, Place, body, create, request, settle, tell

pytestmark = pytest.mark.usefixtures("place")


def rows() -> tuple[int, int, int]:
    """How many intents, gifts and donors there are."""
    session = db.session()
    found = [session.scalar(select(func.count()).select_from(t)) for t in (Intent, Gift, Donor)]
    session.rollback()
    return (found[0] or 0, found[1] or 0, found[2] or 0)


def test_same_key_and_facts_get_the_same_answer() -> None:
    asked = request((COUNTY, 100), (TOWN, 200), key="k")
    with atomic():
        first = services.create_intent(asked)
    with atomic():
        again = services.create_intent(asked)
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.payment, again.secret) == (first.payment, first.secret)
    assert rows() == (1, 2, 1)


def test_same_key_still_answers_after_the_campaign_ended() -> None:
    asked = request((COUNTY, 100), key="k")
    with atomic():
        first = services.create_intent(asked)
        campaigns.take_step(SLUG, CampaignStatus.ENDED, note="测试结束")
    with atomic():
        assert services.create_intent(asked).payment.id == first.payment.id


def test_same_key_with_other_facts_is_refused() -> None:
    asked = request((COUNTY, 100), key="k")
    with atomic():
        services.create_intent(asked)
    changes: list[dict[str, Any]] = [
        {"items": (GiftItem(SLUG, COUNTY, 101),)},
        {"items": (GiftItem(SLUG, TOWN, 100),)},
        {"donor": DonorDetails(name="李四")},
        {"message": "x"},
        {"receipt": False},
        {"bill_wish": BillWish.WANTED},
    ]
    for change in changes:
        with pytest.raises(errors.KeyConflict), atomic():
            services.create_intent(replace(asked, **change))
    assert rows() == (1, 1, 1)


REFUSED: list[tuple[dict[str, Any], type[RuleBroken], str | None]] = [
    ({"items": ()}, errors.NoItems, "items"),
    ({"items": (GiftItem(SLUG, COUNTY, 1),) * 21}, errors.TooManyItems, "items"),
    ({"items": (GiftItem("nowhere", None, 1),)}, errors.CampaignUnknown, "items.0.campaign"),
    ({"items": (GiftItem("\x00", None, 1),)}, errors.CampaignUnknown, "items.0.campaign"),
    ({"items": (GiftItem("\ud800", None, 1),)}, errors.CampaignUnknown, "items.0.campaign"),
    ({"items": (GiftItem(SLUG, "GS-9999", 1),)}, errors.UnitUnknown, "items.0.unit"),
    ({"items": (GiftItem(SLUG, "\x00", 1),)}, errors.UnitUnknown, "items.0.unit"),
    (
        {"items": (GiftItem(SLUG, COUNTY, 1), GiftItem(SLUG, TOWN, 0))},
        errors.AmountTooSmall,
        "items.1.amount_fen",
    ),
    (
        {"items": (GiftItem(SLUG, COUNTY, 100_000_001),)},
        errors.AmountTooLarge,
        "items.0.amount_fen",
    ),
    ({"items": (GiftItem(SLUG, COUNTY, 1, "\x00"),)}, errors.TextUnfit, "items.0.team"),
    ({"provider": "stripe"}, errors.ProviderUnknown, "provider"),
    ({"donor": DonorDetails(name="\x00")}, errors.TextUnfit, "donor.name"),
    ({"donor": DonorDetails(name="\ud800")}, errors.TextUnfit, "donor.name"),
    ({"donor": DonorDetails(email="x")}, errors.EmailUnfit, "donor.email"),
    ({"donor": DonorDetails(phone="x")}, errors.PhoneUnfit, "donor.phone"),
    (
        {"donor": DonorDetails(organization_name="\u202e")},
        errors.TextUnfit,
        "donor.organization.name",
    ),
    (
        {"donor": DonorDetails(organization_uscc="911100006000373411")},
        errors.UsccUnfit,
        "donor.organization.uscc",
    ),
    ({"message": "x" * 201}, errors.TextUnfit, "message"),
    ({"key": "\x00"}, errors.TextUnfit, "key"),
    ({"key": "k" * 201}, errors.TextUnfit, "key"),
    ({"key": ""}, errors.TextUnfit, "key"),
]


def test_refusals_name_the_field_and_change_nothing() -> None:
    for change, error, field in REFUSED:
        with pytest.raises(error) as caught, atomic():
            services.create_intent(replace(request((COUNTY, 100)), **change))
        assert caught.value.field == field
        assert caught.value.sentence()
    assert rows() == (0, 0, 0)


def test_ended_campaign_takes_no_gift() -> None:
    with atomic():
        campaigns.take_step(SLUG, CampaignStatus.ENDED, note="测试结束")
    with pytest.raises(errors.CampaignNotOpen), atomic():
        services.create_intent(request((COUNTY, 100)))


def test_campaign_takes_gifts_on_its_last_day_and_not_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = clock.today() + dt.timedelta(days=100)
    moment = dt.datetime.combine(last, dt.time(23, 59), clock.ZONE)
    monkeypatch.setattr(clock, "now", lambda: moment.astimezone(dt.UTC))
    services.check_item(GiftItem(SLUG, COUNTY, 1), "sandbox")
    monkeypatch.setattr(clock, "now", lambda: (moment + dt.timedelta(minutes=1)).astimezone(dt.UTC))
    with pytest.raises(errors.CampaignNotOpen):
        services.check_item(GiftItem(SLUG, COUNTY, 1), "sandbox")


def test_donor_is_found_again_by_name_and_contacts_only() -> None:
    for donor in (
        DonorDetails(name="张三", email="z@example.org"),
        DonorDetails(name="张三", email="z@EXAMPLE.org"),
        DonorDetails(name="张三", email="other@example.org"),
        DonorDetails(name="张三"),
        DonorDetails(name="张三"),
        DonorDetails(display=Display.ANONYMOUS),
    ):
        with atomic():
            services.create_intent(request((COUNTY, 100), donor=donor))
    assert rows() == (6, 6, 4)


def test_personal_data_is_sealed(place: Place) -> None:
    made = create((COUNTY, 100))
    raw = db.session().connection().exec_driver_sql("SELECT name, email FROM donations_donor").one()
    assert "张三".encode() not in bytes(raw[0])
    assert b"zhang" not in bytes(raw[1])
    stored = db.session().connection().exec_driver_sql("SELECT * FROM donations_intent").one()
    assert made.secret not in " ".join(str(value) for value in stored)


def test_payment_opens_with_its_own_key_only() -> None:
    one, other = create((COUNTY, 100)), create((COUNTY, 100))
    assert queries.payment(one.payment.id, one.secret).id == one.payment.id
    gift = one.payment.gifts[0].id
    assert queries.gift(gift, one.secret).donor_shown == "张*"
    for secret in (other.secret, "", "x", one.secret[:-1], "\ud800"):
        with pytest.raises(errors.PaymentUnknown):
            queries.payment(one.payment.id, secret)
        with pytest.raises(errors.GiftUnknown):
            queries.gift(gift, secret)
    with pytest.raises(errors.PaymentUnknown):
        queries.payment("0" * 16, one.secret)
    public = queries.payment_public(one.payment.id)
    assert (public.pay_url, public.gifts[0].donor_shown) == (None, None)


def test_start_is_safe_to_repeat() -> None:
    with atomic():
        made = services.create_intent(request((COUNTY, 100)))
    first = services.start(made.payment.id)
    assert services.start(made.payment.id) == first
    seen = queries.payment_by_id(made.payment.id)
    assert (seen.status, seen.pay_url) == (PaymentStatus.PENDING, first)
    assert first.endswith(f"/sandbox/pay/{seen.provider_reference}")
    with pytest.raises(errors.PaymentUnknown):
        services.start("0" * 16)


def test_quiet_intent_expires_and_late_money_still_settles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, paid = create((OFFICE, 100)), create((OFFICE, 200))
    tell(body(paid))
    settle()
    now = clock.now() + dt.timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert jobs.expire_quiet() == 1
    seen = queries.payment_by_id(made.payment.id)
    assert (seen.status, seen.gifts[0].status) == (PaymentStatus.EXPIRED, GiftStatus.EXPIRED)
    assert queries.payment_by_id(paid.payment.id).status is PaymentStatus.PAID
    tell(body(made))
    settle()
    assert queries.payment_by_id(made.payment.id).gifts[0].status is GiftStatus.SETTLED


def test_many_intents_are_as_one_by_one() -> None:
    asked = [request((COUNTY, 100 + i)) for i in range(5)] + [
        request((TOWN, 1), donor=DonorDetails())
    ]
    with atomic():
        ids = services.create_many(asked)
    assert rows() == (6, 6, 1)
    for payment_id, one in zip(ids, asked, strict=True):
        view = queries.payment_by_id(payment_id)
        assert view.amount_fen == one.items[0].amount_fen
        assert view.gifts[0].unit_code == one.items[0].unit
    with atomic():
        again = services.create_intent(asked[0])
    assert (again.repeated, again.payment.id) == (True, ids[0])
