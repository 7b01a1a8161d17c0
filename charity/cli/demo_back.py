"""The demonstration's money back: gifts refunded through the sandbox and the bank, one mended.

Rule: the sandbox knows these payments as it knows a donor's own: each is asked for, paid there,
and told to our inbox. What is asked of people is one unit of work: there whole or not at all.
"""

from __future__ import annotations

from charity.cli import demo_data as data
from charity.cli.demo_desk import Cast, chance_of, decide
from charity.cli.demo_hand import ACCOUNT
from charity.donations import queries, services
from charity.donations.back import bank as bank_back
from charity.donations.back import calls, corrections, refunds
from charity.donations.back import queries as back
from charity.donations.back.kinds import RefundReason
from charity.donations.hand import bank
from charity.donations.hand import queries as hand
from charity.donations.hand.bank import LineAsked
from charity.donations.hand.kinds import Direction
from charity.donations.kinds import BillWish, Display, GiftStatus
from charity.donations.providers import sandbox
from charity.donations.services import DonorDetails, GiftItem, GiftRequest
from charity.jobs.bulk import settle_all
from charity.kernel import clock, inbox
from charity.kernel.atomic import atomic
from charity.kernel.db import db

CHANNEL = "demo-back"
_BATCH = 500
_UNITS = ("GS-0102", "GS-0103", "GS-0104", "GS-0106", "GS-0202", "GS-0301")
_RIGHT = "GS-0102"


def load_back(people: Cast, seed: int) -> None:
    """Refunds in every state and two corrections; once."""
    known = bool(back.recent_refunds(limit=1))
    db.session().rollback()
    if known:
        return
    gifts = [_paid(seed, number, unit) for number, unit in enumerate(_UNITS)]
    settle_all(_BATCH)
    with atomic():
        _asked(people, gifts)
        _by_bank(people)
    # What two people agreed to is sent as the worker sends it.
    while calls.send_due():
        pass
    settle_all(_BATCH)


def _paid(seed: int, number: int, unit: str) -> str:
    """A gift asked for and paid at the sandbox; its id."""
    chance = chance_of(seed, f"back {number}")
    donor = DonorDetails(
        name=data.donor_name(chance), email=f"back{number}@demo.invalid", display=Display.MASKED
    )
    with atomic():
        made = services.create_intent(
            GiftRequest(
                key=f"{seed}-{number}",
                items=(GiftItem(data.SLUG, unit, 1_000 * chance.randint(1, 20)),),
                donor=donor,
                provider=sandbox.NAME,
                receipt=True,
                bill_wish=BillWish.WAIVED,
                channel=CHANNEL,
            )
        )
    services.start(made.payment.id)
    reference = queries.payment_by_id(made.payment.id).provider_reference
    db.session().rollback()
    assert reference is not None
    with atomic():
        sandbox.decide(reference, "paid")
    told = sandbox.provider.look(reference)
    assert told is not None
    with atomic():
        inbox.store(sandbox.NAME, sandbox.ACCOUNT, told.event_id, told.raw)
    return made.payment.gifts[0].id


def _asked(people: Cast, gifts: list[str]) -> None:
    """Two refunds agreed to, one not, one that waits; one gift moved, one name that waits."""
    ask, decider = people.manager, people.approver
    agreed = (RefundReason.DUPLICATE, RefundReason.DONOR_ASKED)
    for gift, reason in zip(gifts[:2], agreed, strict=True):
        decide(_request(refunds.ask(gift, by=ask, reason=reason)), decider)
    refused = refunds.ask(
        gifts[2], by=ask, reason=RefundReason.OTHER, note="捐赠人来电询问（演示）"
    )
    decide(_request(refused), decider, approve=False, reason="捐赠人没有要求退回（演示）")
    refunds.ask(gifts[3], by=ask, reason=RefundReason.WRONG_AMOUNT)
    moved = corrections.ask_unit(
        gifts[4], by=ask, campaign=data.SLUG, unit=_RIGHT, reason="登记时选错了募集单位（演示）"
    )
    decide(back.correction(moved).request_id, decider)
    corrections.ask_name(gifts[5], by=ask, name="演示更正姓名", reason="姓名有一个字写错（演示）")


def _request(refund_id: str) -> str:
    return back.refund(refund_id).request_id


def _by_bank(people: Cast) -> None:
    """A gift that came by hand goes back by the bank, and another is agreed to and waits for it."""
    came = [
        gift
        for gift in hand.gifts_of_unit("GS-0104")
        if gift.status is GiftStatus.SETTLED and back.refund_state(gift.id) is None
    ]
    for number, gift in enumerate(came[:2]):
        refund = refunds.ask(gift.id, by=people.manager, reason=RefundReason.DONOR_ASKED)
        decide(_request(refund), people.approver)
        if number == 0:
            line = bank.enter_line(
                LineAsked(
                    account=ACCOUNT, serial="DEMO-0009", booked_on=clock.today(),
                    direction=Direction.OUT, amount_fen=gift.amount_fen, memo="退回捐款",
                ),
                by=people.cashier,
            )  # fmt: skip
            bank_back.settle(line, refund, by=people.cashier)
