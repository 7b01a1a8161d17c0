"""A season of one charity, told by its ledger as a text table an accountant can read.

After every step identities A and B hold in every unit book; at the end the table is compared with
``tests/golden/ledger/story.txt`` (``UPDATE_GOLDEN=1`` writes it), ``charity check`` is clean, and
page, API and a sum straight from the postings agree to the fen.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from charity.kernel.db import db
from charity.ledger import checks, queries, recipes
from charity.ledger.kinds import EntryKind
from tests.factories.ledger import BANK, PROVIDER, World, balances, entry

GOLDEN = Path(__file__).parents[1] / "golden" / "ledger" / "story.txt"
ACCOUNTS = {
    "clearing:sandbox": "支付渠道·sandbox",
    "transit": "在途资金",
    "bank:main": "银行存款·main",
    "available": "可用",
    "reserved": "已审批待拨",
    "pending_in": "待到账",
    "shortfall": "待补足款",
    "advance": "垫付款（借入）",
    "advanced": "垫付款（借出）",
    "held": "待认领款",
}
KINDS = {
    "gift": "捐赠入账",
    "fee": "支付手续费",
    "interest": "利息",
    "slip": "凭单待到账",
    "slip_bank": "凭单到账",
    "suspense_in": "待认领入账",
    "suspense_out": "认领转出",
    "bank_gift": "银行到账捐赠",
    "payout": "渠道结算",
    "payout_bank": "结算到账",
    "reserve": "审批通过",
    "pay": "拨付",
    "refund": "捐赠退回",
    "advance": "垫付",
    "advance_repaid": "归还垫付",
}


def wide(words: str) -> int:
    """Columns the words take: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def row(cells: list[str], widths: list[int], right: frozenset[int]) -> str:
    parts = []
    for at, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - wide(cell))
        parts.append(space + cell if at in right else cell + space)
    return "  ".join(parts).rstrip()


def table(heads: list[str], rows: list[list[str]], right: frozenset[int]) -> Iterator[str]:
    widths = [max(wide(cells[at]) for cells in [heads, *rows]) for at in range(len(heads))]
    yield row(heads, widths, right)
    yield "  ".join("-" * width for width in widths)
    for cells in rows:
        yield row(cells, widths, right)


def yuan(fen: int) -> str:
    sign, fen = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"


def identities(world: World) -> None:
    """A and B of every unit book, from the postings alone."""
    found = balances()
    rows = db.session().execute(
        text(
            "SELECT e.book_id, e.counts_as, sum(CASE WHEN d.kind IN ('clearing', 'bank') THEN"
            " p.amount_fen ELSE 0 END) - sum(CASE WHEN c.kind IN ('clearing', 'bank') THEN"
            " p.amount_fen ELSE 0 END) FROM ledger_posting p"
            " JOIN ledger_entry e ON e.id = p.entry_id"
            " JOIN ledger_account d ON d.id = p.debit_account_id"
            " JOIN ledger_account c ON c.id = p.credit_account_id"
            " WHERE e.counts_as IN ('gift', 'fee', 'slip_bank', 'bank_gift', 'pay', 'refund')"
            " GROUP BY e.book_id, e.counts_as"
        )
    )
    moved: dict[int, int] = {}
    for book, _, fen in rows:
        moved[book] = moved.get(book, 0) + int(fen)
    for book in world.units:
        has = {"available": 0, "reserved": 0, "shortfall": 0, **found.get(book, {})}
        assert moved.get(book, 0) == has["available"] + has["reserved"] - has["shortfall"], "A"
        held = sum(has.get(code, 0) for code in ("clearing:sandbox", "transit", "bank:main"))
        owed = has["available"] + has["reserved"] + has.get("pending_in", 0)
        assert held == owed + has.get("advance", 0) - has["shortfall"], "B"
    db.session.rollback()


def basket(world: World, parts: dict[int, int], fee: int) -> None:
    """One payment, several gifts, its fee split by largest remainder."""
    from charity.kernel.money import split

    shares = split(fee, list(parts.values()))
    for (book, fen), share in zip(parts.items(), shares, strict=True):
        world.gift(book, fen, share)


