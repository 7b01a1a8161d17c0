"""From gift to use, told by the ledger as a text table: what happened, and what was refused.

An honest village; another that reaches for its money; a payment that the bank sends back; refunds
after the money was promised, and after it was used. Compared with
``tests/golden/ledger/use_story.txt`` (``UPDATE_GOLDEN=1`` writes it); at the end every check holds.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

from charity.disbursements import evidence, evidence_queries, jobs, services
from charity.disbursements.kinds import ApplicationStatus, EvidenceKind
from charity.disbursements.services import BudgetFacts
from charity.donations.back import bank as back_bank
from charity.donations.back import queries as back_queries
from charity.donations.back import refunds
from charity.donations.hand import bank
from charity.donations.hand.kinds import Direction
from charity.donations.services import Created
from charity.figures import checks, trace_queries
from charity.figures import jobs as figures_jobs
from charity.funds import services as funds
from charity.funds.kinds import UnitLevel
from charity.kernel import files, uploads
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken
from charity.ledger import queries
from charity.people.kinds import Role
from charity.people.queries import Grant, Signed
from tests import back, hand, uses
from tests.back import Two
from tests.gifts import SLUG, TOWN, make_place
from tests.people import make_person
from tests.stories.test_ledger_story import ACCOUNTS, KINDS, table, yuan
from tests.uses import Team

GOLDEN = Path(__file__).parents[1] / "golden" / "ledger" / "use_story.txt"
VILLAGE, NEIGHBOUR = "GS-V1", "GS-V2"
NAMES = {
    **ACCOUNTS,
    f"bank:{hand.ACCOUNT}": "银行存款",
    "clearing:sandbox": "支付渠道",
}
WORDS = {
    **KINDS,
    "fee_borne": "自有资金承担手续费",
    "void": "撤销预留",
    "bank_return": "银行退票",
    "money_back": "交回",
    "correction": "冲正",
}


@dataclass
class Story:
    """The people of the story, its books by name, and what was told so far."""

    team: Team
    neighbour: Signed
    two: Two
    books: dict[int, str]
    told: list[str] = field(default_factory=list)
    online: Created | None = None  # the gift of a visitor
    coal: str = ""  # the first application
    told_to: int = 0  # the last number that was told

    def tell(self, sentence: str) -> None:
        """Number what was entered, and say what it was."""
        uses.number()
        first, last = self.told_to + 1, queries.head()
        db.session().rollback()
        self.told_to = last
        span = f"{first}–{last}" if last > first else str(first)
        span = "—" if last < first else span
        self.told.append(f"{span}  {sentence}")

    def refused(self, who: str, work: Callable[[], object]) -> None:
        """What is refused is told with the words that the person reads; nothing is entered."""
        with pytest.raises(RuleBroken) as error:
            work()
        db.session().rollback()
        self.tell(f"{who}被拒绝：{error.value.sentence()}")

    def ask(self, fen: int, title: str) -> str:
        """The village asks to use its money."""
        payee = uses.add_payee(self.team, unit=VILLAGE)
        budget = (BudgetFacts(title, 1, "批", fen),)
        return uses.draft(self.team, fen, unit=VILLAGE, payee=payee, title=title, budget=budget)


def begin() -> Story:
    """A county with two villages, their people, the office."""
    place = make_place()
    with atomic():
        for code, name in ((VILLAGE, "城河村公益金"), (NEIGHBOUR, "上沟村公益金")):
            funds.create_unit(code, name, "", level=UnitLevel.VILLAGE, area_code="620123",
                              area_name="榆中县", parent=TOWN)  # fmt: skip
        books = {funds.admit_unit(SLUG, code): name for code, name in (
            (VILLAGE, "城河村"), (NEIGHBOUR, "上沟村"))}  # fmt: skip
        neighbour = make_person("测试上沟经办", Grant(Role.UNIT_CLERK, NEIGHBOUR))
    team = uses.make_team(VILLAGE)
    books[place.own] = "自有资金账"
    two = Two(team.manager, team.approver)
    return Story(team, neighbour, two, books)


def told(story: Story) -> None:
    """The season."""
    raised(story)
    promised(story)
    sent_back(story)
    proved(story)
    refunded(story)
    owed(story)


def raised(story: Story) -> None:
    team = story.team
    line = uses.line(team, 30_000, Direction.IN)
    with atomic():
        bank.enter_interest(line, by=team.cashier)
    story.tell("自有资金账收到利息 300.00 元")
    hand.settled_slip(team.crew, VILLAGE, SLUG, 85_000, 15_000)
    story.tell("城河村两位村民捐现金 850.00 元和 150.00 元，缴款凭单经另一人确认，银行流水到账")
    story.online = back.give((VILLAGE, 20_000))
    story.tell("一位网友给城河村捐 200.00 元，支付渠道收手续费")


def promised(story: Story) -> None:
    team = story.team
    coal = story.coal = story.ask(100_000, "过冬取暖煤")
    payee = uses.view(coal).payee
    assert payee is not None

    def grab() -> None:
        with atomic():
            services.create(uses.facts(90_000, unit=VILLAGE), by=story.neighbour)

    story.refused("上沟村经办人申请使用城河村的善款，", grab)
    own = uses.add_payee(team, by=story.neighbour, unit=NEIGHBOUR)
    empty = uses.draft(team, 1, by=story.neighbour, unit=NEIGHBOUR, payee=own)
    story.refused("上沟村申请使用自己的分账 0.01 元，", lambda: uses.submit(empty, story.neighbour))
    greedy = story.ask(200_000, "两年的取暖煤")
    story.refused("城河村申请 2,000.00 元，", lambda: uses.submit(greedy, team.clerk))
    uses.submit(coal, team.clerk)
    story.tell("城河村申请 1,000.00 元为五户特困家庭买煤，提交两位审批人")
    uses.decide(coal, team.approver)
    story.tell("第一位审批人同意：一个人同意，钱不动")
    uses.decide(coal, team.approver2)
    story.tell("第二位审批人同意：款项从可用转为已审批待拨")


def sent_back(story: Story) -> None:
    team, coal = story.team, story.coal
    uses.pay(team, coal)
    story.tell("出纳按银行流水登记拨付")
    uses.bank_returned(team, coal)
    story.tell("收款银行退票，钱回到已审批待拨")
    uses.pay(team, coal)
    story.tell("再次拨付成功")


def proved(story: Story) -> None:
    team, coal = story.team, story.coal
    for number, kind in enumerate((EvidenceKind.INVOICE, EvidenceKind.PHOTO)):
        drawn = io.BytesIO()
        Image.new("RGB", (40, 30), (number * 90, 80, 40)).save(drawn, "PNG")
        clean = uploads.clean(drawn.getvalue(), "a.png")
        stored = files.store().put(clean.content, clean.suffix)
        with atomic():
            evidence.add(coal, kind, (clean, stored), "发放现场", by=team.clerk)
    seen = evidence_queries.dossier(coal).seen
    db.session().rollback()
    with atomic():
        evidence.accept(coal, by=team.approver, seen=seen)
    story.tell("城河村交来发票和照片，核销：已拨付成为已核销，不记账")


def refunded(story: Story) -> None:
    team = story.team
    stoves = story.ask(15_000, "三台取暖炉")
    uses.submit(stoves, team.clerk)
    uses.approve(team, stoves)
    story.tell("城河村又申请 150.00 元买取暖炉，经两人审批")
    story.refused("出纳拨付，", lambda: uses.pay(team, stoves))
    assert story.online is not None
    refund = back.agreed(back.gift_of(story.online), story.two)
    assert back.send() == 1
    story.tell("网友要求退回 200.00 元：先用可用，余下取自尚未拨付的预留；手续费由自有资金承担")
    assert back.state(refund).value == "done"
    assert jobs.bring_back_taken() == 1
    story.tell("被占用的申请退回审批人")
    assert uses.status(stoves) is ApplicationStatus.WAITING
    uses.decide(stoves, team.approver)
    story.refused("第二位审批人同意，", lambda: uses.decide(stoves, team.approver2))


def owed(story: Story) -> None:
    team = story.team
    small = db.session().scalar(
        text("SELECT public_id FROM donations_gift WHERE amount_fen = 15000")
    )
    db.session().rollback()
    refund = back.ask(str(small), story.two)
    back.agree(back_queries.refund(refund).request_id, story.two, refunds.approve)
    line = uses.line(team, 15_000)
    with atomic():
        back_bank.settle(line, refund, by=team.cashier)
    story.tell("钱已用完后，一位村民的 150.00 元经银行退回：成为城河村的待补足款，自有资金垫付")
    lamp = story.ask(100, "一盏灯")
    story.refused("城河村申请 1.00 元，", lambda: uses.submit(lamp, team.clerk))
    hand.settled_slip(team.crew, VILLAGE, SLUG, 40_000)
    story.tell("城河村又募集 400.00 元：先补足，余下才是可用")
    uses.submit(lamp, team.clerk)
    uses.approve(team, lamp)
    uses.pay(team, lamp)
    story.tell("城河村申请 1.00 元，审批、拨付")


def traced(story: Story) -> list[str]:
    """What the public trace of each gift says."""
    gifts = db.session().execute(
        text("SELECT public_id FROM donations_gift WHERE settled_at IS NOT NULL ORDER BY id")
    )
    ids = [str(row[0]) for row in gifts]
    figures_jobs.follow_entries()
    said = []
    for gift in ids:
        found = trace_queries.trace(gift)
        fen = yuan(found.gift.amount_fen)
        if found.went_back:
            said.append(f"捐款 {fen} 元：已退回")
            continue
        parts = "；".join(
            f"{yuan(part.fen)} 元用于“{part.use.title}”（{part.use.people_count} 人"
            f"{'，已核销' if part.use.proved else ''}）"
            for part in found.parts
        )
        waits = f"；{yuan(found.waiting_fen)} 元尚未使用" if found.waiting_fen else ""
        said.append(f"捐款 {fen} 元：{parts}{waits}")
    db.session().rollback()
    return said


def journal(books: dict[int, str]) -> list[list[str]]:
    rows = db.session().execute(
        text(
            "SELECT n.n, e.book_id, e.book_no, e.kind, d.code, c.code, p.amount_fen"
            " FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id"
            " JOIN ledger_number n ON n.entry_id = e.id"
            " JOIN ledger_account d ON d.id = p.debit_account_id"
            " JOIN ledger_account c ON c.id = p.credit_account_id ORDER BY n.n, p.line"
        )
    )
    return [
        [str(n), books[book], str(no), WORDS[kind], NAMES[debit], NAMES[credit], yuan(fen)]
        for n, book, no, kind, debit, credit, fen in rows
    ]


def test_use_story(ctx: Flask) -> None:
    story = begin()
    told(story)
    lines = ["", *traced(story)]
    heads = ["编号", "分账", "账内号", "类别", "借", "贷", "金额（元）"]
    lines = [*story.told, *lines, "", *table(heads, journal(story.books), frozenset({0, 2, 6}))]
    shown = {"raised": "募集", "refunded": "退回", "fees": "手续费", "borne": "已承担",
             "used": "已拨付", "reserved": "已审批待拨", "available": "可用",
             "shortfall": "待补足", "left": "结余"}  # fmt: skip
    rows = [
        [story.books[row.book_id], *(yuan(getattr(row, f"{name}_fen")) for name in shown)]
        for row in db.session().execute(queries.book_figures(list(story.books)))
    ]
    lines += ["", *table(["分账", *shown.values()], rows, frozenset(range(1, 10)))]
    written = "\n".join(lines) + "\n"
    print("\n" + written)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(written, "utf-8")
    assert written == GOLDEN.read_text("utf-8")
    broken = [check for check in checks.everything().checks if not check.ok]
    assert broken == []
