"""Refunds and corrections for tests: two people, a provider that answers as told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select, update

from charity.approvals import services as approvals
from charity.donations.back import calls as refund_calls
from charity.donations.back import corrections, refunds
from charity.donations.back import queries as back_queries
from charity.donations.back.kinds import RefundReason, RefundState
from charity.donations.back.models import Refund
from charity.donations.errors import ProviderUnsure
from charity.donations.kinds import EventType
from charity.donations.models import Gift
from charity.donations.providers import sandbox
from charity.donations.providers.base import RefundAnswer, RefundAsked
from charity.donations.services import Created
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import canonical_json, db
from charity.kernel.ids import public_id
from charity.ledger import services as ledger
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import gifts
from tests.factories.ledger import feed_own_book
from tests.gifts import number
from tests.people import make_person


@dataclass(frozen=True)
class Two:
    """Who asks and who decides."""

    asks: Signed
    decides: Signed


def two_people() -> Two:
    """A manager and an approver."""
    with atomic():
        return Two(
            make_person("甲管理", Grant(Role.FUND_MANAGER, None)),
            make_person("乙审批", Grant(Role.APPROVER, None)),
        )


def ask(gift: str, two: Two, **changes: object) -> str:
    """A refund asked for."""
    with atomic():
        return refunds.ask(gift, by=two.asks, reason=RefundReason.DUPLICATE, **changes)  # type: ignore[arg-type]


def agree(request: str, two: Two, effect: Callable[[str], object]) -> None:
    """The other person agrees, and what was asked happens, in one unit of work."""
    with atomic():
        approvals.decide(request, by=two.decides, approve=True)
        effect(request)


def agreed(gift: str, two: Two) -> str:
    """A refund asked for and agreed."""
    refund = ask(gift, two)
    agree(back_queries.refund(refund).request_id, two, refunds.approve)
    return refund


def send() -> int:
    """One round of the worker, with every pause over."""
    due_now()
    return refund_calls.send_due()


def due_now() -> None:
    """All refunds are due at once."""
    with atomic():
        db.session().execute(
            update(Refund).where(Refund.next_at.is_not(None)).values(next_at=clock.now())
        )


def give(*items: tuple[str | None, int], **changes: object) -> Created:
    """A gift from intent to numbered entry, of which the sandbox knows that it was paid."""
    made = gifts.give(*items, **changes)
    with atomic():
        sandbox.decide(gifts.reference(made.payment.id), "paid")
    return made


def gift_of(made: Created, line: int = 0) -> str:
    """The public id of a payment's gift."""
    return made.payment.gifts[line].id


def status(gift: str) -> str:
    """The gift's state as stored."""
    found = db.session().scalars(select(Gift.status).where(Gift.public_id == gift)).one()
    db.session().rollback()
    return found


def state(refund: str) -> RefundState:
    """Where a refund is."""
    found = back_queries.refund(refund).state
    db.session().rollback()
    return found


def balance(book: int, code: str) -> int:
    """What stands on an account of a book now."""
    with atomic():
        return ledger.worksheet([book]).balance(book, code)


def give_own(fen: int) -> None:
    """Interest for the own book, so that it can bear fees."""
    feed_own_book(fen)
    number()


def event(refund: str, kind: EventType = EventType.REFUNDED, **changes: object) -> bytes:
    """What the sandbox says about a refund."""
    row = db.session().scalars(select(Refund).where(Refund.public_id == refund)).one()
    paid = str(row.object_id).removeprefix("pay_")
    data = {
        "object": f"sbr_{refund}",
        "reference": f"sbx_{paid}",
        "amount_fen": row.amount_fen,
        "fee_fen": 0,
        "currency": row.currency,
        "refund_id": refund,
    }
    body: dict[str, object] = {
        "id": f"evt_{public_id()}",
        "type": kind.value,
        "created": clock.now().isoformat(),
        "account": sandbox.ACCOUNT,
        "mode": sandbox.MODE,
    }
    for name, value in changes.items():
        (data if name in data else body)[name] = value
    db.session().rollback()
    return canonical_json({**body, "data": data}).encode()


@dataclass
class Told:
    """A provider that answers as the test says; it remembers what it was asked, by id."""

    answers: list[RefundAnswer | type[Exception] | None]
    asked: list[RefundAsked] = field(default_factory=list)
    known: dict[str, RefundAnswer] = field(default_factory=dict)

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """One refund for each id, whatever is answered."""
        self.asked.append(asked)
        said = self.answers.pop(0) if self.answers else RefundAnswer("done", "re_1")
        if said is ProviderUnsure:
            self.known.setdefault(asked.refund_id, RefundAnswer("done", "re_lost"))
            raise ProviderUnsure
        if said is None:
            raise ProviderUnsure  # the call never came through
        assert isinstance(said, RefundAnswer)
        return self.known.setdefault(asked.refund_id, said)

    def find_refund(self, asked: RefundAsked) -> RefundAnswer | None:
        """What was done under this id."""
        return self.known.get(asked.refund_id)


def provider_says(
    monkeypatch: pytest.MonkeyPatch, *answers: RefundAnswer | type[Exception] | None
) -> Told:
    """The sandbox replaced, for refunds, by one that answers these in turn."""
    told = Told(list(answers))
    monkeypatch.setattr(refund_calls, "known", lambda _name: told)
    return told


def store(*raws: bytes) -> None:
    """Put events into the inbox, as the webhook does."""
    with atomic():
        for raw in raws:
            inbox.store("sandbox", "sandbox", json.loads(raw)["id"], raw)


def corrected(request: str) -> corrections.Applied:
    """The effect of an approved correction, without its receipt."""
    return corrections.apply(request)
