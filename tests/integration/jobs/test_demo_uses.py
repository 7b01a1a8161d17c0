"""The demonstration's use of money: every state is there, once, and all checks hold."""

from __future__ import annotations

from collections import Counter

from flask import Flask
from sqlalchemy import text

from charity.cli import demo, demo_uses
from charity.cli.demo_hand import load_by_hand
from charity.disbursements.kinds import ApplicationStatus
from charity.figures import checks
from charity.kernel.db import db


def test_every_state_is_there_and_a_second_run_adds_none(ctx: Flask) -> None:
    demo.load_places()
    people = demo.demo_desk.cast()
    load_by_hand(people, 1)
    for _ in range(2):
        demo_uses.load_uses(people)
        rows = db.session().scalars(text("SELECT status FROM disbursements_application"))
        found = Counter(rows)
        db.session().rollback()
        assert set(found) == {status.value for status in ApplicationStatus}
        assert found.total() == 14
    demo.settle_all(1_000)
    demo.follow_all()
    assert [check.name for check in checks.everything().checks if not check.ok] == []
