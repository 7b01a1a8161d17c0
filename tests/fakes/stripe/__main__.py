"""``python -m tests.fakes.stripe``: the fake beside a running site, for demonstrations."""

from __future__ import annotations

import argparse
import secrets
import signal
import threading

from tests.fakes.stripe.server import FakeStripe, serving
from tests.fakes.stripe.world import World


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="A fake Stripe on loopback")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook", required=True, help="where events are sent")
    parser.add_argument("--secret", required=True, help="what they are signed with")
    parser.add_argument("--key", default="sk_test_fake")
    asked = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    # Ids of one run must not be those of an earlier one on the same database.
    fake = FakeStripe(key=asked.key, world=World(seed=secrets.randbits(64)))
    fake.connect(asked.webhook, asked.secret)
    with serving(fake, asked.port):
        print(f"fake Stripe at {fake.url}, events to {asked.webhook}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
