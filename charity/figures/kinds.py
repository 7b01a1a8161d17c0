"""Sides of a book's line and kinds of rows in the public list."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """The two lines of a book: what came in, in its order, and what went out, in its order."""

    IN = "in"  # gifts, less their fees and what went back
    OUT = "out"  # uses, less what came back of them


class RowKind(StrEnum):
    """What a row of the public list tells of."""

    GIFT = "gift"  # gifts of one unit on one day
    BACK = "back"  # gifts that went back or are disputed
    MENDED = "mended"  # our own mistakes about gifts, corrected
    USE = "use"  # money paid out for a purpose
