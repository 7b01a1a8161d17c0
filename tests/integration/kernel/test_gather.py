"""Events that come at the same moment share a transaction, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from charity.kernel import inbox
from charity.kernel.db import db
from charity.kernel.gather import Gathering


def _in_threads(app: Flask, work: Sequence[object], run: object) -> list[object]:
    results: list[object] = [None] * len(work)

    def one(number: int) -> None:
        with app.app_context():
            try:
                results[number] = run(work[number])  # type: ignore[operator]
            except ValueError as error:
                results[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_each_event_is_stored_once_and_told_so(app: Flask) -> None:
    names = [f"evt_{number % 20}" for number in range(60)]
    fresh = _in_threads(app, names, lambda name: inbox.store_together("p", "a", str(name), b"{}"))
    assert sum(map(bool, fresh)) == 20
    with app.app_context():
        assert db.session().scalar(select(func.count()).select_from(inbox.InboxEvent)) == 20


def test_a_bad_one_fails_alone(app: Flask) -> None:
    met: list[int] = []

    def write(_conn: Connection, brought: Sequence[int]) -> list[int]:
        met.append(len(brought))
        if 7 in brought:
            raise ValueError("seven")
        return [number * 2 for number in brought]

    results = _in_threads(app, range(30), Gathering(write).add)
    assert isinstance(results.pop(7), ValueError)
    assert results == [number * 2 for number in range(30) if number != 7]


@pytest.mark.parametrize("count", [1, 3])
def test_the_turn_is_handed_on_after_a_failure(app: Flask, count: int) -> None:
    def write(_conn: Connection, _brought: Sequence[int]) -> list[int]:
        raise ValueError("always")

    gathering = Gathering(write)
    for _ in range(2):
        results = _in_threads(app, range(count), gathering.add)
        assert all(isinstance(result, ValueError) for result in results)
