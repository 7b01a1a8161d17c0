"""Units in which figures are counted."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """What a figure counts; always a whole number."""

    FEN = "fen"
    DAYS = "days"
    HOURS = "hours"
    COUNT = "count"
