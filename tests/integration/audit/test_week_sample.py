"""The week's sample: drawn from what happened in the week, the same for ever, redone by hand."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from charity.audit import queries as audit
from charity.audit import rules
from charity.audit import services as audit_services
from charity.audit.errors import NoSuchWeek, RemarkNeeded
from charity.audit.kinds import SampleKind
from charity.figures import samples
from charity.kernel import clock, ids
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import queries as ledger
from tests.factories.approvals import ask, make_cast
from tests.factories.ledger import World


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The days go on; what was made stays where it was."""
    moved = clock.now() + dt.timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moved)


def drawn(sample: samples.Sample, kind: SampleKind) -> samples.Population:
    """One population of a sample."""
    return next(each for each in sample.populations if each.kind is kind)


def by_hand(sample: samples.Sample, kind: str, size: int, wanted: int) -> list[int]:
    """The recipe of the page."""
    found: list[int] = []
    turn = 0
    while len(found) < min(size, wanted):
        said = f"{sample.origin}/{sample.week}/{kind}/{turn}".encode()
        place = int(hashlib.sha256(said).hexdigest()[:16], 16) % size + 1
        found += [place] if place not in found else []
        turn += 1
    return found


def test_a_week_is_drawn_as_its_page_says(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.open(2)
    for turn in range(30):
        world.gift(world.units[turn % 2], 100 + turn)
    world.number()
    cast = make_cast()
    requests = [ask(cast.manager, subject=f"g{turn}") for turn in range(8)]
    with atomic():
        for turn in range(7):
            audit_services.record("payee.revealed", "payee", f"p{turn}", after={"purpose": "核对"})
            audit_services.record("unit.renamed", "unit", f"u{turn}")
    week = rules.week_of(clock.today())
    later(monkeypatch, 7)
    sample = samples.sample(week)
    assert sample.over
    entries = drawn(sample, SampleKind.ENTRY)
    assert (entries.first, entries.size) == (1, 30)
    places = by_hand(sample, "entry", 30, 20)
    assert list(entries.places) == places
    assert [item.subject for item in entries.items] == [str(n) for n in sorted(places)]
    refunds = drawn(sample, SampleKind.REFUND)
    assert refunds.size == 8
    wanted = [requests[place - 1] for place in sorted(by_hand(sample, "refund", 8, 5))]
    assert [item.subject for item in refunds.items] == wanted
    access = drawn(sample, SampleKind.ACCESS)
    assert access.size == 7
    found = [item.record.object_id for item in access.items if item.record]
    assert found == [f"p{place - 1}" for place in sorted(by_hand(sample, "access", 7, 5))]
    assert drawn(sample, SampleKind.APPLICATION).items == ()


def test_what_comes_later_changes_nothing(ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.open(1)
    for turn in range(25):
        world.gift(world.units[0], 100 + turn)
    world.number()
    week = rules.week_of(clock.today())
    later(monkeypatch, 7)
    before = samples.sample(week)
    # Ids are made by the real clock; what comes now came next week. The source of ids never goes
    # back, so it is one of this test's own.
    monkeypatch.setattr(ids, "_source", ids._Source())
    real = clock.milliseconds
    monkeypatch.setattr(clock, "milliseconds", lambda: real() + 7 * 24 * 3_600_000)
    for turn in range(25):
        world.gift(world.units[0], 500 + turn)
    world.number()
    assert samples.sample(week) == before
    following = drawn(samples.sample(rules.week_of(clock.today())), SampleKind.ENTRY)
    assert (following.first, following.size) == (26, 25)
    assert ledger.head() == 50


def test_weeks_that_are_not_there(ctx: Flask) -> None:
    tomorrow = clock.today() + dt.timedelta(days=7)
    for week in ("2026-W99", "nonsense", "", rules.week_of(tomorrow)):
        with pytest.raises(NoSuchWeek):
            samples.sample(week)
    empty = samples.sample(rules.week_of(clock.today()))
    assert not empty.over
    assert not any(each.size for each in empty.populations if each.kind is not SampleKind.ACCESS)


def mark(remark: str = "与凭据相符", person: str = "p1", subject: str = "7") -> None:
    """One supervisor's remark."""
    with atomic():
        audit_services.mark_sample(
            "2026-W47", SampleKind.ENTRY, subject, actor_id=person, actor_name="监督甲",
            remark=remark,
        )  # fmt: skip


def test_a_remark_is_kept_once_and_never_changes(ctx: Flask) -> None:
    mark()
    mark()  # pressed twice
    mark("再看一次，缺附件")
    mark(person="p2")
    found = audit.marks("2026-W47")
    assert [(one.person_id, one.remark) for one in found] == [
        ("p1", "与凭据相符"), ("p1", "再看一次，缺附件"), ("p2", "与凭据相符"),
    ]  # fmt: skip
    assert audit.marked(["2026-W46", "2026-W47"]) == {"2026-W47": 1}
    noted = audit.trail(audit.Asked(verbs=("sample.marked",))).rows
    assert len(noted) == 3
    with atomic():
        audit_services.note_checks(entries=1, checks=1, wrong=[])
    for change in (
        "UPDATE audit_sample_mark SET remark = 'x'",
        "DELETE FROM audit_sample_mark",
        "UPDATE audit_check_run SET ok = NOT ok",
    ):
        with pytest.raises(DBAPIError):
            send(change)


def send(statement: str) -> None:
    """One statement with the application's rights."""
    with atomic():
        db.session().execute(text(statement))


@pytest.mark.parametrize("remark", ["", "   ", "长" * 501])
def test_a_remark_says_something(ctx: Flask, remark: str) -> None:
    with pytest.raises(RemarkNeeded):
        mark(remark)
    assert audit.marks("2026-W47") == ()
