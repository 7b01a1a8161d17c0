"""How many requests one process works on at once, and which ones stand aside.

Rule: a sign-in does not work, it waits for its turn to be hashed (``people.passwords``). So it has
a thread beside those of the pages, and however many sign in at once, pages find all of theirs. What
finds no place aside is a request like any other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from charity.people.passwords import AT_ONCE, WAITING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WORKING = 8
ASIDE = AT_ONCE + WAITING
#: How many threads the server needs for both.
THREADS = WORKING + ASIDE
_HASHED = frozenset({"/login", "/account/password"})


class Turns:
    """A WSGI application that lets so many requests in at once, sign-ins beside them."""

    def __init__(self, app: WSGIApplication, *, working: int = WORKING, aside: int = ASIDE) -> None:
        self._app = app
        self._room = threading.Semaphore(working)
        self._aside = threading.Semaphore(aside)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer, when it is this request's turn."""
        hashed = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in _HASHED
        room = self._room
        if hashed and self._aside.acquire(blocking=False):
            room = self._aside
        else:
            room.acquire()
        try:
            return self._app(environ, start)
        finally:
            room.release()
