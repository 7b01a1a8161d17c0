"""Ids grow, do not repeat, and public ones are not guessable."""

from __future__ import annotations

import threading

import pytest

from charity.kernel import clock, ids


def test_ids_grow_even_when_the_clock_stands_or_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.milliseconds()
    moments = iter([now] * 9_000 + [now - 60_000] * 1_000)
    monkeypatch.setattr(ids.clock, "milliseconds", lambda: next(moments))
    made = [ids.new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert max(made) < 2**63


def test_ids_keep_their_process_bits_when_the_sequence_runs_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = ids._Source()
    monkeypatch.setattr(ids.clock, "milliseconds", lambda: 1_800_000_000_000)
    made = [source.take() for _ in range(20_000)]
    assert {(value >> 12) & 0x3FF for value in made} == {source.process}


def test_threads_never_get_the_same_id() -> None:
    made: list[int] = []

    def take() -> None:
        mine = [ids.new_id() for _ in range(2_000)]
        made.extend(mine)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_public_ids_have_eighty_bits_and_no_confusing_letters() -> None:
    made = {ids.public_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(one) == 16 and not set(one) & set("ilou") for one in made)
