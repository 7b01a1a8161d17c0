"""Stripe by its library against the fake: sessions, fees, refunds, payouts, what never came."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select

from charity.config import Settings
from charity.donations import checks, inquiries, queries, services, sweeping
from charity.donations.back.models import Refund
from charity.donations.errors import BelowMinimum, ProviderRefused, ProviderUnsure
from charity.donations.kinds import PaymentStatus
from charity.donations.models import Fee, Gift, Inquiry, Intent, Payout, PayoutBook
from charity.donations.providers import stripe
from charity.donations.providers.base import Asked, RefundAsked
from charity.donations.services import Created
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.kernel.inbox import InboxEvent
from charity.ledger import checks as ledger_checks
from charity.ledger import services as ledger
from tests.conftest import TestDatabase
from tests.factories.ledger import feed_own_book
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.stripe.hooks import body
from tests.fakes.stripe.server import FakeStripe, serving
from tests.gifts import COUNTY, TOWN, Place, make_place, request, settle
from tests.provider_storm import impatient
from tests.stripe_rig import KEY, created, stripe_app, switch_on


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A fake Stripe whose events wait in its list."""
    with serving(FakeStripe(key=KEY)) as made:
        yield made


@pytest.fixture
def place(database: TestDatabase, tmp_path: Path, fake: FakeStripe) -> Iterator[Place]:
    """A campaign, in an application that speaks to the fake."""
    with impatient(), stripe_app(database, tmp_path, stripe_api_base=fake.url) as app:
        made = make_place()
        switch_on()
        assert isinstance(app, Flask)
        yield made


def start(*items: tuple[str | None, int]) -> tuple[Created, str]:
    """A payment with its session at the fake."""
    made = created(*items)
    url = services.start(made.payment.id)
    return made, url.rpartition("/")[2]


def hear(fake: FakeStripe, *, fees: bool = True) -> None:
    """All events so far arrive and have their effect."""
    with atomic():
        for event in fake.world.events:
            inbox.store("stripe", "stripe", event["id"], body(event))
    settle()
    if fees:
        inquiries.ask_due()
        settle()


def balance(book_id: int, code: str) -> int:
    """What an account of a book has."""
    with atomic():
        return ledger.worksheet([book_id]).balance(book_id, code)


def parked() -> list[str | None]:
    """Why events wait for a person."""
    found = select(InboxEvent.error).where(InboxEvent.state == "parked").order_by(InboxEvent.id)
    return list(db.session().scalars(found))


def sound() -> None:
    """All checks say yes."""
    wrong = [check for check in (*checks.run(), *ledger_checks.run(db.session())) if not check.ok]
    assert not wrong
    db.session().rollback()


def test_a_session_says_what_was_asked_and_is_made_once(place: Place, fake: FakeStripe) -> None:
    made, session_id = start((COUNTY, 1_000), (TOWN, 2_500))
    assert services.start(made.payment.id).endswith(session_id)
    sessions = fake.world.objects["checkout.session"]
    assert list(sessions) == [session_id]
    session = sessions[session_id]
    assert (session["amount_total"], session["currency"]) == (3_500, "cny")
    assert session["payment_method_types"] == ["card", "wechat_pay", "alipay"]
    assert session["metadata"] == session["_intent_metadata"] == {"payment_id": made.payment.id}
    assert session["success_url"].startswith("http://127.0.0.1:8000/payments/")
    left = session["expires_at"] - clock.now().timestamp()
    assert 23 * 3_600 < left < 24 * 3_600


def test_a_call_whose_answer_was_lost_is_made_again_under_the_same_key(
    place: Place, fake: FakeStripe
) -> None:
    made = created((COUNTY, 1_000))
    fake.faults = Faults(per_mille={Fault.LOST_AFTER: 1_000})
    with pytest.raises(ProviderUnsure):
        services.start(made.payment.id)
    assert queries.payment_by_id(made.payment.id).status is PaymentStatus.CREATED
    db.session().rollback()
    fake.faults = Faults()
    services.start(made.payment.id)
    assert len(fake.world.objects["checkout.session"]) == 1
    assert queries.payment_by_id(made.payment.id).status is PaymentStatus.PENDING


