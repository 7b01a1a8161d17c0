"""The demonstration's use of money: applications in every state, some refused by the rule.

Rule: all of it is one unit of work, so it is there whole or not at all; once there it stays. A
county's station uses what it raised: coal for families, paid and proved; what waits, was sent back,
refused, taken back, held; a payment that came back from the payee's bank.
"""

from __future__ import annotations

import datetime as dt
import io
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image, ImageDraw

from charity.cli import demo_data as data
from charity.cli.demo_desk import Cast, decide
from charity.cli.demo_hand import ACCOUNT
from charity.disbursements import (
    evidence,
    evidence_queries,
    holds,
    payees,
    queries,
    services,
)
from charity.disbursements.errors import MoreThanAvailable
from charity.disbursements.kinds import Category, EvidenceKind, HoldReason, PayeeKind, Purpose
from charity.disbursements.payees import PayeeFacts
from charity.disbursements.services import ApplicationFacts, BudgetFacts
from charity.donations.hand import bank, sheets
from charity.donations.hand import queries as hand
from charity.donations.hand.bank import LineAsked as BankLine
from charity.donations.hand.kinds import Direction, Method
from charity.donations.hand.sheets import LineAsked, SheetAsked
from charity.kernel import clock, files, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.files import Stored
from charity.kernel.uploads import Clean
from charity.people.queries import Signed
from charity.web.funddesk import paying

_COUNTY = "GS-0102"
_GIVEN = 1_200_000
_SUPPLIER = PayeeFacts(
    unit=_COUNTY,
    kind=PayeeKind.ORGANIZATION,
    name="演示取暖用品有限公司",
    bank_name="演示银行秦安支行",
    account_number="270310000012",
    uscc="91620000MA00000007",
)


@dataclass(frozen=True, slots=True)
class _Story:
    """What every step needs."""

    cast: Cast
    today: dt.date
    payee: str
    pictures: tuple[tuple[Clean, Stored], ...]

    @property
    def clerk(self) -> Signed:
        return self.cast.clerk

    def facts(self, title: str, fen: int, reason: str) -> ApplicationFacts:
        """A use of the county's own money, within its campaign."""
        return ApplicationFacts(
            campaign=data.SLUG,
            unit=_COUNTY,
            title=title,
            reason=reason,
            purpose=Purpose.LIVING,
            category=Category.DESTITUTE,
            people_count=12,
            people_codes=("TK-0001", "TK-0002"),
            area_code="620522",
            starts_on=self.today,
            ends_on=self.today + dt.timedelta(days=30),
            evidence_kinds=(EvidenceKind.INVOICE, EvidenceKind.PHOTO),
            evidence_plan="供应商发票一张，入户发放照片（演示）。",
            amount_fen=fen,
            budget=(BudgetFacts(title, 1, "批", fen),),
            payee=self.payee,
        )

    def draft(self, title: str, fen: int, reason: str = "入冬前送到困难家庭（演示）。") -> str:
        """An application that nobody was asked about."""
        return services.create(self.facts(title, fen, reason), by=self.clerk)

    def asked(self, title: str, fen: int) -> str:
        """One that waits for its approvers."""
        made = self.draft(title, fen)
        services.submit(made, by=self.clerk)
        return made

    def says(self, made: str, by: Signed, *, approve: bool = True, reason: str = "") -> None:
        """One person's word on it."""
        request = str(queries.application(made).request_id)
        decide(request, by, approve=approve, reason=reason)

    def approved(self, title: str, fen: int) -> str:
        """One whose money is promised."""
        made = self.asked(title, fen)
        self.says(made, self.cast.approver)
        self.says(made, self.cast.manager)
        return made

    def line(self, serial: str, fen: int, way: Direction, memo: str) -> str:
        """A line of the statement; its id."""
        asked = BankLine(
            account=ACCOUNT, serial=serial, booked_on=self.today, direction=way, amount_fen=fen,
            memo=memo,
        )  # fmt: skip
        return bank.enter_line(asked, by=self.cast.cashier)

    def paid(self, title: str, fen: int, serial: str) -> str:
        """One that the bank paid."""
        made = self.approved(title, fen)
        number = queries.application(made).number
        paying.pay(self.line(serial, fen, Direction.OUT, number), made, self.cast.cashier)
        return made


