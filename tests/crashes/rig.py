"""A site and a worker that can be killed at a step, and what must hold afterwards.

Unknowns are tried again with the same key. The verdict is read with plain SQL, not through the
application.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from charity.app import create_app
from charity.kernel.db import db
from tests.conftest import TestDatabase, make_settings
from tests.crashes import steps
from tests.crashes.donors import Donors, Verdict, Wish
from tests.factories import site as world
from tests.processes import processes
from tests.servers import free_port

PATIENCE_S = 120
DONORS = 3


class Rig(Donors):
    """One installation under fire."""

    def __init__(self, database: TestDatabase, folder: Path, canary: str | None = None) -> None:
        self.database, self.folder, self.canary = database, folder, canary
        self.port = free_port()
        base = f"http://127.0.0.1:{self.port}"
        super().__init__(base, create_app(make_settings(database, folder, base_url=base)))
        with self.app.app_context():
            world.build()
            db.session.remove()
            db.engine.dispose()
        self.environment = {
            "CHARITY_MODE": "development",
            "CHARITY_DATA_DIR": str(folder),
            "CHARITY_DATABASE_URL": database.url,
            "CHARITY_SECRET_KEY": self.app.config["SECRET_KEY"],
            "CHARITY_BASE_URL": self.base,
            "CHARITY_PROXIES": "1",
        }
        self.running: dict[str, ForkServerProcess] = {}
        self.kills: list[str] = []

    # --- processes ---------------------------------------------------------------------------
    def _start(self, arguments: list[str]) -> ForkServerProcess:
        process = processes.Process(
            target=steps.start, args=(self.folder, self.environment, arguments, self.canary)
        )
        process.start()
        return process

    def start(self, role: str) -> None:
        """Start site or worker; the site answers when this returns."""
        arguments = {"web": ["web", "--port", str(self.port)], "worker": ["worker"]}[role]
        self.running[role] = self._start(arguments)
        if role == "web":
            self.until(lambda: self.send("/livez").status == 200, "the site answers")

    def stop(self) -> None:
        """End both."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.join(15)
            if process.is_alive():
                process.kill()
                process.join()

    def until(self, holds: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
        """Wait for ``holds``; fail with what did not come true and the end of the logs."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                logs = {p.name: p.read_text("utf-8")[-1500:] for p in self.folder.glob("*.log")}
                raise AssertionError(f"after {seconds} s not yet: {what}\n{logs}")
            time.sleep(0.03)

    def check(self) -> dict[str, Any]:
        """What ``charity check --json`` says."""
        (self.folder / "check.log").unlink(missing_ok=True)
        process = self._start(["check", "--json"])
        process.join(PATIENCE_S)
        report: dict[str, Any] = json.loads((self.folder / "check.log").read_text("utf-8"))
        assert process.exitcode == (0 if report["ok"] else 1)
        return report

    # --- a kill ------------------------------------------------------------------------------
    def kill_at(self, role: str, step: str, times: int, seed: random.Random) -> None:
        """Donors give until ``role`` dies at ``step``; it is started again; unknowns are retried.

        Step ``anytime`` is a kill from outside at a moment of its own choosing.
        """
        victim, dead = self.running[role], threading.Event()
        papers = [w for w in self.wishes if w.gift_id and w.paper is None]
        if step != "anytime":
            armed = self.folder / "arming"
            armed.write_text(f"{step} {times}", "utf-8")
            armed.rename(self.folder / "arm")
        with ThreadPoolExecutor(DONORS + 1) as donors:
            for number in range(DONORS):
                donors.submit(self._give_until, dead, random.Random(seed.random() + number))
            if step.startswith("pdf."):
                donors.submit(self._want_papers, dead, papers)
            if step == "anytime":
                time.sleep(0.1 + seed.random())
                assert victim.pid
                os.killpg(victim.pid, signal.SIGKILL)
            victim.join(PATIENCE_S)
            dead.set()
            if victim.exitcode is not None:
                self.start(role)  # somebody may still be waiting for a paper
        assert victim.exitcode == -signal.SIGKILL, f"{step}: {role} ended with {victim.exitcode}"
        if step != "anytime":
            last = (self.folder / "deaths").read_text("utf-8").splitlines()[-1]
            assert last.split()[0] == step
        self.kills.append(step)

    def _give_until(self, dead: threading.Event, seed: random.Random) -> None:
        while not dead.is_set():
            wish = self.wish(seed)
            self.try_to_make(wish)
            if wish.made is Verdict.ACKNOWLEDGED and not dead.is_set():
                self.try_to_pay(wish)
            dead.wait(0.02)

    def _want_papers(self, dead: threading.Event, papers: list[Wish]) -> None:
        for wish in papers[-20:]:
            if dead.is_set():
                return
            self.ask_for_paper(wish)

    def retry_unknowns(self) -> None:
        """Every unknown is tried again with its key until there is an answer."""
        for wish in list(self.wishes):
            if wish.made is Verdict.UNKNOWN:
                self._until_known(wish, lambda w: w.made, self.try_to_make)
            assert wish.made is Verdict.ACKNOWLEDGED, wish
            if wish.paid is Verdict.UNKNOWN:
                self._until_known(wish, lambda w: w.paid, self.try_to_pay)
            assert wish.paid is Verdict.ACKNOWLEDGED, wish

    def _until_known(
        self, wish: Wish, now: Callable[[Wish], Verdict], again: Callable[[Wish], None]
    ) -> None:
        def known() -> bool:
            again(wish)
            return now(wish) is not Verdict.UNKNOWN

        self.until(known, f"an answer for {wish}")

    def papers_come(self) -> None:
        """Every paper asked for is there in the end, and has one set of bytes."""
        for wish in self.wishes:
            if wish.asked and wish.paper is None:

                def drawn(wish: Wish = wish) -> bool:
                    self.ask_for_paper(wish)
                    return wish.paper is not None

                self.until(drawn, f"the paper of {wish}")

    def settle(self) -> None:
        """Wait until the worker has nothing left to do."""
        pending = (
            "SELECT (SELECT count(*) FROM inbox_event WHERE state = 'new')"
            " + (SELECT count(*) FROM donations_gift WHERE receipt_due)"
            " + (SELECT count(*) FROM sandbox_event WHERE delivered_at IS NULL)"
            " + (SELECT count(*) FROM ledger_entry) - (SELECT n FROM figures_line_head)"
        )
        self.until(lambda: self.rows(pending)[0][0] == 0, "everything settled")

    # --- what is there -----------------------------------------------------------------------
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows read past the application."""
        with self._connection() as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        url = make_url(self.database.owner_url)
        opened: Any
        if self.database.dialect == "sqlite":
            opened = sqlite3.connect(str(url.database), timeout=30)
        else:
            opened = psycopg.connect(
                host=url.query["host"], dbname=url.database, user=url.username, autocommit=True
            )
        try:
            yield opened
        finally:
            opened.close()

    def lost(self) -> list[str]:
        """Every sentence of rule 2 and I28 that does not hold; empty when all do."""
        wrong = []
        intents = self.rows(
            "SELECT i.key, i.reference, i.amount_fen, i.status, p.amount_fen, g.public_id,"
            " (SELECT count(*) FROM ledger_entry e WHERE e.kind = 'gift' AND e.cause_type = 'gift'"
            "   AND e.cause_id = g.public_id AND e.amount_fen = g.amount_fen"
            "   AND e.book_id = g.book_id),"
            " (SELECT count(*) FROM receipts_receipt r WHERE r.gift_id = g.id)"
            " FROM donations_intent i JOIN donations_gift g ON g.intent_id = i.id"
            " LEFT JOIN donations_payment p ON p.intent_id = i.id"
        )
        found: dict[str, list[tuple[Any, ...]]] = {}
        for row in intents:
            found.setdefault(row[0].partition(":")[2], []).append(row)
        for wish in self.wishes:
            mine = found.pop(wish.key, [])
            if len(mine) != 1:
                wrong.append(f"{wish.key}: {len(mine)} gifts for one wish")
                continue
            _, reference, fen, status, paid_fen, _, entries, receipts = mine[0]
            state = (reference, fen, status, paid_fen, entries, receipts)
            if state != (wish.reference, wish.fen, "paid", wish.fen, 1, 1):
                wrong.append(f"{wish.key}: {state}")
        wrong += [f"{key}: nobody wished for this" for key in found]
        events = {row[0]: row[1] for row in self.rows("SELECT event_id, state FROM inbox_event")}
        wrong += [
            f"event {w.event_id}: acknowledged, and {events.get(w.event_id)}"
            for w in self.wishes
            if not w.page and w.paid is Verdict.ACKNOWLEDGED and events.get(w.event_id) != "done"
        ]
        wrong += [
            f"{name}: refused with {answer.status}, and there"
            for name, answer in self.refusals
            if answer.verdict is not Verdict.REFUSED or name in events or name in found
        ]
        return wrong + self._wrong_sums() + self._wrong_numbers()

    def _wrong_sums(self) -> list[str]:
        wanted = sum(wish.fen for wish in self.wishes)
        kinds = dict(self.rows("SELECT kind, sum(amount_fen) FROM ledger_entry GROUP BY kind"))
        fees = self.rows("SELECT coalesce(sum(fee_fen), 0) FROM donations_payment")[0][0]
        raised = json.loads(self.send("/api/v1/totals").body)["raised_fen"]
        wrong = []
        if not wanted == (kinds.get("gift") or 0) == raised:
            wrong.append(f"wished {wanted}, entered {kinds.get('gift')}, shown {raised}")
        if (kinds.get("fee") or 0) != fees:
            wrong.append(f"fees: paid {fees}, entered {kinds.get('fee')}")
        return wrong

    def _wrong_numbers(self) -> list[str]:
        wrong = []
        for what, sql in (
            ("entries", "SELECT count(*), min(n), max(n) FROM ledger_number"),
            ("receipts", "SELECT count(*), min(seq), max(seq) FROM receipts_receipt"),
        ):
            count, least, most = self.rows(sql)[0]
            if count and (least, most) != (1, count):
                wrong.append(f"{what}: {count} numbers from {least} to {most}")
        return wrong
