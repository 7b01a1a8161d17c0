"""The demonstration's gifts by hand: cash from villages, transfers, and money nobody knows.

Rule: all of it is one unit of work, so it is there whole or not at all; once there it stays. Each
state a desk can show is there: settled, pending in, waiting for confirmation, not yet counted,
taken back; a line held, one given to a unit, one that is asked to go back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random

from charity.cli import demo_data as data
from charity.cli.demo_desk import Cast, chance_of, decide, slip_photo
from charity.donations.hand import bank, bank_queries, sheets, slip_queries, slips, suspense
from charity.donations.hand import queries as hand
from charity.donations.hand.bank import AccountAsked
from charity.donations.hand.bank import LineAsked as BankLine
from charity.donations.hand.kinds import Direction, Method
from charity.donations.hand.sheets import LineAsked, SheetAsked
from charity.donations.hand.slips import DayAsked
from charity.donations.hand.suspense import GiftAsked
from charity.kernel import clock, files
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.files import Stored

ACCOUNT = "gsbank"
_COUNTY, _TOWN, _VILLAGE, _OTHER_VILLAGE = "GS-0102", "GS-0103", "GS-0104", "GS-0105"
_FENS, _WEIGHTS = (100, 200, 500, 1_000, 3_000), (50, 15, 15, 15, 5)


@dataclass(frozen=True, slots=True)
class _Story:
    """What every step needs."""

    cast: Cast
    chance: Random
    photo: Stored
    today: dt.date

    def sheet(self, form: str, unit: str, count: int, *, method: Method = Method.CASH) -> int:
        """A clerk's sheet of so many gifts of today; their sum in fen."""
        lines = tuple(
            LineAsked(self.chance.choices(_FENS, _WEIGHTS)[0], name=data.donor_name(self.chance))
            for _ in range(count)
        )
        sheets.enter(
            SheetAsked(
                form_id=form, campaign=data.SLUG, unit=unit, method=method,
                collected_on=self.today, lines=lines,
            ),
            by=self.cast.clerk,
        )  # fmt: skip
        return sum(line.amount_fen for line in lines)

    def close(self, form: str, unit: str, fen: int) -> str:
        """The unit's cash counted and paid in; the slip's number."""
        return slips.close_day(
            DayAsked(
                form_id=form, unit=unit, counted_fen=fen, paid_in_on=self.today, photo=self.photo
            ),
            by=self.cast.clerk,
        )

    def confirmed(self, number: str) -> str:
        """The slip confirmed by the unit's leader."""
        decide(slip_queries.slip(number).request_id, self.cast.leader)
        return number

    def line(
        self, serial: str, fen: int, memo: str, *, days_ago: int = 0, way: Direction = Direction.IN
    ) -> str:
        """A line of the statement, as the cashier writes it down; its id."""
        return bank.enter_line(
            BankLine(
                account=ACCOUNT,
                serial=serial,
                booked_on=self.today - dt.timedelta(days=days_ago),
                direction=way,
                amount_fen=fen,
                memo=memo,
                counterparty=data.donor_name(self.chance) if way is Direction.IN else None,
            ),
            by=self.cast.cashier,
        )

    def held(self, serial: str, fen: int, memo: str, *, days_ago: int = 0) -> str:
        """A line of which nobody knows whose it is."""
        line = self.line(serial, fen, memo, days_ago=days_ago)
        suspense.hold(line, by=self.cast.cashier)
        return line


def load_by_hand(people: Cast, seed: int) -> None:
    """All gifts by hand of the demonstration; once."""
    known = ACCOUNT in {account.code for account in bank_queries.accounts()}
    db.session().rollback()
    if known:
        return
    photo = files.store().put(slip_photo(), ".png")
    with atomic():
        story = _Story(people, chance_of(seed, "by hand"), photo, clock.today())
        bank.add_account(
            AccountAsked(
                code=ACCOUNT,
                bank_name="演示银行兰州分行",
                holder=data.CHARITY.name,
                number="6200 0000 0000 0000",
                opened_on=story.today - dt.timedelta(days=600),
            ),
            by=people.manager,
        )
        _cash(story)
        _transfers(story)
        _nobody_knows(story)
        _own(story)


def _cash(story: _Story) -> None:
    """A village's two days, one on the statement; another's that waits; a town's day open."""
    fen = story.sheet("demo-cash-1", _VILLAGE, 18)
    number = story.confirmed(story.close("demo-day-1", _VILLAGE, fen))
    bank.settle_slip(
        story.line("DEMO-0001", fen, f"现金缴款 {number}"), number, by=story.cast.cashier
    )
    fen = story.sheet("demo-cash-2", _VILLAGE, 7)
    story.confirmed(story.close("demo-day-2", _VILLAGE, fen))
    fen = story.sheet("demo-cash-3", _OTHER_VILLAGE, 9)
    story.close("demo-day-3", _OTHER_VILLAGE, fen)
    story.sheet("demo-cash-4", _TOWN, 5)
    mistaken = hand.uncounted(_TOWN)[-1]
    sheets.withdraw_gift(
        mistaken.id, unit=_TOWN, reason="同一笔登记了两次（演示）", by=story.cast.clerk
    )


def _transfers(story: _Story) -> None:
    """Two transfers the clerk had entered: one on the statement, one not yet."""
    fen = story.sheet("demo-bank-1", _COUNTY, 4, method=Method.BANK)
    (sheet,) = {gift.sheet_id for gift in hand.transfers_waiting(_COUNTY)}
    bank.settle_sheet(story.line("DEMO-0002", fen, "秦安县爱心捐款"), sheet, by=story.cast.cashier)
    story.sheet("demo-bank-2", _COUNTY, 2, method=Method.BANK)


def _nobody_knows(story: _Story) -> None:
    """Money in suspense: given to units by two people, asked to go back, and simply held."""
    given = (
        ("DEMO-0003", 20_000, "爱心款", 3, data.SLUG, _COUNTY),
        ("DEMO-0004", 88_000, "地震捐款", 80, data.EMERGENCY, data.emergency_unit()),
    )
    for serial, fen, memo, days_ago, campaign, unit in given:
        line = story.held(serial, fen, memo, days_ago=days_ago)
        asked = GiftAsked(
            form_id=f"demo-{serial}",
            campaign=campaign,
            unit=unit,
            reason="汇款人来电说明（演示）",
            name=data.donor_name(story.chance),
        )
        decide(suspense.ask_give(line, asked, by=story.cast.cashier), story.cast.accountant)
    line = story.held("DEMO-0005", 6_600, "货款", days_ago=2)
    suspense.ask_return(line, "汇款人说明汇错账户（演示）", by=story.cast.cashier)
    story.held("DEMO-0006", 5_200, "捐", days_ago=1)


def _own(story: _Story) -> None:
    """The bank's interest and its charge, on the charity's own book."""
    bank.enter_interest(story.line("DEMO-0007", 16_666, "结息"), by=story.cast.cashier)
    bank.enter_charge(
        story.line("DEMO-0008", 500, "账户管理费", way=Direction.OUT), by=story.cast.cashier
    )
