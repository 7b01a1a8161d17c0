"""Levels of an administrative division."""

from __future__ import annotations

from enum import StrEnum


class AreaLevel(StrEnum):
    """How far an area reaches. Towns and villages are not held: a unit names its own."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
