"""A plugin that finds what two can do at one instant and one after the other cannot.

``pytest -p tests.shadow -k postgres tests/web tests/integration``: each verb of a domain is done,
before it is committed, by a second connection as well, and rolled back there. Where that went
through at once, and is refused once the first is committed, nothing kept the two apart: the test
ends in an error that names the verb. Run it after writing a verb that looks before it writes;
tests that count calls may fail under it, only errors tell. SQLite has one writer: nothing to find.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
from flask import Flask, current_app, has_app_context, has_request_context
from flask.ctx import AppContext, RequestContext
from flask.globals import request_ctx
from sqlalchemy import text

from charity.kernel.atomic import after_commit, atomic, in_atomic
from charity.kernel.db import db
from charity.kernel.errors import RuleBroken

# The ledger is asked by the other domains' verbs, and has machines of its own that race it.
DOMAINS = (
    "approvals", "areas", "audit", "disbursements", "disclosures", "donations", "funds",
    "parameters", "people", "receipts",
)  # fmt: skip
FREE_S = 0.12  # who has not come through by then is waiting for the first to commit
Verb = Callable[..., Any]
found: list[str] = []
_started: list[threading.Thread] = []
_here = threading.local()


class _Undo(BaseException):
    """It went through; nothing of it stays."""


class _Second:
    """The same verb with the same arguments on a connection of its own."""

    def __init__(self, verb: Verb, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self._verb, self._args, self._named = verb, args, named
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._request = request_ctx.copy() if has_request_context() else None
        self.outcome: BaseException | None = None

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run)
        _started.append(thread)
        thread.start()
        return thread

    def _run(self) -> None:
        _here.second = True
        room: AppContext | RequestContext = self._request or self._app.app_context()
        with room:
            try:
                with atomic():
                    self._verb(*self._args, **self._named)
                    db.session().flush()
                    db.session().execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                    raise _Undo
            except BaseException as error:  # noqa: BLE001 - looked at by whoever started it
                self.outcome = error
            finally:
                db.session.remove()

    @property
    def went_through(self) -> bool:
        return isinstance(self.outcome, _Undo)


def watched(verb: Verb, name: str) -> Verb:
    """``verb``, done by a second connection as well whenever it is done."""

    @functools.wraps(verb)
    def both(*args: Any, **named: Any) -> Any:
        if not _outermost():
            return verb(*args, **named)
        _here.inside = True
        try:
            done = verb(*args, **named)
            db.session().flush()
        finally:
            _here.inside = False
        at_once = _Second(verb, args, named)
        thread = at_once.start()
        thread.join(FREE_S)
        kept_apart = thread.is_alive()

        def afterwards() -> None:
            thread.join()
            if kept_apart or not at_once.went_through:
                return
            later = _Second(verb, args, named)
            later.start().join()
            if isinstance(later.outcome, RuleBroken):
                found.append(f"{name}: {type(later.outcome).__name__} only afterwards")

        after_commit(afterwards)
        return done

    return both


def _outermost() -> bool:
    return (
        not getattr(_here, "inside", False)
        and not getattr(_here, "second", False)
        and has_app_context()
        and in_atomic()
        and db.engine.dialect.name == "postgresql"
    )


def pytest_collection_finish() -> None:
    """Watch every verb: each function of a domain that wants a unit of work around it."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(tuple(f"charity.{domain}." for domain in DOMAINS)):
            continue
        for key, verb in list(vars(module).items()):
            own = isinstance(verb, FunctionType) and verb.__module__ == name
            if own and "require_atomic" in verb.__code__.co_names:
                setattr(module, key, watched(verb, f"{name}.{key}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Before its database goes: a first that was rolled back told nobody that it was over."""
    while _started:
        _started.pop().join()


@pytest.fixture(autouse=True)
def _kept_apart() -> Iterator[None]:
    found.clear()
    yield
    assert not found, found
