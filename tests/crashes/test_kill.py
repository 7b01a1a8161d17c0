"""Site and worker die by SIGKILL at every step of a gift: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from tests.conftest import BOTH, TestDatabase, make_database
from tests.crashes.donors import Verdict
from tests.crashes.rig import Rig
from tests.crashes.steps import CANARIES, WEB_STEPS, WORKER_STEPS

ROUNDS = int(os.environ.get("ROUNDS", "2"))
# How often a step is passed at most before it bites: a batch is passed once for many gifts.
_MOST = {"web": 5, "worker": 2}
_PLACES = [
    *(("web", step) for step in (*WEB_STEPS, "anytime")),
    *(("worker", step) for step in (*WORKER_STEPS, "anytime")),
]

pytestmark = [pytest.mark.crash, pytest.mark.slow]


@pytest.fixture(scope="module", params=BOTH)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestDatabase]:
    """One database of each dialect for all kills: what was acknowledged early stays to the end."""
    yield from make_database(request.param, request, tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="module")
def rig(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A running installation."""
    made = Rig(database, tmp_path_factory.mktemp("site"))
    made.start("web")
    made.start("worker")
    yield made
    made.stop()


@pytest.mark.parametrize(("role", "step"), _PLACES, ids=[f"{r}-{s}" for r, s in _PLACES])
def test_killed_at_a_step(rig: Rig, role: str, step: str) -> None:
    seed = random.Random(f"{role} {step} {os.environ.get('SEED', '1')}")
    if step.startswith("pdf."):
        _gifts_settled(rig, seed, 2 * ROUNDS)
    for turn in range(ROUNDS):
        times = 1 if turn == 0 or step.startswith("pdf.") else seed.randint(1, _MOST[role])
        rig.kill_at(role, step, times, seed)
        rig.bad_requests()
        rig.retry_unknowns()
        rig.settle()
        rig.papers_come()
    assert rig.lost() == []
    report = rig.check()
    assert report["ok"], [check for check in report["checks"] if not check["ok"]]
    assert rig.kills.count(step) >= ROUNDS


def _gifts_settled(rig: Rig, seed: random.Random, count: int) -> None:
    """Gifts with receipts whose PDFs nobody asked for yet."""
    for _ in range(count):
        wish = rig.wish(seed)
        wish.form = False
        rig.try_to_make(wish)
        rig.try_to_pay(wish)
    rig.settle()


@pytest.mark.parametrize("canary", CANARIES)
def test_canary_loses_a_gift(
    dialect: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    canary: str,
) -> None:
    """With a guard removed the same kill loses what was acknowledged, and the rig says so."""
    seed = random.Random(canary)
    copies = make_database(dialect, request, tmp_path_factory.mktemp("canary"))
    rig = Rig(next(copies), tmp_path_factory.mktemp("site"), canary)
    rig.start("web")
    rig.start("worker")
    try:
        if canary == "answer before commit":
            rig.kill_at("web", "event.committed", 6, seed)
        else:
            rig.kill_at("worker", "books.locked", 1, seed)
        rig.retry_unknowns()
        rig.until(lambda: _quiet(rig), "the worker has nothing to do")
        lost = rig.lost()
        told = [w for w in rig.wishes if w.paid is Verdict.ACKNOWLEDGED]
        assert any("created" in line or "pending" in line for line in lost), (lost, len(told))
    finally:
        rig.stop()
        next(copies, None)


def _quiet(rig: Rig) -> bool:
    waiting = (
        "SELECT (SELECT count(*) FROM inbox_event WHERE state = 'new')"
        " + (SELECT count(*) FROM donations_gift WHERE receipt_due)"
    )
    return bool(rig.rows(waiting)[0][0] == 0)
