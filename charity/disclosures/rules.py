"""What a report's document must be, and how two versions differ. Pure; money is whole fen.

A column is a map from a figure's name (``…_fen``) to fen. Each part of a document has three:
``opening`` (before the first day), ``movement`` (within) and ``closing`` (after the last day).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from charity.disclosures.errors import PeriodUnfit, ReasonNeeded, TextNeeded, TextTooLong

LONGEST_TEXT = 20_000
LONGEST_REASON = 300
COLUMNS = ("opening", "movement", "closing")

Column = Mapping[str, int]
#: Figures that add to what is left, and those that take from it (identity A without reserved).
ADD = ("raised_fen", "matched_in_fen", "moved_in_fen", "borne_fen")
TAKE = (
    "refunded_fen", "disputed_fen", "matched_out_fen", "moved_out_fen", "fees_fen", "costs_fen",
    "used_fen",
)  # fmt: skip


def check_period(
    first_on: dt.date, last_on: dt.date, *, starts_on: dt.date, today: dt.date
) -> None:
    """Refuse days that are not over or before the campaign. Raises ``PeriodUnfit``."""
    if not starts_on <= first_on <= last_on <= today:
        raise PeriodUnfit


def check_words(body: str, body_en: str, reason: str, *, correction: bool) -> None:
    """Raise ``TextNeeded``, ``TextTooLong``, ``ReasonNeeded``."""
    if not body.strip():
        raise TextNeeded
    for field, text, longest in (
        ("body", body, LONGEST_TEXT),
        ("body_en", body_en, LONGEST_TEXT),
        ("reason", reason, LONGEST_REASON),
    ):
        if len(text) > longest:
            raise TextTooLong(field=field, longest=longest)
    if correction and not reason.strip():
        raise ReasonNeeded


def sides_a(column: Column) -> tuple[int, int]:
    """Both sides of identity A of ``ledger.md``, in fen."""
    moved = sum(column[name] for name in ADD) - sum(column[name] for name in TAKE)
    return moved - column["reserved_fen"], column["available_fen"] - column["shortfall_fen"]


def sides_b(column: Column) -> tuple[int, int]:
    """Both sides of identity B of ``ledger.md``, in fen."""
    lies = column["clearing_fen"] + column["transit_fen"] + column["bank_fen"]
    owed = (
        column["available_fen"] + column["reserved_fen"] + column["pending_in_fen"]
        + column["advance_fen"] - column["shortfall_fen"]
    )  # fmt: skip
    return lies, owed


def disagreements(document: Mapping[str, Any]) -> list[str]:
    """What does not add up in a document: identities, movement, left, units, uses, proved."""
    found = [
        f"{place}: {what}" for place, part in parts(document) for what in _part_disagreements(part)
    ]
    for column in COLUMNS:
        for name, fen in document["totals"][column].items():
            units = sum(unit["own"][column][name] for unit in document["units"])
            if units != fen:
                found.append(f"totals {column} {name}: units sum to {units}, not {fen}")
    used = sum(use["used_fen"] for use in document["uses"]) + document["other_used_fen"]
    if used != document["totals"]["movement"]["used_fen"]:
        found.append(f"uses sum to {used}")
    return found


def _part_disagreements(part: Mapping[str, Column]) -> Iterator[str]:
    for column in COLUMNS:
        for name, sides in (("A", sides_a(part[column])), ("B", sides_b(part[column]))):
            if sides[0] != sides[1]:
                yield f"{column}: identity {name}: {sides[0]} and {sides[1]}"
        figures = part[column]
        left = figures["available_fen"] + figures["reserved_fen"] - figures["shortfall_fen"]
        if figures["left_fen"] != left:
            yield f"{column}: left"
    for name, fen in part["movement"].items():
        if part["opening"][name] + fen != part["closing"][name]:
            yield f"movement of {name}"


def parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Column]]]:
    """Every part with three columns: the totals, each unit's own and with its sub-units."""
    yield "totals", document["totals"]
    for unit in document["units"]:
        yield f"{unit['code']} own", unit["own"]
        yield f"{unit['code']} subtree", unit["subtree"]


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every figure of the totals, of a unit's own book and of a use that is not what it was.

    Sums over sub-units follow from the units' own and are not listed again.
    """
    was, now = dict(_listed(old)), dict(_listed(new))
    found = []
    for key in [*now, *(key for key in was if key not in now)]:
        before, after = was.get(key), now.get(key)
        if (before or 0) != (after or 0):
            part, code, name, column, figure = key
            found.append(
                {
                    "part": part, "code": code, "name": name, "column": column, "figure": figure,
                    "before_fen": before or 0, "after_fen": after or 0,
                }
            )  # fmt: skip
    return found


Key = tuple[str, str, str, str, str]  # part, code, name, column, figure


def _listed(document: Mapping[str, Any]) -> Iterator[tuple[Key, int]]:
    yield from _of("totals", "", "", document["totals"])
    for unit in document["units"]:
        yield from _of("unit", unit["code"], unit["name"], unit["own"])
    for use in document["uses"]:
        for figure in ("used_fen", "proved_fen"):
            yield ("use", use["id"], use["title"], "movement", figure), use[figure]


def _of(
    part: str, code: str, name: str, columns: Mapping[str, Column]
) -> Iterable[tuple[Key, int]]:
    for column in COLUMNS:
        for figure, fen in columns[column].items():
            yield (part, code, name, column, figure), fen


def add(columns: Iterable[Column], names: Iterable[str]) -> dict[str, int]:
    """The sum of columns, name by name."""
    given = list(columns)
    return {name: sum(column[name] for column in given) for name in names}
