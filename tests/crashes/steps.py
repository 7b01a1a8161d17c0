"""The ``charity`` command with traps: a process kills itself with SIGKILL at a named step.

Nothing in ``charity`` knows of it: functions are wrapped here, before the command starts. All traps
lie open until the rig arms one by a file that names the step and how often it is passed before it
bites; then the step and the process are noted in a second file, and its whole process group dies.

A *canary* takes one guard of the application away, so that the rig must find something lost.
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charity.jobs.schedule import JOBS

WEB_STEPS = (
    "verify.before",
    "verify.after",
    "inbox.stored",
    "event.committed",
    "intent.made",
    "intent.committed",
    "provider.created",
    "intent.started",
    "redirect.built",
    "decided",
    "delivered",
)
WORKER_STEPS = (
    "batch.taken",
    "books.locked",
    "entries.inserted",
    "postings.inserted",
    "settle.before_commit",
    "settle.committed",
    "sequence.before_commit",
    "sequence.committed",
    "receipts.numbered",
    "receipts.before_commit",
    "receipts.committed",
    "pdf.drawing",
    "pdf.drawn",
    "pdf.before_commit",
)
CANARIES = ("answer before commit", "done before effect")

Work = Callable[..., Any]


class Traps:
    """Where this process may die."""

    def __init__(self, folder: Path) -> None:
        self.arm = folder / "arm"
        self.deaths = folder / "deaths"
        self.passed = 0
        self.lock = threading.Lock()

    def reached(self, step: str) -> None:
        """Die if this step is armed and was passed often enough."""
        try:
            wanted, times = self.arm.read_text("utf-8").split()
        except (FileNotFoundError, ValueError):
            return
        if wanted != step:
            return
        with self.lock:
            self.passed += 1
            if self.passed < int(times):
                return
            self.arm.unlink()
            with self.deaths.open("a", encoding="utf-8") as noted:
                noted.write(f"{step} {os.getpid()}\n")
            os.killpg(0, signal.SIGKILL)

    def before(self, place: str, name: str, step: str) -> None:
        """A trap before ``name`` is called."""

        def wrap(real: Work) -> Work:
            @functools.wraps(real)
            def trapped(*args: Any, **kwargs: Any) -> Any:
                self.reached(step)
                return real(*args, **kwargs)

            return trapped

        _replace(place, name, wrap)

    def after(
        self, place: str, name: str, step: str, when: Callable[..., bool] = lambda *_, **__: True
    ) -> None:
        """A trap after ``name`` returned something of which ``when(result, *args)`` is true."""

        def wrap(real: Work) -> Work:
            @functools.wraps(real)
            def trapped(*args: Any, **kwargs: Any) -> Any:
                result = real(*args, **kwargs)
                if when(result, *args):
                    self.reached(step)
                return result

            return trapped

        _replace(place, name, wrap)


def _replace(place: str, name: str, wrap: Callable[[Work], Work]) -> None:
    module, _, owner = place.partition(":")
    holder: Any = importlib.import_module(module)
    for part in filter(None, owner.split(".")):
        holder = getattr(holder, part)
    setattr(holder, name, wrap(getattr(holder, name)))


def _something(result: object, *_: object) -> bool:
    return bool(result)


def _into(table: str) -> Callable[..., bool]:
    def of_table(_result: object, _session: object, into: Any, rows: Any) -> bool:
        return bool(rows) and into.name == table

    return of_table


def set_web(traps: Traps) -> None:
    """The traps of the site."""
    sandbox = "charity.donations.providers.sandbox"
    services = "charity.donations.services"
    traps.before(f"{sandbox}:_Sandbox", "verify", "verify.before")
    traps.after(f"{sandbox}:_Sandbox", "verify", "verify.after")
    # Events that come together are stored together: whoever brought one of them dies unanswered.
    traps.after("charity.kernel.inbox:_door", "write", "inbox.stored")
    traps.after("charity.donations.intake", "receive", "event.committed")
    traps.after(services, "create_intent", "intent.made")
    traps.before(services, "start", "intent.committed")
    traps.after(f"{sandbox}:_Sandbox", "create", "provider.created")
    traps.after(services, "start", "intent.started")
    traps.after("charity.web.site.giving", "_go_and_pay", "redirect.built")
    traps.before(sandbox, "deliver", "decided")
    traps.after(f"{sandbox}_post", "_post", "delivered", _something)


def set_worker(traps: Traps) -> None:
    """The traps of the worker."""
    worksheet = "charity.ledger.worksheet"
    receipts = "charity.receipts.services"
    traps.after("charity.kernel.inbox", "claim", "batch.taken", _something)
    traps.after("charity.ledger.services", "worksheet", "books.locked")
    traps.after(worksheet, "bulk_insert", "entries.inserted", _into("ledger_entry"))
    traps.after(worksheet, "bulk_insert", "postings.inserted", _into("ledger_posting"))
    traps.after("charity.donations.jobs", "settle_batch", "settle.before_commit")
    traps.after("charity.donations.jobs", "_settle", "settle.committed", _something)
    traps.after("charity.jobs.schedule", "sequence", "sequence.before_commit", _something)
    traps.after("charity.kernel.serials", "take", "receipts.numbered")
    traps.after(
        receipts, "issue_batch", "receipts.before_commit", lambda made, *_: bool(made.receipt_ids)
    )
    traps.before("charity.receipts.document", "draw", "pdf.drawing")
    traps.before(receipts, "keep_pdf", "pdf.drawn")
    traps.after(receipts, "keep_pdf", "pdf.before_commit")
    # What is reached just after a commit: the next question its job asks.
    _once_done(traps, "charity.jobs.schedule", "sequence", "sequence.committed", lambda made: made)
    _asks_again(traps)


def _once_done(
    traps: Traps, place: str, name: str, step: str, did: Callable[[Any], object]
) -> None:
    """A trap before the next call after one that did something."""
    did_something = False

    def wrap(real: Work) -> Work:
        @functools.wraps(real)
        def trapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal did_something
            if did_something:
                traps.reached(step)
            result = real(*args, **kwargs)
            did_something = bool(did(result))
            return result

        return trapped

    _replace(place, name, wrap)


def _asks_again(traps: Traps) -> None:
    """A trap between the commit of a batch of receipts and the next look for owed ones."""
    issued = False

    def note(real: Work) -> Work:
        @functools.wraps(real)
        def noted(*args: Any, **kwargs: Any) -> Any:
            nonlocal issued
            made = real(*args, **kwargs)
            issued = issued or bool(made.receipt_ids)
            return made

        return noted

    def trap(real: Work) -> Work:
        @functools.wraps(real)
        def trapped(*args: Any, **kwargs: Any) -> Any:
            if issued:
                traps.reached("receipts.committed")
            return real(*args, **kwargs)

        return trapped

    _replace("charity.receipts.services", "issue_batch", note)
    _replace("charity.donations.queries", "gifts_awaiting_receipt", trap)


def remove_guard(canary: str) -> None:
    """Take one guard away."""
    if canary == "answer before commit":
        _replace("charity.donations.intake", "receive", _answer_first)
    elif canary == "done before effect":
        _replace("charity.donations.jobs", "_settle", _done_first)


def _answer_first(real: Work) -> Work:
    """Answer 200 at once, and store the event two seconds later."""
    from flask import current_app

    from charity.donations.intake import Intake, Outcome

    def receive(provider: str, headers: Any, raw: bytes) -> Outcome:
        app = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy

        def later() -> None:
            time.sleep(2)
            with app.app_context():
                real(provider, headers, raw)

        threading.Thread(target=later, daemon=True).start()
        return Outcome(Intake.STORED)

    return receive


def _done_first(_real: Work) -> Work:
    """Mark a batch done in a transaction of its own, before it has its effect."""
    from charity.donations import jobs
    from charity.kernel import inbox
    from charity.kernel.atomic import atomic

    def settle(limit: int, ids: Any) -> int:
        with atomic():
            events = inbox.claim(limit, ids)
            inbox.finish([event.id for event in events], inbox.State.DONE)
        with atomic():
            handled: int = jobs.settle_batch(events).handled if events else 0
        return handled

    return settle


def start(
    folder: Path, environment: dict[str, str], arguments: list[str], canary: str | None
) -> None:
    """Become ``charity ARGUMENTS`` in a process group of its own, with its traps set.

    Output goes to a file in ``folder``; the process ends with the command's exit code.
    """
    os.setsid()
    multiprocessing.set_start_method("fork", force=True)  # the web server's own children
    os.environ.update(environment)
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
        os.dup2(log.fileno(), sys.stdout.fileno())
    traps = Traps(folder)
    # What a test would wait ten seconds for: an undelivered event is sent again soon.
    sandbox: Any = importlib.import_module("charity.donations.providers.sandbox")
    post: Any = importlib.import_module("charity.donations.providers.sandbox_post")
    sandbox.LEASE = post.LEASE = post.dt.timedelta(seconds=1)
    if canary:
        remove_guard(canary)
    if arguments[0] == "web":
        set_web(traps)
    elif arguments[0] == "worker":
        set_worker(traps)
        # The rig asks for the check when all is settled; at every start it would only take time.
        loop: Any = importlib.import_module("charity.jobs.worker")
        loop.run = functools.partial(loop.run, jobs=[job for job in JOBS if job.name != "check"])
    from charity.cli import main

    main(arguments)