def test_below_the_least_is_refused_before_stripe_is_asked(place: Place, fake: FakeStripe) -> None:
    with pytest.raises(BelowMinimum) as caught, atomic():
        services.create_intent(request((COUNTY, 399), provider="stripe"))
    assert caught.value.field == "items.0.amount_fen"
    start((COUNTY, 100), (TOWN, 300))
    asked = Asked("p1", 399, "CNY", "http://127.0.0.1/", clock.now() + dt.timedelta(hours=24))
    with pytest.raises(ProviderRefused):
        stripe.provider.create(asked)


def test_gross_settles_at_once_and_the_fee_when_stripe_states_it(
    place: Place, fake: FakeStripe
) -> None:
    made, session_id = start((COUNTY, 1_000), (TOWN, 3_000))
    fake.world.pay(session_id)
    hear(fake, fees=False)
    assert queries.payment_by_id(made.payment.id).fee_fen is None
    assert [balance(place.books[unit], "available") for unit in (COUNTY, TOWN)] == [1_000, 3_000]
    inquiries.ask_due()
    settle()
    fee = fake.world.fees.of(4_000)
    assert queries.payment_by_id(made.payment.id).fee_fen == fee == 356
    assert [balance(place.books[unit], "available") for unit in (COUNTY, TOWN)] == [911, 2_733]
    sound()
    hear(fake)
    assert balance(place.books[COUNTY], "available") == 911


def test_completed_and_unpaid_is_not_a_gift(place: Place, fake: FakeStripe) -> None:
    made, session_id = start((COUNTY, 1_000))
    other, other_id = start((COUNTY, 1_000))
    fake.world.pay(session_id, "alipay", later=True)
    fake.world.pay(other_id, "alipay", later=True)
    hear(fake)
    assert balance(place.books[COUNTY], "available") == 0
    assert queries.payment_by_id(made.payment.id).status is PaymentStatus.PENDING
    fake.world.money_came(session_id)
    fake.world.money_failed(other_id)
    hear(fake)
    assert queries.payment_by_id(made.payment.id).status is PaymentStatus.PAID
    assert queries.payment_by_id(other.payment.id).status is PaymentStatus.FAILED
    assert balance(place.books[COUNTY], "available") == 1_000 - 254
    sound()


def test_other_money_is_parked(place: Place, fake: FakeStripe) -> None:
    fake.world.settles_in = "hkd"
    made, session_id = start((COUNTY, 1_000))
    fake.world.pay(session_id)
    hear(fake)
    fake.world.pay_out()
    hear(fake)
    assert parked() == ["settled in other money"] * 2
    # The gift itself was paid in yuan and stands.
    assert balance(place.books[COUNTY], "available") == 1_000
    assert queries.payment_by_id(made.payment.id).fee_fen is None


def test_a_payout_moves_each_book_once_and_states_fees_nobody_told(
    place: Place, fake: FakeStripe
) -> None:
    feed_own_book(9_000)
    _, session_id = start((COUNTY, 1_000), (TOWN, 3_000))
    fake.world.pay(session_id)
    told = [event for event in fake.world.events if event["type"] == "charge.updated"]
    fake.world.events.remove(told[0])
    hear(fake)
    assert db.session().scalars(select(Fee.id)).all() == []
    payout = fake.world.pay_out(charge=150)
    assert payout is not None
    hear(fake)
    assert payout["amount"] == 4_000 - 356 - 150
    nets = {COUNTY: 1_000 - 89, TOWN: 3_000 - 267}
    for unit, net in nets.items():
        assert balance(place.books[unit], "clearing:stripe") == 0
        assert balance(place.books[unit], "transit") == net
    assert balance(place.own, "clearing:stripe") == 0
    assert balance(place.own, "transit") == -150
    row = db.session().scalars(select(Payout)).one()
    parts = db.session().scalars(select(PayoutBook.net_fen)).all()
    assert (row.amount_fen, sum(parts), len(parts)) == (payout["amount"], payout["amount"], 3)
    db.session().rollback()
    sound()
    fake.world.events.append({**told[0], "id": "evt_late"})
    hear(fake)
    assert balance(place.books[COUNTY], "transit") == nets[COUNTY]
    assert parked() == []


