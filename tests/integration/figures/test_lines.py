"""Where each gift stands in its book: written by one job, equal to the postings at every number."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from flask import Flask
from sqlalchemy import text

from charity.figures import jobs, line_checks, line_queries, lines
from charity.figures.kinds import Side
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import change_queries, queries
from tests import back, hand, used
from tests.gifts import COUNTY, OFFICE, SLUG, TOWN, Place, give, give_many, make_place, settle


@pytest.fixture
def place(ctx: Flask) -> Place:
    return make_place()


def wrong() -> set[str]:
    """The sentences about lines that do not hold."""
    db.session().rollback()
    found = {check.name for check in line_checks.run() if not check.ok}
    db.session().rollback()
    return found


def whole_line(book: int, side: Side) -> list[tuple[str, int]]:
    db.session().rollback()
    found = [(one.name, one.fen) for one in line_queries.lines_from(book, side, 0, 100_000)]
    db.session().rollback()
    return found


def test_gifts_stand_in_the_order_of_their_numbers_less_their_fees(place: Place) -> None:
    first, second = give((COUNTY, 10_000)), give((COUNTY, 20_000))
    give((TOWN, 500))
    assert jobs.follow_entries() == 6
    assert jobs.follow_entries() == 0
    assert whole_line(place.books[COUNTY], Side.IN) == [
        (first.payment.gifts[0].id, 9_940),
        (second.payment.gifts[0].id, 19_880),
    ]
    assert wrong() == set()


def test_a_line_is_followed_in_small_steps_as_in_one(place: Place) -> None:
    give_many(40)
    settle()
    steps = 0
    while True:
        with atomic():
            if not lines.follow(3):
                break
        steps += 1
    assert steps > 10
    assert wrong() == set()
    assert line_queries.head() == queries.head()


def test_what_goes_back_leaves_its_place_and_moves_all_after_it(place: Place) -> None:
    two = back.two_people()
    back.give_own(1_000)
    gone = back.gift_of(back.give((COUNTY, 10_000)))
    stays = back.gift_of(back.give((COUNTY, 5_000)))
    jobs.follow_entries()
    book = place.books[COUNTY]
    before = line_queries.before(book, Side.IN, 1)
    assert before == 9_940
    db.session().rollback()
    refund = back.agreed(gone, two)
    back.send()
    db.session().rollback()
    assert back.status(gone) == "refunded", refund
    back.number()
    jobs.follow_entries()
    assert whole_line(book, Side.IN) == [(gone, 0), (stays, 4_970)]
    assert line_queries.before(book, Side.IN, 1) == 0
    assert wrong() == set()


def test_what_stands_before_a_place_is_the_sum_of_all_before_it(place: Place) -> None:
    give_many(450, units=(COUNTY, COUNTY, COUNTY, TOWN))
    settle()
    jobs.follow_entries()
    book = place.books[COUNTY]
    line = whole_line(book, Side.IN)
    assert len(line) > 300
    draw = random.Random(5)
    drawn = [draw.randrange(len(line)) for _ in range(5)]
    for no in {0, 1, 99, 100, 101, 200, len(line) - 1, *drawn}:
        assert line_queries.before(book, Side.IN, no) == sum(fen for _, fen in line[:no]), no


def test_uses_take_the_first_gifts_first(place: Place) -> None:
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, 10_000, 5_000, 7_000)
    coal, rice = used.use(who, 12_000), used.use(who, 4_000)
    back.number()
    jobs.follow_entries()
    book = place.books[COUNTY]
    assert whole_line(book, Side.OUT) == [(coal, 12_000), (rice, 4_000)]

    def shares(start: int, end: int) -> list[tuple[str, int]]:
        parts, more = line_queries.parts(book, start, end, 20)
        assert not more
        return [(part.application, part.fen) for part in parts]

    assert shares(0, 10_000) == [(coal, 10_000)]
    assert shares(10_000, 15_000) == [(coal, 2_000), (rice, 3_000)]
    assert shares(15_000, 22_000) == [(rice, 1_000)]
    assert shares(16_000, 22_000) == []
    assert line_queries.parts(book, 0, 15_000, 1)[1] is True
    assert wrong() == set()
    used.hand_back(who, coal, 3_000)
    jobs.follow_entries()
    assert whole_line(book, Side.OUT) == [(coal, 9_000), (rice, 4_000)]
    assert shares(10_000, 15_000) == [(rice, 3_000)]
    assert wrong() == set()


def test_every_fen_of_every_use_is_some_gifts(place: Place) -> None:
    """The shares of all gifts sum to the uses, and a gift's shares to what of it was used."""
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, *range(1_000, 3_100, 300))
    uses = [used.use(who, fen) for fen in (700, 2_900, 1_001)]
    jobs.follow_entries()
    book = place.books[COUNTY]
    taken: dict[str, int] = defaultdict(int)
    at = 0
    for _, fen in whole_line(book, Side.IN):
        parts, _ = line_queries.parts(book, at, at + fen, 50)
        assert sum(part.fen for part in parts) == max(0, min(fen, 4_601 - at))
        for part in parts:
            taken[part.application] += part.fen
        at += fen
    assert [taken[use] for use in uses] == [700, 2_900, 1_001]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (
            "UPDATE figures_line SET fen = fen + 1 WHERE no = 0",
            "every line of a book comes to what the entries about it posted",
        ),
        (
            "UPDATE figures_line SET n = 999 WHERE no = 0",
            "the lines of a book stand in the order of their entries, without a gap",
        ),
        (
            "UPDATE figures_line_sum SET fen = fen + 1 WHERE level = 2",
            "the sums of a hundred, ten thousand and a million lines are those of their lines",
        ),
        (
            "UPDATE figures_day SET fen = fen + 1 WHERE unit <> ''",
            "the days of the public list sum to what was raised, given back and disputed",
        ),
        (
            "UPDATE figures_day SET shown = true WHERE unit <> ''",
            "groups of fewer than three stand in the public list only together",
        ),
    ],
)
def test_a_line_that_was_tampered_with_is_found(place: Place, broken: str, sentence: str) -> None:
    for _ in range(2):
        give((COUNTY, 1_000))
    jobs.follow_entries()
    assert wrong() == set()
    with atomic():
        db.session().execute(text(broken))
    assert sentence in wrong()


def test_changes_sum_to_what_the_books_have_left(place: Place) -> None:
    give((COUNTY, 1_000), (OFFICE, 2_000))
    changes = change_queries.changes(0, queries.head())
    figures = db.session().execute(queries.book_figures()).mappings().all()
    assert sum(one.fen for one in changes) == sum(row["left_fen"] for row in figures) > 0
