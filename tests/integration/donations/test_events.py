"""Events in every state and order: refused, ignored, waiting, parked; never lost or doubled."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import Headers

from charity.donations import checks, intake, queries
from charity.donations.errors import ProviderUnknown
from charity.donations.intake import Intake, Outcome
from charity.donations.kinds import EventType, GiftStatus, PaymentStatus
from charity.donations.models import Payment
from charity.donations.providers import sandbox
from charity.donations.services import Created
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.inbox import InboxEvent
from charity.ledger import services as ledger
from tests.gifts import COUNTY, Place, body, create, settle, tell

PAID, DECLINED, EXPIRED = EventType.PAID, EventType.DECLINED, EventType.EXPIRED


def signed(raw: bytes, *, seconds_ago: int = 0) -> dict[str, str]:
    """Headers of a body signed by the sandbox."""
    moment = int(clock.now().timestamp()) - seconds_ago
    return {sandbox.HEADER: sandbox.sign(raw, moment)}


def states() -> list[tuple[str, str | None]]:
    """State and error of each stored event, in the order received."""
    found = db.session().execute(select(InboxEvent.state, InboxEvent.error).order_by(InboxEvent.id))
    return [(row[0], row[1]) for row in found]


def available(place: Place) -> int:
    """What the county's book has."""
    with atomic():
        return ledger.worksheet([place.books[COUNTY]]).balance(place.books[COUNTY], "available")


@pytest.fixture
def made(place: Place) -> Created:
    """A gift of ten yuan, started."""
    return create((COUNTY, 1_000))


def test_door_takes_a_signed_event_once(made: Created) -> None:
    raw = body(made)
    assert intake.receive("sandbox", signed(raw), raw) == Outcome(Intake.STORED)
    assert intake.receive("sandbox", signed(raw, seconds_ago=5), raw) == Outcome(Intake.REPEATED)
    assert states() == [("new", None)]


def forged() -> dict[str, str]:
    """A signature made with another secret."""
    moment = int(clock.now().timestamp())
    return {sandbox.HEADER: f"t={moment},v1={'0' * 64}"}


def unsigned_time(raw: bytes) -> dict[str, str]:
    """A right signature under another time."""
    value = signed(raw)[sandbox.HEADER]
    return {sandbox.HEADER: value.replace("t=", "t=1", 1)}


def test_door_refuses_what_is_not_signed(made: Created) -> None:
    raw = body(made)
    for headers in (
        {},
        {sandbox.HEADER: ""},
        {sandbox.HEADER: "t=,v1="},
        {sandbox.HEADER: f"t={'9' * 40},v1=00"},
        {sandbox.HEADER: "t=١٢٣,v1=00"},
        signed(raw + b" "),
        signed(raw, seconds_ago=301),
        signed(raw, seconds_ago=-301),
        forged(),
        unsigned_time(raw),
    ):
        assert intake.receive("sandbox", headers, raw) == Outcome(Intake.REFUSED, "signature")
    assert states() == []


def test_door_takes_one_right_signature_of_two_and_any_case_of_its_header(made: Created) -> None:
    raw = body(made)
    value = signed(raw)[sandbox.HEADER] + f",v1={'0' * 64}"
    assert intake.receive("sandbox", Headers({sandbox.HEADER.lower(): value}), raw).accepted


def test_door_refuses_other_money_and_merchants(made: Created) -> None:
    for change, reason in (({"mode": "real"}, "mode"), ({"account": "other"}, "account")):
        raw = body(made, **change)
        assert intake.receive("sandbox", signed(raw), raw) == Outcome(Intake.REFUSED, reason)


def test_door_refuses_what_is_no_event_though_signed(made: Created) -> None:
    no_time = body(made, created="x")
    texts = (b"", b"x", b"[]", b"null", b'{"id": 1}', b"[" * 100_000, b"\xff\xfe", b"{}", no_time)
    amounts = (1.5, "1000", None, True, -1, 10**400)
    for raw in (*texts, *(body(made, amount_fen=amount) for amount in amounts)):
        assert intake.receive("sandbox", signed(raw), raw) == Outcome(Intake.REFUSED, "signature")
    assert states() == []


def test_door_knows_its_providers(place: Place) -> None:
    with pytest.raises(ProviderUnknown):
        intake.receive("stripe", {}, b"")


def test_event_unlike_its_intent_waits_for_a_person(place: Place, made: Created) -> None:
    wrong: list[tuple[dict[str, object], str]] = [
        ({"amount_fen": 999}, "wrong amount"),
        ({"amount_fen": 1_001}, "wrong amount"),
        ({"currency": "USD"}, "wrong currency"),
        ({"mode": "real"}, "wrong mode"),
        ({"account": "other"}, "wrong account"),
    ]
    tell(*(body(made, **change) for change, _ in wrong))
    settle()
    assert states() == [("parked", reason) for _, reason in wrong]
    assert available(place) == 0
    tell(body(made))
    settle()
    assert available(place) == 994