def live(world: World) -> Iterator[str]:
    """The season, step by step; each step's sentence is yielded after it is posted."""
    one, two, three = world.units
    world.interest(30_000)
    yield "自有资金账收到利息 300.00 元"
    world.gift(one, 50_000, 300)
    world.gift(two, 20_000, 120)
    world.gift(three, 1_000, 6)
    yield "三个募集单位各收到一笔网上捐赠，并扣支付手续费"
    basket(world, {one: 100, two: 100, three: 100}, 4)
    yield "一个爱心篮：一次支付，三笔一元，手续费 0.04 元按最大余数分摊"
    world.one(two, EntryKind.SLIP, recipes.slip(fen=8_800), "slip")
    yield "二单位凭缴款凭单登记 88.00 元：待到账，还不算募集"
    legs = recipes.slip_bank(account=BANK, fen=8_800, shortfall=0)
    world.one(two, EntryKind.SLIP_BANK, legs, "slip")
    yield "凭单的银行流水到了：现在才算募集"
    legs = recipes.suspense_in(account=BANK, fen=6_600)
    world.one(world.suspense, EntryKind.SUSPENSE_IN, legs, "line")
    yield "一笔不知来历的银行流水 66.00 元：待认领"
    legs = recipes.suspense_out(account=BANK, fen=6_600)
    world.one(world.suspense, EntryKind.SUSPENSE_OUT, legs, "line")
    world.bank_gift(three, 6_600)
    yield "查明是捐给三单位的：转出待认领，入账"
    nets = {book: balances()[book]["clearing:sandbox"] for book in world.units}
    world.payout(nets)
    yield "支付渠道结算，按分账净额"
    world.payout_bank(nets)
    yield "结算款到账"
    world.reserve(one, 45_000)
    yield "一单位的用款申请 450.00 元经两人审批"
    world.pay(one, 45_000)
    yield "拨付给收款方"
    world.refund(one, 20_000)
    yield "钱已拨出后，捐赠人退回 200.00 元：先用可用，余下成为待补足款"
    net = balances()[one]["clearing:sandbox"]
    world.payout({one: net})
    world.payout_bank({one: net})
    yield "支付渠道从下次结算里扣回：本分账银行存款不足，由自有资金垫付"
    world.gift(one, 30_000, 180)
    yield "一单位又收到 300.00 元：先补足，再可用"
    net = balances()[one]["clearing:sandbox"]
    world.payout({one: net})
    world.payout_bank({one: net})
    yield "结算到账，先归还垫付"


def journal(names: dict[int, str]) -> Iterator[list[str]]:
    rows = db.session().execute(
        text(
            "SELECT n.n, e.book_id, e.book_no, e.kind, d.code, c.code, p.amount_fen"
            " FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id"
            " JOIN ledger_number n ON n.entry_id = e.id"
            " JOIN ledger_account d ON d.id = p.debit_account_id"
            " JOIN ledger_account c ON c.id = p.credit_account_id ORDER BY n.n, p.line"
        )
    )
    for n, book, book_no, kind, debit, credit, fen in rows:
        yield [str(n), names[book], str(book_no), KINDS[kind], ACCOUNTS[debit], ACCOUNTS[credit],
               yuan(fen)]  # fmt: skip


def closing(names: dict[int, str]) -> Iterator[list[str]]:
    for book, has in sorted(balances().items(), key=lambda pair: list(names).index(pair[0])):
        for code, name in ACCOUNTS.items():
            if has.get(code):
                yield [names[book], name, yuan(has[code])]


def test_story(ctx: Flask) -> None:
    world = World.open(3)
    names = dict(zip(world.units, ("一单位", "二单位", "三单位"), strict=True))
    names |= {world.own: "自有资金账", world.suspense: "待认领款账"}
    told: list[str] = []
    for sentence in live(world):
        identities(world)
        first = queries.head() + 1
        db.session.rollback()
        world.number()
        last = queries.head()
        told.append(f"{first}–{last}  {sentence}" if last > first else f"{first}  {sentence}")
        db.session.rollback()
    heads = ["编号", "分账", "账内号", "类别", "借", "贷", "金额（元）"]
    lines = [*told, "", *table(heads, list(journal(names)), frozenset({0, 2, 6}))]
    lines += ["", *table(["分账", "科目", "余额（元）"], list(closing(names)), frozenset({2}))]
    figures = {found.book_id: found for found in db.session().execute(queries.book_figures())}
    shown = {"raised": "募集", "refunded": "退回", "fees": "手续费", "used": "已拨付",
             "reserved": "已审批待拨", "available": "可用", "shortfall": "待补足",
             "left": "结余"}  # fmt: skip
    rows = [
        [names[book], *(yuan(getattr(figures[book], f"{name}_fen")) for name in shown)]
        for book in world.units
    ]
    lines += ["", *table(["分账", *shown.values()], rows, frozenset(range(1, 9)))]
    story = "\n".join(lines) + "\n"
    print("\n" + story)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(story, "utf-8")
    assert story == GOLDEN.read_text("utf-8")
    assert [check for check in checks.run(db.session()) if not check.ok] == []


def test_a_step_left_out_is_noticed(ctx: Flask) -> None:
    """Canary: the identities are not true of everything: the own book's interest is no gift."""
    world = World.open(1)
    world.gift(world.units[0], 100, 1)
    identities(world)
    wrong = entry(world.units[0], EntryKind.SLIP, recipes.slip(fen=5), "x")
    world.post([wrong.book_id], lambda _: [wrong])
    identities(world)
    assert balances()[world.units[0]][recipes.clearing(PROVIDER)] == 99
    world.units.append(world.own)
    world.interest(1)
    with pytest.raises(AssertionError, match="A"):
        identities(world)
