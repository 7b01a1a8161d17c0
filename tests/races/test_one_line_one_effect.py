"""One bank line, many cashiers at once, real connections: it has one effect. Both databases.

The canary takes the claim's row away, which says that a line is taken, and must then see one line
settle two slips, and the checks tell of it.
"""

from __future__ import annotations

import itertools

import pytest
from flask import Flask

from charity.donations.hand import bank, slip_queries
from charity.donations.hand.errors import LineTaken, TargetTaken
from charity.donations.hand.kinds import SlipStatus
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from tests import hand
from tests.gifts import SLUG, TOWN, make_place
from tests.hand import Crew
from tests.races.test_double_settle import ROUNDS, in_parallel

pytestmark = pytest.mark.race
WORKERS = 4


def confirmed_slips(count: int, fen: int) -> tuple[Crew, list[str], int]:
    """Slips of the same sum, confirmed; the crew and the town's book."""
    place = make_place()
    crew = hand.make_crew(TOWN)
    made = []
    for _ in range(count):
        hand.enter(crew, hand.asked(TOWN, SLUG, fen))
        made.append(hand.close(crew, TOWN, fen))
        hand.confirm(made[-1], crew.leader)
    return crew, made, place.books[TOWN]


def settled(numbers: list[str]) -> int:
    """How many of the slips are settled."""
    found = sum(slip_queries.slip(one).status is SlipStatus.SETTLED for one in numbers)
    db.session().rollback()
    return found


def test_one_line_settles_one_of_many_slips(app: Flask) -> None:
    with app.app_context():
        crew, slips, book = confirmed_slips(WORKERS, 500)
        db.session.remove()
    for done in range(1, min(ROUNDS, WORKERS) + 1):
        with app.app_context():
            line = hand.line(crew, 500)
            db.session.remove()
        turn = itertools.count()

        def settle(line: str = line, turn: itertools.count[int] = turn) -> None:
            atomically(bank.settle_slip)(line, slips[next(turn)], by=crew.cashier)

        raised = in_parallel(app, settle, WORKERS)
        assert len(raised) == WORKERS - 1
        assert {type(error) for error in raised} <= {LineTaken, TargetTaken}
        with app.app_context():
            assert settled(slips) == done
            assert hand.balances(book)["available"] == 500 * done
            assert hand.broken() == set()


def test_one_slip_takes_one_of_many_lines(app: Flask) -> None:
    with app.app_context():
        crew, (slip,), book = confirmed_slips(1, 500)
        lines = [hand.line(crew, 500) for _ in range(WORKERS)]
        db.session.remove()
    turn = itertools.count()

    def settle() -> None:
        atomically(bank.settle_slip)(lines[next(turn)], slip, by=crew.cashier)

    raised = in_parallel(app, settle, WORKERS)
    assert [type(error) for error in raised] == [TargetTaken] * (WORKERS - 1)
    with app.app_context():
        assert hand.balances(book)["available"] == 500
        assert hand.broken() == set()


def test_canary_without_the_claim_one_line_settles_two_slips(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        crew, slips, book = confirmed_slips(2, 500)
        line = hand.line(crew, 500)
        db.session.remove()
    monkeypatch.setattr(bank, "claim", lambda line_id, *_args, **_more: bank.look(line_id))
    turn = itertools.count()

    def settle() -> None:
        atomically(bank.settle_slip)(line, slips[next(turn)], by=crew.cashier)

    assert in_parallel(app, settle, 2) == []
    with app.app_context():
        assert settled(slips) == 2
        assert hand.balances(book)["available"] == 1_000
        assert "every settled slip and transfer has its bank line, and no other has one" in (
            hand.broken()
        )