def test_a_payout_with_a_line_that_is_not_known_waits(place: Place, fake: FakeStripe) -> None:
    _, session_id = start((COUNTY, 1_000))
    fake.world.pay(session_id)
    paid = [event for event in fake.world.events if event["type"].startswith("checkout")]
    fake.world.events.remove(paid[0])
    fake.world.pay_out()
    hear(fake)
    assert balance(place.books[COUNTY], "transit") == 0
    assert db.session().scalars(select(Payout.id)).all() == []
    db.session().rollback()
    fake.world.events.append(paid[0])
    hear(fake)
    later = clock.now() + dt.timedelta(hours=1)
    with pytest.MonkeyPatch.context() as at:
        at.setattr(clock, "now", lambda: later)
        settle()
    assert balance(place.books[COUNTY], "transit") == 1_000 - 254
    sound()


def test_a_refund_is_one_for_its_id_and_found_by_it(place: Place, fake: FakeStripe) -> None:
    _, session_id = start((COUNTY, 1_000))
    payment = fake.world.pay(session_id)["payment_intent"]
    asked = RefundAsked("rf1", payment, 600, "CNY")
    assert stripe.provider.find_refund(asked) is None
    fake.faults = Faults(per_mille={Fault.LOST_AFTER: 1_000})
    with pytest.raises(ProviderUnsure):
        stripe.provider.refund(asked)
    fake.faults = Faults()
    found = stripe.provider.find_refund(asked)
    assert found is not None
    assert found.state == "done"
    assert stripe.provider.refund(asked) == found
    assert len(fake.world.objects["refund"]) == 1
    assert stripe.provider.refund(RefundAsked("rf2", payment, 600, "CNY")).state == "refused"
    fake.refund_pending = True
    pending = stripe.provider.refund(RefundAsked("rf3", payment, 400, "CNY"))
    assert pending.state == "pending"
    fake.world.refund_failed(pending.reference)
    failed = stripe.provider.find_refund(RefundAsked("rf3", payment, 400, "CNY"))
    assert failed is not None
    assert failed.state == "refused"


def test_events_that_never_came_are_listed_and_had_their_effect_once(
    place: Place, fake: FakeStripe
) -> None:
    for _ in range(3):
        fake.world.pay(start((COUNTY, 1_000))[1])
    assert sweeping.list_missed(sweeping.LATELY) == 6
    settle()
    assert balance(place.books[COUNTY], "available") == 3_000
    hear(fake)
    assert sweeping.list_missed(sweeping.LONG) == 0
    assert balance(place.books[COUNTY], "available") == 3 * (1_000 - 254)


def test_a_quiet_payment_is_asked_after(place: Place, fake: FakeStripe) -> None:
    paid, paid_id = start((COUNTY, 1_000))
    expired, expired_id = start((COUNTY, 1_000))
    waiting, _ = start((COUNTY, 1_000))
    fake.world.pay(paid_id)
    fake.world.expire(expired_id)
    assert sweeping.look_quiet() == 0
    later = clock.now() + dt.timedelta(minutes=11)
    with pytest.MonkeyPatch.context() as at:
        at.setattr(clock, "now", lambda: later)
        assert sweeping.look_quiet() == 3
        settle()
        assert sweeping.look_quiet() == 0
    ends = [queries.payment_by_id(one.payment.id).status for one in (paid, expired, waiting)]
    assert ends == [PaymentStatus.PAID, PaymentStatus.EXPIRED, PaymentStatus.PENDING]
    hear(fake)
    assert balance(place.books[COUNTY], "available") == 1_000 - 254


def test_a_question_without_an_answer_is_asked_again(place: Place, fake: FakeStripe) -> None:
    _, session_id = start((COUNTY, 1_000))
    fake.world.pay(session_id)
    hear(fake, fees=False)
    fake.faults = Faults(per_mille={Fault.ERROR_BEFORE: 1_000})
    assert inquiries.ask_due() == 1
    assert inquiries.ask_due() == 0
    fake.faults = Faults()
    later = clock.now() + dt.timedelta(minutes=5)
    with pytest.MonkeyPatch.context() as at:
        at.setattr(clock, "now", lambda: later)
        assert inquiries.ask_due() == 1
        settle()
    assert db.session().scalars(select(Inquiry.id).where(Inquiry.done_at.is_(None))).all() == []
    assert balance(place.books[COUNTY], "available") == 1_000 - 254


