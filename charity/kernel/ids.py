"""Ids made by us before insertion.

``new_id`` gives 63-bit integers that grow with time: 41 bits of milliseconds since 2024, 10 bits
drawn once per process, 12 bits of sequence. Two processes can meet only in the same millisecond
with the same 10 bits; the primary key then refuses the second and the unit of work is run again.

``public_id`` gives the names the outside sees: unguessable, never database keys.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import threading

from charity.kernel import clock

_EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z
_EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
# Five bits of each random byte choose a sign, each as likely: 256 is a multiple of 32.
_SIGNS = (_ALPHABET * 8).encode("ascii")


class _Source:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.redraw()

    def redraw(self) -> None:
        """A forked child must not go on with its parent's bits."""
        self.process = secrets.randbits(10)
        self.last = 0

    def take(self) -> int:
        with self.lock:
            fresh = ((clock.milliseconds() - _EPOCH_MS) << 22) | (self.process << 12)
            if fresh > self.last:
                self.last = fresh
            else:
                self.last += 1
                # The sequence ran over into the process bits: borrow the next millisecond.
                if (self.last >> 12) & 0x3FF != self.process:
                    self.last = (((self.last >> 22) + 1) << 22) | (self.process << 12)
            return self.last


_source = _Source()
os.register_at_fork(after_in_child=_source.redraw)


def new_id() -> int:
    """A database id, greater than every id this process made before."""
    return _source.take()


def first_at(moment: dt.datetime) -> int:
    """The least id that is made at ``moment`` (aware) or later: a span of time is one of ids."""
    return max(0, (moment - _EPOCH) // dt.timedelta(milliseconds=1)) << 22


def public_id(length: int = 16) -> str:
    """A random name of ``length`` characters, five bits each (16: 80 bits)."""
    return secrets.token_bytes(length).translate(_SIGNS).decode("ascii")
