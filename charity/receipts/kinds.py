"""What receipts there are and what the world is told about one."""

from __future__ import annotations

from enum import StrEnum


class Series(StrEnum):
    """The first letter of a number: numbers of real and of test money never mix."""

    REAL = "R"
    TEST = "T"


class ReceiptStatus(StrEnum):
    """What ``/verify`` answers; ``valid`` only while the gift itself stands."""

    VALID = "valid"  # issued by us, and the gift is as it says
    VOID = "void"  # issued by us; the gift was given back, disputed, or the paper was wrong
    REPLACED = "replaced"  # issued by us; another one stands in its place
    UNKNOWN = "unknown"  # no such number with such a code
