"""Money back: two people, the provider's answers, the books, the letter; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from charity.approvals import services as approvals
from charity.approvals.errors import AlreadyUsed, MayNotAsk, OwnRequest
from charity.donations import checks, jobs
from charity.donations.back import calls as refund_calls
from charity.donations.back import queries as back_queries
from charity.donations.back import refunds
from charity.donations.back.errors import (
    AlreadyRefunded,
    GiftDisputed,
    NotInTheLedger,
    PersonalData,
    RefundUnderWay,
    WordsNeeded,
)
from charity.donations.back.kinds import RefundReason, RefundState
from charity.donations.errors import GiftUnknown, ProviderUnsure
from charity.donations.kinds import EventType, GiftStatus
from charity.donations.models import Gift
from charity.donations.providers.base import RefundAnswer
from charity.kernel import outbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import checks as ledger_checks
from charity.ledger import recipes
from charity.ledger import services as ledger
from charity.ledger.kinds import EntryKind
from charity.ledger.services import NewEntry, Signature
from charity.people.kinds import Role
from charity.people.queries import Grant
from tests.back import (
    Two,
    agree,
    agreed,
    ask,
    balance,
    due_now,
    event,
    gift_of,
    give,
    provider_says,
    send,
    state,
    status,
    store,
)
from tests.gifts import COUNTY, TOWN, Place, create, number, settle
from tests.people import make_person

DONE, PENDING, REFUSED = (
    RefundAnswer("done", "re_1"),
    RefundAnswer("pending", "re_1"),
    RefundAnswer("refused", ""),
)


def all_checks_hold() -> None:
    """The invariants of donations and of the ledger."""
    number()
    assert [each for each in checks.run() if not each.ok] == []
    assert [each for each in ledger_checks.run(db.session()) if not each.ok] == []
    db.session().rollback()


def entries_of(kind: str) -> int:
    """How many entries of a kind there are."""
    found = db.session().scalar(
        text("SELECT count(*) FROM ledger_entry WHERE kind = :kind").bindparams(kind=kind)
    )
    db.session().rollback()
    return int(found or 0)


def spend(book: int, fen: int) -> None:
    """Pay everything out: the money was at the provider, went to the bank, and is gone."""
    signed = Signature("p1", "p2", "0" * 64)
    today = ledger.clock.today()

    def entry(kind: EntryKind, legs: recipes.Legs, effect: str) -> NewEntry:
        return NewEntry(
            book_id=book, kind=kind, legs=legs, occurred_on=today, cause_type="test",
            cause_id="spent", effect=effect,
            signature=signed if kind in (EntryKind.RESERVE, EntryKind.PAY) else None,
        )  # fmt: skip

    with atomic():
        sheet = ledger.worksheet([book])
        held = sheet.balance(book, "clearing:sandbox")
        sheet.add(entry(EntryKind.PAYOUT, recipes.payout(provider="sandbox", net=held), "a"))
        sheet.add(entry(EntryKind.PAYOUT_BANK, recipes.payout_bank(account="main", net=held), "b"))
        sheet.add(entry(EntryKind.RESERVE, recipes.reserve(fen=fen), "c"))
        sheet.add(entry(EntryKind.PAY, recipes.pay(account="main", fen=fen), "d"))
        sheet.post()
    number()


def test_a_whole_gift_goes_back_and_the_own_book_bears_the_fee(place: Place, two: Two) -> None:
    book = place.books[COUNTY]
    gift = gift_of(give((COUNTY, 1_000)))
    assert (balance(book, "available"), balance(place.own, "available")) == (994, 30_000)
    refund = agreed(gift, two)
    assert (state(refund), status(gift)) == (RefundState.APPROVED, GiftStatus.SETTLED)
    assert send() == 1
    assert (state(refund), status(gift)) == (RefundState.DONE, GiftStatus.REFUNDED)
    assert (balance(book, "available"), balance(book, "shortfall")) == (0, 0)
    assert balance(book, "clearing:sandbox") == 0
    assert balance(place.own, "available") == 29_994
    assert balance(place.own, "clearing:sandbox") == -6
    all_checks_hold()
    settle()  # the sandbox tells of it too
    assert entries_of("refund") == 1


def test_the_donor_is_told_once_and_of_no_name_or_amount(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    refund = agreed(gift, two)
    send()
    store(event(refund), event(refund))
    settle()
    letters = [each for each in outbox.recent() if each.key == f"refund:{refund}"]
    assert len(letters) == 1
    letter = letters[0]
    assert letter.to == "zhang@example.org"
    assert letter.subject is not None
    assert letter.subject.startswith("【测试 TEST】")
    assert letter.text is not None
    assert "?key=" in letter.text
    assert "张" not in letter.text
    assert "10.00" not in letter.text


def test_asking_twice_is_refused_until_the_first_is_over(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    first = ask(gift, two)
    with pytest.raises(RefundUnderWay):
        ask(gift, two)
    request = back_queries.refund(first).request_id
    with atomic():
        approvals.decide(request, by=two.decides, approve=False, reason="资料不全")
    assert state(first) is RefundState.DROPPED
    second = ask(gift, two)
    assert second != first
    agree(back_queries.refund(second).request_id, two, refunds.approve)
    with pytest.raises(RefundUnderWay):
        ask(gift, two)
    send()
    with pytest.raises(AlreadyRefunded):
        ask(gift, two)
    assert entries_of("refund") == 1


def test_what_may_not_be_asked(place: Place, two: Two) -> None:
    unpaid = gift_of(create((COUNTY, 1_000)))
    with pytest.raises(NotInTheLedger):
        ask(unpaid, two)
    with pytest.raises(GiftUnknown):
        ask("no-such-gift", two)
    gift = gift_of(give((COUNTY, 1_000)))
    with pytest.raises(PersonalData):
        ask(gift, two, note="电话 138 0000 0000")
    with pytest.raises(WordsNeeded), atomic():
        refunds.ask(gift, by=two.asks, reason=RefundReason.OTHER)
    with atomic():
        clerk = make_person("丙经办", Grant(Role.UNIT_CLERK, COUNTY))
    with pytest.raises(MayNotAsk), atomic():
        refunds.ask(gift, by=clerk, reason=RefundReason.DUPLICATE)
    with atomic():
        db.session().execute(
            Gift.__table__.update()  # type: ignore[attr-defined] # the table of a model
            .where(Gift.public_id == gift)
            .values(status=GiftStatus.DISPUTED.value)
        )
    with pytest.raises(GiftDisputed):
        ask(gift, two)


def test_nobody_agrees_to_their_own_and_an_approval_is_used_once(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    refund = ask(gift, two)
    request = back_queries.refund(refund).request_id
    with pytest.raises(OwnRequest), atomic():
        approvals.decide(request, by=two.asks, approve=True)
    agree(request, two, refunds.approve)
    with pytest.raises(AlreadyUsed), atomic():
        refunds.approve(request)


def test_one_gift_of_a_basket_goes_back_alone(place: Place, two: Two) -> None:
    made = give((COUNTY, 1_000), (TOWN, 500), (COUNTY, 300))
    send_back = gift_of(made, 1)
    refund = agreed(send_back, two)
    send()
    assert state(refund) is RefundState.DONE
    assert [status(gift_of(made, n)) for n in range(3)] == ["settled", "refunded", "settled"]
    assert balance(place.books[TOWN], "available") == 0
    all_checks_hold()


def test_money_already_paid_out_becomes_the_unit_s_shortfall(place: Place, two: Two) -> None:
    book = place.books[COUNTY]
    gift = gift_of(give((COUNTY, 1_000)))
    spend(book, 994)
    agreed(gift, two)
    send()
    # The fee is the charity's own loss; what the unit spent is the unit's to make up for.
    assert (balance(book, "available"), balance(book, "shortfall")) == (0, 994)
    all_checks_hold()
    second = gift_of(give((COUNTY, 2_000)))
    assert (balance(book, "shortfall"), balance(book, "available")) == (0, 1_994 - 1_000)
    agreed(second, two)
    send()
    assert balance(book, "shortfall") == 994
    all_checks_hold()


def test_promises_are_taken_newest_first_before_any_shortfall(place: Place, two: Two) -> None:
    book = place.books[COUNTY]
    gift = gift_of(give((COUNTY, 1_000)))
    with atomic():
        sheet = ledger.worksheet([book])
        for name, fen in (("old", 400), ("new", 500)):
            sheet.add(
                NewEntry(
                    book_id=book,
                    kind=EntryKind.RESERVE,
                    legs=recipes.reserve(fen=fen),
                    occurred_on=ledger.clock.today(),
                    cause_type="application",
                    cause_id=name,
                    effect="reserve",
                    signature=Signature("p1", "p2", "0" * 64),
                )
            )
        sheet.post()
    from charity.ledger import queries

    assert queries.reservations(book) == [("new", 500), ("old", 400)]
    db.session().rollback()
    agreed(gift, two)
    send()
    assert (balance(book, "reserved"), balance(book, "shortfall")) == (0, 0)
    taken = text("SELECT after FROM audit_record WHERE verb = 'refund.took_reservations'")
    found = db.session().scalar(taken)
    assert found is not None
    assert found.index('"new"') < found.index('"old"')
    db.session().rollback()
    all_checks_hold()


def test_refused_by_the_provider_the_gift_stands(
    place: Place, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    told = provider_says(monkeypatch, REFUSED)
    refund = agreed(gift, two)
    send()
    assert (state(refund), status(gift)) == (RefundState.FAILED, GiftStatus.SETTLED)
    assert send() == 0
    assert len(told.asked) == 1
    assert entries_of("refund") == 0
    ask(gift, two)  # and may be asked for again


@pytest.mark.parametrize("came_through", [True, False], ids=["lost answer", "lost call"])
def test_an_unknown_outcome_is_looked_for_under_the_same_id(
    place: Place, two: Two, monkeypatch: pytest.MonkeyPatch, came_through: bool
) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    told = provider_says(monkeypatch, ProviderUnsure if came_through else None)
    refund = agreed(gift, two)
    send()
    assert back_queries.refund(refund).being_checked
    assert status(gift) == GiftStatus.SETTLED
    assert entries_of("refund") == 0
    send()
    assert (state(refund), status(gift)) == (RefundState.DONE, GiftStatus.REFUNDED)
    # Found, or sent again: either way under one id, and one refund there.
    assert {each.refund_id for each in told.asked} == {refund}
    assert len(told.asked) == (1 if came_through else 2)
    assert len(told.known) == 1
    assert entries_of("refund") == 1


def test_unknown_and_then_refused(place: Place, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    provider_says(monkeypatch, None, REFUSED)
    refund = agreed(gift, two)
    send()
    assert state(refund) is RefundState.UNKNOWN
    send()
    assert (state(refund), status(gift)) == (RefundState.FAILED, GiftStatus.SETTLED)


def test_a_crash_between_call_and_answer_sends_nothing_twice(
    place: Place, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    told = provider_says(monkeypatch, DONE)
    refund = agreed(gift, two)
    with monkeypatch.context() as patched:

        def die(*_: object) -> None:
            raise SystemExit

        patched.setattr(refunds, "answered", die)
        due_now()
        with pytest.raises(SystemExit):
            refund_calls.send_due()
    db.session().rollback()
    assert state(refund) is RefundState.SENT
    assert refund_calls.send_due() == 0  # leased: nobody asks while the call may still be out
    send()
    assert state(refund) is RefundState.DONE
    assert len(told.asked) == 1
    assert entries_of("refund") == 1


def test_pending_waits_for_the_event(
    place: Place, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    provider_says(monkeypatch, PENDING)
    refund = agreed(gift, two)
    send()
    assert (state(refund), status(gift)) == (RefundState.SENT, GiftStatus.SETTLED)
    store(event(refund))
    settle()
    assert (state(refund), status(gift)) == (RefundState.DONE, GiftStatus.REFUNDED)
    assert refund_calls.send_due() == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"refund_id": "rf-of-somebody-else"}, "a refund nobody asked for here"),
        ({"amount_fen": 999}, "wrong amount"),
        ({"mode": "real"}, "wrong mode"),
    ],
)
def test_what_does_not_fit_waits_for_a_person(
    place: Place, two: Two, changes: dict[str, object], why: str
) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    refund = agreed(gift, two)
    store(event(refund, **changes))
    settle()
    from charity.kernel.inbox import InboxEvent

    row = db.session().execute(
        select(InboxEvent.state, InboxEvent.error).order_by(InboxEvent.id.desc())
    )
    assert tuple(row.first() or ()) == ("parked", why)
    db.session().rollback()
    assert status(gift) == GiftStatus.SETTLED


def test_a_fee_the_own_book_cannot_bear_is_borne_later(ctx: object) -> None:
    from tests.back import give_own, two_people
    from tests.gifts import make_place

    place = make_place()  # the own book has nothing
    two = two_people()
    gift = gift_of(give((COUNTY, 1_000)))
    book = place.books[COUNTY]
    agreed(gift, two)
    send()
    assert status(gift) == GiftStatus.REFUNDED
    assert (balance(book, "available"), balance(book, "shortfall")) == (0, 6)
    give_own(100)
    from sqlalchemy import update

    from charity.kernel.inbox import InboxEvent

    with atomic():
        db.session().execute(update(InboxEvent).values(retry_at=None))
    settle()
    assert (balance(book, "shortfall"), balance(place.own, "available")) == (0, 94)
    all_checks_hold()


def test_the_worker_has_the_job() -> None:
    from charity.jobs.schedule import job

    assert job("refunds").run is jobs.send_refunds


def test_no_note_or_name_is_in_the_trail(place: Place, two: Two) -> None:
    gift = gift_of(give((COUNTY, 1_000)))
    ask(gift, two, note="独一无二的说明")
    found = db.session().scalar(
        select(func.count())
        .select_from(text("audit_record"))
        .where(text("after LIKE '%独一无二%' OR after LIKE '%张三%'"))
    )
    assert found == 0


def test_event_type_of_failure_is_the_house_s_word() -> None:
    assert EventType.REFUND_FAILED.value == "refund.failed"
