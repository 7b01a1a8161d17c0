"""What is looked at before it is written, and has no row to lock: one after the other.

The canaries take the turn away. SQLite has one writer: there is no turn of ours to take.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from charity.approvals import delegations
from charity.approvals.errors import DelegationOverlaps
from charity.disclosures import services as disclosures
from charity.disclosures.errors import DraftChanged
from charity.kernel import clock
from charity.kernel.db import db
from charity.kernel.ids import new_id
from charity.people.kinds import Role
from tests import reports
from tests.conftest import ONLY_POSTGRES
from tests.factories.approvals import make_cast
from tests.gifts import TOWN, give, make_place
from tests.races.test_approval_races import Answer, at_once

pytestmark = pytest.mark.race
AT_ONCE = 3
Race = Callable[[], list[Answer]]


def slowly() -> int:
    """Between the look and the writing there is time for the others to look as well."""
    clock.sleep(0.2)
    return new_id()


@pytest.fixture
def delegating(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Race:
    """An approver hands over to the same person, for the same days, from three windows."""
    with app.app_context():
        cast = make_cast()
        db.session.remove()
    monkeypatch.setattr(delegations, "new_id", slowly)
    today = clock.today()

    def work() -> Answer:
        days = (today, today + dt.timedelta(days=6))
        to = cast.approver2.person_id
        return delegations.delegate(Role.APPROVER, None, to, *days, by=cast.approver)

    return lambda: at_once(app, [work] * AT_ONCE)


@pytest.fixture
def writing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Race:
    """A report's text is saved from three windows that all saw the same."""
    with app.app_context():
        make_place()
        give((TOWN, 1_000))
        who = reports.office().drafts
        report = reports.begin(who)
        db.session.remove()
    monkeypatch.setattr(disclosures, "new_id", slowly)

    def work() -> Answer:
        disclosures.write(report, body="本期收支", body_en="", reason="", seen=1, by=who)
        return "saved"

    return lambda: at_once(app, [work] * AT_ONCE)


def test_one_of_three_hands_over(delegating: Race) -> None:
    answers = delegating()
    assert answers.count(DelegationOverlaps) == AT_ONCE - 1, answers


@ONLY_POSTGRES
def test_canary_without_turns_all_hand_over(
    delegating: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delegations, "one_at_a_time", lambda _what: None)
    assert DelegationOverlaps not in delegating()


def test_one_of_three_saves_the_text(writing: Race) -> None:
    answers = writing()
    assert sorted(map(str, answers)) == sorted(map(str, [DraftChanged, DraftChanged, "saved"]))


@ONLY_POSTGRES
def test_canary_without_turns_a_text_is_lost(
    writing: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosures, "one_at_a_time", lambda _what: None)
    assert writing() == ["saved"] * AT_ONCE
