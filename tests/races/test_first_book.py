"""The first gifts of a new installation settle in two lanes at once: one own book is opened."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from charity.kernel import clock
from charity.kernel.atomic import atomic
from charity.kernel.db import db
from charity.ledger import services as ledger
from charity.ledger.kinds import BookKind
from charity.ledger.models import Book
from tests.conftest import ONLY_POSTGRES
from tests.races.test_ledger_races import together

pytestmark = pytest.mark.race


def in_a_lane() -> int:
    """As a lane settles: a unit of work that is not run again as it is."""
    with atomic():
        return ledger.own_book()


def opened_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What four lanes get that ask for the own book before it is there."""
    whole = ledger.open_book

    def slowly(**place: object) -> int:
        clock.sleep(0.2)  # long enough for the others to have looked as well
        return whole(**place)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(ledger, "open_book", slowly)
    results = together(app, [in_a_lane] * 4)
    with app.app_context():
        books = select(func.count()).where(Book.kind == BookKind.OWN.value)
        assert db.session().scalar(books) == 1
    return results


def test_one_own_book_is_opened(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    results = opened_at_once(app, monkeypatch)
    assert len(set(results)) == 1
    assert isinstance(results[0], int)


@ONLY_POSTGRES
def test_canary_without_the_lock_three_fail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: there is no lock of ours to take away."""
    monkeypatch.setattr(ledger, "one_at_a_time", lambda _what: None)
    failed = [each for each in opened_at_once(app, monkeypatch) if isinstance(each, Exception)]
    assert [type(each).__name__ for each in failed] == ["IntegrityError"] * 3