def load_uses(people: Cast) -> None:
    """All applications of the demonstration; once."""
    known = queries.of_unit(_COUNTY, limit=1).items
    db.session().rollback()
    if known:
        return
    pictures = tuple(_picture(words) for words in ("INVOICE", "PHOTO"))
    with atomic():
        payee = payees.add(_SUPPLIER, by=people.clerk)
        story = _Story(people, clock.today(), payee, pictures)
        _given(story)
        _written(story)
        _decided(story)
        _used(story)


def _given(story: _Story) -> None:
    """A company's gift by bank, so that there is something in the bank to use."""
    sheets.enter(
        SheetAsked(
            form_id="demo-use-gift", campaign=data.SLUG, unit=_COUNTY, method=Method.BANK,
            collected_on=story.today, lines=(LineAsked(_GIVEN, name="演示爱心企业"),),
        ),
        by=story.clerk,
    )  # fmt: skip
    (sheet,) = {
        gift.sheet_id for gift in hand.transfers_waiting(_COUNTY) if gift.amount_fen == _GIVEN
    }
    line = story.line("DEMO-U001", _GIVEN, Direction.IN, "演示企业捐款")
    bank.settle_sheet(line, sheet, by=story.cast.cashier)


def _written(story: _Story) -> None:
    """A draft; one for more than there is, which the rule refused; one taken back; two waiting."""
    story.draft("儿童过冬棉衣", 36_000)
    greedy = story.draft("为全县每户更换取暖炉", 90_000_000)
    with suppress(MoreThanAvailable):
        services.submit(greedy, by=story.clerk)
    services.withdraw(story.asked("春节慰问品", 50_000), by=story.clerk)
    story.asked("大病家庭临时救助", 80_000)
    story.says(story.asked("留守妇女缝纫培训材料", 60_000), story.cast.approver)


def _decided(story: _Story) -> None:
    """Sent back, refused, approved, approved and held, approved and taken back."""
    back = story.asked("困难家庭粮油", 45_000)
    services.send_back(back, by=story.cast.approver, questions="请补充三家报价（演示）。")
    refused = story.asked("会议费用", 30_000)
    story.says(
        refused, story.cast.approver, approve=False, reason="不属于帮助困难家庭的用途（演示）。"
    )
    story.approved("特困家庭修缮门窗", 70_000)
    held = story.approved("取暖用品第二批", 40_000)
    holds.hold(held, HoldReason.QUESTION, "价格需要核实（演示）", by=story.cast.accountant)
    lapsed = story.approved("夏季降温用品", 20_000)
    services.void(lapsed, by=story.cast.manager, reason="季节已过，不再需要（演示）")


def _used(story: _Story) -> None:
    """Paid and proved; paid, evidence to come; sent back by the bank; partly handed back."""
    proved = story.paid("特困家庭取暖煤", 150_000, "DEMO-U002")
    for kind, picture in zip((EvidenceKind.INVOICE, EvidenceKind.PHOTO), story.pictures,
                             strict=True):  # fmt: skip
        evidence.add(proved, kind, picture, "演示凭据，不是真实票据", by=story.clerk)
    seen = evidence_queries.dossier(proved).seen
    evidence.accept(proved, by=story.cast.accountant, seen=seen)
    story.paid("失能老人护理用品", 90_000, "DEMO-U003")
    sent_back = story.paid("校园饮水设备", 55_000, "DEMO-U004")
    line = story.line("DEMO-U005", 55_000, Direction.IN, "退汇 账号户名不符（演示）")
    paying.bank_returned(line, sent_back, story.cast.cashier)
    part = story.paid("困难儿童学习用品", 48_000, "DEMO-U006")
    line = story.line("DEMO-U007", 3_000, Direction.IN, "交回余款（演示）")
    paying.money_back(line, part, story.cast.cashier)


def _picture(words: str) -> tuple[Clean, Stored]:
    """A picture that says it is no real evidence, cleaned and kept."""
    page = Image.new("RGB", (900, 600), "#FFFFFF")
    text = f"DEMONSTRATION - no real {words.lower()}"
    ImageDraw.Draw(page).text((80, 120), text, fill="#000000")
    out = io.BytesIO()
    page.save(out, "PNG")
    cleaned = uploads.clean_picture(out.getvalue(), "demo.png")
    return cleaned, files.store().put(cleaned.content, cleaned.suffix)