def test_unknown_type_is_kept_and_ignored(place: Place, made: Created) -> None:
    tell(body(made, "customer.updated"))
    settle()
    assert states() == [("ignored", None)]
    assert queries.payment_by_id(made.payment.id).status is PaymentStatus.PENDING


def test_unknown_reference_waits_a_day_and_then_for_a_person(
    place: Place, made: Created, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(body(made, reference="sbx_not_yet_known"))
    assert settle() == 1
    assert states() == [("new", "unknown reference")]
    assert settle() == 0, "it is not due again at once"
    later = clock.now() + dt.timedelta(hours=1)
    with monkeypatch.context() as at:
        at.setattr(clock, "now", lambda: later)
        assert settle() == 1
        assert states() == [("new", "unknown reference")]
    later = clock.now() + dt.timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert settle() == 1
    assert states() == [("parked", "unknown reference")]


def test_event_before_its_reference_was_written_down_settles_later(
    place: Place, made: Created, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = sandbox.session(queries.payment_by_id(made.payment.id).provider_reference or "")
    raw = body(made)
    with atomic():
        db.session().connection().exec_driver_sql("UPDATE donations_intent SET reference = NULL")
    tell(raw)
    settle()
    with atomic():
        db.session().connection().exec_driver_sql(
            f"UPDATE donations_intent SET reference = '{session.reference}'"
        )
    later = clock.now() + dt.timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    settle()
    assert available(place) == 994


def test_second_payment_of_one_intent_waits_for_a_person(place: Place, made: Created) -> None:
    tell(body(made), body(made, object="pay_another"))
    settle()
    assert states() == [("done", None), ("parked", "second payment of one intent")]
    tell(body(made, object="pay_third"))
    settle()
    assert states()[2][0] == "parked"
    assert available(place) == 994


@pytest.mark.parametrize("apart", [False, True], ids=["one batch", "one by one"])
def test_any_order_of_events_ends_the_same(place: Place, apart: bool) -> None:
    orders = list(itertools.permutations([PAID, DECLINED, EXPIRED]))
    gifts = [create((COUNTY, 1_000)) for _ in orders]
    for position in range(3):
        tell(*(body(gift, order[position]) for gift, order in zip(gifts, orders, strict=True)))
        if apart:
            settle()
    settle()
    for gift in gifts:
        seen = queries.payment_by_id(gift.payment.id)
        assert (seen.status, seen.gifts[0].status) == (PaymentStatus.PAID, GiftStatus.SETTLED)
    assert (available(place), {state for state, _ in states()}) == (994 * 6, {"done"})
    assert all(check.ok for check in checks.run())


def test_unpaid_ends_as_failed_whatever_came_first(place: Place) -> None:
    one, other = create((COUNTY, 1_000)), create((COUNTY, 1_000))
    for first, second in ((DECLINED, EXPIRED), (EXPIRED, DECLINED)):
        tell(body(one, first), body(other, second))
        settle()
    for made in (one, other):
        seen = queries.payment_by_id(made.payment.id)
        assert (seen.status, seen.gifts[0].status) == (PaymentStatus.FAILED, GiftStatus.FAILED)


def test_unreadable_event_is_parked_and_the_others_settle(place: Place, made: Created) -> None:
    with atomic():
        inbox.store("sandbox", "sandbox", "evt_broken", b"\xff")
        inbox.store("nobody", "x", "evt_other", b"{}")
    tell(body(made))
    settle()
    assert states() == [("parked", "unreadable"), ("parked", "unreadable"), ("done", None)]
    assert available(place) == 994


def test_payment_is_stored_once_with_its_fee(made: Created) -> None:
    tell(body(made), body(made))
    settle()
    found = (
        db.session()
        .execute(select(func.count(), func.sum(Payment.amount_fen), func.sum(Payment.fee_fen)))
        .one()
    )
    assert tuple(int(value) for value in found) == (1, 1_000, 6)


def test_event_of_tomorrow_is_entered_today(place: Place, made: Created) -> None:
    raw = json.loads(body(made))
    raw["created"] = (clock.now() + dt.timedelta(days=400)).isoformat()
    tell(json.dumps(raw).encode())
    settle()
    day = (
        db.session()
        .connection()
        .exec_driver_sql("SELECT max(occurred_on) FROM ledger_entry")
        .scalar()
    )
    assert str(day) == str(clock.today())