def test_nothing_of_the_payer_is_kept_with_what_was_asked(place: Place, fake: FakeStripe) -> None:
    _, session_id = start((COUNTY, 1_000))
    fake.world.pay(session_id)
    told = stripe.provider.look(session_id)
    assert told is not None
    assert "Jenny" not in told.raw.decode()
    assert "example@example.com" not in told.raw.decode()
    assert json.loads(told.raw)["data"]["object"]["id"] == session_id


def sent_back(payment_id: str, object_id: str, refund_id: str) -> None:
    """The refund of a payment of ten yuan, sent to the provider."""
    gift = db.session().scalars(
        select(Gift.id).join(Intent).where(Intent.public_id == payment_id)
    ).one()  # fmt: skip
    now = clock.now()
    with atomic():
        db.session().execute(
            insert(Refund).values(
                id=new_id(), public_id=refund_id, gift_id=gift, amount_fen=1_000, currency="CNY",
                route="provider", provider="stripe", object_id=object_id, reason="duplicate",
                note="", state="sent", state_at=now, request_id=f"rq{refund_id}", asked_at=now,
                asked_by_id="p1", asked_by_name="甲", sent_at=now, attempts=1,
            )
        )  # fmt: skip


@pytest.mark.parametrize("fee_first", [True, False])
def test_the_fee_of_a_gift_that_went_back_is_the_charitys_whatever_came_first(
    place: Place, fake: FakeStripe, fee_first: bool
) -> None:
    feed_own_book(9_000)
    made, session_id = start((COUNTY, 1_000))
    payment = fake.world.pay(session_id)["payment_intent"]
    hear(fake, fees=fee_first)
    sent_back(made.payment.id, payment, "rf1")
    assert stripe.provider.refund(RefundAsked("rf1", payment, 1_000, "CNY")).state == "done"
    hear(fake)
    book = place.books[COUNTY]
    codes = ("available", "shortfall", "clearing:stripe")
    assert [balance(book, code) for code in codes] == [0, 0, 0]
    assert balance(place.own, "available") == 9_000 - 254
    assert balance(place.own, "clearing:stripe") == -254
    sound()
    # What is sent on has the payment, its fee and the refund in it: nothing is left behind.
    payout = fake.world.pay_out()
    assert payout is not None
    assert payout["amount"] == -254
    hear(fake)
    assert (balance(book, "transit"), balance(place.own, "transit")) == (0, -254)
    assert balance(place.own, "clearing:stripe") == 0
    assert parked() == []
    sound()


WRONG = [
    ({"stripe_secret_key": ""}, "STRIPE_SECRET_KEY"),
    ({"stripe_secret_key": "sk_live_x"}, "STRIPE_SECRET_KEY"),
    ({"stripe_webhook_secrets": ""}, "STRIPE_WEBHOOK_SECRETS"),
    ({"stripe_webhook_secrets": "whsec_short"}, "STRIPE_WEBHOOK_SECRETS"),
    ({"stripe_webhook_secrets": "whsec_0123456789abcdef," * 3}, "STRIPE_WEBHOOK_SECRETS"),
    ({"stripe_api_base": "ftp://x"}, "expected http"),
    ({"stripe_api_base": "https://x/v1"}, "expected http"),
    ({"stripe_api_base": "https://x; script-src *"}, "expected http"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_setting_stops_the_start(change: dict[str, str], said: str) -> None:
    fine = {
        "payment_providers": "stripe",
        "stripe_secret_key": KEY,
        "stripe_webhook_secrets": "whsec_0123456789abcdef",
    }
    Settings.model_validate(fine)
    with pytest.raises(ValueError, match=said):
        Settings.model_validate({**fine, **change})


def test_production_takes_a_live_key_only() -> None:
    fine = {
        "mode": "production",
        "secret_key": "0" * 40,
        "base_url": "https://charity.example.org",
        "payment_providers": "stripe",
        "stripe_secret_key": "sk_live_123",
        "stripe_webhook_secrets": "whsec_0123456789abcdef",
    }
    assert Settings.model_validate(fine).payment_providers == ("stripe",)
    for change in (
        {"stripe_secret_key": KEY},
        {"stripe_webhook_secrets": ""},
        {"payment_providers": "sandbox"},
        {"payment_providers": "stripe,sandbox"},
        {"stripe_api_base": "http://stripe.example.org"},
    ):
        with pytest.raises(ValueError, match=r"[A-Z_]+: "):
            Settings.model_validate({**fine, **change})
