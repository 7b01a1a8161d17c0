"""Donors are told that their money was used: once for each donor and month, however often asked."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from charity.donations.requests import DonorDetails
from charity.figures import jobs, told
from charity.figures.models import Told
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.outbox import OutboxMessage
from tests import hand, used
from tests.gifts import COUNTY, SLUG, give, make_place

ZHANG = DonorDetails(name="张三", email="zhang@example.org")
WANG = DonorDetails(name="王五", email="wang@example.org")


@pytest.fixture(autouse=True)
def place(ctx: Flask) -> None:
    make_place()


def letters() -> list[OutboxMessage]:
    """Messages about uses, in order."""
    db.session().rollback()
    found = db.session().scalars(
        select(OutboxMessage).where(OutboxMessage.key.like("used:%")).order_by(OutboxMessage.id)
    )
    return list(found)


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> dt.date:
    """The day so many days on, from now on today for what tells donors."""
    day = clock.today() + dt.timedelta(days=days)
    monkeypatch.setattr(told.clock, "today", lambda: day)
    return day


def test_due_is_the_last_month_that_is_over_for_some_days() -> None:
    assert told.due(dt.date(2026, 11, 22)) == ("2026-10", 1)
    assert told.due(dt.date(2026, 11, 6)) == ("2026-10", 1)
    assert told.due(dt.date(2026, 11, 5)) == ("2026-09", 1)
    assert told.due(dt.date(2026, 1, 20)) == ("2025-12", 1)
    assert told.end_of("2025-12", 1) == dt.date(2026, 1, 1)


def test_two_gifts_of_one_donor_are_one_letter_and_a_repeat_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = [give((COUNTY, fen), donor=ZHANG).payment.gifts[0].id for fen in (1_000, 2_000)]
    other = give((COUNTY, 5_000), donor=WANG, language="en").payment.gifts[0].id
    give((COUNTY, 100), donor=DonorDetails())
    unused = give((COUNTY, 900), donor=ZHANG).payment.gifts[0].id
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, 50_000)
    used.use(who, 7_000)
    later(monkeypatch, 45)
    assert jobs.tell_donors() == 2
    assert jobs.tell_donors() == 0
    texts = {one.recipient: str(one.body) for one in letters()}
    assert set(texts) == {"zhang@example.org", "wang@example.org"}
    for gift in mine:
        assert f"/trace/{gift}?lang=zh" in texts["zhang@example.org"]
    assert unused not in texts["zhang@example.org"]
    assert f"/trace/{other}?lang=en" in texts["wang@example.org"]
    assert "张三" not in texts["zhang@example.org"]
    assert {one.gift for one in db.session().scalars(select(Told))} == {*mine, other}


def test_the_next_month_tells_only_what_was_used_since(monkeypatch: pytest.MonkeyPatch) -> None:
    first = give((COUNTY, 1_000), donor=ZHANG).payment.gifts[0].id
    second = give((COUNTY, 1_000), donor=WANG).payment.gifts[0].id
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, 50_000)
    used.use(who, 500)
    later(monkeypatch, 45)
    assert jobs.tell_donors() == 1
    assert [one.recipient for one in letters()] == ["zhang@example.org"]
    assert first in str(letters()[0].body)
    used.use(who, 1_000)
    later(monkeypatch, 75)
    assert jobs.tell_donors() == 2
    recipients = [one.recipient for one in letters()]
    assert sorted(map(str, recipients)) == [
        "wang@example.org", "zhang@example.org", "zhang@example.org",
    ]  # fmt: skip
    assert second in str(next(one for one in letters() if one.recipient == "wang@example.org").body)
    later(monkeypatch, 110)
    assert jobs.tell_donors() == 0


def test_a_telling_that_stopped_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    gifts = [
        give((COUNTY, 100), donor=DonorDetails(name=f"赵{n}", email=f"z{n}@example.org"))
        .payment.gifts[0].id
        for n in range(7)
    ]  # fmt: skip
    who = used.hands(COUNTY)
    crew = who.crew
    hand.settled_slip(crew, COUNTY, SLUG, 50_000)
    used.use(who, 20_000)
    later(monkeypatch, 45)
    monkeypatch.setattr(told, "AT_ONCE", 3)
    monkeypatch.setattr(told, "DONORS", 2)
    real = told.collect
    calls: list[int] = []

    def falling(book_id: int, period: str, until: dt.date) -> bool:
        calls.append(book_id)
        done = real(book_id, period, until)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return done

    monkeypatch.setattr(told, "collect", falling)
    with pytest.raises(RuntimeError):
        jobs.tell_donors()
    db.session().rollback()
    assert letters() == []
    assert jobs.tell_donors() == 7
    assert len({one.recipient for one in letters()}) == 7
    assert {one.gift for one in db.session().scalars(select(Told))} == set(gifts)
