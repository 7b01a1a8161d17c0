"""Webhooks of the fake Stripe: signed, sent again until answered, and lost or doubled on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import random
import threading
import time
import urllib.error
import urllib.request

from tests.fakes.stripe.faults import Posting
from tests.fakes.stripe.world import Json


def body(event: Json) -> bytes:
    """An event as it is sent."""
    return json.dumps(event, indent=2).encode()


def signature(raw: bytes, secret: str, at: int | None = None) -> str:
    """The value of ``Stripe-Signature``."""
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Hooks:
    """Sends events to one endpoint, from a thread of its own."""

    def __init__(
        self, url: str, secret: str, posting: Posting | None = None, seed: int = 0
    ) -> None:
        self.url, self.secret = url, secret
        self.posting = posting or Posting()
        self.sent: list[str] = []
        self.failed: list[str] = []
        self._random = random.Random(seed)
        self._queue: queue.Queue[Json | None] = queue.Queue()
        self._held: list[Json] = []
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._work, daemon=True, name="fake-stripe-hooks")
        self._thread.start()

    def tell(self, event: Json) -> None:
        """Take an event to be sent, or lose it, as the dice fall."""
        if self._random.randrange(1_000) < self.posting.drop_per_mille:
            return
        copies = 2 if self._random.randrange(1_000) < self.posting.double_per_mille else 1
        for _ in range(copies):
            self._held.append(event)
        if len(self._held) > self.posting.shuffle:
            self.flush()

    def flush(self) -> None:
        """Send what is held, in any order if shuffling."""
        held, self._held = self._held, []
        if self.posting.shuffle:
            self._random.shuffle(held)
        for event in held:
            self._idle.clear()
            self._queue.put(event)

    def wait(self, seconds: float = 30) -> bool:
        """Until everything was sent or given up."""
        self.flush()
        return self._idle.wait(seconds)

    def stop(self) -> None:
        """End the thread."""
        self._queue.put(None)
        self._thread.join(10)

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            if self.posting.delay_s:
                time.sleep(self.posting.delay_s)
            (self.sent if self._deliver(event) else self.failed).append(event["id"])
            if self._queue.empty():
                self._idle.set()

    def _deliver(self, event: Json) -> bool:
        for attempt in range(self.posting.attempts):
            if attempt:
                time.sleep(min(self.posting.pause_s * 2 ** (attempt - 1), 10))
            raw = body(event)
            request = urllib.request.Request(
                self.url,
                data=raw,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": signature(raw, self.secret),
                    "User-Agent": "FakeStripe/1.0",
                },
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    if answer.status == 200:
                        return True
            except (urllib.error.URLError, OSError):
                continue
        return False
