"""How the fake Stripe fails, when asked to: each call by its own dice, the same for one seed."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What may happen to a call. ``…_AFTER``: it was done, and its answer is kept by its key."""

    ERROR_BEFORE = "error_before"  # 500, nothing done
    BUSY = "busy"  # 429, nothing done
    DROP_BEFORE = "drop_before"  # the connection is closed, nothing done
    ERROR_AFTER = "error_after"  # 500, and it was done
    LOST_AFTER = "lost_after"  # done; the connection is closed without an answer
    SLOW_AFTER = "slow_after"  # done; the answer comes later than anyone waits
    BROKEN_AFTER = "broken_after"  # done; the answer is cut in the middle


@dataclass
class Faults:
    """How often (of a thousand) each fault happens to a call under /v1."""

    per_mille: dict[Fault, int] = field(default_factory=dict)
    slow_s: float = 1.0
    seed: int = 0
    count: dict[Fault, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def draw(self) -> Fault | None:
        """What happens to this call."""
        with self._lock:
            drawn = self._random.randrange(1_000)
            for fault, share in self.per_mille.items():
                if drawn < share:
                    self.count[fault] = self.count.get(fault, 0) + 1
                    return fault
                drawn -= share
        return None


@dataclass
class Posting:
    """How webhooks travel: how many of a thousand are lost or doubled, and how they are held."""

    drop_per_mille: int = 0
    double_per_mille: int = 0
    shuffle: int = 0  # so many events are held and sent in any order
    delay_s: float = 0.0
    attempts: int = 6
    pause_s: float = 0.5
