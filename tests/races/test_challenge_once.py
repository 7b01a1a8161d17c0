"""A solved challenge is used up once, also when it comes from many addresses at one instant."""

from __future__ import annotations

import altcha
import pytest
from flask import Flask
from sqlalchemy import func, select

from charity.donations import tries
from charity.donations.models import Try
from charity.donations.requests import DonorDetails
from charity.donations.tries import Origin
from charity.kernel import clock
from charity.kernel.atomic import atomically
from charity.kernel.db import db
from charity.kernel.ids import new_id
from tests.conftest import ONLY_POSTGRES
from tests.races.test_ledger_races import together

pytestmark = pytest.mark.race


def solved(app: Flask) -> str:
    """A challenge and its solution, as a browser sends them."""
    with app.app_context():
        asked = tries.challenge()
        db.session.remove()
    words = (str(asked[name]) for name in ("challenge", "salt", "algorithm"))
    found = altcha.solve_challenge_v1(*words, int(str(asked["maxnumber"])))
    assert found is not None
    return altcha.PayloadV1(
        str(asked["algorithm"]), str(asked["challenge"]), found.number,
        str(asked["salt"]), str(asked["signature"]),
    ).to_base64()  # fmt: skip


def sent_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What four addresses get that send the same solution."""

    def slowly() -> int:
        clock.sleep(0.2)  # long enough for the others to have looked as well
        return new_id()

    monkeypatch.setattr(tries, "new_id", slowly)
    solution, donor = solved(app), DonorDetails()
    origins = [Origin(f"203.0.113.{n}", solution=solution) for n in range(4)]
    work = [lambda origin=origin: atomically(tries.admit)(origin, donor) for origin in origins]
    return together(app, work)


def test_one_solution_counts_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    results = sent_at_once(app, monkeypatch)
    assert [each for each in results if isinstance(each, Exception)] == []
    with app.app_context():
        used = select(func.count(Try.id), func.count(Try.challenge))
        assert db.session().execute(used).one() == (4, 1)
        db.session.remove()


@ONLY_POSTGRES
def test_canary_who_looks_once_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: whoever looks there finds what was made."""
    monkeypatch.setattr("charity.kernel.atomic._LOOKS", 1)
    failed = [each for each in sent_at_once(app, monkeypatch) if isinstance(each, Exception)]
    assert [type(each).__name__ for each in failed] == ["IntegrityError"] * 3
