"""The plugin that looks for races finds one where there is one."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from charity.approvals import delegations
from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.people.kinds import Role
from tests import shadow
from tests.conftest import ONLY_POSTGRES
from tests.factories.approvals import make_cast

pytestmark = [pytest.mark.race, ONLY_POSTGRES]


def hand_over(app: Flask) -> list[str]:
    """What the plugin says of a delegation."""
    shadow.found.clear()
    delegate = shadow.watched(delegations.delegate, "delegate")
    with app.app_context():
        cast, today = make_cast(), clock.today()
        days = (today, today + dt.timedelta(days=6))
        with atomic():
            delegate(Role.APPROVER, None, cast.approver2.person_id, *days, by=cast.approver)
        db.session.remove()
    return list(shadow.found)


def test_what_is_kept_apart_is_not_told(app: Flask) -> None:
    assert hand_over(app) == []


def test_what_nothing_keeps_apart_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegations, "one_at_a_time", lambda _what: None)
    assert hand_over(app) == ["delegate: DelegationOverlaps only afterwards"]
