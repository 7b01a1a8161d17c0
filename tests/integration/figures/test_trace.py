"""Where a gift's money went, from the ledger's side: first in, first used."""

from __future__ import annotations

import pytest
from flask import Flask

from charity.donations.errors import GiftUnknown
from charity.figures import jobs, trace_queries
from charity.figures import queries as figures
from charity.figures.trace_queries import Trace
from charity.kernel.db import db
from tests import back, hand, used
from tests.gifts import COUNTY, OFFICE, SLUG, create, give, make_place


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    make_place()


def trace(gift: str) -> Trace:
    db.session().rollback()
    jobs.follow_entries()
    found = trace_queries.trace(gift)
    db.session().rollback()
    return found


def slip_gifts(unit: str, *fens: int) -> tuple[list[str], used.Hands]:
    """Cash gifts of a unit, in the bank, and people who may use them."""
    who = used.hands(unit)
    crew = who.crew
    sheet = hand.enter(crew, hand.asked(unit, SLUG, *fens))
    slip = hand.close(crew, unit, sum(fens))
    hand.confirm(slip, crew.leader)
    hand.settle_slip(crew, hand.line(crew, sum(fens), memo=slip), slip)
    back.number()
    return hand.gifts_of(sheet), who


def test_a_gift_is_used_in_its_turn() -> None:
    (first, second, third), who = slip_gifts(COUNTY, 5_000, 4_000, 3_000)
    assert trace(first).waiting_fen == 5_000
    coal = used.use(who, 7_000, people_count=4)
    one, two, three = trace(first), trace(second), trace(third)
    assert (one.used_fen, one.waiting_fen, one.ahead_fen, one.people) == (5_000, 0, 0, 4)
    assert [(part.use.id, part.fen) for part in two.parts] == [(coal, 2_000)]
    assert (two.used_fen, two.waiting_fen, two.proved_fen) == (2_000, 2_000, 0)
    assert (three.used_fen, three.waiting_fen, three.ahead_fen) == (0, 3_000, 2_000)
    assert three.parts == ()
    used.prove(who, coal)
    assert trace(second).proved_fen == 2_000
    assert all(one.gift.donor_shown is None for one in (one, two, three))


def test_a_refund_before_use_lets_the_next_gift_pass_and_one_after_use_as_well() -> None:
    two = back.two_people()
    back.give_own(1_000)
    online = back.gift_of(back.give((COUNTY, 6_000)))
    (cash, later), who = slip_gifts(COUNTY, 8_000, 1_000)
    assert trace(cash).before_fen == 5_964
    used.use(who, 7_000)
    assert [part.fen for part in trace(online).parts] == [5_964]
    assert trace(cash).used_fen == 1_036
    back.agreed(online, two)
    back.send()
    back.number()
    gone = trace(online)
    assert (gone.went_back, gone.stands, gone.net_fen, gone.parts) == (True, False, 0, ())
    assert (trace(cash).used_fen, trace(cash).before_fen) == (7_000, 0)
    assert trace(later).ahead_fen == 1_000


def test_a_gift_without_its_place_says_so_and_an_unknown_one_is_none() -> None:
    asked = create((OFFICE, 1_000)).payment.gifts[0].id
    assert not trace(asked).followed
    made = give((OFFICE, 1_000)).payment.gifts[0].id
    before = trace_queries.trace(made)
    assert (before.followed, before.as_of_entry) == (False, 0)
    after = trace(made)
    assert (after.followed, after.net_fen, after.cost_fen) == (True, 994, 6)
    with pytest.raises(GiftUnknown):
        trace("no-such-gift")


def test_proved_stands_in_every_figure_alike() -> None:
    _, who = slip_gifts(COUNTY, 5_000, 4_000)
    coal = used.use(who, 6_000, people_count=5)
    assert figures.totals().figures.proved_fen == 0
    used.prove(who, coal)
    totals = figures.totals()
    assert (totals.figures.proved_fen, totals.helped) == (6_000, 5)
    assert figures.campaign_figures()[SLUG].proved_fen == 6_000
    rows = {row.code: row for row in figures.unit_rows(SLUG).items}
    assert (rows[COUNTY].figures.proved_fen, rows[COUNTY].subtree.proved_fen) == (6_000, 6_000)
    assert (rows[OFFICE].figures.proved_fen, rows[OFFICE].subtree.proved_fen) == (0, 6_000)
    assert figures.unit_page(SLUG, COUNTY).row.figures.proved_fen == 6_000
    assert figures.helped(SLUG, COUNTY) == 5
    assert figures.helped(SLUG, OFFICE) == 0
    db.session().rollback()
    used.hand_back(who, coal, 1_000)
    assert figures.totals().figures.proved_fen == figures.totals().figures.used_fen == 5_000
