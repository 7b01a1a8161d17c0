"""Figures of a stretch of days, against the postings counted one by one."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import period_queries as period
from charity.ledger import queries
from charity.ledger import services as ledger
from charity.ledger.chart import KINDS
from charity.ledger.kinds import EntryKind
from charity.ledger.queries import FIGURE_COLUMNS
from charity.ledger.services import Actor
from tests.factories import ledger as factory
from tests.factories.ledger import World, busy_day

OWNED = ("available", "reserved", "shortfall")
DAYS = [dt.date(2026, 8, 31), dt.date(2026, 9, 1), dt.date(2026, 9, 15), dt.date(2026, 9, 30),
        dt.date(2026, 10, 1), dt.date(2026, 10, 20)]  # fmt: skip


@pytest.fixture
def world(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    """Gifts, payments, a refund and a correction over three months, one of them closed late."""

    def on(day: dt.date) -> None:
        monkeypatch.setattr(factory, "DAY", day)

    on(DAYS[0])
    made = World.open(2)
    one, two = made.units
    made.gift(one, 10_000, 60)
    on(DAYS[1])
    made.bank_gift(one, 5_000)
    made.bank_gift(two, 700)
    on(DAYS[2])
    made.reserve(one, 3_000, "a-1")
    made.pay(one, 3_000, "a-1")
    wrong = made.bank_gift(two, 90)
    on(DAYS[3])
    made.gift(two, 2_500, 15)
    with atomic():
        ledger.close_period("2026-09", actor=Actor("p1", "测试会计"))
    # It occurred in September, whose books are closed: it counts on the first of October.
    made.bank_gift(one, 111)
    on(DAYS[4])
    made.correct(wrong)
    made.reserve(one, 1_000, "a-2")
    made.pay(one, 400, "a-2")
    on(DAYS[5])
    made.refund(one, 4_000)
    made.gift(two, 900, 5)
    made.number()
    return made


def counted(last: dt.date) -> dict[int, dict[str, int]]:
    """What the postings of entries that count up to ``last`` come to, book by book."""
    rows = db.session().execute(
        text(
            "SELECT e.book_id, e.counts_as, e.period, e.occurred_on, d.kind AS debit,"
            " c.kind AS credit, p.amount_fen FROM ledger_posting p"
            " JOIN ledger_entry e ON e.id = p.entry_id"
            " JOIN ledger_number n ON n.entry_id = e.id"
            " JOIN ledger_account d ON d.id = p.debit_account_id"
            " JOIN ledger_account c ON c.id = p.credit_account_id"
        )
    )
    found: dict[int, dict[str, int]] = {}
    for book, kind, month, occurred, debit, credit, fen in rows:
        day = dt.date.fromisoformat(str(occurred))
        if f"{day:%Y-%m}" != month:
            day = dt.date.fromisoformat(f"{month}-01")
        if day > last:
            continue
        sums = found.setdefault(book, dict.fromkeys(period.COLUMNS, 0))
        for account, sign in ((debit, -1), (credit, 1)):
            _count(sums, kind, account, sign * fen)
    return found


def _count(sums: dict[str, int], kind: str, account: str, net: int) -> None:
    debit_side = account in {"shortfall", "clearing", "transit", "bank"}
    sums[f"{account}_fen"] += -net if debit_side else net
    if account in OWNED:
        sums["left_fen"] += net
        rule = KINDS[EntryKind(kind)]
        if rule.figure is not None:
            sums[f"{rule.figure.value}_fen"] += rule.sign * net


def columns(row: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(period.COLUMNS, row, strict=True))


def stretches() -> Iterator[tuple[dt.date, dt.date]]:
    """Every first and last day around the days on which something occurred."""
    near = sorted({day + dt.timedelta(days=by) for day in DAYS for by in (-1, 0, 1)})
    yield from ((one, other) for one, other in itertools.product(near, near) if one <= other)


def test_every_stretch_is_what_the_postings_say(world: World) -> None:
    nothing = dict.fromkeys(period.COLUMNS, 0)
    seen = 0
    for first, last in stretches():
        found = period.stretch("c", first, last)
        opening, closing = counted(first - dt.timedelta(days=1)), counted(last)
        for book in world.units:
            assert columns(found.books[book].opening) == opening.get(book, nothing), (first, last)
            assert columns(found.books[book].closing) == closing.get(book, nothing), (first, last)
            seen += closing.get(book, nothing)["raised_fen"]
    assert seen > 0


def test_a_late_entry_counts_in_the_month_it_was_entered_in(world: World) -> None:
    september = period.stretch("c", dt.date(2026, 9, 1), dt.date(2026, 9, 30))
    october = period.stretch("c", dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    for book in world.units:
        assert september.books[book].closing == october.books[book].opening
    one = world.units[0]
    raised = [
        columns(found.books[one].closing)["raised_fen"]
        - columns(found.books[one].opening)["raised_fen"]
        for found in (september, october)
    ]
    assert raised == [5_000, 111]


def test_what_each_cause_used(world: World) -> None:
    found = period.stretch("c", dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert [(one.cause_id, one.before_fen, one.within_fen) for one in found.used] == [
        ("a-1", 3_000, 0),
        ("a-2", 0, 400),
    ]
    assert found.used[1].first_on == DAYS[4]


def test_the_whole_time_is_what_every_page_shows(world: World) -> None:
    found = period.stretch("c", dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    shown = {
        row["book_id"]: tuple(row[name] for name in FIGURE_COLUMNS)
        for row in db.session().execute(queries.book_figures()).mappings()
    }
    assert {book: one.closing[: len(FIGURE_COLUMNS)] for book, one in found.books.items()} == shown
    assert found.n == queries.head() > 10


def test_an_entry_without_a_number_is_in_no_figure(world: World) -> None:
    before = period.stretch("c", DAYS[0], DAYS[5])
    world.bank_gift(world.units[0], 7_777)
    db.session().rollback()
    after = period.stretch("c", DAYS[0], DAYS[5])
    assert before == after
    world.number()
    db.session().rollback()
    assert period.stretch("c", DAYS[0], DAYS[5]) != before


def test_one_of_everything_keeps_both_identities(ctx: Flask) -> None:
    world = busy_day()
    day = factory.DAY
    for first, last in ((day, day), (day - dt.timedelta(days=3), day - dt.timedelta(days=1)),
                        (day + dt.timedelta(days=1), day + dt.timedelta(days=3))):  # fmt: skip
        found = period.stretch("c", first, last)
        for book in world.units:
            for row in (found.books[book].opening, found.books[book].closing):
                has = columns(row)
                lies = has["clearing_fen"] + has["transit_fen"] + has["bank_fen"]
                assert lies == (has["left_fen"] + has["pending_in_fen"] + has["advance_fen"]), (
                    first,
                    book,
                )
    assert columns(period.stretch("c", day, day).books[world.units[0]].closing)["left_fen"] != 0
